"""Everything that changes a booking. Each operation locks late and once, asks the transition table, writes the
booking with its event and its messages in one transaction, and says by an exception what it refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction

from bookings.enums import BookingStatus, EventKind, MessageKind, Tier
from bookings.exceptions import (
    InvalidTransition,
    PolicyChanged,
    PriceChanged,
    ScreeningChanged,
    ScreeningNotCleared,
    ScreeningStops,
    SlotNotOffered,
    SlotTaken,
    SubmissionReused,
    TooManyRequests,
)
from bookings.models import (
    AccessNotes,
    Booking,
    BookingEvent,
    BookingPolicy,
    Client,
    ClinicianNote,
    PolicyVersion,
    ScreeningRecord,
    Therapist,
)
from bookings.models.booking import door_key
from massagerx.lib.localtime import local

from . import intake, outbox, pricing, scheduling
from .lifecycle import require_transition
from .selection import load_area, load_selection, load_session

_OVERLAP = "booking_no_overlap"
# SQLSTATEs of a lock that was not given in time, a deadlock and a serialisation failure.
_LOCK_FAILURES = {"55P03", "40P01", "40001"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """All that a client sends with the one press that books. `starts_at` is an aware instant; `total_cents` and
    `policy_version` are what the client was shown."""

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
    entry: str
    access: dict[str, str]
    screening_version: int
    screening_service: str
    answers: dict[str, str]
    policy_version: int
    total_cents: int

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, to tell a replay from another body under the same key."""
        body = json.dumps(asdict(self), default=str, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()

    @property
    def address_key(self) -> str:
        return door_key(self.street, self.unit, self.zip_code)


def request_booking(*, submission: Submission, now: datetime) -> Booking:
    """Books: `requested`, or `confirmed` at once for a known client with a clear screening, as the owner set it.

    The same submission again returns the same booking. Raises `SlotTaken`, `SlotNotOffered`, `NoLongerOffered`,
    `OutsideArea`, `ScreeningStops`, `ScreeningChanged`, `PolicyChanged`, `PriceChanged`, `TooManyRequests` or
    `SubmissionReused`; nothing is written then.
    """
    earlier = _earlier(submission)
    if earlier is not None:
        return earlier
    policy = BookingPolicy.load()
    today = local(now).date()
    scheduling.require_within_reach_of_now(starts_at=submission.starts_at, policy=policy, now=now)
    session = load_session(
        service_slug=submission.service_slug,
        option_id=submission.option_id,
        add_on_ids=submission.add_on_ids,
        people=submission.people,
    )
    area = load_area(submission.zip_code)
    selection = load_selection(session=session, area=area, preference=submission.preference, today=today)
    quote = pricing.quote(session=session, area=area, policy=policy, starts_at=submission.starts_at)
    if quote.total_cents != submission.total_cents:
        raise PriceChanged(submission.total_cents, quote.total_cents)
    agreed = PolicyVersion.objects.filter(published_at__lte=now).first()
    if agreed is None or agreed.number != submission.policy_version:
        raise PolicyChanged
    current = intake.current_screening(now=now)
    if (submission.screening_version, submission.screening_service) != (
        current.version.number,
        session.service.slug,
    ):
        raise ScreeningChanged
    result = current.evaluate(submission.answers, session.service.slug, today)
    if not result.bookable:
        raise ScreeningStops

    with _translated_errors(submission):
        with transaction.atomic():
            # Locks, in one order for everybody, all who might be chosen: the choice is made again below, and nobody
            # else can take or leave a time of theirs until the commit. NO KEY: rows that only point at them go on.
            locked = list(
                Therapist.objects.select_for_update(no_key=True, of=("self",))
                .filter(pk__in=[therapist.pk for therapist in selection.therapists])
                .bookable(today)
                .qualified_for(session.service)
                .select_related("home_zip__zone")
                .order_by("pk")
            )
            # The same press, sent twice at once: the second comes here after the first has committed.
            earlier = _earlier(submission)
            if earlier is not None:
                return earlier
            slot = scheduling.choose_slot(
                session=session,
                area=area,
                therapists=locked,
                starts_at=submission.starts_at,
                policy=policy,
                now=now,
                address_key=submission.address_key,
            )
            client = _client(submission, now)
            if _open_visits(submission, now) >= policy.open_requests_per_client:
                raise TooManyRequests
            at_once = policy.confirm_known_clients and result.is_clear and _is_known(client)
            status = BookingStatus.CONFIRMED if at_once else BookingStatus.REQUESTED
            booking = Booking.objects.create(
                status=status,
                client=client,
                contact_name=submission.name,
                recipient_name=submission.recipient_name,
                therapist_id=slot.therapist_id,
                service=session.service,
                option=session.option,
                people=session.people,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                blocked_from=slot.blocked_from,
                blocked_until=slot.blocked_until,
                street=submission.street,
                unit=submission.unit,
                city=area.city,
                area=area,
                entry=submission.entry,
                session_cents=quote.session_cents,
                add_ons_cents=quote.add_ons_cents,
                travel_cents=quote.travel_cents,
                evening_cents=quote.evening_cents,
                total_cents=quote.total_cents,
                policy_version=agreed,
                agreed_at=now,
                created_at=now,
                confirmed_at=now if at_once else None,
                submission_key=submission.key,
                submission_digest=submission.digest,
            )
            booking.add_ons.set(session.add_ons)
            AccessNotes.objects.create(booking=booking, notes=submission.access)
            ScreeningRecord.objects.create(
                booking=booking,
                version=current.version,
                answers=submission.answers,
                tier=intake.tier_of(result),
                evaluated_at=now,
            )
            _record(booking, EventKind.REQUESTED, "", now=now, by_client=True)
            if at_once:
                _record(booking, EventKind.CONFIRMED, BookingStatus.REQUESTED, now=now)
            outbox.write_messages(
                booking=booking,
                kinds=[
                    MessageKind.CONFIRMED if at_once else MessageKind.RECEIVED,
                    MessageKind.STAFF_ALERT,
                ],
                now=now,
            )
    return booking


def _earlier(submission: Submission) -> Booking | None:
    booking = Booking.objects.filter(submission_key=submission.key).first()
    if booking is not None and booking.submission_digest != submission.digest:
        raise SubmissionReused
    return booking


def _client(submission: Submission, now: datetime) -> Client:
    client, _created = Client.objects.get_or_create(
        email=submission.email,
        phone=submission.phone,
        defaults={"name": submission.name, "created_at": now},
    )
    return client


def _open_visits(submission: Submission, now: datetime) -> int:
    """Visits to come of anyone with this email or this phone, so that one of the two can't be varied for more."""
    open_visits = Booking.objects.filter(
        status__in=[BookingStatus.REQUESTED, BookingStatus.CONFIRMED], starts_at__gt=now
    )
    return (
        open_visits.filter(client__email=submission.email)
        | open_visits.filter(client__phone=submission.phone)
    ).count()


def _is_known(client: Client) -> bool:
    """Whether the client has had a visit and is not blocked."""
    return (
        not client.is_blocked
        and Booking.objects.filter(client=client, status=BookingStatus.COMPLETED).exists()
    )


@contextmanager
def _translated_errors(submission: Submission | None = None) -> Iterator[None]:
    """Turns what the database says of a race into what happened: the time has just gone.

    The one place where it is done. Other database errors pass through.
    """
    try:
        yield
    except IntegrityError as error:
        if _OVERLAP in str(error):
            raise SlotTaken from error
        raise
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) in _LOCK_FAILURES or "locked" in str(error):
            raise SlotTaken from error
        raise
    except SlotNotOffered as error:
        if submission is not None and error.reason in ("taken", "drive", "daily_limit", "break"):
            raise SlotTaken from error
        raise


def _record(
    booking: Booking,
    kind: EventKind,
    from_status: str,
    *,
    now: datetime,
    actor: User | None = None,
    by_client: bool = False,
    reason: str = "",
) -> None:
    BookingEvent.objects.create(
        booking=booking,
        kind=kind,
        from_status=from_status,
        to_status=booking.status,
        at=now,
        actor=actor,
        by_client=by_client,
        reason=reason[:300],
    )


def _change_status(
    booking: Booking,
    wanted: BookingStatus,
    event: EventKind,
    *,
    now: datetime,
    actor: User | None,
    by_client: bool = False,
    reason: str = "",
    tell: MessageKind | None = None,
    check: Callable[[Booking], None] | None = None,
) -> Booking:
    """Under the therapist's lock: the transition, the event, and what the client is told."""
    with _translated_errors(), transaction.atomic():
        # The therapist first, as everywhere, so that two operations never wait for each other.
        list(Therapist.objects.select_for_update(no_key=True).filter(bookings=booking.pk))
        fresh = (
            Booking.objects.select_for_update(no_key=True, of=("self",))
            .select_related("therapist__home_zip", "area", "service", "client")
            .get(pk=booking.pk)
        )
        require_transition(fresh.status, wanted)
        if check is not None:
            check(fresh)
        before = fresh.status
        fresh.status = wanted
        fields = ["status"]
        if wanted == BookingStatus.CONFIRMED:
            fresh.confirmed_at = now
            fields.append("confirmed_at")
        if tell is not None:
            fresh.revision += 1
            fields.append("revision")
        fresh.save(update_fields=fields)
        _record(fresh, event, before, now=now, actor=actor, by_client=by_client, reason=reason)
        if tell is not None:
            outbox.write_messages(booking=fresh, kinds=[tell], now=now)
    return fresh


def confirm_booking(*, booking: Booking, actor: User | None, now: datetime, reason: str = "") -> Booking:
    """Confirms a request and tells the client. Raises `InvalidTransition`, `ScreeningNotCleared` while a clinician's
    note is asked for and not on record, or `SlotNotOffered` when the therapist can't keep the time any more."""

    def check(fresh: Booking) -> None:
        if needs_clinician_note(fresh):
            raise ScreeningNotCleared
        scheduling.require_still_possible(booking=fresh, policy=BookingPolicy.load(), now=now)

    return _change_status(
        booking,
        BookingStatus.CONFIRMED,
        EventKind.CONFIRMED,
        now=now,
        actor=actor,
        reason=reason,
        tell=MessageKind.CONFIRMED,
        check=check,
    )


def needs_clinician_note(booking: Booking) -> bool:
    """Whether the booking may not be confirmed before staff have recorded a clinician's note."""
    tier = ScreeningRecord.objects.filter(booking=booking).values_list("tier", flat=True).first()
    if tier in (Tier.CLEAR, Tier.CAUTION):
        return False
    return not ClinicianNote.objects.filter(booking=booking).exists()


def record_clinician_note(*, booking: Booking, actor: User, note: str, now: datetime) -> ClinicianNote:
    """Puts a clinician's go-ahead on record, encrypted, with who wrote it down. Raises `InvalidTransition` when the
    booking no longer waits for an answer."""
    with transaction.atomic():
        fresh = Booking.objects.select_for_update(no_key=True).get(pk=booking.pk)
        require_transition(fresh.status, BookingStatus.CONFIRMED)
        recorded = ClinicianNote.objects.create(
            booking=booking, note=note, recorded_by=actor, recorded_at=now
        )
        _record(booking, EventKind.CLEARED, booking.status, now=now, actor=actor)
    return recorded


def decline_booking(*, booking: Booking, actor: User | None, now: datetime, reason: str = "") -> Booking:
    """Declines a request and tells the client kindly. `reason` is for staff only. Raises `InvalidTransition`."""
    return _change_status(
        booking,
        BookingStatus.DECLINED,
        EventKind.DECLINED,
        now=now,
        actor=actor,
        reason=reason,
        tell=MessageKind.DECLINED,
    )


def cancel_booking(
    *,
    booking: Booking,
    actor: User | None,
    now: datetime,
    reason: str = "",
    by_client: bool = False,
) -> Booking:
    """Cancels a request or a confirmed visit and tells the client. Raises `InvalidTransition`."""
    return _change_status(
        booking,
        BookingStatus.CANCELLED,
        EventKind.CANCELLED,
        now=now,
        actor=actor,
        reason=reason,
        by_client=by_client,
        tell=MessageKind.CANCELLED,
    )


def complete_booking(*, booking: Booking, actor: User | None, now: datetime, reason: str = "") -> Booking:
    """Marks a visit as done. Raises `InvalidTransition`, also before the visit starts."""
    return _change_status(
        booking,
        BookingStatus.COMPLETED,
        EventKind.COMPLETED,
        now=now,
        actor=actor,
        reason=reason,
        check=_require_started(BookingStatus.COMPLETED, now),
    )


def mark_no_show(*, booking: Booking, actor: User | None, now: datetime, reason: str = "") -> Booking:
    """Marks a visit as one where nobody opened. Raises `InvalidTransition`, also before the visit starts."""
    return _change_status(
        booking,
        BookingStatus.NO_SHOW,
        EventKind.NO_SHOW,
        now=now,
        actor=actor,
        reason=reason,
        check=_require_started(BookingStatus.NO_SHOW, now),
    )


def _require_started(wanted: BookingStatus, now: datetime) -> Callable[[Booking], None]:
    def check(fresh: Booking) -> None:
        if fresh.starts_at > now:
            raise InvalidTransition(fresh.status, wanted)

    return check


def expire_requests(*, now: datetime) -> int:
    """Expires requests that nobody answered in the owner's time, or before they should have begun, and tells the
    clients; returns how many. Another process may be doing the same: each request expires once."""
    policy = BookingPolicy.load()
    too_old = now - timedelta(minutes=policy.request_expires_after_minutes)
    waiting = Booking.objects.filter(status=BookingStatus.REQUESTED)
    stale = waiting.filter(created_at__lte=too_old) | waiting.filter(starts_at__lte=now)
    expired = 0
    for booking in stale.order_by("created_at"):
        try:
            _change_status(
                booking,
                BookingStatus.EXPIRED,
                EventKind.EXPIRED,
                now=now,
                actor=None,
                tell=MessageKind.EXPIRED,
            )
        except (InvalidTransition, SlotTaken):
            continue  # answered, or being answered, meanwhile
        expired += 1
    return expired


def expires_at(booking: Booking, policy: BookingPolicy) -> datetime:
    """When an unanswered request expires."""
    limit = booking.created_at + timedelta(minutes=policy.request_expires_after_minutes)
    return min(limit, booking.starts_at)
