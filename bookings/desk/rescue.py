"""A therapist is out: what can become of their visits, found together, and moved by one press."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import operations, scheduling
from bookings.domain.operations.transaction import translated_errors
from bookings.domain.scheduling import Rescue, Way
from bookings.domain.visit_request import therapist_or_gender
from bookings.exceptions import BookingError, ChangedMeanwhile, SlotNotOffered
from bookings.models import Booking, BookingRules, Therapist, TimeOff
from bookings.notifications.calls import how_told
from bookings.refusals import explain, stranding_words
from bookings.staff.labels import clock, local_when
from bookings.staff.visibility import sees_every_visit
from massagerx.lib.localtime import local

from .forms import OutForm
from .frame import StaffRequest, desk_page, page, say

# No therapist has more visits in the days that one rescue is about; the search is made for as many.
MOST_VISITS = 12

# Who comes (a slug), when, at which total in cents, and the revision that it was shown with.
Sent = tuple[str, datetime, int, int]


@desk_page(sees_every_visit, "bookings.change_booking")
def rescue_page(request: StaffRequest) -> HttpResponse:
    """GET (`?therapist=…&day=…`) plans and changes nothing; POST moves what is ticked, each visit by itself."""
    now = timezone.now()
    form = OutForm(request.GET if "therapist" in request.GET else None, initial={"day": local(now).date()})
    asked = form.cleaned_data if form.is_bound and form.is_valid() else None
    if request.method == "POST" and asked is not None:
        _block(request, asked, now)
        _move_ticked(request, asked, now)
        query = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
        return redirect(f"{reverse('admin:bookings_booking_rescue')}?{urlencode(query)}")
    context: dict[str, Any] = {"title": _("Rescue a day"), "form": form, "rows": None}
    if asked is not None:
        rules = BookingRules.load()
        plans = scheduling.plan_rescue(
            bookings=_visits(asked, now), span=(asked["starts_at"], asked["ends_at"]), rules=rules, now=now
        )
        context |= {
            "therapist": asked["therapist"],
            "span": f"{local_when(asked['starts_at'])} – {local_when(asked['ends_at'])}",
            "rows": [_row(plan, rules) for plan in plans],
            "may_block": _may_block(request.user) and not _is_blocked(asked),
        }
    return page(request, "rescue", context, status=422 if form.errors else 200)


def _visits(asked: dict[str, Any], now: datetime) -> list[Booking]:
    """The visits to come of who is out, whose time at the door touches the span; one query."""
    rows = Booking.objects.for_therapist(asked["therapist"]).between(asked["starts_at"], asked["ends_at"])
    coming = rows.filter(status__in=operations.MOVABLE, starts_at__gt=now)
    return list(
        coming.select_related("client", "service", "option", "area__zone", "therapist")
        .prefetch_related("add_ons")
        .order_by("starts_at")[:MOST_VISITS]
    )


# The plan in words ---------------------------------------------------------------------------------------------------


def _row(plan: Rescue, rules: BookingRules) -> dict[str, Any]:
    booking = plan.booking
    slug, _gender = therapist_or_gender(booking.preference)
    ways = [plan.chosen, *plan.others] if plan.chosen is not None else list(plan.others)
    return {
        "booking": booking,
        "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "when": local_when(booking.starts_at),
        "phone": booking.client.phone,
        "keeps_time": plan.keeps_time,
        "chosen": _way_words(booking, plan.chosen) if plan.chosen is not None else "",
        "asked_by_name": slug is not None,
        "ways": [(_value(booking, way, rules), _way_words(booking, way)) for way in ways],
        "refused": [(row.name, stranding_words(reason)) for row, reason in plan.refused],
    }


def _way_words(booking: Booking, way: Way) -> str:
    """`Same time, Dana Doe (+5 min driving)`."""
    said = {"name": way.therapist.name, "minutes": way.added_drive_minutes}
    if way.starts_at == booking.starts_at:
        return _("Same time, %(name)s (+%(minutes)d min driving)") % said
    if local(way.starts_at).date() == local(booking.starts_at).date():
        said["when"] = clock(way.starts_at)
    else:
        said["when"] = local_when(way.starts_at)
    return _("%(when)s, %(name)s (+%(minutes)d min driving)") % said


def _value(booking: Booking, way: Way, rules: BookingRules) -> str:
    """What a choice posts: who comes, when, at which total, and the visit's revision that it was shown with."""
    total = operations.quote_for_move(booking=booking, starts_at=way.starts_at, rules=rules).total_cents
    return f"{way.therapist.slug}|{way.starts_at.isoformat()}|{total}|{booking.revision}"


# The press -----------------------------------------------------------------------------------------------------------


def _move_ticked(request: StaffRequest, asked: dict[str, Any], now: datetime) -> None:
    """Each visit by a transaction of its own, through the door that all moves take; says what became of each."""
    rows = {str(booking.pk): booking for booking in _visits(asked, now)}
    ticked = request.POST.getlist("visit")
    if not ticked and "block" not in request.POST:
        say(request, False, _("Nothing was ticked, so nothing was moved."))
    pending = []
    for key in dict.fromkeys(ticked[:MOST_VISITS]):
        booking, sent = rows.get(key), _read_value(request.POST.get(f"way-{key}", ""))
        if booking is None or sent is None:
            say(request, False, _("A visit has changed meanwhile, and was not moved. This is how it is now."))
        else:
            pending.append((booking, sent))
    reason = _("%(name)s is out") % {"name": asked["therapist"].name}
    # One may go where another of them still is: who finds no place tries again once others have moved.
    while pending:
        aside, has_moved = [], False
        for booking, sent in pending:
            try:
                moved = _move(request, booking, sent, reason, now)
            except SlotNotOffered as error:
                aside.append(((booking, sent), error))
            except BookingError as error:
                say(request, False, f"{booking.reference}: {explain(error)}")
            else:
                said = f"{moved.reference}: {local_when(moved.starts_at)}."
                say(request, True, f"{said} {how_told(moved.client)}")
                has_moved = True
        if not has_moved:
            for (booking, _sent), refusal in aside:
                say(request, False, f"{booking.reference}: {explain(refusal)}")
            return
        pending = [visit for visit, _refusal in aside]


def _move(request: StaffRequest, booking: Booking, sent: Sent, reason: str, now: datetime) -> Booking:
    """Raises as `operations.move_booking`, and `ChangedMeanwhile`."""
    slug, starts_at, total_cents, revision = sent
    return operations.move_booking(
        booking=booking,
        starts_at=starts_at,
        now=now,
        actor=request.user,
        preference=f"therapist:{slug}",
        total_cents=total_cents,
        reason=reason,
        for_staff=True,
        check=_as_shown(revision),
    )


def _as_shown(revision: int) -> Any:
    """Refuses a visit that somebody has changed since the page was made."""

    def check(fresh: Booking) -> None:
        if fresh.revision != revision:
            raise ChangedMeanwhile

    return check


def _read_value(text: str) -> Sent | None:
    """What `_value` wrote; None for anything else."""
    slug, *rest = text.split("|")
    if len(rest) != 3 or not slug or len(text) > 200:
        return None
    try:
        starts_at = datetime.fromisoformat(rest[0])
    except ValueError:
        return None
    numbers = [int(part) for part in rest[1:] if part.isascii() and part.isdigit() and len(part) < 9]
    if len(numbers) != 2 or starts_at.tzinfo is None:
        return None
    return slug, starts_at, numbers[0], numbers[1]


# Nobody books them meanwhile -----------------------------------------------------------------------------------------


def _may_block(user: User) -> bool:
    return user.has_perm("bookings.add_timeoff")


def _is_blocked(asked: dict[str, Any]) -> bool:
    """Whether time off covers the span already."""
    covering = TimeOff.objects.filter(starts_at__lte=asked["starts_at"], ends_at__gte=asked["ends_at"])
    return covering.filter(therapist=asked["therapist"]).exists()


def _block(request: StaffRequest, asked: dict[str, Any], now: datetime) -> None:
    """Writes the time off, if that is ticked and it isn't there: under the therapist's lock, so that two desks write
    it once, and nobody books between."""
    if "block" not in request.POST or not _may_block(request.user):
        return
    name = {"name": asked["therapist"].name}
    try:
        with translated_errors(), transaction.atomic():
            locked = Therapist.objects.select_for_update(no_key=True).filter(pk=asked["therapist"].pk)
            list(locked.order_by("pk"))
            if _is_blocked(asked):
                return
            TimeOff.objects.create(
                therapist=asked["therapist"],
                starts_at=asked["starts_at"],
                ends_at=asked["ends_at"],
                reason=_("Out; the day was rescued"),
            )
    except BookingError:
        words = _(
            "Somebody is booking %(name)s at this moment, so the time was not blocked. Please try again."
        )
        say(request, False, words % name)
        return
    say(request, True, _("Nobody can book %(name)s then any more.") % name)
