"""A booked visit with everything that belongs to it, written straight to the database."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User

from bookings.domain import links
from bookings.enums import (
    ABOUT_SAFETY,
    BookingStatus,
    ChangeState,
    LateFeeState,
    LinkPurpose,
    MessageKind,
    MessageState,
    StepKind,
    Tier,
    WishState,
)
from bookings.models import (
    AccessNotes,
    Booking,
    BookletRequest,
    ChangeRequest,
    CheckIn,
    Client,
    ContactMessage,
    LateFee,
    Message,
    OwnConsent,
    ScreeningRecord,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    TimeOff,
    TimeOffWish,
    VisitStep,
    WorkingHours,
    Zone,
)
from massagerx.lib.localtime import day_bounds, local
from services.models import Business, Category, Service, ServiceOption

# Tuesday, 10:00 in Los Angeles; and a visit on the Thursday after, 14:30 in Los Angeles.
NOW = datetime(2026, 10, 13, 17, 0, tzinfo=UTC)
THURSDAY = datetime(2026, 10, 15, 21, 30, tzinfo=UTC)
# Words that no email, calendar, log or task argument may hold.
CANARY_ANSWER = "canary-health-answer"
CANARY_GATE = "canary-gate-4711"
CANARY_NOTE = "canary-access-note"
CANARIES = (CANARY_ANSWER, CANARY_GATE, CANARY_NOTE)

_numbers = itertools.count(1)


def make_business(**changes: Any) -> Business:
    """The business with a sample phone and email."""
    facts = {"name": "Massage Rx", "phone": "+12135550123", "email": "visits@business.example", **changes}
    business = Business(**facts)
    business.save()
    return business


def make_visit(
    *, starts_at: datetime = THURSDAY, minutes: int = 90, email: str = "ana@client.example", **changes: Any
) -> Booking:
    """A booking of its own therapist, so that any two of them may be at one time. `changes` are fields of it."""
    number = next(_numbers)
    zone, _ = Zone.objects.get_or_create(name="Central")
    area, _ = ServiceArea.objects.get_or_create(
        zip_code="90027",
        defaults={"city": "Los Angeles", "zone": zone, "latitude": 34.104, "longitude": -118.2925},
    )
    category, _ = Category.objects.get_or_create(name="Care", slug="care")
    service, _ = Service.objects.get_or_create(
        slug="manual-lymphatic-drainage",
        defaults={
            "name": "Manual lymphatic drainage",
            "category": category,
            "summary": "Mild and slow.",
            "description": "<p>Mild.</p>",
            "before_visit": '<ul><li>Eat lightly.</li><li>Read <a href="/faq/">the questions</a>.</li></ul>',
        },
    )
    option, _ = ServiceOption.objects.get_or_create(
        service=service, minutes=minutes, defaults={"price_cents": 18500}
    )
    therapist = Therapist.objects.create(
        name="Sample Therapist",
        slug=f"sample-therapist-{number}",
        gender="female",
        certificate_number="CMT-00123",
        home_zip=area,
    )
    therapist.services.add(service)
    WorkingHours.objects.bulk_create(
        WorkingHours(therapist=therapist, weekday=day, starts_at=time(0), ends_at=time(0)) for day in range(7)
    )
    client, _ = Client.objects.get_or_create(
        email=email,
        phone="+12135550199",
        defaults={"name": changes.get("contact_name", "Ana Sample"), "created_at": NOW},
    )
    agreed, _ = TermsVersion.objects.get_or_create(
        number=1,
        defaults={
            "cancellation": "Free until {notice} before, then {fee}. We wait {wait}.",
            "consent": "Yes.",
            "published_at": NOW,
        },
    )
    ends_at = starts_at + timedelta(minutes=minutes)
    status = changes.get("status", BookingStatus.REQUESTED)
    fields: dict[str, Any] = {
        "status": status,
        "client": client,
        "contact_name": "Ana Sample",
        "therapist": therapist,
        "service": service,
        "option": option,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "blocked_from": starts_at - timedelta(minutes=10),
        "blocked_until": ends_at + timedelta(minutes=10),
        "street": "1200 Sample Street",
        "unit": "Apt 4",
        "city": "Los Angeles",
        "area": area,
        "treatment_cents": 18500,
        "total_cents": 18500,
        "terms_version": agreed,
        "agreed_at": NOW,
        "created_at": NOW,
        "answer_by": NOW + timedelta(days=1) if status == BookingStatus.REQUESTED else None,
        "confirmed_at": NOW if status == BookingStatus.CONFIRMED else None,
        "submission_key": uuid.uuid4(),
        "submission_digest": "0" * 64,
        **changes,
    }
    booking = Booking.objects.create(**fields)
    AccessNotes.objects.create(
        booking=booking, notes={"gate_code": CANARY_GATE, "notes": CANARY_NOTE, "parking": CANARY_NOTE}
    )
    version, _ = ScreeningVersion.objects.get_or_create(number=1, defaults={"rules": {}, "published_at": NOW})
    ScreeningRecord.objects.create(
        booking=booking,
        version=version,
        answers={"question": CANARY_ANSWER},
        tier=Tier.CLEARANCE,
        evaluated_at=NOW,
    )
    return booking


def make_message(
    kind: MessageKind | str = MessageKind.RECEIVED,
    *,
    booking: Booking | None = None,
    email: str = "ana@client.example",
    **changes: Any,
) -> Message:
    """A due row of that kind, about a booking in the status that the kind speaks of, or about what else it is for."""
    target: dict[str, Any] = {"booking": booking}
    revision = booking.revision if booking is not None else 0
    if booking is None:
        known = MessageKind(kind)
        if known in STATUS_OF:
            target = {"booking": _visit_for(known, email)}
        else:
            target = _target_for(known, email)
    fields: dict[str, Any] = {
        "kind": kind,
        **target,
        "revision": revision,
        "state": MessageState.DUE,
        "due_at": NOW,
        "created_at": NOW,
        **changes,
    }
    return Message.objects.create(**fields)


def _visit_for(kind: MessageKind, email: str) -> Booking:
    status = STATUS_OF[kind]
    starts_at = THURSDAY
    if kind in _STARTS_AFTER:
        starts_at = NOW + _STARTS_AFTER[kind]
    booking = make_visit(
        status=status, email=email, starts_at=starts_at, confirmed_at=NOW if kind in _ONCE_CONFIRMED else None
    )
    if kind == MessageKind.RECHECK:
        ScreeningRecord.objects.filter(booking=booking).update(evaluated_at=NOW - timedelta(days=9))
    if kind in (MessageKind.HEALTH_ASKED, MessageKind.HEALTH_REMINDER):
        ScreeningRecord.objects.filter(booking=booking).only("pk").delete()
    if kind in (MessageKind.CHANGE_ALERT, MessageKind.CHANGE_REFUSED):
        ChangeRequest.objects.create(
            booking=booking,
            wanted_starts_at=THURSDAY + timedelta(hours=2),
            reason=CANARY_NOTE,
            fee_cents=9250,
            asked_at=NOW,
            state=ChangeState.OPEN if kind == MessageKind.CHANGE_ALERT else ChangeState.REFUSED,
        )
    if kind == MessageKind.ON_THE_WAY:
        VisitStep.objects.create(
            booking=booking, kind=StepKind.LEAVING, at=NOW, received_at=NOW, key=uuid.uuid4(),
            expected_from=NOW, expected_until=NOW + timedelta(minutes=10),
            by=User.objects.get_or_create(username="driver")[0],
        )  # fmt: skip
    if kind in ABOUT_SAFETY:
        CheckIn.objects.create(
            booking=booking, opened_at=starts_at, asked_at=NOW - timedelta(minutes=5), alarm_at=NOW
        )
    if kind == MessageKind.CONSENT_BACK:
        Booking.objects.filter(pk=booking.pk).update(recipient_name="Maria Sample")
        booking.refresh_from_db()
        OwnConsent.objects.create(
            client=booking.client,
            name="Maria Sample",
            taken_back_at=NOW,
            terms_version=booking.terms_version,
        )
    if kind == MessageKind.STRANDED_ALERT:
        TimeOff.objects.create(
            therapist=booking.therapist, starts_at=NOW, ends_at=starts_at + timedelta(days=1)
        )
    if kind in (MessageKind.LATE_FEE, MessageKind.NO_SHOW):
        LateFee.objects.create(
            booking=booking, cents=9250, reason=CANARY_NOTE, named_at=NOW, state=LateFeeState.CHARGED
        )
    return booking


def _target_for(kind: MessageKind, email: str) -> dict[str, Any]:
    purposes = {
        MessageKind.SIGN_IN: LinkPurpose.SIGN_IN,
        MessageKind.CODE: LinkPurpose.CODE,
        MessageKind.REFERRED: LinkPurpose.REFERRAL,
        MessageKind.INVITED: LinkPurpose.PASSWORD,
        MessageKind.SECOND_FACTOR: LinkPurpose.FACTOR,
        MessageKind.PROGRAM: LinkPurpose.PROGRAM,
        MessageKind.PROGRAM_REMINDER: LinkPurpose.PROGRAM,
        MessageKind.REVIEW: LinkPurpose.REVIEW,
    }
    if (purpose := purposes.get(kind)) is not None:
        lasts = links.SIGN_IN_LINK_LASTS
        user = None
        if purpose in (LinkPurpose.PASSWORD, LinkPurpose.FACTOR):
            user = User.objects.filter(username=email).first() or User.objects.create_user(email, email)
        visit = make_visit() if purpose in (LinkPurpose.PROGRAM, LinkPurpose.REVIEW) else None
        link = links.new_link(
            purpose=purpose, email=email, user=user, booking=visit, created_at=NOW, expires_at=NOW + lasts
        )
        return {"link": link}
    if kind == MessageKind.BOOKLET:
        request = BookletRequest.objects.create(
            name="Ana Sample", email=email, asked_at=NOW, submission_key=uuid.uuid4()
        )
        return {"booklet_request": request}
    if kind == MessageKind.TIME_OFF:
        day = local(NOW).date() + timedelta(days=7)
        user = User.objects.create_user("hands", email)
        therapist = Therapist.objects.create(
            name="Dana Sample", slug="dana-sample", gender="female", home_zip=make_visit().area, user=user
        )
        wish = TimeOffWish.objects.create(
            therapist=therapist, starts_at=day_bounds(day)[0], ends_at=day_bounds(day)[1], asked_at=NOW,
            state=WishState.DECLINED, why="Two clients can’t be visited by anybody else.", answered_at=NOW,
        )  # fmt: skip
        return {"wish": wish}
    if kind == MessageKind.MORNING:
        make_visit(
            status=BookingStatus.CONFIRMED,
            starts_at=NOW - timedelta(days=1),
            confirmed_at=NOW - timedelta(days=2),
        )
        return {"day": local(NOW).date()}
    answered = kind == MessageKind.CONTACT_ANSWER
    contact = ContactMessage.objects.create(
        name="Ana Sample",
        email=email,
        body=CANARY_NOTE,
        answer="Yes, we come to Echo Park.\n\nThe travel is in the price." if answered else None,
        written_at=NOW - timedelta(hours=3),
        answered_at=NOW if answered else None,
        submission_key=uuid.uuid4(),
    )
    return {"contact_message": contact}


STATUS_OF = {
    MessageKind.RECEIVED: BookingStatus.REQUESTED,
    MessageKind.HEALTH_ASKED: BookingStatus.REQUESTED,
    MessageKind.HEALTH_REMINDER: BookingStatus.REQUESTED,
    MessageKind.CONFIRMED: BookingStatus.CONFIRMED,
    MessageKind.TOGETHER: BookingStatus.CONFIRMED,
    MessageKind.DECLINED: BookingStatus.DECLINED,
    MessageKind.MOVED: BookingStatus.CONFIRMED,
    MessageKind.CANCELED: BookingStatus.CANCELED,
    MessageKind.EXPIRED: BookingStatus.EXPIRED,
    MessageKind.REMINDER_FIRST: BookingStatus.CONFIRMED,
    MessageKind.REMINDER_LAST: BookingStatus.CONFIRMED,
    MessageKind.RECHECK: BookingStatus.CONFIRMED,
    MessageKind.THANKS: BookingStatus.COMPLETED,
    MessageKind.ON_THE_WAY: BookingStatus.CONFIRMED,
    MessageKind.CHANGE_REFUSED: BookingStatus.CONFIRMED,
    MessageKind.LATE_FEE: BookingStatus.CANCELED,
    MessageKind.NO_SHOW: BookingStatus.NO_SHOW,
    MessageKind.CONSENT_BACK: BookingStatus.CONFIRMED,
    MessageKind.STAFF_ALERT: BookingStatus.REQUESTED,
    MessageKind.CHANGE_ALERT: BookingStatus.CONFIRMED,
    MessageKind.RECHECK_ALERT: BookingStatus.CONFIRMED,
    MessageKind.STRANDED_ALERT: BookingStatus.CONFIRMED,
    MessageKind.CHECK_IN: BookingStatus.CONFIRMED,
    MessageKind.CHECK_IN_ALERT: BookingStatus.CONFIRMED,
}
_ONCE_CONFIRMED = frozenset(
    kind for kind, status in STATUS_OF.items() if status != BookingStatus.REQUESTED
) - {
    MessageKind.DECLINED,
    MessageKind.EXPIRED,
}
# So that what waits for its hour is due at NOW, with the owner's hours as they come.
_STARTS_AFTER = {
    MessageKind.REMINDER_FIRST: timedelta(hours=48),
    MessageKind.REMINDER_LAST: timedelta(hours=3),
    MessageKind.RECHECK: timedelta(hours=24),
    MessageKind.THANKS: -timedelta(hours=21, minutes=30),
    MessageKind.NO_SHOW: -timedelta(hours=3),
    MessageKind.CHECK_IN: -timedelta(hours=2),
    MessageKind.CHECK_IN_ALERT: -timedelta(hours=2),
}
