"""Another time for a visit that stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from bookings.domain import answers, links, outbox, pricing, reminders, scheduling
from bookings.domain.pairings import Contact
from bookings.domain.scheduling import Slot
from bookings.domain.visit_request import ANYONE, Treatment, VisitRequest
from bookings.enums import BookingStatus, EventKind, MessageKind
from bookings.exceptions import (
    ChangedMeanwhile,
    InvalidTransition,
    NoLongerOffered,
    PriceChanged,
    SlotNotOffered,
)
from bookings.models import Booking, BookingRules, CheckIn, DriveOverride, ServiceArea, Therapist
from massagerx.lib.localtime import local

from .act import Act, Columns, columns_of, is_answer, is_as_told, keep
from .claim import Wish, claim_move, claim_moves
from .doors import require_told
from .expiry import first_tier, patience_with
from .status import require_agreed
from .transaction import block_of, record, settle_change

MOVABLE = frozenset({BookingStatus.REQUESTED, BookingStatus.CONFIRMED})


def treatment_of(booking: Booking) -> Treatment:
    """What was booked, also when it is no longer offered to others."""
    return Treatment(
        service=booking.service,
        option=booking.option,
        add_ons=tuple(booking.add_ons.all()),
        people=booking.people,
    )


def visit_request_of(booking: Booking, *, now: datetime, preference: str | None = None) -> VisitRequest:
    """What a visit to be moved asks for, with those who may do it: whom the client asked for, unless `preference` says
    another. Raises `NoLongerOffered("therapist")` when nobody does any more."""
    asked = booking.preference if preference is None else preference
    here = at_door(booking, booking.area, booking.address_key, booking.access_type)
    contact = Contact.of(booking.client.email, booking.client.phone)
    return replace(here, preference=asked, contact=contact).read(local(now).date())


def offered_to_client(visit_request: VisitRequest, booking: Booking) -> VisitRequest:
    """The same as the visit's client may choose by themselves: where something holds at the door of a confirmed visit,
    nobody else takes it over without having been told. Raises `NoLongerOffered("therapist")`."""
    if not booking.door_rule or booking.status != BookingStatus.CONFIRMED:
        return visit_request
    told = tuple(row for row in visit_request.qualified if row.pk == booking.therapist_id)
    return replace(visit_request, qualified=told).asking_for(visit_request.preference)


def at_door(booking: Booking, area: ServiceArea, address_key: str, access_type: str) -> VisitRequest:
    """What was booked, at a door."""
    return VisitRequest(
        treatment=treatment_of(booking),
        area=area,
        preference=booking.preference,
        access_type=access_type,
        address_key=address_key,
        excluding_booking=booking,
    )


def quote_for_move(*, booking: Booking, starts_at: datetime, rules: BookingRules) -> pricing.Quote:
    """The price at another start. What was agreed for treatment, add-ons and travel stands; the evening fee follows
    the start."""
    return quote_as_agreed(booking, starts_at, rules, travel_cents=booking.travel_cents)


# What apps inside bookings say of the first and last local day of a visit's; the core doesn't import them.
_days_of: list[Callable[[Booking], tuple[date, date] | None]] = []


def add_days(days_of: Callable[[Booking], tuple[date, date] | None]) -> None:
    """Keeps clients from moving a visit out of the days that `days_of` tells, both included; None where it belongs to
    no course. A second time changes nothing."""
    if days_of not in _days_of:
        _days_of.append(days_of)


def _days_allowed(booking: Booking) -> list[tuple[date, date]]:
    return [days for days_of in _days_of if (days := days_of(booking)) is not None]


def is_of_course(booking: Booking) -> bool:
    """Whether a visit belongs to a course; two side by side that staff have parted don't."""
    return bool(_days_allowed(booking))


def days_beside(booking: Booking, *, locks: bool = False) -> tuple[date, date]:
    """The first and the last local day to which a client may move a visit: one that is allowed, and of a course one
    within its phase, between the visit before and the one after it. `date.min` and `date.max` where there is none. With
    `locks` these keep their times until the commit."""
    allowed = _days_allowed(booking)
    if not allowed:
        return date.min, date.max
    first = max(days[0] for days in allowed)
    last = min(days[1] for days in allowed)
    visits = Booking.objects.together_with(booking).occupying()
    others = visits.select_for_update(no_key=True, of=("self",)) if locks else visits
    day = timedelta(days=1)
    for other in others.only("pk", "starts_at"):
        if other.starts_at < booking.starts_at:
            first = max(first, local(other.starts_at).date() + day)
        elif other.starts_at > booking.starts_at:
            last = min(last, local(other.starts_at).date() - day)
    return first, last


def _to_the_end(rules: BookingRules, booking: Booking, *, now: datetime) -> BookingRules:
    """The same with a calendar that is open until the last visit of the course: so far ahead was it planned."""
    if booking.together is None:
        return rules
    ends = Booking.objects.together_with(booking).occupying().values_list("starts_at", flat=True).last()
    days = (local(ends).date() - local(now).date()).days if ends is not None else 0
    if days <= rules.horizon_days:
        return rules
    longer = copy(rules)
    longer.horizon_days = days
    return longer


def rules_for_move(booking: Booking, *, now: datetime) -> BookingRules:
    """The rules by which a client may move a visit: a request that nobody has confirmed yet needs an answer in time."""
    rules = _to_the_end(BookingRules.load(), booking, now=now)
    return answers.rules_for_requests(rules, now=now) if booking.status == BookingStatus.REQUESTED else rules


@dataclass(frozen=True, slots=True)
class NewTime:
    """Where a visit moves to. `preference` is whom that may lead to, None: whom it asks for. Of what was shown beside
    the start, `therapist` is the slug of who comes: that one, or nobody; and `total_cents` the total. Blank and None:
    nobody was shown one."""

    starts_at: datetime
    preference: str | None = None
    therapist: str = ""
    total_cents: int | None = None


def require_day(booking: Booking, starts_at: datetime, *, locks: bool = False) -> None:
    """Raises `SlotNotOffered` for a start on a day on which a visit of a course can't be, by `days_beside`."""
    first, last = days_beside(booking, locks=locks)
    if not first <= local(starts_at).date() <= last:
        raise SlotNotOffered("course")


def therapist_for_move(booking: Booking, to: NewTime, *, now: datetime) -> Therapist:
    """Who would come at a start that the client chose: the one who was shown, else another who is asked for. Raises as
    `require_day`, `SlotNotOffered` and `NoLongerOffered`."""
    require_day(booking, to.starts_at)
    visit_request = visit_request_of(booking, now=now, preference=to.preference)
    visit_request = offered_to_client(visit_request, booking)
    rules = rules_for_move(booking, now=now)

    def chosen(visit_request: VisitRequest) -> Therapist:
        slot = scheduling.choose_slot(
            visit_request=visit_request,
            therapists=visit_request.therapists,
            starts_at=to.starts_at,
            rules=rules,
            now=now,
        )
        return next(row for row in visit_request.therapists if row.pk == slot.therapist_id)

    try:
        return chosen(visit_request.with_therapist(to.therapist))
    except (SlotNotOffered, NoLongerOffered):
        return chosen(visit_request)


def move_booking(
    *,
    booking: Booking,
    to: NewTime,
    act: Act,
    check: Callable[[Booking], None] | None = None,
    late_fee_cents: int = 0,
    draft: UUID | None = None,
) -> Booking:
    """Moves a visit to another start, and if need be to another therapist; tells the client, and gives the old time
    free, in one transaction. Links in earlier emails stop working once it is told.

    Notice, horizon and the grid of starts bind the client alone; hours, drives and other visits everybody. Whom the
    client's own move leads to is whom the visit asks for from then on. `check` looks at the visit under the lock, and
    refuses by raising. `late_fee_cents` is added to its late fee; what is held under `draft` is the mover's to take.

    Raises `InvalidTransition` for a visit that has ended or begun, `SlotTaken`, `SlotNotOffered`, `NoLongerOffered`,
    `DoorUntold` or `PriceChanged`; nothing has changed then.
    """
    rules, now = BookingRules.load(), act.at
    rules = _to_the_end(rules, booking, now=now) if act.by_client else rules.for_staff()
    visit_request = replace(visit_request_of(booking, now=now, preference=to.preference), draft=draft)
    if to.therapist:
        visit_request = visit_request.with_therapist(to.therapist)
    with claim_move(booking, visit_request, to.starts_at, rules=rules, now=now) as standing:
        fresh = standing.visit
        require_movable(fresh, now)
        if check is not None:
            check(fresh)
        quote = quote_for_move(booking=fresh, starts_at=to.starts_at, rules=rules)
        if to.total_cents is not None and quote.total_cents != to.total_cents:
            raise PriceChanged(to.total_cents, quote.total_cents)
        slot, was = standing.slot(visit_request, to.starts_at), columns_of(fresh)
        if act.by_client:
            fresh.preference = visit_request.preference
        fresh.late_fee_cents += late_fee_cents
        _promise_answer(fresh, slot, rules, act, patience=_patience([fresh]))
        tell_change(fresh, act, _write_move(fresh, slot, quote, act, was), was)
    return fresh


def _patience(visits: Sequence[Booking]) -> int:
    """How many times as long as others requests may wait that are answered together: the graver answers say so."""
    waiting = [visit for visit in visits if visit.status == BookingStatus.REQUESTED]
    return max((patience_with(first_tier(visit)) for visit in waiting), default=1)


def _promise_answer(fresh: Booking, slot: Slot, rules: BookingRules, act: Act, *, patience: int) -> None:
    """A request that moves is answered in the time of one that was asked now, `patience` times as long. Raises
    `SlotNotOffered("notice")` where a client leaves no time for that."""
    if fresh.status != BookingStatus.REQUESTED:
        return
    is_alone = act.by_client and act.actor is None
    if is_alone and slot.starts_at < answers.first_for_request(rules=rules, now=act.at):
        raise SlotNotOffered("notice")
    fresh.answer_by = answers.answer_by(
        asked_at=act.at, starts_at=slot.starts_at, rules=rules, patience=patience
    )
    # It is not kept for longer than that, so nothing else is promised.
    if fresh.prove_by is not None:
        fresh.prove_by = min(fresh.prove_by, fresh.answer_by or slot.starts_at)


def _write_move(fresh: Booking, slot: Slot, quote: pricing.Quote, act: Act, was: Columns) -> datetime:
    """Writes the time, its price and the history of a locked visit, with what the caller has set since it `was`; when
    what it tells leaves. Raises `ConsentTakenBack` of one that its client moves, and `DoorUntold` where somebody takes
    it over who hasn't been told of its door: staff say so of any visit, and of a request that its client moves when
    they confirm it."""
    if act.actor is None:
        require_agreed(fresh)
    before = block_of(fresh)
    is_expected = act.actor is not None or fresh.status == BookingStatus.CONFIRMED
    if slot.therapist_id != fresh.therapist_id and is_expected:
        require_told(fresh, act)
    fresh.therapist_id = slot.therapist_id
    fresh.starts_at, fresh.ends_at = slot.starts_at, slot.ends_at
    fresh.blocked_from, fresh.blocked_until = slot.blocked_from, slot.blocked_until
    fresh.evening_cents, fresh.discount_cents = quote.evening_cents, quote.discount_cents
    fresh.total_cents = quote.total_cents
    fresh.revision += 1
    fresh.save(
        update_fields=[
            "therapist",
            "preference",
            # Of one that changes places: it had given its time free.
            "status",
            "starts_at",
            "ends_at",
            "blocked_from",
            "blocked_until",
            "evening_cents",
            "discount_cents",
            "total_cents",
            "late_fee_cents",
            "answer_by",
            "prove_by",
            "revision",
        ]
    )
    settle_change(fresh, moved=True, now=act.at, actor=act.actor)
    # A corrected drive spoke of the visits before and after; these are others now.
    drives = DriveOverride.objects.filter(Q(from_booking=fresh) | Q(to_booking=fresh))
    deleted = list(drives.order_by("pk"))
    drives.delete()
    # So did what was pressed on the way to the time that was.
    steps = list(fresh.steps.order_by("pk"))
    fresh.steps.all().delete()
    if fresh.therapist_id != before.therapist_id:
        CheckIn.objects.end_with_visit(fresh, at=act.at)
    # The client who moves it sees its page from there; for others the old links work until an email brings a new one,
    # and who has yet to prove the mailbox does it by the link that was sent, for all that were asked for together.
    if act.actor is None and not fresh.is_unproved:
        links.revoke_visit_links(fresh, now=act.at)
    event = record(fresh, EventKind.MOVED, fresh.status, act, before=before)
    leaves_at = act.tells_at(before.starts_at, fresh.starts_at)
    beside = {
        "drives": [columns_of(drive) for drive in deleted],
        "steps": [columns_of(step) for step in steps],
    }
    keep(event, was, act, leaves_at, **beside)
    return leaves_at


class Move(NamedTuple):
    """A visit as it was shown, by its revision, with the start and the slug of the therapist that it moves to, and the
    total that was shown with them. `preference` is whom that may lead to, None: whom it asks for; `late_fee_cents` is
    added to its late fee."""

    booking: Booking
    revision: int
    starts_at: datetime
    therapist: str
    total_cents: int
    preference: str | None = None
    late_fee_cents: int = 0


def requests_to_move(
    bookings: Sequence[Booking],
    *,
    now: datetime,
    preferences: Sequence[str | None] | None = None,
    by_client: bool = False,
) -> list[VisitRequest]:
    """What visits of one press ask for when they move together: the times of all of them count as free. Whom each asks
    for, unless `preferences` say another; `by_client`: each as `offered_to_client`. Raises
    `NoLongerOffered("therapist")`."""
    first = visit_request_of(bookings[0], now=now, preference=ANYONE)
    others = tuple(booking.pk for booking in bookings)
    asked = [
        replace(
            at_door(booking, booking.area, booking.address_key, booking.access_type),
            qualified=first.qualified,
            contact=first.contact,
            pairings=first.pairings,
            excluding_others=others,
        ).asking_for(preference or booking.preference)
        for booking, preference in zip(bookings, preferences or [None] * len(bookings), strict=True)
    ]
    if not by_client:
        return asked
    return [offered_to_client(one, booking) for one, booking in zip(asked, bookings, strict=True)]


def move_together(
    *, moves: Sequence[Move], rules: BookingRules, act: Act, check: Callable[[Booking], None] | None = None
) -> list[Booking]:
    """Moves several visits of one press, all or none, each as `move_booking` would by the given `rules`, and tells the
    client once, and staff where they didn't do it; one that stays where it is, is left alone.

    Raises as `move_booking`, and `ChangedMeanwhile` when one of them is not as it was shown.
    """
    now = act.at
    # Told at once, and not to be taken back: the days of the course move as well.
    act = replace(act, told_together=True, leaves_at=now)
    visits = [move.booking for move in moves]
    preferences = [move.preference for move in moves]
    requests = requests_to_move(visits, now=now, preferences=preferences)
    wishes = [
        Wish(visit_request.with_therapist(move.therapist), move.starts_at)
        for move, visit_request in zip(moves, requests, strict=True)
    ]
    asked = {visit.pk: request.preference for visit, request in zip(visits, requests, strict=True)}
    late_fees = {move.booking.pk: move.late_fee_cents for move in moves}
    with claim_moves(visits, wishes, rules=rules, now=now) as standing:
        quotes = {}
        for fresh, move in zip(standing.visits, moves, strict=True):
            require_movable(fresh, now)
            if fresh.revision != move.revision:
                raise ChangedMeanwhile
            if check is not None:
                check(fresh)
            quotes[fresh.pk] = quote = quote_for_move(booking=fresh, starts_at=move.starts_at, rules=rules)
            if quote.total_cents != move.total_cents:
                raise PriceChanged(move.total_cents, quote.total_cents)
        slots = standing.slots()
        at_start: dict[datetime, list[Booking]] = {}
        for fresh, slot in zip(standing.visits, slots, strict=True):
            at_start.setdefault(slot.starts_at, []).append(fresh)
        waiting = [
            (fresh, slot)
            for fresh, slot in zip(standing.visits, slots, strict=True)
            if (fresh.starts_at, fresh.therapist_id) != (slot.starts_at, slot.therapist_id)
        ]
        moved = []
        while waiting:
            fresh, slot = one = _first_to_move(waiting) or _swapped(waiting)
            waiting.remove(one)
            was = columns_of(fresh)
            if act.by_client:
                fresh.preference = asked[fresh.pk]
            fresh.late_fee_cents += late_fees[fresh.pk]
            _promise_answer(fresh, slot, rules, act, patience=_patience(at_start[slot.starts_at]))
            _write_move(fresh, slot, quotes[fresh.pk], act, was)
            reminders.write_reminders(booking=fresh, now=now)
            moved.append(fresh)
        if moved:
            moved.sort(key=lambda visit: visit.starts_at)
            alert = [MessageKind.STAFF_ALERT] if act.actor is None else []
            outbox.write_messages(booking=moved[0], kinds=[MessageKind.TOGETHER, *alert], now=now)
    return moved


def _first_to_move(waiting: Sequence[tuple[Booking, Slot]]) -> tuple[Booking, Slot] | None:
    """One whose new time none of the others still takes: the database looks at each row when it is written. None where
    visits change places."""
    for fresh, slot in waiting:
        taken = any(
            other.therapist_id == slot.therapist_id
            and other.blocked_from < slot.blocked_until
            and slot.blocked_from < other.blocked_until
            for other, _slot in waiting
            if other.pk != fresh.pk
        )
        if not taken:
            return fresh, slot
    return None


def _swapped(waiting: Sequence[tuple[Booking, Slot]]) -> tuple[Booking, Slot]:
    """The first of visits that change places; the others give their time free in the database until each of them is
    written, within the transaction."""
    one, *others = waiting
    keys = [other.pk for other, _slot in others]
    Booking.objects.filter(pk__in=keys).update(status=BookingStatus.CANCELED)
    return one


def tell_change(booking: Booking, act: Act, leaves_at: datetime, was: Columns, **beside: Any) -> None:
    """What the new revision is told by: at `leaves_at`, and in the days before and after the visit, which `was` so,
    `beside` as for `keep`. A confirmation that has not left tells of the change as well, also one of all visits that
    were booked together; nothing tells of one after which all is as the client knows it. Who asked for a late move is
    always told of the answer, and its fee."""
    kinds = []
    if outbox.confirmation_waits(booking) and not is_answer(booking, [act.at]):
        kinds = [MessageKind.CONFIRMED]
    elif (
        act.by_client
        or not (
            (leaves_at > act.at and outbox.together_waits(booking)) or is_as_told(booking, act, was, **beside)
        )
        or is_answer(booking, [act.at])
    ):
        kinds = [MessageKind.MOVED]
    if act.by_client:
        kinds.append(MessageKind.STAFF_ALERT)
    outbox.write_messages(booking=booking, kinds=kinds, now=act.at, leaves_at=leaves_at)
    reminders.write_reminders(booking=booking, now=act.at, leaves_at=leaves_at)


def quote_as_agreed(
    booking: Booking, starts_at: datetime, rules: BookingRules, *, travel_cents: int
) -> pricing.Quote:
    """What was agreed, with another travel, and the evening fee that follows the start; a discount that is more than
    that comes to takes off all of it."""
    evening = booking.evening_cents
    if pricing.is_evening(starts_at, rules) != pricing.is_evening(booking.starts_at, rules):
        evening = rules.evening_fee_cents if pricing.is_evening(starts_at, rules) else 0
    agreed = pricing.Quote(
        treatment_cents=booking.treatment_cents,
        add_ons_cents=booking.add_ons_cents,
        travel_cents=travel_cents,
        evening_cents=evening,
    )
    return agreed.discounted(booking.discount_cents)


def may_change(booking: Booking, *, now: datetime) -> bool:
    """Whether the visit is still to come and stands, so that it can be canceled, moved or corrected."""
    return booking.status in MOVABLE and booking.starts_at > now


def require_movable(booking: Booking, now: datetime) -> None:
    """Raises `InvalidTransition` for a visit that has ended or begun."""
    if not may_change(booking, now=now):
        raise InvalidTransition(booking.status, EventKind.MOVED)
