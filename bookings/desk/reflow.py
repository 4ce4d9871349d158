"""Days that run late: what becomes of the visits that are left, and one press that tells the ticked clients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.domain import operations
from bookings.domain.operations import Press
from bookings.domain.operations.steps import window_around
from bookings.domain.reflow import LateVisit, Verdict, reflow_day
from bookings.enums import StepKind
from bookings.exceptions import BookingError
from bookings.models import Booking, BookingRules, Therapist
from bookings.notifications.wording import clock_span
from bookings.refusals import explain
from bookings.staff.labels import clock
from bookings.staff.visibility import FINISH_OWN, sees_visits, therapists_seen_by
from massagerx.lib.localtime import local

from .frame import StaffRequest, desk_page, page, say

# No day has more, and nobody ticks more.
_MOST_TICKED = 50
_LONGEST_MINUTES = 24 * 60


def may_tell(user: User) -> bool:
    """The desk for everybody, a therapist who may say how visits end for their own."""
    return user.has_perm("bookings.change_booking") or user.has_perm(FINISH_OWN)


@desk_page(sees_visits, may_tell)
def reflow_page(request: StaffRequest) -> HttpResponse:
    """GET works it out and changes nothing; POST tells the clients that are ticked, each as it was shown."""
    now = timezone.now()
    if request.method == "POST":
        _tell_ticked(request, now)
        return redirect("admin:bookings_booking_reflow")
    rules = BookingRules.load()
    days = late_days(list(therapists_seen_by(request.user)), rules, now)
    context = {
        "title": _("Running late"),
        "days": [
            {"therapist": therapist, "rows": [_row(visit, rules) for visit in visits]}
            for therapist, visits in days
        ],
    }
    return page(request, "reflow", context)


def late_days(
    therapists: Sequence[Therapist], rules: BookingRules, now: datetime
) -> list[tuple[Therapist, list[LateVisit]]]:
    """Of these, those of whose day today a client has to be told something, with the visits that are left."""
    found = reflow_day(therapists=therapists, day=local(now).date(), rules=rules, now=now)
    return [
        (therapist, found[therapist.pk])
        for therapist in therapists
        if any(visit.late.verdict != Verdict.UNTOUCHED for visit in found.get(therapist.pk, ()))
    ]


def _row(visit: LateVisit, rules: BookingRules) -> dict[str, Any]:
    booking, late = visit.booking, visit.late
    query = urlencode(
        {
            "therapist": booking.therapist_id,
            "day": local(booking.starts_at).date(),
            "from_time": f"{local(booking.starts_at):%H:%M}",
            "until_time": f"{local(booking.ends_at):%H:%M}",
        }
    )
    expected = clock_span(*window_around(late.arrives_at, late.arrives_at))
    return {
        "booking": booking,
        "planned": clock(booking.blocked_from),
        "expected": expected,
        "minutes": late.minutes,
        "untold": late.untold_minutes,
        "verdict": late.verdict.value,
        "shorter": visit.shorter_minutes,
        "draft": render_to_string(
            "email/on_the_way/_when.txt",
            {"expected": expected, "is_late": True, "is_free": late.minutes > rules.late_free_minutes},
        ),
        "key": uuid4(),
        "told": visit.told or "",
        "other_ways": f"{reverse('admin:bookings_booking_rescue')}?{query}",
    }


def _tell_ticked(request: StaffRequest, now: datetime) -> None:
    """Each by itself: one that can't be told keeps no other from it."""
    ticked = dict.fromkeys(request.POST.getlist("visit")[:_MOST_TICKED])
    seen = Booking.objects.filter(therapist__in=therapists_seen_by(request.user).order_by())
    rows = {str(row.pk): row for row in seen.filter(pk__in=[key for key in ticked if _is_number(key)])}
    told = 0
    for key in ticked:
        booking, press = rows.get(key), _press(request, key, now)
        if booking is None or press is None:
            say(
                request,
                False,
                _("A visit has changed meanwhile, and its client was not told. Please look again."),
            )
            continue
        try:
            operations.press_step(booking=booking, press=press, actor=request.user, now=now)
        except BookingError as error:
            say(request, False, f"{booking.reference}: {explain(error)}")
        else:
            told += 1
    if told:
        words = ngettext("%(count)d client gets an email.", "%(count)d clients get an email.", told)
        say(request, True, words % {"count": told})
    elif not ticked:
        say(request, False, _("Nothing was ticked, so nobody was told."))


def _press(request: StaffRequest, key: str, now: datetime) -> Press | None:
    """What the row of that visit posts: its key, by how many minutes more its client is told to wait, and more than
    what."""
    minutes = request.POST.get(f"minutes-{key}", "")
    try:
        page_key = UUID(request.POST.get(f"key-{key}", ""))
        told = request.POST.get(f"told-{key}", "")
        shown = UUID(told) if told else None
    except ValueError:
        return None
    if not _is_number(minutes) or not 0 < int(minutes) <= _LONGEST_MINUTES:
        return None
    return Press(kind=StepKind.LATE, key=page_key, at=now, minutes=int(minutes), shown=shown)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
