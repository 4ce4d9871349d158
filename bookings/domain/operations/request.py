"""Asking for a visit: the one press that books."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    DateTimeField,
    Exists,
    OuterRef,
    Q,
)
from django.db.models.expressions import Combinable

from bookings.domain import answers, intake, links, listeners, outbox, pricing, reminders, scheduling
from bookings.domain.pairings import Contact
from bookings.domain.scheduling import Slot
from bookings.domain.visit_request import ANYONE, Treatment, VisitRequest, load_area, load_treatment
from bookings.enums import BookingStatus, DoorRule, EventKind, MessageKind, Tier
from bookings.exceptions import (
    BookingError,
    PriceChanged,
    ScreeningChanged,
    ScreeningStops,
    SlotNotOffered,
    SubmissionReused,
    TermsChanged,
    TooManyRequests,
    TooManyUnproved,
)
from bookings.models import (
    AccessNotes,
    AddressRule,
    Booking,
    BookingEvent,
    BookingRules,
    Client,
    Hold,
    OwnConsent,
    ScreeningRecord,
    ServiceArea,
    TermsVersion,
    VisitPurpose,
)
from bookings.models.booking import make_address_key, make_rule_key
from bookings.models.holds import LET_GO
from bookings.screening import Result
from massagerx.lib.bulk_insert import bulk_insert_mixed, insert_if_missing
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.localtime import local
from massagerx.lib.locks import lock_statements
from massagerx.lib.phones import PhoneNumberField

from .act import Act
from .claim import Wish, claim, claim_all
from .doors import is_told, lock_name, rules_at
from .status import patience_with
from .told_once import note_told, told_once
from .transaction import event_of, tell_listeners

# No more people at one address are visited at the same time.
AT_ONE_START = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """All that a client sends with the one press that books. `starts_at` is an aware instant; `total_cents` and
    `terms_version` are what the client was shown. `email` is blank where staff book for who has none.
    `therapist` is the slug of who was shown to come: that one comes, or nobody; blank when nobody was shown, and
    whoever fits best comes."""

    key: UUID
    service_slug: str
    option_id: int
    add_on_ids: tuple[int, ...]
    people: int
    zip_code: str
    preference: str
    starts_at: datetime
    name: str
    email: str
    phone: str
    recipient_name: str
    street: str
    unit: str
    access_type: str
    access: dict[str, str]
    screening_version: int
    screening_service: str
    answers: dict[str, str]
    terms_version: int
    total_cents: int
    therapist: str = ""
    purpose: str = ""
    # Of the person who is visited, E.164 the one; and who pays. Blank: as the client.
    recipient_phone: str = ""
    recipient_language: str = ""
    payer_name: str = ""
    # The health questions are mailed to the client, whom staff book for; there are no answers yet.
    health_later: bool = False
    # Where a new client heard of us, as `HeardFrom.link_name`; and that they may be asked for a review once.
    heard_from: str = ""
    may_be_asked: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, to tell a replay from another body under the same key."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        body = json.dumps(told, default=str, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()

    @property
    def address_key(self) -> str:
        """The key of the submitted address."""
        return make_address_key(self.street, self.unit, self.zip_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What the caller has just looked up for this very submission: it is read before the locks in any case."""

    rules: BookingRules
    treatment: Treatment
    area: ServiceArea
    agreed: TermsVersion | None
    screening: intake.Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends a submission. `draft` names the visitor's draft, whose held time is the visitor's own. `actor` is who
    books for a client on the phone. `source` is a digest of the address that the visitor comes from: of requests whose
    mailbox nobody has proved, few may come from one. `proved`: they came by a link mailed to the client's address.
    `door` is as in `Act`."""

    draft: UUID | None = None
    actor: User | None = None
    source: str = ""
    proved: bool = False
    door: str = ""


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
        found = looked_up or _look_up(submission, now=now)
        press = _look_through(submission, found, sender, now=now)
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
            person = _who(press)
            return _write(press, slot, person, _judge(press, person))
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
        found_for = _look_up_each(submissions, looked_up)
        presses = [
            _look_through(submission, found, sender, now=now)
            for submission, found in zip(submissions, found_for, strict=True)
        ]
        first = submissions[0]
        visit_request = VisitRequest(
            treatment=looked_up.treatment,
            area=looked_up.area,
            preference=ANYONE,
            draft=sender.draft,
            contact=Contact.of(first.email, first.phone),
        ).read(local(now).date())
        wishes = [
            Wish(
                replace(
                    visit_request.asking_for(submission.preference, submission.therapist),
                    treatment=found.treatment,
                    area=found.area,
                    access_type=submission.access_type,
                    address_key=submission.address_key,
                ),
                submission.starts_at,
            )
            for submission, found in zip(submissions, found_for, strict=True)
        ]
        with claim_all(wishes, rules=looked_up.rules, now=now) as slots:
            # One press is answered with one: the first visit says by when.
            first_at = min(slot.starts_at for slot in slots)
            person = _who(*presses)
            verdicts = [_judge(press, person) for press in presses]
            wait = {
                slot.starts_at for slot, verdict in zip(slots, verdicts, strict=True) if not verdict.at_once
            }
            # Visits at one start are answered together: the graver answers say by when.
            patience: dict[datetime, int] = {}
            for slot, verdict in zip(slots, verdicts, strict=True):
                least = patience.get(slot.starts_at, 1)
                patience[slot.starts_at] = max(least, patience_with(verdict.tier))
            bookings = [
                _write(
                    press,
                    slot,
                    person,
                    verdict._replace(at_once=slot.starts_at not in wait),
                    together=together,
                    answer_before=first_at,
                    patience=patience[slot.starts_at],
                )
                for press, slot, verdict in zip(presses, slots, verdicts, strict=True)
            ]
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


def _look_up_each(submissions: Sequence[Submission], looked_up: LookedUp) -> list[LookedUp]:
    """The same for each of several submissions, with its own area and add-ons: as many queries as there are of these
    that weren't looked up yet. Raises as `load_area` and `load_treatment`."""
    areas = {looked_up.area.zip_code: looked_up.area}
    treatments = {frozenset(add_on.pk for add_on in looked_up.treatment.add_ons): looked_up.treatment}
    found = []
    for submission in submissions:
        if submission.zip_code not in areas:
            areas[submission.zip_code] = load_area(submission.zip_code)
        add_ons = frozenset(submission.add_on_ids)
        if add_ons not in treatments:
            treatments[add_ons] = load_treatment(
                service_slug=submission.service_slug,
                option_id=submission.option_id,
                add_on_ids=add_ons,
                people=submission.people,
            )
        found.append(replace(looked_up, area=areas[submission.zip_code], treatment=treatments[add_ons]))
    return found


def _look_up(submission: Submission, *, now: datetime) -> LookedUp:
    return LookedUp(
        rules=BookingRules.load(),
        treatment=load_treatment(
            service_slug=submission.service_slug,
            option_id=submission.option_id,
            add_on_ids=submission.add_on_ids,
            people=submission.people,
        ),
        area=load_area(submission.zip_code),
        agreed=TermsVersion.in_force(now),
        screening=intake.current_screening(now=now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Press:
    """A submission that has been looked through, and what came of it."""

    submission: Submission
    looked_up: LookedUp
    agreed: TermsVersion
    quote: pricing.Quote
    # None where the questions are answered later.
    result: Result | None
    sender: Sender
    now: datetime


def _look_through(submission: Submission, looked_up: LookedUp, sender: Sender, *, now: datetime) -> _Press:
    """Everything that can be asked before the lock. Raises what `request_booking` says of price, policy and health."""
    rules, treatment, current = looked_up.rules, looked_up.treatment, looked_up.screening
    scheduling.day_asked_for(submission.starts_at, rules=rules, now=now)
    quote = pricing.quote(
        treatment=treatment, area=looked_up.area, rules=rules, starts_at=submission.starts_at
    )
    if quote.total_cents != submission.total_cents:
        raise PriceChanged(submission.total_cents, quote.total_cents)
    agreed = looked_up.agreed
    if agreed is None or agreed.number != submission.terms_version:
        raise TermsChanged
    if (submission.screening_version, submission.screening_service) != (
        current.version.number,
        treatment.service.slug,
    ):
        raise ScreeningChanged
    result = _screened(submission, treatment, current, actor=sender.actor, now=now)
    return _Press(
        submission=submission,
        looked_up=looked_up,
        agreed=agreed,
        quote=quote,
        result=result,
        sender=sender,
        now=now,
    )


class _Who(NamedTuple):
    """The client of a press; whether it is one that we know, and whether their mailbox must be proved first; the rules
    of the addresses of its visits, by their keys; what was told that may be somebody else's word; and who of those that
    are visited has taken their consent back."""

    client: Client
    is_known: bool
    must_prove: bool
    doors: Mapping[str, str]
    told: dict[str, Any] | None
    taken_back: frozenset[str]


def _who(*presses: _Press) -> _Who:
    """Of presses that are one client's. Raises `TooManyRequests` or `TooManyUnproved`."""
    press = presses[0]
    rules, actor = press.looked_up.rules, press.sender.actor
    keys = {each.submission.address_key for each in presses}
    client, is_known, is_new = _client(press.submission, keys, rules=rules, now=press.now, actor=actor)
    doors = rules_at(keys)
    is_sure = actor is not None or press.sender.proved
    must_prove = is_new and not is_sure
    if must_prove:
        _require_few_unproved(rules, press.sender.source, several=len(presses) > AT_ONE_START)
    told: dict[str, Any] | None = told_once(press.submission.heard_from, press.submission.may_be_asked)
    # Who may know no more than an email and a phone answers for nobody, until the mailbox is proved.
    if told and (is_new or is_sure or _is_same_person(client, press.submission)):
        note_told(client.pk, told)
        told = None
    names = {press.submission.recipient_name for press in presses}
    taken_back = frozenset(name for name in names if OwnConsent.is_taken_back(client=client, name=name))
    return _Who(client, is_known and not doors, must_prove, doors, told, taken_back)


def _screened(
    submission: Submission,
    treatment: Treatment,
    current: intake.Screening,
    *,
    actor: User | None,
    now: datetime,
) -> Result | None:
    """What the answers come to; None where staff leave them for later. Raises `ScreeningStops`."""
    if submission.health_later:
        if actor is None or not submission.email:
            raise ScreeningStops
        return None
    result = current.evaluate(
        submission.answers, treatment.service.slug, local(now).date(), people=treatment.people
    )
    if not result.bookable:
        raise ScreeningStops
    return result


class _Verdict(NamedTuple):
    """What the answers of a press come to; whether a clinician's note answers for them; whether it is confirmed at
    once."""

    tier: Tier
    covered: bool
    at_once: bool


def _judge(press: _Press, person: _Who) -> _Verdict:
    result, rules, actor = press.result, press.looked_up.rules, press.sender.actor
    if result is None:
        return _Verdict(Tier.CLEAR, covered=False, at_once=False)
    covered = _is_covered(person.client, press.submission, press.looked_up, result, now=press.now)
    at_once = _at_once(result, is_known=person.is_known, rules=rules, actor=actor, covered=covered)
    at_once = at_once and press.submission.recipient_name not in person.taken_back
    rule = DoorRule.stricter(person.client.door_rule, person.doors.get(press.submission.address_key, ""))
    at_once = at_once and is_told(rule, press.sender.door)
    return _Verdict(intake.tier_of(result), covered, at_once)


def _write(
    press: _Press,
    slot: Slot,
    person: _Who,
    verdict: _Verdict,
    *,
    together: UUID | None = None,
    answer_before: datetime | None = None,
    patience: int | None = None,
) -> Booking:
    """The part that runs under the therapists' locks: as few statements as it takes. Of a visit that was asked for
    `together` with others the caller tells; it is answered before the first of them, at `answer_before`, with the
    `patience` of all at its start."""
    submission, now, actor, quote = press.submission, press.now, press.sender.actor, press.quote
    treatment, area, rules = press.looked_up.treatment, press.looked_up.area, press.looked_up.rules
    result, (tier, covered, at_once) = press.result, verdict
    waits = not at_once and actor is None
    if waits and submission.starts_at < answers.first_for_request(rules=rules, now=now):
        if not _held(submission, draft=press.sender.draft, now=now):
            raise SlotNotOffered("notice")
    promised = answers.answer_by(
        asked_at=now,
        starts_at=answer_before or slot.starts_at,
        rules=rules,
        patience=patience or patience_with(tier),
    )
    booking = Booking(
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
        prove_by=min(
            now + timedelta(minutes=rules.prove_within_minutes), promised or answer_before or slot.starts_at
        )
        if person.must_prove
        else None,
        source=press.sender.source if person.must_prove else "",
        told_once=person.told,
    )
    bulk_insert_mixed([booking])
    with_add_on = Booking.add_ons.through
    events = [event_of(booking, EventKind.REQUESTED, "", Act(now, actor, by_client=actor is None))]
    if at_once:
        events.append(event_of(booking, EventKind.CONFIRMED, BookingStatus.REQUESTED, Act(now, actor)))
    kind = MessageKind.CONFIRMED if at_once else MessageKind.RECEIVED
    if result is None:
        kind = MessageKind.HEALTH_ASKED
    # Staff need no alert of what they do themselves.
    kinds = [] if together is not None else [kind, MessageKind.STAFF_ALERT] if actor is None else [kind]
    messages = outbox.new_messages(booking=booking, kinds=kinds, now=now)
    held_by = press.sender.draft if together is None else None
    bulk_insert_mixed(
        [
            *(with_add_on(booking_id=booking.pk, addon_id=add_on.pk) for add_on in treatment.add_ons),
            AccessNotes(booking=booking, notes=submission.access),
            *([VisitPurpose(booking=booking, text=submission.purpose)] if submission.purpose else []),
            *(
                [
                    ScreeningRecord(
                        booking=booking,
                        version=press.looked_up.screening.version,
                        answers=submission.answers,
                        tier=tier,
                        is_covered=covered,
                        evaluated_at=now,
                    )
                ]
                if result is not None
                else outbox.new_health_reminder(booking=booking, now=now)
            ),
            *events,
            links.new_visit_link(booking, now=now),
            *messages,
        ],
        ahead=[LET_GO.statement(draft=held_by)] if held_by is not None else [],
    )
    for event in events:
        tell_listeners(booking, EventKind(event.kind), event.from_status, now=now)
    reminders.write_reminders(booking=booking, now=now)
    outbox.wake_worker_after_commit(messages)
    return booking


def _is_covered(
    client: Client, submission: Submission, looked_up: LookedUp, result: Result, *, now: datetime
) -> bool:
    """Whether a clinician's note answers already for what asks for one. Only then anything is asked of the database."""
    return intake.tier_of(result) == Tier.CLEARANCE and intake.covering_note(
        of={
            "client": client,
            "service": looked_up.treatment.service,
            "recipient_name": submission.recipient_name,
            "people": looked_up.treatment.people,
            "contact_name": submission.name,
        }.__getitem__,
        starts_at=submission.starts_at,
        answers=submission.answers,
        current=looked_up.screening,
        now=now,
    )


def _at_once(
    result: Result, *, is_known: bool, rules: BookingRules, actor: User | None, covered: bool
) -> bool:
    if actor is not None and covered:
        return True
    if actor is not None:
        return intake.tier_of(result) in (Tier.CLEAR, Tier.CAUTION)
    return rules.confirm_known_clients and result.is_clear and is_known


def _held(submission: Submission, *, draft: UUID | None, now: datetime) -> bool:
    """Whether the visitor holds the time: it was offered to them while there was time enough for an answer."""
    held = Hold.objects.filter(draft_id=draft, starts_at=submission.starts_at).live(now)
    return draft is not None and held.exists()


def is_covered(*, submission: Submission, looked_up: LookedUp, result: Result, now: datetime) -> bool:
    """Whether `request_booking` would find that a clinician's note answers for it already: for the eyes of staff, since
    it tells of the health of whose email and phone these are."""
    client = Client.objects.present().filter(email=submission.email, phone=submission.phone).first()
    return client is not None and _is_covered(client, submission, looked_up, result, now=now)


def would_confirm(
    *,
    submission: Submission,
    result: Result,
    rules: BookingRules,
    actor: User | None,
    covered: bool = False,
) -> bool:
    """Whether `request_booking` would confirm at once, so that the button can say what its press does."""
    people = Client.objects.filter(email=submission.email, phone=submission.phone, is_blocked=False)
    same = Q(phone=submission.phone)
    if submission.email:
        same |= Q(email=submission.email)
    flagged = Client.objects.filter(same).exclude(door_rule="")
    door = AddressRule.objects.filter(address_key=make_rule_key(submission.address_key))
    client = people.filter(~Exists(flagged), ~Exists(door), bookings__status=BookingStatus.COMPLETED).first()
    is_known = client is not None and _is_same_person(client, submission)
    if client is not None and OwnConsent.is_taken_back(client=client, name=submission.recipient_name):
        return False
    return _at_once(result, is_known=is_known, rules=rules, actor=actor, covered=covered)


def door_rule_of(*submissions: Submission) -> DoorRule | None:
    """The strictest of what would hold at the doors of these visits of one client; None where nothing does: for the
    eyes of staff."""
    client = Client.objects.present().filter(email=submissions[0].email, phone=submissions[0].phone).first()
    doors = rules_at({submission.address_key for submission in submissions})
    rule = DoorRule.stricter(client.door_rule if client is not None else "", *doors.values())
    return DoorRule(rule) if rule else None


def _earlier(submission: Submission) -> Booking | None:
    booking = Booking.objects.filter(submission_key=submission.key).first()
    if booking is not None and booking.submission_digest != submission.digest:
        raise SubmissionReused
    return booking


_PEOPLE = CompiledQuery(
    lambda parameter: (
        Client.objects.select_for_update(no_key=True)
        .filter(Q(email=parameter("email", CharField())) | Q(phone=parameter("phone", PhoneNumberField())))
        .order_by("pk")
    )
)
# Of one who has no email: nobody else has that in common with them.
_PEOPLE_BY_PHONE = CompiledQuery(
    lambda parameter: (
        Client.objects.select_for_update(no_key=True)
        .filter(phone=parameter("phone", PhoneNumberField()))
        .order_by("pk")
    )
)
_ASKED = Q(
    Exists(BookingEvent.objects.filter(booking=OuterRef("pk"), kind=EventKind.REQUESTED, by_client=True)),
    status=BookingStatus.REQUESTED,
)
_ALONE = Q(together=None)


def _presses(which: Q) -> Combinable:
    """How many presses asked for these visits: those of one course count once."""
    return Count("pk", filter=which & _ALONE) + Count("together", filter=which, distinct=True)


_VISITS = CompiledQuery(
    lambda parameter: (
        Booking.objects.filter(client_id__in=parameter("clients", BigIntegerField()))
        .order_by()
        .values("client_id")
        .annotate(
            waiting=_presses(_ASKED & Q(starts_at__gt=parameter("now", DateTimeField()))),
            proved=_presses(_ASKED & Q(prove_by=None, starts_at__gt=parameter("now", DateTimeField()))),
            kept=Count("pk", filter=Q(status=BookingStatus.COMPLETED)),
            sure=Count("pk", filter=Q(prove_by=None)),
        )
        .values_list("client_id", "waiting", "proved", "kept", "sure")
    )
)


def _client(
    submission: Submission,
    address_keys: Iterable[str],
    *,
    rules: BookingRules,
    now: datetime,
    actor: User | None,
) -> tuple[Client, bool, bool]:
    """The client; whether it is one that we know, neither blocked nor with a rule for their door, who has had a visit;
    and whether it is a new one, whose mailbox nobody has proved.

    Raises `TooManyRequests`. Counted are requests that nobody has answered, of this email and this phone together, and
    of the same email with other phones where the mailbox was proved: whoever knows only another's email or phone can't
    use up what is theirs. What the desk books is neither counted nor refused. Under a lock of their own, since requests
    for other therapists hold other locks: on the email and the phone themselves, since the row of somebody new can't be
    seen by who books at the same moment. So are the addresses locked, whose rules are read next.
    """
    email, phone = submission.email, submission.phone
    names = [f"client:{name}" for name in (email, phone) if name]
    new = Client(name=submission.name, email=email, phone=phone, created_at=now)
    ahead = [*lock_statements(*names, *map(lock_name, address_keys)), insert_if_missing(new)]
    people = (
        _PEOPLE.objects(email=email, phone=phone, ahead=ahead)
        if email
        else _PEOPLE_BY_PHONE.objects(phone=phone, ahead=ahead)
    )
    client = next(
        person for person in people if person.email == submission.email and person.phone == submission.phone
    )
    same_mailbox = {person.pk for person in people if person.email == submission.email}
    visits = _VISITS.rows(clients=[person.pk for person in people], now=now)
    waiting = sum(
        own if key == client.pk else proved
        for key, own, proved, _kept, _sure in visits
        if key in same_mailbox
    )
    if actor is None and waiting >= rules.open_requests_per_client:
        raise TooManyRequests
    has_been_visited = any(kept for key, _, _, kept, _ in visits if key == client.pk)
    may_be_sure = not client.is_blocked and not any(person.door_rule for person in people)
    is_known = has_been_visited and may_be_sure and _is_same_person(client, submission)
    is_new = not any(sure for key, *_, sure in visits if key == client.pk)
    return client, is_known, is_new


def _is_same_person(client: Client, submission: Submission) -> bool:
    """Whether it is the client's own name, or a door that we were at for them: an email and a phone alone may be read
    off a card, and staff should look at who asks with a new name for a new door."""
    if submission.name.casefold() == client.name.casefold():
        return True
    visited = Booking.objects.filter(client=client, status=BookingStatus.COMPLETED).values_list(
        "contact_name", "street", "unit", "area__zip_code"
    )
    return any(
        name.casefold() == submission.name.casefold() or make_address_key(*door) == submission.address_key
        for name, *door in visited
    )


def _require_few_unproved(rules: BookingRules, source: str, *, several: bool) -> None:
    """Raises `TooManyUnproved`. Counted under a lock on the name of what is counted. A press that asks for `several`
    visits keeps many times: one may wait from an address, and none is added once as many visits as requests may wait
    in all. So made-up names keep fewer visits than twice that number and one press more."""
    counted = _UNPROVED.rows(source=source, ahead=lock_statements("unproved"))
    in_all, from_source = sum(row[0] for row in counted), sum(row[1] for row in counted)
    if in_all >= rules.unproved_in_all or (source and from_source >= rules.unproved_per_address):
        raise TooManyUnproved
    if not several:
        return
    unproved = Booking.objects.unproved()
    if unproved.count() >= rules.unproved_in_all:
        raise TooManyUnproved
    if source and unproved.filter(source=source).exclude(_ALONE).exists():
        raise TooManyUnproved


# A row for each status, none where nothing waits.
_UNPROVED = CompiledQuery(
    lambda parameter: (
        Booking.objects.unproved()
        .order_by()
        .values("status")
        .annotate(
            in_all=_presses(Q(pk__isnull=False)),
            from_source=_presses(Q(source=parameter("source", CharField()))),
        )
        .values_list("in_all", "from_source")
    )
)
