"""The catalogue's pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from massagerx.lib.jsonld import breadcrumb_list, json_ld

from .models import AddOn, Service


@require_safe
def service_list(request: HttpRequest) -> HttpResponse:
    """All services on offer, by category."""
    services = Service.objects.offered(timezone.localdate()).with_prices().select_related("category")
    crumbs = [(_("Home"), reverse("home")), (_("Services"), request.path)]
    context = {
        "services": services.order_by("category__position", "category__name", "position", "name"),
        "crumbs": crumbs,
        "json_ld": json_ld(breadcrumb_list(crumbs)),
    }
    return render(request, "services/list.html", context)


@require_safe
def service_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One service with its prices, add-ons and FAQ; 404 when it is not on offer."""
    services = Service.objects.offered(timezone.localdate()).with_prices().select_related("category")
    service = get_object_or_404(services, slug=slug)
    context = {
        "now": timezone.now(),
        "questions": list(service.faqs.all()),
        "service": service,
        "add_ons": AddOn.objects.active().filter(services=service),
        "others": Service.objects.offered(timezone.localdate()).with_prices().exclude(pk=service.pk)[:3],
        "crumbs": [
            (_("Home"), reverse("home")),
            (_("Services"), reverse("services:list")),
            (service.name, request.path),
        ],
    }
    return render(request, "services/detail.html", context)
