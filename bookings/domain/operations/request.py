"""Asking for a visit: the one press that books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Model

from bookings.domain import answers, links, listeners, outbox, reminders
from bookings.domain.pairings import Contact
from bookings.domain.scheduling import Slot
from bookings.domain.visit_request import ANYONE, VisitRequest
from bookings.enums import BookingStatus, EventKind, MessageKind
from bookings.exceptions import BookingError, SlotNotOffered, SubmissionReused
from bookings.models import AccessNotes, Booking, Hold, ScreeningRecord, VisitPurpose
from bookings.models.holds import LET_GO
from massagerx.lib.bulk_insert import bulk_insert_mixed
from massagerx.lib.localtime import local

from .act import Act
from .claim import Wish, claim, claim_all
from .expiry import patience_with
from .requester import Requester, find_requester
from .submission import LookedUp, Press, Sender, Submission, look_through, look_up, look_up_each
from .transaction import event_of, tell_listeners
from .verdict import Verdict, judge

_ANYBODY = Sender()


def request_booking(
    *, submission: Submission, now: datetime, sender: Sender = _ANYBODY, looked_up: LookedUp | None = None
) -> Booking:
    """Books: `requested`, or `confirmed` at once for a known client with a clear screening, as the owner set it. What
    staff book for a client is confirmed at once unless its screening asks for a clinician's note, or more holds at its
    door than they say that whoever comes knows.

    The same submission again returns the same booking. Raises `SlotTaken`, `SlotNotOffered`, `NoLongerOffered`,
    `OutsideArea`, `ScreeningStops`, `ScreeningChanged`, `TermsChanged`, `PriceChanged`, `TooManyRequests`,
    `TooManyUnproved` or `SubmissionReused`; nothing is written then.
    """
    try:
        found = looked_up or look_up(submission, now=now)
        press = look_through(submission, found, sender, now=now)
        visit_request = VisitRequest(
            treatment=found.treatment,
            area=found.area,
            preference=submission.preference,
            therapist=submission.therapist,
            access_type=submission.access_type,
            address_key=submission.address_key,
            draft=sender.draft,
            contact=Contact.of(submission.email, submission.phone),
        )
        with claim(visit_request, submission.starts_at, rules=found.rules, now=now) as slot:
            person = find_requester(press)
            verdict = judge(press, person)
            return _write(_Visit(press, slot, person, verdict, slot.starts_at, patience_with(verdict.tier)))
    except (BookingError, IntegrityError):
        # The same press, sent again or twice at once, is refused by what it did itself: its time has gone, it is one
        # visit too many, its key is in the database. Asked only then, since most presses come once.
        earlier = _earlier(submission)
        if earlier is None:
            raise
        return earlier


def request_together(
    *,
    submissions: Sequence[Submission],
    together: UUID,
    looked_up: LookedUp,
    sender: Sender,
    now: datetime,
) -> list[Booking]:
    """Books several visits of one client, all or none, each as `request_booking` would; one message tells the client of
    all, and one staff. They are alike but for key, start, therapist and whom they ask for, add-ons, total, address, and
    the person: who that is, with their answers. `together` names the press, which counts as one request. Visits at one
    start are confirmed at once only where each of them would be.

    The same press again returns the same bookings. Raises as `request_booking`.
    """
    try:
        found_for = look_up_each(submissions, looked_up)
        presses = [
            look_through(submission, found, sender, now=now)
            for submission, found in zip(submissions, found_for, strict=True)
        ]
        with claim_all(_wishes(presses, looked_up), rules=looked_up.rules, now=now) as slots:
            person = find_requester(*presses)
            verdicts = [judge(press, person) for press in presses]
            visits = _answered_together(presses, slots, person, verdicts)
            bookings = [_write(visit, together=together) for visit in visits]
            LET_GO.run(draft=sender.draft)
            alert = [MessageKind.STAFF_ALERT] if sender.actor is None else []
            outbox.write_messages(booking=bookings[0], kinds=[MessageKind.TOGETHER, *alert], now=now)
            fact = listeners.BookedTogether(bookings=bookings, together=together, draft=sender.draft, at=now)
            listeners.tell(fact)
            return bookings
    except (BookingError, IntegrityError):
        earlier = [_earlier(submission) for submission in submissions]
        stand = [booking for booking in earlier if booking is not None]
        if len(stand) < len(submissions):
            raise
        return stand


def _wishes(presses: Sequence[Press], looked_up: LookedUp) -> list[Wish]:
    """What each of several presses of one client asks for, and when."""
    first = presses[0]
    visit_request = VisitRequest(
        treatment=looked_up.treatment,
        area=looked_up.area,
        preference=ANYONE,
        draft=first.sender.draft,
        contact=Contact.of(first.submission.email, first.submission.phone),
    ).read(local(first.now).date())
    return [
        Wish(
            replace(
                visit_request.asking_for(press.submission.preference, press.submission.therapist),
                treatment=press.looked_up.treatment,
                area=press.looked_up.area,
                access_type=press.submission.access_type,
                address_key=press.submission.address_key,
            ),
            press.submission.starts_at,
        )
        for press in presses
    ]


class _Visit(NamedTuple):
    """What is known of a visit under the therapists' locks. It is answered before `answer_before`, an aware instant,
    with so much `patience`, as `patience_with` has it."""

    press: Press
    slot: Slot
    person: Requester
    verdict: Verdict
    answer_before: datetime
    patience: int


def _answered_together(
    presses: Sequence[Press], slots: Sequence[Slot], person: Requester, verdicts: Sequence[Verdict]
) -> list[_Visit]:
    """Visits of one press: it is answered with one, so the first visit says by when. Those at one start are confirmed
    together or not, and the graver answers say by when."""
    first_at = min(slot.starts_at for slot in slots)
    wait = {slot.starts_at for slot, verdict in zip(slots, verdicts, strict=True) if not verdict.at_once}
    patience: dict[datetime, int] = {}
    for slot, verdict in zip(slots, verdicts, strict=True):
        least = patience.get(slot.starts_at, 1)
        patience[slot.starts_at] = max(least, patience_with(verdict.tier))
    return [
        _Visit(
            press,
            slot,
            person,
            verdict._replace(at_once=slot.starts_at not in wait),
            first_at,
            patience[slot.starts_at],
        )
        for press, slot, verdict in zip(presses, slots, verdicts, strict=True)
    ]


def _write(visit: _Visit, *, together: UUID | None = None) -> Booking:
    """The part that runs under the therapists' locks: as few statements as it takes. Of a visit that was asked for
    `together` with others the caller tells, and lets their held times go."""
    press, at_once = visit.press, visit.verdict.at_once
    now, actor, draft = press.now, press.sender.actor, press.sender.draft
    _require_time_for_answer(press, at_once=at_once)
    booking = _booking_of(visit, visit.slot, together)
    bulk_insert_mixed([booking])
    events = [event_of(booking, EventKind.REQUESTED, "", Act(now, actor, by_client=actor is None))]
    if at_once:
        events.append(event_of(booking, EventKind.CONFIRMED, BookingStatus.REQUESTED, Act(now, actor)))
    kinds = _kinds_of(press, at_once=at_once) if together is None else []
    messages = outbox.new_messages(booking=booking, kinds=kinds, now=now)
    lets_go = [LET_GO.statement(draft=draft)] if draft is not None and together is None else []
    link = links.new_visit_link(booking, now=now)
    bulk_insert_mixed([*_rows_beside(booking, visit), *events, link, *messages], ahead=lets_go)
    for event in events:
        tell_listeners(booking, EventKind(event.kind), event.from_status, now=now)
    reminders.write_reminders(booking=booking, now=now)
    outbox.wake_worker_after_commit(messages)
    return booking


def _require_time_for_answer(press: Press, *, at_once: bool) -> None:
    """Raises `SlotNotOffered` for a request that would begin before anybody at the desk can answer it."""
    submission, rules, now = press.submission, press.looked_up.rules, press.now
    waits = not at_once and press.sender.actor is None
    if waits and submission.starts_at < answers.first_for_request(rules=rules, now=now):
        if not _held(submission, draft=press.sender.draft, now=now):
            raise SlotNotOffered("notice")


def _booking_of(visit: _Visit, slot: Slot, together: UUID | None) -> Booking:
    """The row, not written yet."""
    press, person, at_once = visit.press, visit.person, visit.verdict.at_once
    submission, quote, now = press.submission, press.quote, press.now
    treatment, area, rules = press.looked_up.treatment, press.looked_up.area, press.looked_up.rules
    promised = answers.answer_by(
        asked_at=now, starts_at=visit.answer_before, rules=rules, patience=visit.patience
    )
    prove_by = min(now + timedelta(minutes=rules.prove_within_minutes), promised or visit.answer_before)
    return Booking(
        status=BookingStatus.CONFIRMED if at_once else BookingStatus.REQUESTED,
        client=person.client,
        contact_name=submission.name,
        recipient_name=submission.recipient_name,
        recipient_phone=submission.recipient_phone,
        recipient_language=submission.recipient_language,
        payer_name=submission.payer_name,
        therapist_id=slot.therapist_id,
        service=treatment.service,
        option=treatment.option,
        people=treatment.people,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        blocked_from=slot.blocked_from,
        blocked_until=slot.blocked_until,
        street=submission.street,
        unit=submission.unit,
        city=area.city,
        area=area,
        access_type=submission.access_type,
        address_rule=person.doors.get(submission.address_key, ""),
        preference=submission.preference,
        treatment_cents=quote.treatment_cents,
        add_ons_cents=quote.add_ons_cents,
        travel_cents=quote.travel_cents,
        evening_cents=quote.evening_cents,
        total_cents=quote.total_cents,
        terms_version=press.agreed,
        agreed_at=now,
        created_at=now,
        confirmed_at=now if at_once else None,
        answer_by=None if at_once else promised,
        submission_key=submission.key,
        submission_digest=submission.digest,
        together=together,
        prove_by=prove_by if person.must_prove else None,
        source=press.sender.source if person.must_prove else "",
        told_once=person.told,
    )


def _kinds_of(press: Press, *, at_once: bool) -> list[MessageKind]:
    """What the client is told, and staff, who need no alert of what they do themselves."""
    kind = MessageKind.CONFIRMED if at_once else MessageKind.RECEIVED
    if press.result is None:
        kind = MessageKind.HEALTH_ASKED
    return [kind, MessageKind.STAFF_ALERT] if press.sender.actor is None else [kind]


def _rows_beside(booking: Booking, visit: _Visit) -> Iterator[Model]:
    """The rows of a visit that was written: its add-ons, the way in, what it is for, and the health answers or the
    reminder to give them."""
    press, now, with_add_on = visit.press, visit.press.now, Booking.add_ons.through
    for add_on in press.looked_up.treatment.add_ons:
        yield with_add_on(booking_id=booking.pk, addon_id=add_on.pk)
    yield AccessNotes(booking=booking, notes=press.submission.access)
    if press.submission.purpose:
        yield VisitPurpose(booking=booking, text=press.submission.purpose)
    if press.result is None:
        yield from outbox.new_health_reminder(booking=booking, now=now)
    else:
        yield ScreeningRecord(
            booking=booking,
            version=press.looked_up.screening.version,
            answers=press.submission.answers,
            tier=visit.verdict.tier,
            is_covered=visit.verdict.covered,
            evaluated_at=now,
        )


def _held(submission: Submission, *, draft: UUID | None, now: datetime) -> bool:
    """Whether the visitor holds the time: it was offered to them while there was time enough for an answer."""
    held = Hold.objects.filter(draft_id=draft, starts_at=submission.starts_at).live(now)
    return draft is not None and held.exists()


def _earlier(submission: Submission) -> Booking | None:
    booking = Booking.objects.filter(submission_key=submission.key).first()
    if booking is not None and booking.submission_digest != submission.digest:
        raise SubmissionReused
    return booking
