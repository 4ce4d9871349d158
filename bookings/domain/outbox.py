"""The outbox: message rows are written with what they tell of, put off, and taken back with it.

The row is the truth. A wake-up after the commit makes it leave within a second; when the wake-up is lost, the sweep
finds the row. What takes rows out is in `sending`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from bookings.enums import TO_STAFF, Channel, EventKind, MessageKind, MessageState
from bookings.exceptions import MessageGone
from bookings.models import (
    Booking,
    BookingEvent,
    BookletRequest,
    Client,
    ContactMessage,
    Link,
    Message,
    TimeOffWish,
)
from bookings.models.outbox import MessageQuerySet

WakeWorker = Callable[[Sequence[int]], None]

_wake_worker: WakeWorker | None = None


def set_wake_worker(wake_worker: WakeWorker | None) -> None:
    """Plugs in what tells senders of new rows, called with their keys after the commit. It must not block."""
    global _wake_worker
    _wake_worker = wake_worker


def write_messages(
    *, booking: Booking, kinds: Iterable[MessageKind], now: datetime, leaves_at: datetime | None = None
) -> None:
    """Writes one row for each kind at the booking's present revision, in the transaction that is open, and wake-ups
    the senders once it is committed; those to leave later are left to the sweep.

    Raises IntegrityError when a message of that kind was already written for this revision.
    """
    rows = new_messages(booking=booking, kinds=kinds, now=now, leaves_at=leaves_at)
    written = Message.objects.bulk_create(rows)
    if leaves_at is None or leaves_at <= now:
        wake_worker_after_commit(written)


def new_messages(
    *, booking: Booking, kinds: Iterable[MessageKind], now: datetime, leaves_at: datetime | None = None
) -> list[Message]:
    """The rows of `write_messages`, for who writes them with others."""
    due_at = leaves_at or now
    return [
        Message(
            booking=booking,
            kind=kind,
            channel=channel_for(booking, kind),
            revision=booking.revision,
            due_at=due_at,
            created_at=now,
        )
        for kind in kinds
    ]


def new_health_reminder(*, booking: Booking, now: datetime) -> list[Message]:
    """The row that reminds once of health questions that were sent, half-way to the end of the request; none without
    such an hour."""
    if booking.answer_by is None:
        return []
    reminder = new_messages(booking=booking, kinds=[MessageKind.HEALTH_REMINDER], now=now)
    reminder[0].due_at = now + (booking.answer_by - now) / 2
    return reminder


def channel_for(booking: Booking, kind: str) -> Channel:
    """How it is said: by email, or on the phone to a client who has none."""
    return Channel.EMAIL if kind in TO_STAFF or booking.client.email else Channel.PHONE


def wake_worker_after_commit(messages: Iterable[Message]) -> None:
    """Tells the senders of rows that have just been written, once the open transaction is committed."""
    keys = [message.pk for message in messages if message.channel == Channel.EMAIL]
    if _wake_worker is not None and keys:
        wake_worker = _wake_worker
        # Robust: whatever happens to the wake-up, the client's booking stands and the rows wait for the sweep.
        transaction.on_commit(lambda: wake_worker(keys), robust=True)


def write_message(
    *,
    kind: MessageKind,
    now: datetime,
    contact_message: ContactMessage | None = None,
    booklet_request: BookletRequest | None = None,
    wish: TimeOffWish | None = None,
) -> None:
    """Writes one row about a message from the site, a request for the booklet or a wish for time off, as
    `write_messages` does."""
    message = Message.objects.create(
        kind=kind,
        contact_message=contact_message,
        booklet_request=booklet_request,
        wish=wish,
        due_at=now,
        created_at=now,
    )
    wake_worker_after_commit([message])


def write_link_message(*, link: Link, kind: MessageKind, now: datetime, number: int = 0) -> Message:
    """Writes the row that mails a link or code to `link.email`, in the transaction that is open, and wake-ups. Of one
    kind a link has one row a `number`."""
    message = Message.objects.create(link=link, kind=kind, revision=number, due_at=now, created_at=now)
    wake_worker_after_commit([message])
    return message


def write_to(user: User | None, *, booking: Booking, kind: MessageKind, number: int, now: datetime) -> None:
    """Writes one member of staff (None: the desk) the row of that number and kind about a visit, in the transaction
    that is open, and wake-ups."""
    message = Message.objects.create(
        to=user, booking=booking, kind=kind, revision=number, due_at=now, created_at=now
    )
    wake_worker_after_commit([message])


def write_of_day(*, kind: MessageKind, day: date, now: datetime) -> bool:
    """Writes the row of that kind about a local day, once, whoever asks; returns whether it was this call."""
    with transaction.atomic():
        message, is_new = Message.objects.get_or_create(
            kind=kind, day=day, defaults={"due_at": now, "created_at": now}
        )
        if is_new:
            wake_worker_after_commit([message])
    return is_new


def write_once_more(
    *, booking: Booking, kind: MessageKind, now: datetime, leaves_at: datetime | None = None
) -> None:
    """As `write_messages`, for what can happen more than once at one revision, such as asking, withdrawing and asking
    again. A row that has left, or is leaving, is made due as a new message, with a Message-ID of its own; one that is
    still to leave will tell how things are then. It leaves at `leaves_at` and not before, or at once."""
    due_at = leaves_at or now
    channel = channel_for(booking, kind)
    # A sender that is taking the row at this moment has it, or waits and finds it gone.
    message, is_new = Message.objects.select_for_update().get_or_create(
        booking=booking,
        kind=kind,
        revision=booking.revision,
        defaults={"channel": channel, "due_at": due_at, "created_at": now},
    )
    if not is_new:
        _write_again(message, channel=channel, leaves_at=leaves_at, now=now)
    if due_at <= now:
        wake_worker_after_commit([message])


def _write_again(message: Message, *, channel: Channel, leaves_at: datetime | None, now: datetime) -> None:
    """A locked row once more. `created_at` stays the instant of what no message has told yet. One that waits for its
    hour is taken from a sender, whose email tells how things were; any other leads to how they are."""
    row, due_at = Message.objects.filter(pk=message.pk), leaves_at or now
    is_sending = leaves_at is not None and message.state == MessageState.SENDING
    left = message.state in (MessageState.SENT, MessageState.DROPPED, MessageState.FAILED)
    if (
        left
        or (message.state == MessageState.UNKNOWN and message.uncertain_attempts >= 2)
        or (is_sending and message.handed_over_at is not None)
    ):
        row.update(
            message_uuid=uuid.uuid4(),
            channel=channel,
            created_at=now,
            sent_at=None,
            told_by=None,
            last_error="",
            **_from_the_start(due_at),
        )
    elif is_sending:
        # Its sender finds the lease gone before it hands over what it has written.
        row.update(**_from_the_start(due_at))
    elif due_at > max(message.due_at, now):
        row.update(due_at=due_at)


def drop_waiting(
    *, kind: MessageKind, reason: str, told_until: datetime | None = None, **about: Booking | Link | None
) -> None:
    """Drops a message about a `booking` or a `link` that nobody has tried to send yet, within the transaction that
    makes it untrue; one that was written at `told_until` or before tells of something else too, and stays."""
    rows = Message.objects.filter(kind=kind, state=MessageState.DUE, attempts=0, **about)
    if told_until is not None:
        rows = rows.filter(created_at__gt=told_until)
    rows.update(state=MessageState.DROPPED, last_error=reason[:300])


def _from_the_start(due_at: datetime) -> dict[str, Any]:
    """The columns of a row that has not been tried yet."""
    return {
        "state": MessageState.DUE,
        "due_at": due_at,
        "attempts": 0,
        "uncertain_attempts": 0,
        "first_tried_at": None,
        "lease": None,
        "leased_until": None,
        "handed_over_at": None,
    }


# What happens more than once at one revision, as `write_once_more` writes it.
_AT_ANY_REVISION = (MessageKind.LATE_FEE, MessageKind.NO_SHOW, MessageKind.CHANGE_REFUSED)
# What tells how things stand when it leaves, whatever was done since it was written.
_AS_THINGS_ARE = (MessageKind.TOGETHER, MessageKind.CANCELED, *_AT_ANY_REVISION)
# Why a message did not leave that was undone.
UNDONE = "undone before it left"
# How the reason begins why a message did not leave that was overtaken: at which status or revision its visit was.
OVERTAKEN = "the booking is"


def put_off(*, booking: Booking, until: datetime) -> None:
    """Has what waits to tell how this visit, or the visits booked with it, stand leave no sooner than what was done now
    is told: until then it may be undone. Within the transaction that does it."""
    waits = _to_client(booking).filter(kind__in=_AS_THINGS_ARE, state=MessageState.DUE, due_at__lt=until)
    keys = list(waits.select_for_update().order_by("pk").values_list("pk", flat=True))
    if keys:
        Message.objects.filter(pk__in=keys).update(due_at=until)


def waits_to_tell(visit: str) -> Exists:
    """Whether a message waits that tells the client what staff did to the visit at the relation `visit`, or to one of
    those booked with it; of a message of an earlier revision nobody hears."""
    own = Q(kind__in=[MessageKind.CONFIRMED, MessageKind.DECLINED, MessageKind.MOVED, *_AS_THINGS_ARE])
    own &= Q(booking=OuterRef(visit), revision=OuterRef(f"{visit}__revision"))
    of_all = Q(kind=MessageKind.TOGETHER, booking__together=OuterRef(f"{visit}__together"))
    return Exists(Message.objects.filter(own | of_all, state=MessageState.DUE))


def _to_client(booking: Booking) -> MessageQuerySet:
    """What a client is told of a visit, and of those booked with it: one message may tell of all."""
    visits = Booking.objects.together_with(booking).order_by().values("pk")
    return Message.objects.filter(booking__in=visits).exclude(kind__in=TO_STAFF)


def may_have_left(booking: Booking) -> bool:
    """Whether one of the messages that wait to tell a client of this visit is in a sender's hands, or may have left;
    else none is taken until the commit."""
    waits = Message.objects.filter(booking=booking).exclude(kind__in=TO_STAFF)
    waits = waits.filter(state__in=[MessageState.DUE, MessageState.SENDING, MessageState.UNKNOWN])
    states = set(waits.select_for_update().order_by("pk").values_list("state", flat=True))
    return not states <= {MessageState.DUE}


def confirmation_waits(booking: Booking) -> bool:
    """Whether the confirmation of the revision before the visit's present one was still to leave, or to be said: it
    won't. No sender takes it until the commit."""
    rows = Message.objects.filter(booking=booking, kind=MessageKind.CONFIRMED, revision=booking.revision - 1)
    # Locked first: a sender that is taking it at this moment has it, or waits and finds it overtaken.
    states = rows.select_for_update().order_by("pk").values_list("state", flat=True)
    return MessageState.DUE in list(states)


# What ends visits that were booked together with one press, of which one message tells.
ENDED = (EventKind.CANCELED, EventKind.PAUSED, EventKind.EXPIRED, EventKind.DECLINED)


def together_ahead(booking: Booking) -> MessageQuerySet:
    """The messages that tell, or have told, how the visits that were booked together are to be; of several the newest
    counts. Those that tell of an end are none of them."""
    visits = Booking.objects.together_with(booking).order_by().values("pk")
    ended = BookingEvent.objects.filter(booking__in=visits, kind__in=ENDED, at=OuterRef("created_at"))
    rows = Message.objects.filter(kind=MessageKind.TOGETHER, booking__in=visits).exclude(Exists(ended))
    return rows.exclude(state__in=[MessageState.FAILED, MessageState.DROPPED])


def together_waits(booking: Booking) -> bool:
    """Whether one message about the visits that were booked together is still to leave, and will tell how this one,
    which stands, is to be. No sender takes it until the commit."""
    if booking.together is None:
        return False
    rows = together_ahead(booking).select_for_update().order_by("pk")
    # An older one is dropped when its time comes.
    return list(rows.values_list("state", flat=True))[-1:] == [MessageState.DUE]


def take_back(*, booking: Booking, written_at: datetime, is_own_revision: bool) -> None:
    """Sees to it that nothing leaves of what was written for the client at that instant: at the visit's present
    revision, where the act made one. Within the transaction that undoes the act.

    Raises `MessageGone` when one has left, or is in a sender's hands; also one of before, which tells how things stand.
    """
    # A sender that is taking one of them at this moment has it, or waits and finds it gone.
    locked = list(_to_client(booking).select_for_update().order_by("pk").values_list("pk", flat=True))
    left = Q(sent_at__gte=written_at) | Q(state=MessageState.UNKNOWN, due_at__gte=written_at)
    if Message.objects.filter(left | Q(state=MessageState.SENDING), pk__in=locked).exists():
        raise MessageGone
    rows = Message.objects.filter(booking=booking).exclude(kind__in=TO_STAFF)
    if is_own_revision:
        rows = rows.filter(revision=booking.revision)
    else:
        rows = rows.filter(kind__in=_AT_ANY_REVISION, created_at=written_at)
    if not set(rows.order_by().values_list("state", flat=True)) <= {MessageState.DUE, MessageState.DROPPED}:
        raise MessageGone
    if is_own_revision:
        rows.delete()
    else:
        # The row may have carried another message before.
        rows.update(state=MessageState.DROPPED, last_error=UNDONE)


def give_back(*, booking: Booking, since: datetime) -> None:
    """Has what was dropped because the visit, or those booked with it, were at another revision or status looked at
    again, however long it had waited, and all that was to leave since that instant: the visit is as it was. Within the
    transaction that undoes the act."""
    dropped = Message.objects.filter(booking=booking, revision=booking.revision, state=MessageState.DROPPED)
    overtaken = Q(last_error__startswith=OVERTAKEN) | Q(kind=MessageKind.TOGETHER)
    dropped.filter(overtaken | Q(due_at__gte=since)).exclude(last_error=UNDONE).update(
        state=MessageState.DUE, attempts=0, first_tried_at=None, last_error=""
    )


# Why a message of somebody who was erased did not leave.
ERASED = "the client was erased"


def forget_messages(bookings: Iterable[int]) -> None:
    """Drops what waits of these visits, also what a sender has in its hands (it finds its lease gone, and can't keep a
    copy any more), and deletes the copies. Within the transaction that erases the client."""
    rows = Message.objects.filter(booking__in=list(bookings))
    at_the_door = Q(state=MessageState.UNKNOWN) | Q(handed_over_at__isnull=False)
    dropped = {"state": MessageState.DROPPED, "lease": None, "leased_until": None, "handed_over_at": None}
    unsent = rows.exclude(state__in=[MessageState.SENT, MessageState.DROPPED])
    unsent.filter(at_the_door).update(last_error=f"{ERASED}; perhaps sent before", **dropped)
    rows.exclude(state__in=[MessageState.SENT, MessageState.DROPPED]).update(last_error=ERASED, **dropped)
    rows.filter(copy__isnull=False).update(copy=None)


def mark_told(message: Message, *, actor: User, now: datetime) -> bool:
    """Staff have said it on the phone. False when it doesn't wait to be said any more."""
    waits = Message.objects.filter(pk=message.pk, channel=Channel.PHONE, state=MessageState.DUE)
    return bool(waits.update(state=MessageState.SENT, sent_at=now, told_by=actor))


def drop_call(message: Message, *, reason: str) -> bool:
    """What waits to be said on the phone is no longer true; `reason` names no person."""
    waits = Message.objects.filter(pk=message.pk, channel=Channel.PHONE, state=MessageState.DUE)
    return bool(waits.update(state=MessageState.DROPPED, last_error=reason[:300]))


def put_off_call(message: Message, *, until: datetime) -> bool:
    """What waits to be said on the phone can't be said before `until`."""
    waits = Message.objects.filter(pk=message.pk, channel=Channel.PHONE, state=MessageState.DUE)
    return bool(waits.update(due_at=until))


def follow_client(client: Client) -> None:
    """What waits to be said to a client goes the way that they can be told by now, after they were given an email or
    lost it. Within the transaction that changes them."""
    waits = Message.objects.filter(booking__client=client, state=MessageState.DUE).exclude(kind__in=TO_STAFF)
    waits.update(channel=Channel.EMAIL if client.email else Channel.PHONE)


def may_send_again(message: Message) -> bool:
    """Whether `send_again` would take the message as it is."""
    given_up = message.state == MessageState.UNKNOWN and message.uncertain_attempts >= 2
    return message.state == MessageState.FAILED or given_up


def send_again(*, message: Message, now: datetime) -> bool:
    """Makes a message due once more that failed, or whose outcome stayed unknown: staff asked for it.

    It keeps its Message-ID and begins its tries anew. Returns False, and changes nothing, when it is in any other
    state, also when it has just left that state in another process.
    """
    stuck = Q(state=MessageState.FAILED) | Q(state=MessageState.UNKNOWN, uncertain_attempts__gte=2)
    with transaction.atomic():
        changed = Message.objects.filter(stuck, pk=message.pk).update(**_from_the_start(now))
        if changed:
            wake_worker_after_commit([message])
    return bool(changed)
