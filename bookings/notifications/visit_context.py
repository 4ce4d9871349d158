"""What the templates of a message about a visit read: the visit, and what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.dateformat import format as date_format

from bookings.domain import operations, queries, told
from bookings.domain.stranding import CONSENT, why_not_kept
from bookings.enums import (
    ABOUT_SAFETY,
    TO_STAFF,
    BookingStatus,
    ChangeState,
    EventKind,
    MessageKind,
    StepKind,
)
from bookings.models import Booking, BookingEvent, LateFee, Message
from bookings.refusals import stranding_words
from massagerx.lib.localtime import clock_time, local

from .addresses import Secrets, admin_url, visit_url
from .faces import face_of
from .registry import STANDING, Target, ahead_together, ended_together, with_event
from .wording import (
    absolute_links,
    clock_span,
    greeting_name,
    html_to_text,
    moment,
    one_line,
    safe_name,
    time_span,
)


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to a visit, as templates read it: `change`, the late move `asked_for`, the late `fee` of one that
    its client canceled or missed, the `way` of who comes, why it is `stranded`, how its `check_in` stands; and which
    visits are `not_closed`; empty when nothing."""

    change: dict[str, Any] = field(default_factory=dict)
    asked_for: dict[str, Any] = field(default_factory=dict)
    fee: dict[str, Any] = field(default_factory=dict)
    way: dict[str, Any] = field(default_factory=dict)
    stranded: str = ""
    check_in: dict[str, Any] = field(default_factory=dict)
    not_closed: Sequence[dict[str, str]] = ()


def story_of_move(message: Message, booking: Booking) -> Story:
    """What a message about a move tells of, for who renders it when the history has it no more."""
    return Story(change=_change(message, booking))


def visit_context(
    message: Message, booking: Booking, secrets: Secrets, now: datetime, story: Story | None
) -> dict[str, Any]:
    """What templates see of a visit that a message is about, as it stands at `now`, with what happened to it: by its
    history, unless a `story` is given. A client's message brings the visit's private link, one for staff its page."""
    context = _facts(booking, now) | _of_kind(message, booking, now, story)
    if message.kind in TO_STAFF:
        return {**context, "admin_url": admin_url("booking", booking.pk)}
    # The links in emails of before a move end with the one that tells of it, but not one that proves a mailbox.
    is_moved = context.get("change", {}).get("is_moved") and not booking.is_unproved
    since = message.created_at if is_moved else None
    context["visit_url"] = visit_url(secrets.visit(context.get("opens", booking), since))
    if message.kind == MessageKind.TOGETHER and context["waits"] and not booking.is_unproved:
        context["note_pages"] = _note_pages(context, secrets)
    return context


def _of_kind(message: Message, booking: Booking, now: datetime, story: Story | None) -> dict[str, Any]:
    """What only messages of this kind say of a visit."""
    found: dict[str, Any] = {}
    if message.kind in _TELLS_CHANGE:
        change = _change(message, booking) if story is None else story.change
        found["change"] = change
        found["is_ours"] = change.get("kind") == EventKind.CANCELED and not change["by_client"]
    if message.kind == MessageKind.STAFF_ALERT and booking.together is not None:
        found["count"] = with_event(
            message,
            booking,
            EventKind.REQUESTED,
            EventKind.CANCELED,
            EventKind.PAUSED,
            EventKind.MOVED,
        ).count()
    found["is_reminder"] = message.kind == MessageKind.HEALTH_REMINDER
    if message.kind == MessageKind.TOGETHER:
        found |= _together(message, booking, _told_together(message, booking, now))
    if message.kind in (MessageKind.REMINDER_FIRST, MessageKind.REMINDER_LAST):
        place = queries.place_together(booking)
        found |= dict(zip(("number", "count"), place, strict=True)) if place else {}
        beside = Booking.objects.side_by_side(booking).filter(status=BookingStatus.CONFIRMED)
        found["beside"] = beside.select_related("therapist").first()
        found["beside_for"] = safe_name(found["beside"].visit_for) if found["beside"] else ""
    if message.kind in _ABOUT_LATE_MOVE and found.get("side_by_side", True):
        found["asked_for"] = _asked_for(message, booking) if story is None else story.asked_for
    if message.kind in _ABOUT_LATE_FEE:
        found["fee"] = _fee(booking) if story is None else story.fee
    if message.kind == MessageKind.ON_THE_WAY:
        found |= way_of(booking) if story is None else story.way
    if message.kind == MessageKind.STRANDED_ALERT:
        reason = why_not_kept(booking, now=now) if story is None else story.stranded
        found["why"] = stranding_words(reason) if reason else ""
        found["is_consent"] = reason == CONSENT
    if message.kind in ABOUT_SAFETY:
        found |= _check_in(booking) if story is None else story.check_in
    return found


def _facts(booking: Booking, now: datetime) -> dict[str, Any]:
    free_until = operations.free_until(booking)
    prepare = booking.service.before_visit
    return {
        "booking": booking,
        "name": greeting_name(booking.contact_name),
        "visit_for": safe_name(booking.recipient_name),
        "face": face_of(booking.therapist),
        **_when(booking),
        # 0 is today, by the calendar of Los Angeles and not by hours.
        "days_ahead": (local(booking.starts_at).date() - local(now).date()).days,
        "arrival": clock_time(booking.arrives_at) if booking.arrives_at is not None else "",
        "address": one_line(booking.address),
        "service_url": f"{settings.SITE_URL}{booking.service.get_absolute_url()}",
        # Empty when that moment has gone by: a visit booked for the same day.
        "free_until": moment(free_until) if free_until > now else "",
        "prove_by": moment(booking.prove_by) if booking.prove_by else "",
        # Empty where somebody calls within the hour instead.
        "answer_by": moment(booking.answer_by) if booking.answer_by else "",
        "prepare_html": absolute_links(prepare),
        "prepare_text": html_to_text(prepare),
    }


def _when(booking: Booking) -> dict[str, Any]:
    """Day and time of a visit, in parts."""
    clocks, _blank, zone_name = time_span(booking.starts_at, booking.ends_at).rpartition(" ")
    return {
        "day": date_format(local(booking.starts_at), "l, F j"),
        "weekday": date_format(local(booking.starts_at), "l"),
        "date": date_format(local(booking.starts_at), "F j"),
        "short_day": date_format(local(booking.starts_at), "D, M j"),
        "start": clock_time(booking.starts_at),
        "time": f"{clocks} {zone_name}",
        "clocks": clocks,
        "zone_name": zone_name,
    }


def told_visits(message: Message, target: Target, now: datetime) -> list[Booking]:
    """The visits that a message tells of; none for one about something else."""
    if not isinstance(target, Booking):
        return []
    return _told_together(message, target, now) if message.kind == MessageKind.TOGETHER else [target]


def _told_together(message: Message, booking: Booking, now: datetime) -> list[Booking]:
    """The visits that a message about several tells of: those that ended with one press, or else those to come. A
    sample, which is nowhere stored, is alone."""
    if not booking.pk:
        return [booking]
    ended = list(ended_together(message, booking).with_details())
    if not ended:
        return list(ahead_together(booking, now).with_details())
    untold = told.untold(ended, until=message.created_at, by=message)
    return [told.as_told(visit, untold[visit.pk]) for visit in ended]


def _together(message: Message, booking: Booking, visits: Sequence[Booking]) -> dict[str, Any]:
    """What is told of visits that were booked together, with where they were before when one press moved them."""
    untold = told.untold([visit for visit in visits if visit.pk], until=message.created_at, by=message)
    before, earlier = {}, set()
    for key, events in untold.items():
        earlier |= {event.kind for event in events if event.at < message.created_at}
        moves = [event for event in events if event.kind == EventKind.MOVED]
        if moves and moves[-1].at == message.created_at:
            before[key] = moves[0].moved_from
    waits = any(visit.status == BookingStatus.REQUESTED for visit in visits)
    is_over = all(visit.status not in STANDING for visit in visits)
    is_ended = bool(booking.pk) and _ends_course(message, booking)
    is_paused = bool(booking.pk) and not is_ended and with_event(message, booking, EventKind.PAUSED).exists()
    return {
        # The owner's sentence is for visits that stand.
        **({"own_words": ""} if is_over else {}),
        # One that also says for the first time that all are confirmed says that.
        "is_moved": bool(before) and (waits or EventKind.CONFIRMED not in earlier),
        "visits": [
            {
                "day": date_format(local(visit.starts_at), "l, F j"),
                "time": time_span(visit.starts_at, visit.ends_at),
                "with": visit.therapist.name,
                "for": safe_name(visit.visit_for) if len({one.visit_for for one in visits}) > 1 else "",
                "where": one_line(visit.address) if len({one.address for one in visits}) > 1 else "",
                "row": visit,
                "was": moment(was) if (was := before.get(visit.pk)) else "",
                "total_cents": visit.total_cents,
                "waits": visit.status == BookingStatus.REQUESTED,
                # Only a confirmed visit that its client canceled has one.
                "fee": _fee(visit) if visit.status == BookingStatus.CANCELED and visit.confirmed_at else {},
            }
            for visit in visits
        ],
        "all_cents": sum(visit.total_cents for visit in visits),
        "late_fee_cents": sum(visit.late_fee_cents for visit in visits),
        "waits": waits,
        "is_over": is_over,
        "is_ended": is_ended,
        "is_paused": is_paused,
        "find_url": f"{settings.SITE_URL}{reverse('visits:find')}",
        # The last one's link works longest, and a paused course waits.
        "opens": visits[-1] if is_paused else booking,
        "is_expired": all(visit.status == BookingStatus.EXPIRED for visit in visits),
        "is_declined": all(visit.status == BookingStatus.DECLINED for visit in visits),
        "lengths_differ": len({(visit.treatment_minutes, visit.add_ons_cents) for visit in visits}) > 1,
        "side_by_side": len(visits) > 1 and len({visit.starts_at for visit in visits}) == 1,
        **_when(visits[0]),
    }


def _note_pages(context: dict[str, Any], secrets: Secrets) -> list[dict[str, str]]:
    """Where a clinician's note is handed in: of two people side by side for each of them, else for the first visit.
    Whether one is needed no email says."""
    rows = [one for one in context["visits"] if one["waits"]] if context["side_by_side"] else []
    of_each = [{"for": one["for"], "url": visit_url(secrets.visit(one["row"]))} for one in rows]
    return of_each or [{"for": "", "url": context["visit_url"]}]


def _ends_course(message: Message, booking: Booking) -> bool:
    """Whether the message tells that what a pause had taken out of the calendar is planned no more."""
    ended = BookingEvent.objects.filter(kind=EventKind.CANCELED, from_status=BookingStatus.CANCELED)
    return ended.filter(booking=booking, at=message.created_at).exists()


# What tells of a change, and of the deeds that it may be.
_TELLS_CHANGE = frozenset(
    {MessageKind.CONFIRMED, MessageKind.MOVED, MessageKind.STAFF_ALERT, MessageKind.CANCELED}
)
_CHANGES = (
    EventKind.MOVED,
    EventKind.EDITED,
    EventKind.CORRECTED,
    EventKind.CANCELED,
    EventKind.PAUSED,
    EventKind.CONFIRMED,
)
# What tells that a visit has ended speaks of it as its client knew it.
_ENDED = frozenset({MessageKind.CANCELED, MessageKind.DECLINED, MessageKind.EXPIRED})


def as_told(message: Message, booking: Booking) -> Booking:
    """The visit that the message is about: one that has ended as its client knew it. A sample is nowhere stored."""
    if message.kind not in _ENDED or not booking.pk:
        return booking
    return told.as_told(booking, _untold(message, booking))


def _untold(message: Message, booking: Booking) -> list[BookingEvent]:
    """What the message tells of: what was done in its own transaction, and before it what nobody has told. Staff see
    how the visit stands."""
    events = told.untold([booking], until=message.created_at, by=message)[booking.pk]
    return events[-1:] if message.kind == MessageKind.STAFF_ALERT else events


def _change(message: Message, booking: Booking) -> dict[str, Any]:
    """What the client or staff are told of: the change that was written in the message's own transaction, and how the
    visit stands otherwise than was told before. Empty for a message of another event."""
    events = [event for event in _untold(message, booking) if event.kind in _CHANGES]
    if not events or events[-1].at != message.created_at:
        return {}
    event = events[-1]
    change: dict[str, Any] = {"kind": event.kind, "by_client": event.by_client, "why": event.reason}
    moves = [event for event in events if event.moved_from is not None]
    change["is_moved"] = bool(moves)
    # Clients' notes about the way in are no address; what they do is told by itself.
    change["new_address"] = any(
        done.kind == EventKind.EDITED and (done is event or done.actor_id) for done in events
    )
    first = moves[0] if moves else event
    if first.moved_from is not None and first.moved_from != booking.starts_at:
        ended = first.moved_from + (booking.ends_at - booking.starts_at)
        change["was_day"] = date_format(local(first.moved_from), "l, F j")
        change["was_time"] = time_span(first.moved_from, ended)
    if first.moved_from_therapist is not None and first.moved_from_therapist_id != booking.therapist_id:
        change["was_with"] = first.moved_from_therapist.name
    return change


def _check_in(booking: Booking) -> dict[str, Any]:
    """How the check-in at the door stands, and where whoever is alerted says that they look after it."""
    check_in = booking.check_in
    return {
        "arrived": clock_time(check_in.opened_at),
        "asked": clock_time(check_in.asked_at) if check_in.asked_at is not None else "",
        "called_for_help": clock_time(check_in.help_at) if check_in.help_at is not None else "",
        "check_in_url": f"{settings.SITE_URL}{reverse('admin:bookings_booking_check_in', args=[booking.pk])}",
    }


def way_of(booking: Booking) -> dict[str, Any]:
    """Whether the therapist has left, and between when they are expected, as was last pressed."""
    steps = [step for step in booking.steps.standing() if step.kind in (StepKind.LEAVING, StepKind.LATE)]
    last = next((step for step in reversed(steps) if step.expected_from is not None), None)
    return {
        "has_left": any(step.kind == StepKind.LEAVING for step in steps),
        "is_late": bool(steps) and steps[-1].kind == StepKind.LATE,
        "is_free": operations.we_are_too_late(booking),
        "expected": clock_span(last.expected_from, last.expected_until)
        if last is not None and last.expected_from is not None and last.expected_until is not None
        else "",
    }


_ABOUT_LATE_FEE = frozenset(
    {MessageKind.CANCELED, MessageKind.LATE_FEE, MessageKind.NO_SHOW, MessageKind.STAFF_ALERT}
)


def _fee(booking: Booking) -> dict[str, Any]:
    """The late fee of a visit that its client canceled, as it stands; empty when there is none."""
    found = LateFee.objects.filter(booking=booking).values("cents", "state", "asks_waiver").first()
    return dict(found or {})


# Of each kind that speaks of a late move, which one it is: the one that waits, or the one answered last.
_ABOUT_LATE_MOVE: dict[str, dict[str, Any]] = {
    MessageKind.CHANGE_ALERT: {"state": ChangeState.OPEN},
    MessageKind.CHANGE_REFUSED: {"state": ChangeState.REFUSED},
    MessageKind.MOVED: {"state": ChangeState.ACCEPTED},
    # Of two side by side.
    MessageKind.TOGETHER: {"state": ChangeState.ACCEPTED},
}


def _asked_for(message: Message, booking: Booking) -> dict[str, Any]:
    """The late move that the message is about; empty when there is none."""
    wanted = dict(_ABOUT_LATE_MOVE[MessageKind(message.kind)])
    if message.kind in (MessageKind.MOVED, MessageKind.TOGETHER):
        # A visit is moved more than once: only the change that this message tells of.
        wanted["answered_at"] = message.created_at
    asked = booking.change_requests.filter(**wanted).order_by("-asked_at", "-pk").first()
    if asked is None:
        return {}
    of_all = operations.asked_together(asked)
    return {
        "wanted": moment(asked.wanted_starts_at),
        "fee_cents": sum(one.fee_cents for one in of_all),
        "is_of_both": len(of_all) > 1,
    }
