"""What is said on the phone to a client who has no email: each row of the outbox that waits for it, in words to say."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import outbox
from bookings.enums import MessageKind
from bookings.models import Booking, Client, Message
from services.templatetags.money import dollars

from .registry import KINDS, SiteSettings, load_target, not_before, obsolete_reason, will_be_dropped
from .visit_context import as_told, way_of
from .wording import moment

_REMIND = gettext_lazy(
    "Remind them: %(when)s, %(service)s with %(name)s. Ask whether anything about their health has changed."
)
_ASK = gettext_lazy("Ask them the health questions for %(when)s, and record what they say.")
WORDS = {
    MessageKind.RECEIVED: gettext_lazy(
        "We have their request for %(when)s, %(service)s with %(name)s. It is not confirmed yet."
    ),
    MessageKind.HEALTH_ASKED: _ASK,
    MessageKind.HEALTH_REMINDER: _ASK,
    MessageKind.CONFIRMED: gettext_lazy("It is confirmed: %(when)s, %(service)s with %(name)s, %(total)s."),
    MessageKind.TOGETHER: gettext_lazy("Several visits were booked or changed together. Read them all out."),
    MessageKind.DECLINED: gettext_lazy("We can’t come %(when)s. Offer another time."),
    MessageKind.MOVED: gettext_lazy("The time is now %(when)s, %(service)s with %(name)s, %(total)s."),
    MessageKind.CANCELED: gettext_lazy("The visit of %(when)s is canceled. Its page says why."),
    MessageKind.EXPIRED: gettext_lazy(
        "Nobody answered their request for %(when)s in time. Say sorry, and offer another time."
    ),
    MessageKind.REMINDER_FIRST: _REMIND,
    MessageKind.REMINDER_LAST: _REMIND,
    MessageKind.RECHECK: _REMIND,
    MessageKind.ON_THE_WAY: gettext_lazy("Tell them at once when to expect us: %(expected)s."),
    MessageKind.THANKS: gettext_lazy("Ask how the visit of %(when)s was, and thank them."),
    MessageKind.CHANGE_REFUSED: gettext_lazy("The late move isn’t possible. The visit stays %(when)s."),
    MessageKind.NO_SHOW: gettext_lazy(
        "We were at the door %(when)s, and no one answered. Late fee: %(fee)s."
    ),
    MessageKind.CONSENT_BACK: gettext_lazy(
        "Who is visited %(when)s no longer agrees: we don’t come. Ask them to talk with each other."
    ),
    MessageKind.LATE_FEE: gettext_lazy("The late fee for the visit of %(when)s: %(fee)s."),
}


def words(message: Message) -> str:
    """What to say. Needs the visit beside the message, with client, service and therapist."""
    if message.booking is None or message.kind not in WORDS:
        return message.get_kind_display()
    booking = as_told(message, message.booking)
    expected = way_of(booking)["expected"] if message.kind == MessageKind.ON_THE_WAY else ""
    return str(WORDS[MessageKind(message.kind)]) % {
        "expected": expected or _("look at the visit’s page"),
        "when": moment(booking.starts_at),
        "service": booking.service.name,
        "name": booking.therapist.name,
        "total": dollars(booking.total_cents),
        "fee": dollars(booking.late_fee_cents) if booking.late_fee_cents else _("none"),
    }


def how_told(client: Client) -> str:
    """How a client hears of what staff have just done."""
    if client.email:
        return _("The client gets an email.")
    return _("The client has no email: say it on the phone, and mark it as told.")


def waiting(messages: list[Message], *, now: datetime) -> list[Message]:
    """Of messages for the phone those that are still true, as far as their visits alone tell; asks nothing of the
    database. The rest is found by `drop_overtaken` within a minute."""
    return [message for message in messages if not _is_overtaken(message, now)]


def _is_overtaken(message: Message, now: datetime) -> bool:
    booking = message.booking
    return will_be_dropped(message) or (
        booking is not None and KINDS[message.kind].until_start and booking.starts_at <= now
    )


def drop_overtaken(*, now: datetime) -> int:
    """Takes from the list of calls what is no longer true, and for a while what can't be said yet, such as that we come
    while nobody can; returns how many."""
    rows = list(Message.objects.to_tell(now))
    if not rows:
        return 0
    site_settings, dropped = SiteSettings.load(), 0
    for message in rows:
        target = load_target(message, details=False)
        if isinstance(target, Booking):
            if obsolete_reason(message, target, site_settings, now=now):
                dropped += _drop(message, site_settings, now)
            elif later := not_before(message, target, site_settings, now=now):
                dropped += outbox.put_off_call(message, until=later)
    return dropped


def _drop(message: Message, site_settings: SiteSettings, now: datetime) -> bool:
    """Looks again with the row locked: an undo that was under way has given the visit back meanwhile."""
    with transaction.atomic():
        list(Message.objects.select_for_update().filter(pk=message.pk))
        target = load_target(message, details=False)
        reason = obsolete_reason(message, target, site_settings, now=now)
        return bool(reason) and outbox.drop_call(message, reason=reason)
