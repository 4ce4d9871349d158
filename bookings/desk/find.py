"""Somebody phones: find the client or the visit, say when it is, and book through the site's own steps."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.domain import alternatives, scheduling
from bookings.domain.operations import MOVABLE, visit_request_of
from bookings.enums import OCCUPYING
from bookings.exceptions import NoLongerOffered
from bookings.models import Booking, BookingRules, Client, Therapist
from bookings.staff.client_notes import notes_on, pairings_on
from bookings.staff.labels import local_when, status_mark
from bookings.staff.search import search, search_clients
from massagerx.lib.localtime import local

from .frame import StaffRequest, change_page, desk_page, page_or_part

MOST_FOUND = 12
# Fewer letters would find half of the book.
FEWEST_LETTERS = 2
# A visit that was so long ago may still be spoken of on the phone: a bill, a thing left behind.
SPOKEN_OF = timedelta(days=30)
_REFERENCE = re.compile(r"(?:MX[-\s]?)?([0-9A-Z]{6})", re.IGNORECASE)


@desk_page("bookings.change_booking")
def find_page(request: StaffRequest) -> HttpResponse:
    """Looks clients up as they are typed, by name, email, or phone in any format, and visits by reference or street; a
    whole reference leads to its visit. `day` and `therapist` go on to the booking that is begun."""
    now = timezone.now()
    asked = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    part = request.headers.get("X-Part") == "found"
    if not part and (pk := _visit_of_reference(asked)) is not None:
        return redirect(change_page("booking"), pk)
    enough = len(asked) >= FEWEST_LETTERS
    context = {
        "title": _("Find or book"),
        "asked": asked,
        "found": _found(request.user, asked, now) if enough else None,
        "visits": _visits(asked, now) if enough else [],
        **_wanted(request),
    }
    return page_or_part(request, {"": "find", "found": "_found"}, context)


def _visit_of_reference(asked: str) -> int | None:
    """The visit whose whole reference was typed, with or without `MX-`."""
    match = _REFERENCE.fullmatch(asked)
    if match is None:
        return None
    return Booking.objects.filter(reference=f"MX-{match[1].upper()}").values_list("pk", flat=True).first()


def _wanted(request: StaffRequest) -> dict[str, Any]:
    """The day and the therapist that somebody came with from the board."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = None
    slug = request.GET.get("therapist", "")[:200].replace("\x00", "")
    therapist = Therapist.objects.filter(slug=slug).first() if slug else None
    return {"wanted_day": day, "wanted_therapist": therapist}


def _found(user: User, asked: str, now: datetime) -> list[dict[str, Any]]:
    """Clients who fit, the best first and of these who was seen last, each with the next visit and the one before it,
    and with what was written down of them; five queries. One alone is who is calling: with times for the same again."""
    starts_at = Booking.objects.filter(client=OuterRef("pk")).values("starts_at")
    over = starts_at.filter(status__in=OCCUPYING, starts_at__lte=now)
    to_come = starts_at.filter(status__in=MOVABLE, starts_at__gt=now)
    present = Client.objects.present().annotate(
        latest=Subquery(starts_at.order_by("-starts_at")[:1]),
        last=Subquery(over.order_by("-starts_at")[:1]),
        next=Subquery(to_come.order_by("starts_at")[:1]),
    )
    clients = list(search_clients(present, asked, F("latest").desc(nulls_last=True))[:MOST_FOUND])
    starts = {start for client in clients for start in (client.last, client.next) if start is not None}
    rows = Booking.objects.filter(client__in=clients, starts_at__in=starts, status__in=OCCUPYING)
    rows = rows.select_related("area__zone", "client", "option__service", "service", "therapist")
    visits = {(row.client_id, row.starts_at): row for row in rows}
    keys = [client.pk for client in clients]
    notes, pairings = notes_on(user, keys), pairings_on(user, keys)
    found: list[dict[str, Any]] = [
        {
            "client": client,
            "notes": notes[client.pk],
            "pairings": pairings[client.pk],
            "next": visits.get((client.pk, client.next)),
            "next_when": local_when(client.next),
            "last": visits.get((client.pk, client.last)),
            "last_when": local_when(client.last),
            # What "the same again" means: the visit to come, else the last one.
            "again": again,
            "door": again or client,
        }
        for client in clients
        for again in [visits.get((client.pk, client.next)) or visits.get((client.pk, client.last))]
    ]
    if len(found) == 1 and (again := found[0]["again"]) is not None:
        found[0]["times"] = _times_like(again, now)
    return found


def _times_like(booking: Booking, now: datetime) -> list[dict[str, str]]:
    """A few times at which the same again can be had, with the same therapist; none for two side by side, who are
    chosen together."""
    if Booking.objects.side_by_side(booking).exists():
        return []
    asked = f"therapist:{booking.therapist.slug}"
    try:
        standing = visit_request_of(booking, now=now, preference=asked)
    except NoLongerOffered:
        return []
    # As a visitor asks, who hasn't told the address yet.
    wanted = replace(standing, excluding_booking=None, address_key=None)
    today = local(now).date()
    first_day = alternatives.same_weekday_ahead(local(booking.starts_at).date(), today)
    offer = scheduling.find_times_between(
        visit_request=wanted,
        first_day=first_day,
        last_day=first_day + timedelta(weeks=alternatives.DAYS - 1),
        rules=BookingRules.load(),
        now=now,
    )
    return [
        {
            "who": asked,
            "value": f"{start.starts_at.isoformat()} {booking.therapist.slug}",
            "when": date_format(local(start.starts_at), "D, M j, g:i A"),
        }
        for _day, start in alternatives.like_last(offer.by_day, booking.starts_at, today=today)
    ]


def _visits(asked: str, now: datetime) -> list[dict[str, Any]]:
    """Visits by reference, street or the person they are for, the next first; one query."""
    rows = Booking.objects.filter(starts_at__gt=now - SPOKEN_OF).select_related(
        "client", "service", "therapist"
    )
    # Not by phone: that finds the client, who is shown with the visits.
    found = search(rows, asked, "reference", "recipient_name", "street")
    return [
        {"visit": row, "when": local_when(row.starts_at), "status": status_mark(row, now)}
        for row in found.order_by("starts_at")[:MOST_FOUND]
    ]
