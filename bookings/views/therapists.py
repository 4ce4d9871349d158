"""The page of the people who visit."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.models import Therapist
from massagerx.lib.jsonld import breadcrumb_list, json_ld


@require_safe
def therapist_list(request: HttpRequest) -> HttpResponse:
    """Everyone who can be booked today, with the certificate number that the law wants beside the name."""
    therapists = Therapist.objects.bookable(timezone.localdate()).prefetch_related("services")
    crumbs = [(_("Home"), reverse("home")), (_("Therapists"), request.path)]
    context = {"therapists": therapists, "crumbs": crumbs, "json_ld": json_ld(breadcrumb_list(crumbs))}
    return render(request, "bookings/therapists.html", context)
