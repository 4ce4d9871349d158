"""What every page may show of the booking app: therapists' certificates, the least that a drive costs, our terms, how
long we keep what we know, and whether online booking is open."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import DateField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.page_cache import cached_value
from massagerx.lib.reference_data import known_revision

from .domain import privacy, reach
from .domain.opening import takes_bookings
from .models import TermsVersion, Therapist

_CERTIFICATES = CompiledQuery(
    lambda parameter: Therapist.objects.bookable(parameter("today", DateField())).values_list(
        "name", "certificate_number"
    ),
    of_reference_data=True,
)


def certificates(request: HttpRequest) -> dict[str, Any]:
    """`certificates`: name and certificate number of each therapist who can be booked; at most one query.

    California B&P Code 4608 asks for both in advertising.
    """

    def load() -> list[list[str]]:
        return [list(row) for row in _CERTIFICATES.rows(today=timezone.localdate())]

    def find() -> list[list[str]]:
        # A page that knows the revision of reference data finds them in the process.
        return load() if known_revision() else cached_value("certificates", load)

    return {"certificates": SimpleLazyObject(find)}


def travel_from(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """`travel_from_cents`: as `travel_from_cents`, when asked for.

    The first price a client sees must hold every fee that can't be left out (California SB 478), so pages show a
    treatment's price plus this. Zero when no ZIP code is served yet.
    """

    # Templates call what can be called, so it is asked for only where the amount is shown, and once.
    return {"travel_from_cents": cache(travel_from_cents)}


def travel_from_cents() -> int:
    """The lowest travel fee of the zones we come to, in cents; a few queries, or none when a page has just shown it."""
    return cached_value("travel-from", lambda: reach.lowest_travel_cents(timezone.localdate()))


def booking_is_open(request: HttpRequest) -> dict[str, Any]:
    """`booking_is_open`: whether a page may promise that visits can be booked online; at most one query, when asked
    for."""

    def load() -> bool:
        return cached_value("open", lambda: takes_bookings(now=timezone.now()))

    return {"booking_is_open": SimpleLazyObject(load)}


def terms(request: HttpRequest) -> dict[str, Any]:
    """`terms`: what is agreed to when booking now, None when the owner has none; one query, when asked for."""
    return {"terms": SimpleLazyObject(lambda: TermsVersion.in_force(timezone.now()))}


def kept(request: HttpRequest) -> dict[str, Any]:
    """`kept`: what we keep of a client and until when; one query, when asked for."""
    return {"kept": SimpleLazyObject(privacy.kept)}
