"""The pages of the people who visit."""

from collections.abc import Iterable
from typing import Any

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.domain import queries
from bookings.domain.soonest import soonest_times
from bookings.models import Photo, Therapist
from massagerx.lib.jsonld import breadcrumb_list, json_ld
from massagerx.lib.urls import absolute_url
from services.models import Service

# On the own page; a card has the first of them.
_DAYS = 3


@require_safe
def therapist_list(request: HttpRequest) -> HttpResponse:
    """Everyone who can be booked today, with the certificate number that the law wants beside the name."""
    now = timezone.now()
    therapists = list(
        Therapist.objects.bookable(timezone.localdate(now))
        .select_related("home_zip__zone")
        .prefetch_related("services")
    )
    crumbs = [(_("Home"), reverse("home")), (_("Therapists"), request.path)]
    context = {
        "therapists": therapists,
        "soonest": soonest_times(therapists, days=1, now=now),
        "crumbs": crumbs,
        "json_ld": json_ld(breadcrumb_list(crumbs)),
    }
    return render(request, "bookings/therapists.html", context)


@require_safe
def therapist_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One therapist in their own words, with their next free times; 404 for who can't be booked today, so that no page
    shows a certificate that has ended."""
    now = timezone.now()
    today = timezone.localdate(now)
    bookable = Therapist.objects.bookable(today).select_related("home_zip__zone")
    therapist = get_object_or_404(bookable, slug=slug)
    services = list(Service.objects.offered(today).with_prices().filter(therapists=therapist))
    crumbs = [
        (_("Home"), reverse("home")),
        (_("Therapists"), reverse("bookings:therapists")),
        (therapist.name, request.path),
    ]
    context = {
        "therapist": therapist,
        "services": services,
        "zones": queries.zones_visited(therapist, today),
        "hands": therapist.photos.filter(slot=Photo.Slot.HANDS).exclude(cover_widths=[]).first(),
        "soonest": soonest_times([therapist], days=_DAYS, now=now).get(therapist.pk),
        "others": bookable.filter(services__in=services).exclude(pk=therapist.pk).distinct(),
        "crumbs": crumbs,
        "json_ld": json_ld(_person(therapist, services), breadcrumb_list(crumbs)),
    }
    return render(request, "bookings/therapist.html", context)


def _person(therapist: Therapist, services: Iterable[Service]) -> dict[str, Any]:
    """The therapist as schema.org's `Person`, with their certificate."""
    person: dict[str, Any] = {
        "@type": "Person",
        "name": therapist.name,
        "url": absolute_url(therapist.get_absolute_url()),
        "jobTitle": _("Massage therapist"),
        "worksFor": {"@type": "HealthAndBeautyBusiness", "@id": absolute_url("/#business")},
        "knowsAbout": [service.name for service in services],
        "hasCredential": {
            "@type": "EducationalOccupationalCredential",
            "credentialCategory": "certificate",
            "identifier": therapist.certificate_number,
            "recognizedBy": {
                "@type": "Organization",
                "name": "California Massage Therapy Council",
                "url": "https://camtc.org/",
            },
        },
    }
    if therapist.languages:
        person["knowsLanguage"] = [language.strip() for language in therapist.languages.split(",")]
    if therapist.portrait:
        person["image"] = absolute_url(default_storage.url(therapist.portrait[-1][0]))
    return person
