"""Every email there is, in each of its shapes, made from rows whose figures stay the same."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

from bookings.courses.models import Course, CoursePlan
from bookings.enums import BookingStatus, ChangeState, EventKind, LateFeeState, MessageKind
from bookings.models import (
    Booking,
    BookingEvent,
    ChangeRequest,
    CheckIn,
    LateFee,
    Message,
    MessageSettings,
    ScreeningRecord,
    Therapist,
)
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import Email, render
from tests.support.visits import NOW, make_business, make_message, make_visit

DAY = timedelta(days=1)


def _moved(message: Message, **changes: object) -> None:
    booking = message.booking
    assert booking is not None
    fields = {
        "kind": EventKind.MOVED, "from_status": booking.status, "to_status": booking.status, "at": NOW,
        "moved_from": booking.starts_at - DAY, "moved_from_therapist": booking.therapist, **changes,
    }  # fmt: skip
    BookingEvent.objects.create(booking=booking, **fields)


def _to_another_therapist(message: Message) -> None:
    booking = message.booking
    assert booking is not None
    before = Therapist.objects.create(
        name="Other Sample", slug="other-sample", gender="female", certificate_number="CMT-00124",
        home_zip=booking.area,
    )  # fmt: skip
    _moved(message, moved_from=booking.starts_at, moved_from_therapist=before)


def _by_client(message: Message) -> None:
    _moved(message, by_client=True)


def _canceled_by_client(message: Message) -> None:
    Booking.objects.update(status=BookingStatus.CANCELED, confirmed_at=NOW)
    _moved(message, kind=EventKind.CANCELED, moved_from=None, moved_from_therapist=None, by_client=True)


def _client_canceled(message: Message) -> None:
    _moved(message, kind=EventKind.CANCELED, moved_from=None, moved_from_therapist=None, by_client=True)


def _canceled_by_us(message: Message) -> None:
    _moved(message, kind=EventKind.CANCELED, moved_from=None, moved_from_therapist=None,
           reason="Your therapist is ill.")  # fmt: skip


def _name_fee(message: Message, **changes: object) -> None:
    assert message.booking is not None
    fields = {"booking": message.booking, "cents": 7_000, "named_at": NOW, **changes}
    LateFee.objects.create(**fields)


def _late_cancel(message: Message) -> None:
    """The client canceled late and was shown a fee of $70, which nobody has decided about."""
    _client_canceled(message)
    _name_fee(message, asks_waiver=True)


def _late_cancel_by_client(message: Message) -> None:
    _canceled_by_client(message)
    _name_fee(message, asks_waiver=True)


def _charged_by_staff(message: Message) -> None:
    """Staff canceled at the client's word, with the fee."""
    _client_canceled(message)
    Booking.objects.update(late_fee_cents=7_000)
    _name_fee(message, state=LateFeeState.CHARGED)


def _waived(message: Message) -> None:
    LateFee.objects.update(state=LateFeeState.WAIVED)


def _unanswered(message: Message) -> None:
    """The health questions were left for later, and nobody answered them."""
    ScreeningRecord.objects.only("pk").delete()
    assert message.booking is not None
    message.booking.refresh_from_db()


def _no_fee(message: Message) -> None:
    LateFee.objects.all().delete()


def _soon(message: Message) -> None:
    Booking.objects.update(answer_by=None)


def _late_move_agreed(fee_cents: int) -> Callable[[Message], None]:
    """The client asked late to move, was shown a fee of $70, and staff agreed, with `fee_cents`."""

    def happened(message: Message) -> None:
        booking = message.booking
        assert booking is not None
        _moved(message)
        Booking.objects.update(late_fee_cents=fee_cents)
        ChangeRequest.objects.create(
            booking=booking, state=ChangeState.ACCEPTED, fee_cents=7_000,
            wanted_starts_at=booking.starts_at, asked_at=NOW - DAY, answered_at=NOW,
        )  # fmt: skip

    return happened


def _new_address(message: Message) -> None:
    _moved(message, kind=EventKind.EDITED, moved_from=None, moved_from_therapist=None)


def _as_request(message: Message) -> None:
    Booking.objects.update(status=BookingStatus.REQUESTED, confirmed_at=None)
    _moved(message)


def _unproved(message: Message) -> None:
    """Of a new client, whose mailbox nobody has proved."""
    Booking.objects.update(prove_by=NOW + timedelta(hours=1))


def _with_another(message: Message) -> None:
    """A second visit, two days later, was booked with the same press: a course."""
    booking = message.booking
    assert booking is not None
    booking.together = uuid.UUID(int=1)
    booking.save(update_fields=["together"])
    plan = CoursePlan.objects.create(name="Two visits", number=1, option=booking.option)
    Course.objects.create(
        plan=plan, key=booking.together, dates={"day_zero": "2026-12-04", "cleared_from": None}, booked_at=NOW
    )
    make_visit(
        starts_at=booking.starts_at + 2 * DAY, together=booking.together, status=booking.status,
        confirmed_at=booking.confirmed_at, reference="MX-SECOND",
    )  # fmt: skip


def _waits_with_another(message: Message) -> None:
    Booking.objects.update(status=BookingStatus.REQUESTED, confirmed_at=None)
    assert message.booking is not None
    message.booking.refresh_from_db()
    _with_another(message)


def _ended_together(
    kind: EventKind, status: BookingStatus, *, before: Callable[[Message], None], **values: object
) -> Callable[[Message], None]:
    def happened(message: Message) -> None:
        before(message)
        for booking in Booking.objects.order_by("starts_at"):
            fields = {"kind": kind, "from_status": booking.status, "to_status": status, **values}
            BookingEvent.objects.create(booking=booking, at=NOW, **fields)
        Booking.objects.update(status=status)
        assert message.booking is not None
        message.booking.refresh_from_db()

    return happened


_canceled_together = _ended_together(EventKind.CANCELED, BookingStatus.CANCELED, before=_with_another)
_canceled_together_by_client = _ended_together(
    EventKind.CANCELED, BookingStatus.CANCELED, before=_with_another, by_client=True
)


_paused_together = _ended_together(
    EventKind.PAUSED, BookingStatus.CANCELED, before=_with_another, by_client=True
)


def _canceled_together_late(message: Message) -> None:
    """By the client, the first inside the notice window."""
    _canceled_together_by_client(message)
    assert message.booking is not None
    LateFee.objects.create(booking=message.booking, cents=9_250, named_at=NOW)


_expired_together = _ended_together(EventKind.EXPIRED, BookingStatus.EXPIRED, before=_waits_with_another)


def _called_for_help(message: Message) -> None:
    CheckIn.objects.update(help_at=NOW)


#: Beside one of each kind: what is told in other words when other things happened. Name, kind, what happened.
SHAPES: dict[str, tuple[MessageKind, Callable[[Message], None]]] = {
    "reminder_of_several": (MessageKind.REMINDER_FIRST, _with_another),
    "reminder_last_of_several": (MessageKind.REMINDER_LAST, _with_another),
    "together_of_several": (MessageKind.TOGETHER, _with_another),
    "together_canceled": (MessageKind.TOGETHER, _canceled_together),
    "together_paused": (MessageKind.TOGETHER, _paused_together),
    "staff_alert_paused": (MessageKind.STAFF_ALERT, _paused_together),
    "together_canceled_late": (MessageKind.TOGETHER, _canceled_together_late),
    "staff_alert_canceled_together": (MessageKind.STAFF_ALERT, _canceled_together_late),
    "together_expired": (MessageKind.TOGETHER, _expired_together),
    "together_waits": (MessageKind.TOGETHER, _waits_with_another),
    "canceled_by_client": (MessageKind.CANCELED, _client_canceled),
    "canceled_by_us": (MessageKind.CANCELED, _canceled_by_us),
    "canceled_late": (MessageKind.CANCELED, _late_cancel),
    "canceled_late_with_fee": (MessageKind.CANCELED, _charged_by_staff),
    "late_fee_waived": (MessageKind.LATE_FEE, _waived),
    "no_show_waived": (MessageKind.NO_SHOW, _waived),
    "no_show_without_fee": (MessageKind.NO_SHOW, _no_fee),
    "moved": (MessageKind.MOVED, _moved),
    "moved_late": (MessageKind.MOVED, _late_move_agreed(7_000)),
    "moved_late_without_fee": (MessageKind.MOVED, _late_move_agreed(0)),
    "moved_request": (MessageKind.MOVED, _as_request),
    "moved_to_another_therapist": (MessageKind.MOVED, _to_another_therapist),
    "moved_to_another_address": (MessageKind.MOVED, _new_address),
    "expired_unanswered": (MessageKind.EXPIRED, _unanswered),
    "received_soon": (MessageKind.RECEIVED, _soon),
    "staff_alert_soon": (MessageKind.STAFF_ALERT, _soon),
    "staff_alert_moved": (MessageKind.STAFF_ALERT, _by_client),
    "staff_alert_canceled": (MessageKind.STAFF_ALERT, _canceled_by_client),
    "received_unproved": (MessageKind.RECEIVED, _unproved),
    "check_in_alert_for_help": (MessageKind.CHECK_IN_ALERT, _called_for_help),
    "staff_alert_canceled_late": (MessageKind.STAFF_ALERT, _late_cancel_by_client),
}
LETTERS = sorted({*(kind.value for kind in MessageKind), *SHAPES})


def write_letter(name: str) -> Email:
    """Makes the rows of a letter and renders it, with what differs from run to run made the same."""
    make_business()
    MessageSettings(signature="Warmly,\nthe Massage Rx team").save()
    kind, happened = SHAPES.get(name, (MessageKind(name) if name not in SHAPES else None, None))
    assert kind is not None
    message = make_message(kind)
    Booking.objects.update(reference="MX-SAMPLE")
    if message.booking is not None:
        message.booking.refresh_from_db()
    if happened is not None:
        happened(message)
    return render(message, load_target(message), SiteSettings.load(), now=NOW, preview=True)


def steady(text: str) -> str:
    """Without the keys of rows, which differ from run to run."""
    text = re.sub(r"cid:face-sample-therapist-\d+", "cid:face-sample-therapist", text)
    return re.sub(r"/(booking|contactmessage)/\d+/", r"/\1/1/", text)
