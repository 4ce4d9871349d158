"""Messages to send. The row is the truth; Celery only wake-ups."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import Channel, MessageKind, MessageState
from massagerx.lib.encryption import EncryptedJSONField
from massagerx.lib.instances import made_quickly

from .booking import Booking
from .enquiries import BookletRequest, ContactMessage
from .links import Link
from .schedule import TimeOffWish

# States in which a sender may still have work with the row.
_OPEN = [MessageState.DUE, MessageState.SENDING, MessageState.UNKNOWN]
# States in which somebody has to look.
_TROUBLE = [MessageState.FAILED, MessageState.UNKNOWN]


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime) -> MessageQuerySet:
        """Those to send now, oldest first: waiting, taken by a sender whose lease ran out before it handed the
        message over, or of unknown outcome and not yet sent a second time."""
        return self.filter(
            Q(state=MessageState.DUE)
            | Q(state=MessageState.SENDING, leased_until__lte=now, handed_over_at__isnull=True)
            | Q(state=MessageState.UNKNOWN, uncertain_attempts=1),
            channel=Channel.EMAIL,
            due_at__lte=now,
        ).order_by("due_at", "pk")

    def to_tell(self, now: datetime) -> MessageQuerySet:
        """What staff have to say on the phone by now, oldest first."""
        return self.filter(channel=Channel.PHONE, state=MessageState.DUE, due_at__lte=now).order_by(
            "due_at", "pk"
        )


@made_quickly
class Message(models.Model):
    """One message about one booking, link, question, request, wish or day, written in the transaction of what it tells
    of.

    `lease` and `leased_until` are set while a sender works on the row: after that, another may take over.
    `handed_over_at` is set just before the message's body goes to the mail server: when the sender is not heard of
    again, nobody knows whether it arrived. `uncertain_attempts` counts how often that was so; after one it is sent
    again with the same Message-ID, after two it is left alone for staff to look at.

    What a client without an email is told is a row too, for the phone: it waits until staff have said it, and `sent_at`
    is when they had.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=MessageKind.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    booking = models.ForeignKey(
        Booking, on_delete=models.CASCADE, related_name="messages", null=True, blank=True
    )
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="messages", null=True, blank=True)
    contact_message = models.ForeignKey(
        ContactMessage, on_delete=models.CASCADE, related_name="messages", null=True, blank=True
    )
    booklet_request = models.ForeignKey(
        BookletRequest, on_delete=models.CASCADE, related_name="messages", null=True, blank=True
    )
    wish = models.ForeignKey(
        TimeOffWish, on_delete=models.CASCADE, related_name="messages", null=True, blank=True
    )
    # A local day, of what the desk is told each day.
    day = models.DateField(_("day"), null=True, blank=True)
    revision = models.PositiveIntegerField(_("revision"), default=0)
    state = models.CharField(
        _("state"), max_length=10, choices=MessageState.choices, default=MessageState.DUE
    )
    due_at = models.DateTimeField(_("next due at"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    first_tried_at = models.DateTimeField(_("first tried at"), null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    handed_over_at = models.DateTimeField(null=True, blank=True, editable=False)
    uncertain_attempts = models.PositiveSmallIntegerField(_("uncertain attempts"), default=0, editable=False)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("told by"),
    )
    # Of what goes to one member of staff and not to the desk.
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("to"),
    )
    # Stays the same however often the message is sent, so that a mailbox can tell a copy from a second message.
    message_uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # An exception's class and a reply code, or why the message was dropped; nothing that names a person.
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    # What was handed over last, without what opens anything: visit and templates change, this doesn't.
    copy = EncryptedJSONField(null=True, editable=False)
    created_at = models.DateTimeField(_("written at"))

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["booking", "kind", "revision"], name="message_one_per_revision"),
            models.UniqueConstraint(fields=["link", "kind", "revision"], name="message_one_per_link"),
            models.UniqueConstraint(fields=["contact_message", "kind"], name="message_one_per_contact"),
            models.UniqueConstraint(fields=["booklet_request", "kind"], name="message_one_per_booklet"),
            models.UniqueConstraint(fields=["wish", "kind"], name="message_one_per_wish"),
            models.UniqueConstraint(fields=["day", "kind"], name="message_one_per_day"),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="message_channel_known"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="message_waiting", condition=Q(state__in=_OPEN)),
            # The staff's list, newest first, and what the daily purge looks for: neither reads the whole table.
            models.Index(fields=["-created_at", "-id"], name="message_newest_first"),
            models.Index(fields=["id"], name="message_with_copy", condition=Q(copy__isnull=False)),
            # Few among very many: the list's filter, and what the desk's front page says of them.
            models.Index(
                fields=["-created_at", "-id"], name="message_in_trouble", condition=Q(state__in=_TROUBLE)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_state_display()}"
