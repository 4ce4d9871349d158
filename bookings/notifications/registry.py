"""What each kind of message is: its templates, who gets it, what it is about, and until when it is true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Exists, F, OuterRef

from bookings.domain import closing, invitations, outbox, reminders
from bookings.domain.calendar import CalendarMethod
from bookings.domain.stranding import why_not_kept
from bookings.enums import (
    ABOUT_SAFETY,
    TO_STAFF,
    BookingStatus,
    ChangeState,
    EventKind,
    MessageKind,
    MessageState,
    StepKind,
)
from bookings.models import (
    Booking,
    BookingEvent,
    BookingQuerySet,
    BookingRules,
    BookletRequest,
    ChangeRequest,
    CheckIn,
    ContactMessage,
    Link,
    Message,
    MessageSettings,
    OwnConsent,
    ScreeningRecord,
    TimeOffWish,
)
from bookings.models.outbox import MessageQuerySet
from bookings.models.steps import told_last
from massagerx.lib.localtime import local
from services.models import Business


@dataclass(frozen=True, slots=True)
class DeskDay:
    """A local day at the desk."""

    day: date


Target = Booking | Link | ContactMessage | BookletRequest | TimeOffWish | DeskDay
_S = BookingStatus
STANDING = frozenset({_S.REQUESTED, _S.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Kind:
    """`about` is the field of the row that names its target.

    Of a booking: `true_while` are the statuses in which the message is still true. One with `until_start` is of no
    use once the visit's time has come. `any_revision`: later changes of the visit don't make it untrue. `calendar`
    is the method of its calendar part, None when it has none.
    """

    folder: str
    true_while: frozenset[str] = frozenset()
    until_start: bool = False
    any_revision: bool = False
    calendar: CalendarMethod | None = None
    about: Literal["booking", "link", "contact_message", "booklet_request", "wish", "day"] = "booking"


KINDS: dict[str, Kind] = {
    MessageKind.RECEIVED: Kind("received", frozenset({_S.REQUESTED}), until_start=True),
    MessageKind.CONFIRMED: Kind("confirmed", frozenset({_S.CONFIRMED}), until_start=True, calendar="REQUEST"),
    # Of the first of them; it tells of all, so it holds whatever becomes of that one.
    MessageKind.TOGETHER: Kind("together", frozenset(BookingStatus), any_revision=True, calendar="PUBLISH"),
    MessageKind.HEALTH_ASKED: Kind("health_asked", frozenset({_S.REQUESTED}), until_start=True),
    MessageKind.HEALTH_REMINDER: Kind("health_asked", frozenset({_S.REQUESTED}), until_start=True),
    MessageKind.DECLINED: Kind("declined", frozenset({_S.DECLINED})),
    # A request that waits for its answer can be moved as well.
    MessageKind.MOVED: Kind("moved", STANDING, until_start=True, calendar="REQUEST"),
    MessageKind.CANCELED: Kind("canceled", frozenset({_S.CANCELED}), calendar="CANCEL"),
    MessageKind.EXPIRED: Kind("expired", frozenset({_S.EXPIRED})),
    MessageKind.REMINDER_FIRST: Kind("reminder_first", frozenset({_S.CONFIRMED}), until_start=True),
    MessageKind.REMINDER_LAST: Kind("reminder_last", frozenset({_S.CONFIRMED}), until_start=True),
    MessageKind.RECHECK: Kind("recheck", frozenset({_S.CONFIRMED}), until_start=True),
    MessageKind.THANKS: Kind("thanks", frozenset({_S.CONFIRMED, _S.COMPLETED})),
    # Late is late: it is told after the visit's time has come, too.
    MessageKind.ON_THE_WAY: Kind("on_the_way", frozenset({_S.CONFIRMED}), any_revision=True),
    MessageKind.CHANGE_REFUSED: Kind("change_refused", STANDING, until_start=True),
    MessageKind.LATE_FEE: Kind("late_fee", frozenset({_S.CANCELED})),
    MessageKind.NO_SHOW: Kind("no_show", frozenset({_S.NO_SHOW})),
    # Of whatever visit of the person; it tells of all.
    MessageKind.CONSENT_BACK: Kind("consent_back", frozenset(BookingStatus), any_revision=True),
    MessageKind.SIGN_IN: Kind("sign_in", about="link"),
    MessageKind.CODE: Kind("code", about="link"),
    MessageKind.REFERRED: Kind("referred", about="link"),
    MessageKind.PROGRAM: Kind("program", about="link"),
    MessageKind.PROGRAM_REMINDER: Kind("program_reminder", about="link"),
    MessageKind.REVIEW: Kind("review", about="link"),
    MessageKind.CONTACT_ANSWER: Kind("contact_answer", about="contact_message"),
    MessageKind.BOOKLET: Kind("booklet", about="booklet_request"),
    MessageKind.TIME_OFF: Kind("time_off", about="wish"),
    MessageKind.INVITED: Kind("invited", about="link"),
    MessageKind.SECOND_FACTOR: Kind("second_factor", about="link"),
    # Confirmed too: a known client's visit is confirmed at once. Canceled: by the client. Staff hear of all in the
    # same way.
    MessageKind.STAFF_ALERT: Kind("staff_alert", STANDING | frozenset({_S.CANCELED}), until_start=True),
    MessageKind.CHANGE_ALERT: Kind("change_alert", STANDING, until_start=True, any_revision=True),
    MessageKind.RECHECK_ALERT: Kind("recheck_alert", STANDING, until_start=True, any_revision=True),
    MessageKind.CONTACT_ALERT: Kind("contact_alert", about="contact_message"),
    MessageKind.STRANDED_ALERT: Kind("stranded_alert", STANDING, until_start=True),
    MessageKind.MORNING: Kind("morning", about="day"),
    # Who is at the door of a visit that was called off may be there still.
    MessageKind.CHECK_IN: Kind("check_in", frozenset({_S.CONFIRMED, _S.CANCELED}), any_revision=True),
    # Whatever became of the visit: a call for help stands until somebody says that it is over.
    MessageKind.CHECK_IN_ALERT: Kind("check_in_alert", frozenset(BookingStatus), any_revision=True),
}
_REMINDERS = frozenset(reminders.KINDS)
# Of two visits side by side one of each tells of both; the questions before a visit are about one person.
_FOR_BOTH = _REMINDERS - {MessageKind.RECHECK}
# Messages that say that we come: while nobody can, they wait, and are looked at again after so long.
_SAY_THAT_WE_COME = _REMINDERS - {MessageKind.THANKS}
# These wait only while who is visited doesn't agree: that is told already.
_SAY_WHEN = frozenset({MessageKind.CONFIRMED, MessageKind.MOVED, MessageKind.TOGETHER})
_LOOK_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """The owner's rows that every message reads."""

    business: Business
    rules: BookingRules
    settings: MessageSettings

    @classmethod
    def load(cls) -> SiteSettings:
        """The three rows as they are now; three queries."""
        return cls(Business.load(), BookingRules.load(), MessageSettings.load())


def kind_of(message: Message) -> Kind:
    """Raises KeyError for a kind that nobody described here."""
    return KINDS[message.kind]


_TARGETS: dict[str, Any] = {
    "booking": Booking,
    "link": Link,
    "contact_message": ContactMessage,
    "booklet_request": BookletRequest,
    "wish": TimeOffWish,
}


def load_target(message: Message, *, details: bool = True) -> Target:
    """The row that the message is about, as it is in the database now; with `details`, all that an email shows of a
    visit. Raises KeyError for an unknown kind, ObjectDoesNotExist when the row names no such target."""
    about = kind_of(message).about
    if about == "day":
        if message.day is None:
            raise ObjectDoesNotExist
        return DeskDay(message.day)
    rows = _TARGETS[about].objects
    if about == "booking":
        rows = rows.with_details() if details else rows.select_related("client")
    return cast("Target", rows.get(pk=getattr(message, f"{about}_id")))


def recipient(message: Message, target: Target, site_settings: SiteSettings) -> str:
    """The email address that a message goes to; an empty text when the owner has given none for staff, or the client
    has none."""
    if message.to is not None and message.to.email:
        return message.to.email
    if message.kind in TO_STAFF:
        return site_settings.rules.alert_email or site_settings.business.email
    if isinstance(target, Booking):
        return target.client.email
    if isinstance(target, TimeOffWish):
        return target.therapist.user.email if target.therapist.user is not None else ""
    return getattr(target, "email", "")


class ReasonOfLink(Protocol):
    """Why a message about a link is not true any more; "" while it is."""

    def __call__(self, link: Link, /, *, now: datetime) -> str: ...


# What apps inside bookings know of a link of theirs, by the kind of the message; the core doesn't import them.
_reasons_of_links: dict[str, ReasonOfLink] = {}


def add_reason_of_link(kind: MessageKind, reason_of: ReasonOfLink) -> None:
    """Has messages of that kind dropped where `reason_of` tells why."""
    _reasons_of_links[kind] = reason_of


def obsolete_reason(message: Message, target: Target, site_settings: SiteSettings, *, now: datetime) -> str:
    """Why a message is not true any more, without naming anybody; an empty text while it is."""
    kind = kind_of(message)
    if isinstance(target, Booking):
        return _visit_obsolete_reason(message, kind, target, now) or _time_obsolete_reason(
            message, target, site_settings, now
        )
    if isinstance(target, Link):
        return _link_obsolete_reason(message, target, now)
    if isinstance(target, DeskDay):
        return _day_obsolete_reason(target, now)
    if isinstance(target, ContactMessage):
        return _enquiry_obsolete_reason(message, target)
    return ""


def _link_obsolete_reason(message: Message, link: Link, now: datetime) -> str:
    if link.used_at is not None or link.revoked_at is not None:
        return "the link has been used or replaced"
    if link.expires_at is not None and link.expires_at <= now:
        return "the link has expired"
    if link.user is not None and not invitations.fits_account(link):
        return "the log-in has changed"
    reason_of = _reasons_of_links.get(message.kind)
    return reason_of(link, now=now) if reason_of is not None else ""


def _enquiry_obsolete_reason(message: Message, enquiry: ContactMessage) -> str:
    answered = enquiry.answered_at is not None
    if message.kind == MessageKind.CONTACT_ALERT and answered:
        return "it has been answered"
    if message.kind == MessageKind.CONTACT_ANSWER and not answered:
        return "there is no answer"
    return ""


def _day_obsolete_reason(target: DeskDay, now: datetime) -> str:
    if local(now).date() != target.day:
        return "the day is over"
    return "" if closing.waiting_since_yesterday(now=now).exists() else "every visit has been closed"


def ahead_together(booking: Booking, now: datetime) -> BookingQuerySet:
    """The visits to come that were booked together with this one."""
    return Booking.objects.together_with(booking).filter(status__in=STANDING, starts_at__gt=now)


def with_event(message: Message, booking: Booking, *kinds: EventKind) -> BookingQuerySet:
    """Of the visits that were booked together with this one those to which one of these things happened in the
    message's own transaction."""
    happened = BookingEvent.objects.filter(booking=OuterRef("pk"), kind__in=kinds, at=message.created_at)
    return Booking.objects.together_with(booking).filter(Exists(happened))


def ended_together(message: Message, booking: Booking) -> BookingQuerySet:
    """Those that were canceled, or expired, with one press, of which the message tells; none for one that tells of
    others."""
    return with_event(message, booking, *outbox.ENDED)


def _told_later(message: Message, booking: Booking) -> bool:
    """Whether a later message tells, or has told, of the visits to come that were booked together with this one."""
    return outbox.together_ahead(booking).filter(pk__gt=message.pk).exists()


def will_be_dropped(message: Message) -> bool:
    """Whether a message that waits will not be sent when its hour comes, as its visit stands now. Asks nothing of the
    database: needs the booking and its client beside it."""
    kind = KINDS.get(message.kind)
    if message.state != MessageState.DUE or kind is None or message.booking is None:
        return False
    return bool(_why_overtaken(message, kind, message.booking))


def _why_overtaken(message: Message, kind: Kind, booking: Booking) -> str:
    if booking.client.erased_at is not None:
        return outbox.ERASED
    if booking.status not in kind.true_while:
        return f"{outbox.OVERTAKEN} {booking.status} now"
    # Each change that the client is told of makes a revision, and has its own message.
    if booking.revision != message.revision and not kind.any_revision:
        return f"{outbox.OVERTAKEN} at revision {booking.revision} now"
    return ""


def _visit_obsolete_reason(message: Message, kind: Kind, booking: Booking, now: datetime) -> str:
    if reason := _why_overtaken(message, kind, booking):
        return reason
    if message.kind == MessageKind.TOGETHER and (reason := _together_obsolete_reason(message, booking, now)):
        return reason
    if kind.until_start and booking.starts_at <= now:
        # Who is visited may say at the door that nobody is to come in.
        if message.kind != MessageKind.STRANDED_ALERT or not why_not_kept(booking, now=now):
            return "the visit's time has come"
    if message.kind in _FOR_BOTH:
        if _told_beside(message, booking).filter(state=MessageState.SENT).exists():
            return "the message about the visit at the same time tells of both"
    return _settled_reason(message, booking, now)


def _settled_reason(message: Message, booking: Booking, now: datetime) -> str:
    """Whether what the message asks for, or tells of, is settled."""
    if message.kind in (MessageKind.HEALTH_ASKED, MessageKind.HEALTH_REMINDER):
        if ScreeningRecord.objects.filter(booking=booking).exists():
            return "the questions have been answered"
    if message.kind == MessageKind.CHANGE_ALERT:
        waiting = ChangeRequest.objects.filter(booking=booking, state=ChangeState.OPEN)
        return "" if waiting.exists() else "the late move has been answered"
    if message.kind == MessageKind.CONSENT_BACK:
        return "" if _is_refused(booking) else "who is visited agrees again"
    if message.kind == MessageKind.ON_THE_WAY:
        return _way_obsolete_reason(booking, now)
    if message.kind in ABOUT_SAFETY:
        return _door_obsolete_reason(message, booking)
    if message.kind == MessageKind.STRANDED_ALERT and not why_not_kept(booking, now=now):
        return "the visit can be kept again"
    return ""


def _is_refused(booking: Booking) -> bool:
    """Whether who is visited doesn't agree any more."""
    return OwnConsent.is_taken_back(client=booking.client, name=booking.recipient_name)


def _is_of_refused(message: Message, booking: Booking, now: datetime) -> bool:
    """Whether what says when we come is of somebody who doesn't agree any more."""
    if message.kind != MessageKind.TOGETHER:
        return _is_refused(booking)
    refusing = OwnConsent.objects.filter(client=booking.client).exclude(taken_back_at=None).order_by()
    names = list(refusing.values_list("name", flat=True))
    if not names or ended_together(message, booking).exists():
        return False
    ahead = ahead_together(booking, now).order_by().values_list("recipient_name", flat=True).distinct()
    return any(OwnConsent.is_among(name, names) for name in ahead)


def _told_beside(message: Message, booking: Booking) -> MessageQuerySet:
    """The same message about the visit side by side that was written first, as that one stands: it tells of both."""
    beside = Booking.objects.side_by_side(booking).filter(status=booking.status, pk__lt=booking.pk)
    rows = Message.objects.filter(kind=message.kind, revision=F("booking__revision"))
    return rows.filter(booking__in=beside.order_by().values("pk"))


def _together_obsolete_reason(message: Message, booking: Booking, now: datetime) -> str:
    ended = ended_together(message, booking)
    if not (ahead_together(booking, now) | ended).exists():
        return "none of the visits is to come"
    if _told_later(message, booking) and not ended.exists():
        return "a later message tells of the same visits"
    return ""


def _door_obsolete_reason(message: Message, booking: Booking) -> str:
    check_in = CheckIn.objects.filter(booking=booking).first()
    if check_in is None or check_in.ended_at is not None:
        return "the check-in has ended"
    # Whichever PIN it was: a phone that rings after one of them tells which.
    if message.kind == MessageKind.CHECK_IN and check_in.answered_at is not None:
        return "the therapist has answered"
    if message.kind == MessageKind.CHECK_IN_ALERT and not check_in.is_alarm:
        return "somebody looks after it"
    return ""


def _way_obsolete_reason(booking: Booking, now: datetime) -> str:
    steps = booking.steps.standing()
    told = told_last(steps)
    if told is None:
        return "it was taken back"
    if any(step.kind == StepKind.ARRIVED for step in steps):
        return "the therapist is there"
    if told.expected_until is not None and told.expected_until <= now:
        return "the time that it tells is over"
    if booking.ends_at <= now:
        return "the visit is over"
    return "who is visited doesn't agree any more" if _is_refused(booking) else ""


def _time_obsolete_reason(
    message: Message, booking: Booking, site_settings: SiteSettings, now: datetime
) -> str:
    """Of what waits for its hour: whether the hour, or the reason for it, has gone."""
    if message.kind not in _REMINDERS:
        return ""
    wanted = reminders.due_at(message.kind, booking, site_settings.settings)
    if wanted is None:
        return "switched off in the message settings"
    if message.kind == MessageKind.REMINDER_FIRST:
        last = reminders.due_at(MessageKind.REMINDER_LAST, booking, site_settings.settings)
        if last is not None and last <= now:
            return "the last reminder's time has come"
    if message.kind == MessageKind.RECHECK and reminders.answered_since(booking, wanted):
        return "the questions have been answered"
    if message.kind == MessageKind.THANKS and now > wanted + reminders.THANKS_AT_MOST_LATE:
        return "too late to say thank you"
    return ""


def not_before(
    message: Message, target: Target, site_settings: SiteSettings, *, now: datetime
) -> datetime | None:
    """When a message that waits for its hour is due, if the owner has put that off meanwhile, or to be looked at again
    while its visit can't be kept; None when it may leave."""
    if not isinstance(target, Booking):
        return None
    if message.kind in _SAY_WHEN and _is_of_refused(message, target, now):
        return now + _LOOK_AGAIN_AFTER
    if message.kind not in _REMINDERS:
        return None
    wanted = reminders.due_at(message.kind, target, site_settings.settings)
    if message.kind == MessageKind.THANKS:
        wanted = max(wanted or target.ends_at, target.ends_at)
    if wanted is not None and wanted > now:
        return wanted
    if message.kind in _SAY_THAT_WE_COME and why_not_kept(target, now=now):
        return now + _LOOK_AGAIN_AFTER
    # Until the one that tells of both has left: it may have to wait, or never leave.
    waits = [MessageState.DUE, MessageState.SENDING]
    if message.kind in _FOR_BOTH and _told_beside(message, target).filter(state__in=waits).exists():
        return now + _LOOK_AGAIN_AFTER
    return None
