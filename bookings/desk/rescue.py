"""A therapist is out: what can become of their visits, found together, and moved by one press."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.domain import operations, scheduling
from bookings.domain.operations import Act, NewTime
from bookings.domain.operations.transaction import translated_errors
from bookings.domain.scheduling import Rescue, Way
from bookings.domain.visit_request import therapist_or_gender
from bookings.enums import Channel, MessageKind
from bookings.exceptions import BookingError, ChangedMeanwhile, SlotNotOffered
from bookings.models import Booking, BookingRules, Message, Therapist, TimeOff
from bookings.notifications.calls import how_told
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import render
from bookings.notifications.visit_context import Story, story_of_move
from bookings.refusals import explain, stranding_words
from bookings.staff.labels import clock, local_when
from bookings.staff.visibility import sees_every_visit
from massagerx.lib.encryption import UnreadableText
from massagerx.lib.localtime import local

from .forms import BlockForm, OutForm
from .frame import StaffRequest, desk_page, page, say
from .second_thoughts import undoable

# No therapist has more visits in the days that one rescue is about; the search is made for as many. Of everybody, for
# whom nothing is searched at their own times, so many are shown at once.
MOST_VISITS = 12
MOST_OF_ALL = 40

# What apps say of whether a visit's client wants the same therapist always; the desk doesn't import them.
_wants_same: list[Callable[[Booking], bool]] = []

# Who comes (a slug), when, at which total in cents, and the revision that it was shown with.
Sent = tuple[str, datetime, int, int]


def ask_of_same(wants_same: Callable[[Booking], bool]) -> None:
    """Has the rescue ask `wants_same` of each visit. A second time changes nothing."""
    if wants_same not in _wants_same:
        _wants_same.append(wants_same)


@desk_page(sees_every_visit, "bookings.change_booking")
def rescue_page(request: StaffRequest) -> HttpResponse:
    """GET (`?therapist=…&day=…`) plans, and holds for ten minutes other times for visits that can't keep theirs; POST
    moves what is ticked, with `read` shows the emails that the ticked would get, or with `leave` lets the times go."""
    now = timezone.now()
    form = OutForm(request.GET if "therapist" in request.GET else None, initial={"day": local(now).date()})
    asked = form.cleaned_data if form.is_bound and form.is_valid() else None
    is_reading = "read" in request.POST
    if request.method == "POST" and "leave" in request.POST:
        if asked is not None:
            operations.release_ways(draft=_draft(request.user, asked), held=request.POST.get("held", ""))
        return redirect("admin:index")
    if request.method == "POST" and asked is not None and not is_reading:
        _block(request, asked, now)
        _move_ticked(request, asked, now)
        query = {name: request.GET[name] for name in form.fields if name in request.GET}
        return redirect(f"{reverse('admin:bookings_booking_rescue')}?{urlencode(query)}")
    context: dict[str, Any] = {
        "title": _("Rescue a day"),
        "form": form,
        "rows": None,
        "undoable": undoable(request.user, now),
    }
    if asked is not None:
        rules = BookingRules.load()
        plans, held_until = _plan(request, asked, rules, now)
        context |= {
            "name": _name(asked),
            "is_everybody": asked["therapist"] is None,
            "span": f"{local_when(asked['starts_at'])} – {local_when(asked['ends_at'])}",
            "rows": [_row(plan, rules) for plan in plans],
            "held_until": clock(held_until) if held_until is not None else "",
            "held": now.isoformat(),
            "is_reading": is_reading,
            "block_form": _block_form(request, asked),
        }
        if is_reading:
            _add_drafts(request, asked, context["rows"], now)
    return page(request, "rescue", context, status=422 if form.errors else 200)


def _plan(
    request: StaffRequest, asked: dict[str, Any], rules: BookingRules, now: datetime
) -> tuple[Sequence[Rescue], datetime | None]:
    """The plan, and until when its other times are held."""
    draft, visits = _draft(request.user, asked), _visits(asked, now)
    days = {visit.pk: found for visit in visits if (found := _days_of(visit)) is not None}

    def plan() -> Sequence[Rescue]:
        return scheduling.plan_rescue(
            bookings=visits,
            span=(asked["starts_at"], asked["ends_at"]),
            rules=rules,
            now=now,
            all_are_out=asked["therapist"] is None,
            draft=draft,
            days=days,
        )

    try:
        return operations.hold_ways(draft=draft, plan=plan, source=f"rescue {draft}", now=now)
    except BookingError:
        # Somebody is being booked at this moment: the plan is shown, and nothing is held.
        return plan(), None


def _days_of(visit: Booking) -> tuple[date, date] | None:
    """The first and the last local day of a visit of a course, as its client could move it; None for any other."""
    if visit.together is None or not operations.is_of_course(visit):
        return None
    return operations.days_beside(visit)


def _draft(user: User, asked: dict[str, Any]) -> UUID:
    """Under which a member of staff holds the times of one rescue that they look at, whatever hours of the day they ask
    for next; another tab may have one of somebody else, or of another day."""
    out = asked["therapist"].pk if asked["therapist"] is not None else 0
    return uuid.uuid5(uuid.NAMESPACE_OID, f"massagerx rescue {user.pk} {out} {asked['day']}")


def _name(asked: dict[str, Any]) -> str:
    return asked["therapist"].name if asked["therapist"] is not None else _("Everybody")


def _most(asked: dict[str, Any]) -> int:
    return MOST_VISITS if asked["therapist"] is not None else MOST_OF_ALL


def _visits(asked: dict[str, Any], now: datetime) -> list[Booking]:
    """The visits to come of who is out, whose time at the door touches the span; one query."""
    rows = Booking.objects.between(asked["starts_at"], asked["ends_at"])
    if asked["therapist"] is not None:
        rows = rows.for_therapist(asked["therapist"])
    coming = rows.filter(status__in=operations.MOVABLE, starts_at__gt=now)
    return list(
        coming.select_related("client", "service", "option", "area__zone", "therapist")
        .prefetch_related("add_ons")
        .order_by("starts_at", "pk")[: _most(asked)]
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
        "wants_same": any(wants_same(booking) for wants_same in _wants_same),
        "ways": [(_value(booking, way, rules), _way_words(booking, way)) for way in ways],
        "is_ticked": plan.chosen is not None,
        "is_told": False,
        "picked": "",
        "draft": None,
        "course_days": _days_words(booking),
        "refused": [(row.name, stranding_words(reason)) for row, reason in plan.refused],
    }


def _days_words(booking: Booking) -> str:
    """On which days a visit of a course can be; blank for any other."""
    if (days := _days_of(booking)) is None:
        return ""
    first, last = (date_format(day, "D, M j") for day in days)
    words = (
        _("Visit of a course: it can be on %(first)s only.")
        if first == last
        else _("Visit of a course: it can be from %(first)s to %(last)s.")
    )
    return words % {"first": first, "last": last}


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


def _ticked(
    request: StaffRequest, asked: dict[str, Any], now: datetime
) -> tuple[list[tuple[Booking, Sent]], list[str]]:
    """The ticked visits with the way that was chosen for each, and what is wrong with others."""
    rows = {str(booking.pk): booking for booking in _visits(asked, now)}
    pending, faults = [], []
    for key in dict.fromkeys(request.POST.getlist("visit")[: _most(asked)]):
        booking, sent = rows.get(key), _read_value(request.POST.get(f"way-{key}", ""))
        if booking is None or sent is None:
            faults.append(_("A visit has changed meanwhile, and was not moved. This is how it is now."))
        else:
            pending.append((booking, sent))
    return pending, faults


def _reason(asked: dict[str, Any]) -> str:
    """What the history gives as the reason."""
    if asked["therapist"] is None:
        return _("We are closed")
    return _("%(name)s is out") % {"name": asked["therapist"].name}


def _move_ticked(request: StaffRequest, asked: dict[str, Any], now: datetime) -> None:
    """The ticked, through the door that all moves take: each by a transaction of its own, or all together or none; says
    what became of each."""
    pending, faults = _ticked(request, asked, now)
    if not pending and not faults and "block" not in request.POST:
        say(request, False, _("Nothing was ticked, so nothing was moved."))
    for words in faults:
        say(request, False, words)
    if "together" not in request.POST:
        for ok, words in _move_all(request, pending, asked, now):
            say(request, ok, words)
        return
    try:
        with translated_errors(), transaction.atomic():
            _lock_touched(pending)
            became = _move_all(request, pending, asked, now)
            is_whole = not faults and all(ok for ok, _words in became)
            transaction.set_rollback(not is_whole)
    except BookingError as error:
        became, is_whole = [(False, explain(error))], False
    for ok, words in became:
        if ok is is_whole:
            say(request, ok, words)
    if not is_whole:
        say(request, False, _("All or none: so nothing was moved."))


def _lock_touched(pending: list[tuple[Booking, Sent]]) -> None:
    """Locks those who have the visits and those who are to have them, in the order of everybody, before the first visit
    takes its own."""
    have, get = {booking.therapist_id for booking, _sent in pending}, {sent[0] for _booking, sent in pending}
    rows = Therapist.objects.filter(Q(pk__in=have) | Q(slug__in=get))
    list(rows.select_for_update(no_key=True).order_by("pk"))


def _move_all(
    request: StaffRequest,
    pending: list[tuple[Booking, Sent]],
    asked: dict[str, Any],
    now: datetime,
    *,
    is_reading: bool = False,
) -> list[tuple[bool, str]]:
    """Of each visit whether it was moved, and the sentence that says so or why not. To read what would be told, nobody
    need know of a door."""
    act, draft, became = Act(now, request.user, reason=_reason(asked)), _draft(request.user, asked), []
    # One may go where another of them still is: who finds no place tries again once others have moved.
    while pending:
        aside, has_moved = [], False
        for booking, sent in pending:
            try:
                door = booking.door_rule if is_reading else request.POST.get(f"door-{booking.pk}", "")
                moved = _move(booking, sent, replace(act, door=door), draft)
            except SlotNotOffered as error:
                aside.append(((booking, sent), error))
            except BookingError as error:
                became.append((False, f"{booking.reference}: {explain(error)}"))
            else:
                said = f"{moved.reference}: {local_when(moved.starts_at)}."
                became.append((True, f"{said} {how_told(moved.client)}"))
                has_moved = True
        if not has_moved:
            became += [(False, f"{row.reference}: {explain(refusal)}") for (row, _sent), refusal in aside]
            break
        pending = [visit for visit, _refusal in aside]
    return became


def _move(booking: Booking, sent: Sent, act: Act, draft: UUID) -> Booking:
    """Raises as `operations.move_booking`, and `ChangedMeanwhile`."""
    slug, starts_at, total_cents, revision = sent
    return operations.move_booking(
        booking=booking,
        to=NewTime(starts_at, f"therapist:{slug}", total_cents=total_cents),
        act=act,
        check=_as_shown(revision),
        draft=draft,
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


def _add_drafts(
    request: StaffRequest, asked: dict[str, Any], rows: list[dict[str, Any]], now: datetime
) -> None:
    """Beside each ticked row the email that its client would get: of the visits as the door that moves them all leaves
    them, which is rolled back before the emails are written. What was ticked and chosen stays so."""
    pending, faults = _ticked(request, asked, now)
    told: list[tuple[Message, Booking, Story]] = []
    try:
        with translated_errors(), transaction.atomic():
            _lock_touched(pending)
            became = _move_all(request, pending, asked, now, is_reading=True)
            told = _told_of(pending, now)
            transaction.set_rollback(True)
    except BookingError as error:
        became = [(False, explain(error))]
    site_settings = SiteSettings.load()
    drafts = {
        booking.pk: render(message, booking, site_settings, now=now, preview=True, story=story)
        for message, booking, story in told
    }
    for words in [*faults, *(words for ok, words in became if not ok)]:
        say(request, False, words)
    ticked = {booking.pk for booking, _sent in pending}
    for row in rows:
        row["is_ticked"] = row["booking"].pk in ticked
        row["is_told"] = request.POST.get(f"door-{row['booking'].pk}") == row["booking"].door_rule
        row["picked"] = request.POST.get(f"way-{row['booking'].pk}", "")
        row["draft"] = drafts.get(row["booking"].pk)


def _told_of(pending: list[tuple[Booking, Sent]], now: datetime) -> list[tuple[Message, Booking, Story]]:
    """The emails that the moves have just written, with the visit as it is and what happened to it."""
    written = Message.objects.filter(
        kind__in=[MessageKind.MOVED, MessageKind.CONFIRMED],
        channel=Channel.EMAIL,
        revision=F("booking__revision"),
        created_at=now,
        booking__in=[booking.pk for booking, _sent in pending],
    )
    told = []
    for message in written.order_by("pk"):
        visit = cast("Booking", load_target(message))
        told.append((message, visit, story_of_move(message, visit)))
    return told


# Nobody books them meanwhile -----------------------------------------------------------------------------------------


def _may_block(user: User) -> bool:
    return user.has_perm("bookings.add_timeoff")


def _block_form(request: StaffRequest, asked: dict[str, Any]) -> BlockForm | None:
    """With what was typed before the emails were read, or the reason of time off that covers a part of the span; None
    for who may not write time off, and where time off of all who are out covers the span already."""
    if not _may_block(request.user) or not _unblocked(asked).exists():
        return None
    if request.method == "POST":
        return BlockForm(request.POST)
    touching = TimeOff.objects.filter(
        therapist=asked["therapist"], starts_at__lt=asked["ends_at"], ends_at__gt=asked["starts_at"]
    )
    reason = touching.order_by("starts_at", "pk").values_list("reason", flat=True).first()
    return BlockForm(initial={"reason": "" if isinstance(reason, UnreadableText) else reason})


def _unblocked(asked: dict[str, Any]) -> QuerySet[Therapist]:
    """Those who are out and whose time off doesn't cover the span yet. What is asked has no seconds, as time off has
    that began with a press."""
    within = asked["starts_at"] + timedelta(minutes=1)
    covering = TimeOff.objects.filter(starts_at__lt=within, ends_at__gte=asked["ends_at"])
    rows = Therapist.objects.exclude(pk__in=covering.order_by().values("therapist"))
    if asked["therapist"] is not None:
        return rows.filter(pk=asked["therapist"].pk)
    return rows.filter(is_active=True)


def _block(request: StaffRequest, asked: dict[str, Any], now: datetime) -> None:
    """Writes the time off, if that is ticked and it isn't there: under the therapists' locks, so that two desks write
    it once, and nobody books between."""
    if "block" not in request.POST or not _may_block(request.user):
        return
    form, name = BlockForm(request.POST), {"name": _name(asked)}
    if not form.is_valid():
        say(request, False, _("The reason is too long, so the time was not blocked. Please try again."))
        return
    try:
        with translated_errors(), transaction.atomic():
            out = [row.pk for row in _unblocked(asked).order_by("pk")]
            list(Therapist.objects.select_for_update(no_key=True).filter(pk__in=out).order_by("pk"))
            fresh = list(_unblocked(asked).order_by("pk"))
            if not fresh:
                return
            TimeOff.objects.bulk_create(
                TimeOff(
                    therapist=row,
                    starts_at=asked["starts_at"],
                    ends_at=asked["ends_at"],
                    reason=form.cleaned_data["reason"] or _("Out; the day was rescued"),
                )
                for row in fresh
            )
    except BookingError:
        words = _(
            "Somebody is booking %(name)s at this moment, so the time was not blocked. Please try again."
        )
        say(request, False, words % name)
        return
    say(request, True, _("Nobody can book %(name)s then any more.") % name)
