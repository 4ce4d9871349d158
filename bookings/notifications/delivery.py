"""Delivers claimed messages. The only module that hands anything to Django's mail connections.

What matters about a failure is where it happened. Before the body was handed over, nothing has arrived and the
message may be tried again. After it, with no answer, nobody knows: RFC 5321, 4.5.3.2.6 leaves the risk of a second
copy with the sender, so that is a state of its own, and the second copy carries the same Message-ID.
"""

from __future__ import annotations

import logging
import random
import smtplib
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.utils import parseaddr
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends import smtp
from django.db import DatabaseError

from bookings.domain import links, sending
from bookings.enums import TO_STAFF
from bookings.models import Message

from .faces import Face
from .registry import SiteSettings, load_target, not_before, obsolete_reason
from .render import Email, render
from .verdicts import Outcome, Verdict, describe, verdict_on, verdict_on_provider

log = logging.getLogger("massagerx.messages")
Clock = Callable[[], datetime]

# Between tries of one message that its receiver puts off: doubling from the first to the second figure.
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=2)
# Our own mail server does not answer: it is asked often, so that all leave within minutes of its return.
SERVER_RETRY = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(days=1)
# One sweep stops taking messages after this long; the next goes on. Well under CELERY_TASK_TIME_LIMIT.
SWEEP_SECONDS = 45.0
# Seconds after which a sweep reads the owner's settings again.
SITE_SETTINGS_LAST = 5.0
# After this many messages in a row for which our server was away, a sweep ends. Not after one: a server may hang up
# on one message for reasons of its own.
AWAY_LIMIT = 3


class LeaseLost(Exception):
    """Raised inside a conversation to end it before the body is handed over."""


class NoLongerTrue(LeaseLost):
    """As `LeaseLost`, when the message stopped being true a moment ago; says why."""


def _ended(error: LeaseLost) -> Verdict:
    if isinstance(error, NoLongerTrue):
        return Verdict(Outcome.DROPPED, str(error))
    return Verdict(Outcome.LEASE_LOST)


# The conversation with the mail server -----------------------------------------------------------------------


class _Phases:
    """Where in the conversation one message is. `hand_over` is called when the server has asked for the body."""

    def __init__(self) -> None:
        self.begin(lambda: None)

    def begin(self, hand_over: Callable[[], None]) -> None:
        self._hand_over = hand_over
        self._asked = False
        self._awaiting_verdict = False
        self.handed_over = False
        self.accepted = False

    def command(self, name: str) -> None:
        self._asked = name.lower() == "data"

    def reply(self, code: int) -> None:
        if self._awaiting_verdict:
            self._awaiting_verdict = False
            self.accepted = code == 250
        elif self._asked and code == 354:
            self._hand_over()
            self.handed_over = self._awaiting_verdict = True
        self._asked = False


class _Watched:
    """Mixed into smtplib's clients: tells `phases` of each command and reply."""

    phases: _Phases

    def putcmd(self, cmd: str, args: str = "") -> None:
        self.phases.command(cmd)
        super().putcmd(cmd, args)  # type: ignore[misc]

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()  # type: ignore[misc]
        self.phases.reply(code)
        return code, text


class _SMTPBackend(smtp.EmailBackend):
    """Django's, with a client that is watched."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phases = _Phases()

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return type("WatchedSMTP", (_Watched, super().connection_class), {"phases": self.phases})


def by_provider() -> bool:
    """Whether mail leaves by a provider's HTTP API instead of SMTP."""
    return settings.EMAIL_BACKEND.startswith("anymail.")


class Sender:
    """Sends emails over one connection, opened when first needed and again after each failure."""

    def __init__(self) -> None:
        self._connection: Any = None

    def __enter__(self) -> Sender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self, *, politely: bool = True) -> None:
        """Ends the connection; a server that has gone already is no failure. Not politely: without a goodbye, which
        a server in the middle of something would not answer."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            client = getattr(connection, "connection", None)
            if not politely and isinstance(client, smtplib.SMTP):
                client.close()
                connection.connection = None
            connection.close()
        except (OSError, smtplib.SMTPException):
            pass

    def send(self, email: mail.EmailMultiAlternatives, *, hand_over: Callable[[], None]) -> Verdict:
        """Sends one email. `hand_over` is called just before the body leaves, and may raise `LeaseLost`."""
        if self._connection is not None and not self._still_there():
            self.close(politely=False)
        if self._connection is None:
            watched = settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
            try:
                self._connection = _SMTPBackend() if watched else mail.get_connection()
                self._connection.open()
            # Whatever goes wrong here (network, TLS, password, a key) is about our server, not about this message.
            except (OSError, smtplib.SMTPException, ImproperlyConfigured) as error:
                self.close(politely=False)
                return Verdict(Outcome.SERVER_AWAY, describe(error))
        if isinstance(self._connection, _SMTPBackend):
            verdict = self._send_watched(self._connection, email, hand_over)
        else:
            verdict = self._send_plain(email, hand_over)
        if verdict.outcome in (Outcome.SERVER_AWAY, Outcome.UNKNOWN, Outcome.LEASE_LOST, Outcome.DROPPED):
            self.close(politely=False)
        return verdict

    def _still_there(self) -> bool:
        """Whether a connection used before still answers: servers end idle ones."""
        client = getattr(self._connection, "connection", None)
        if not isinstance(client, smtplib.SMTP):
            return True
        try:
            return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _send_watched(
        self, connection: _SMTPBackend, email: mail.EmailMultiAlternatives, hand_over: Callable[[], None]
    ) -> Verdict:
        phases = connection.phases
        phases.begin(hand_over)
        try:
            connection.send_messages([email])
        except LeaseLost as error:
            return _ended(error)
        # Anything: one message's failure must not keep the others here.
        except Exception as error:
            return verdict_on(error, handed_over=phases.handed_over, accepted=phases.accepted)
        return Verdict(Outcome.SENT)

    def _send_plain(self, email: mail.EmailMultiAlternatives, hand_over: Callable[[], None]) -> Verdict:
        """Other backends (files, memory, a provider's API) don't show their phases: the message counts as handed over
        from the first moment."""
        try:
            hand_over()
        except LeaseLost as error:
            return _ended(error)
        try:
            self._connection.send_messages([email])
        # Anything: one message's failure must not keep the others here. A provider's errors are OSErrors too.
        except Exception as error:
            if by_provider():
                return verdict_on_provider(error)
            if isinstance(error, ValueError):
                return Verdict(Outcome.FAILED, describe(error))
            return Verdict(
                Outcome.SERVER_AWAY if isinstance(error, OSError) else Outcome.UNKNOWN, describe(error)
            )
        return Verdict(Outcome.SENT)


def send_at_once(*, to: str, subject: str, body: str) -> bool:
    """Sends a plain email over a connection of its own, past the outbox: of what keeps the outbox from being sent.
    Whether there is nothing to gain by another try at once: it was taken, or may have been, or is refused for good."""
    email = mail.EmailMultiAlternatives(
        subject=subject,
        body=body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers={"Auto-Submitted": "auto-generated"},
    )
    with Sender() as sender:
        outcome = sender.send(email, hand_over=lambda: None).outcome
    return outcome not in (Outcome.SERVER_AWAY, Outcome.PUT_OFF)


# Messages ----------------------------------------------------------------------------------------------------

_IN_ORDER = frozenset({Outcome.SENT, Outcome.DROPPED, Outcome.NOT_YET})


class _Illustrated(mail.EmailMultiAlternatives):
    """An email whose HTML brings its pictures along, as one part with it (RFC 2387)."""

    def __init__(self, *, faces: Sequence[Face], **given: Any) -> None:
        super().__init__(**given)
        self._faces = faces

    def message(self, **given: Any) -> Any:
        """The whole message, with a multipart/related in the place of the HTML."""
        whole = super().message(**given)
        for part in [part for part in whole.walk() if part.is_multipart()] if self._faces else ():
            inner: Any = part.get_payload()
            for place, html in enumerate(inner):
                if html.get_content_type() == "text/html":
                    related = MIMEMultipart("related", type="text/html")
                    related.attach(html)
                    for face in self._faces:
                        related.attach(_picture(face))
                    inner[place] = related
        return whole


def _picture(face: Face) -> MIMEImage:
    part = MIMEImage(face.data, face.kind)
    part["Content-ID"] = f"<{face.name}>"
    part["Content-Disposition"] = f'inline; filename="{face.name}.{face.kind}"'
    return part


def build(message: Message, email: Email) -> mail.EmailMultiAlternatives:
    """Django's email of a rendered one, with the headers of a message that a machine wrote.

    The Message-ID comes from the row, so that a second copy can be known as one.
    """
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    # A provider's API takes pictures as attachments that are named, and puts the parts together itself.
    built = _Illustrated(
        faces=() if by_provider() else email.faces,
        attachments=[_picture(face) for face in email.faces] if by_provider() else [],
        subject=email.subject,
        body=email.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[email.to],
        reply_to=[email.reply_to] if email.reply_to else None,
        headers={
            "Message-ID": f"<{message.message_uuid}@{domain}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        },
    )
    built.attach_alternative(email.html, "text/html")
    if email.calendar is not None:
        # Gmail and Outlook read the alternative, Apple Mail and phones open the attachment. Django adds the charset.
        # A provider's API knows text and HTML only.
        kind = f"text/calendar; method={email.calendar_method}"
        if not by_provider():
            built.attach_alternative(email.calendar, kind)
        built.attach("visit.ics", email.calendar, kind)
    return built


def deliver(
    message: Message, *, clock: Clock, sender: Sender | None = None, site_settings: SiteSettings | None = None
) -> Outcome:
    """One attempt at a claimed message: looked at again, rendered, sent, and its end written to the row.

    `site_settings` are the owner's rows, when they were read a moment ago. A message that can't be rendered fails by
    itself. Database errors are raised: the lease runs out, and the
    message is tried again.
    """
    if sender is None:
        with Sender() as own:
            return deliver(message, clock=clock, sender=own, site_settings=site_settings)
    verdict = _attempt(message, clock, sender, site_settings)
    written = _write(message, verdict, now=clock())
    level = logging.INFO if verdict.outcome in _IN_ORDER else logging.WARNING
    log.log(
        level,
        "message",
        extra={
            "message_key": message.pk,
            "kind": message.kind,
            "outcome": verdict.outcome.value if written else Outcome.LEASE_LOST.value,
            "error_code": verdict.error,
            "attempts": message.attempts,
        },
    )
    return verdict.outcome


def _attempt(message: Message, clock: Clock, sender: Sender, known: SiteSettings | None) -> Verdict:
    try:
        now = clock()
        site_settings = known or SiteSettings.load()
        target = load_target(message)
        if reason := obsolete_reason(message, target, site_settings, now=now):
            return Verdict(Outcome.DROPPED, reason)
        if later := not_before(message, target, site_settings, now=now):
            return Verdict(Outcome.NOT_YET, until=later)
        rendered = render(message, target, site_settings, now=now)
        email = build(message, rendered)
        email.message()  # writes it once, so that an impossible header fails here
    except DatabaseError:
        raise
    # A template, a value or a header of this one message: the others must leave.
    except Exception as error:
        log.exception("message can't be written", extra={"message_key": message.pk, "kind": message.kind})
        return Verdict(Outcome.FAILED, f"not written: {describe(error)}")

    def hand_over() -> None:
        # The mail server may have taken its time, and a visit may have been canceled in it.
        moment = clock()
        if reason := obsolete_reason(message, load_target(message, details=False), site_settings, now=moment):
            raise NoLongerTrue(reason)
        if not sending.mark_handing_over(message, now=moment, copy=rendered.copy()):
            raise LeaseLost

    return sender.send(email, hand_over=hand_over)


def _write(message: Message, verdict: Verdict, *, now: datetime) -> bool:
    """The end of an attempt, on the row. Returns False when another sender has the message."""
    match verdict.outcome:
        case Outcome.SENT:
            if message.booking_id is not None and message.kind not in TO_STAFF:
                links.end_replaced_links(message.booking_id, now=now)
            return sending.mark_sent(message, now=now)
        case Outcome.DROPPED:
            return sending.mark_dropped(message, reason=verdict.error)
        case Outcome.NOT_YET:
            return sending.mark_not_yet(message, until=verdict.until or now)
        case Outcome.FAILED:
            return sending.mark_failed(message, error=verdict.error)
        case Outcome.UNKNOWN:
            return sending.mark_unknown(message, now=now, error=verdict.error)
        case Outcome.PUT_OFF | Outcome.SERVER_AWAY:
            first = message.first_tried_at or now
            if now - first >= GIVE_UP_AFTER:
                return sending.mark_failed(message, error=f"given up: {verdict.error}")
            until = now + retry_delay(message.attempts, away=verdict.outcome is Outcome.SERVER_AWAY)
            return sending.mark_put_off(message, until=until, error=verdict.error)
        case Outcome.LEASE_LOST:
            return False


def retry_delay(attempts: int, *, away: bool) -> timedelta:
    """How long to wait after the given number of attempts, with up to half more or less by chance, so that a
    thousand messages don't come back in one moment. `away`: our server did not answer."""
    if away:
        delay = SERVER_RETRY
    else:
        delay = min(FIRST_RETRY * 2 ** min(max(attempts, 1) - 1, 20), LONGEST_RETRY)
    return delay * random.uniform(0.5, 1.5)


def send_due(
    *, clock: Clock, keys: Sequence[int] | None = None, seconds: float = SWEEP_SECONDS
) -> dict[Outcome, int]:
    """Sends what is due (of `keys`, when given), one after the other, for at most `seconds`; returns how many
    ended in which way. Ends early when our mail server is away: the rest stays as it is for the next sweep.

    Rows are taken one at a time, so that a sender that dies leaves one behind, not a batch."""
    counts: dict[Outcome, int] = {}
    if keys is None and not sending.anything_due(now=clock()):
        return counts
    away = 0
    deadline = time.monotonic() + seconds
    site_settings, site_settings_read_at = SiteSettings.load(), time.monotonic()
    with Sender() as sender:
        while away < AWAY_LIMIT and time.monotonic() < deadline:
            claimed = sending.claim_due(now=clock(), keys=keys)
            if not claimed:
                break
            if time.monotonic() - site_settings_read_at > SITE_SETTINGS_LAST:
                site_settings, site_settings_read_at = SiteSettings.load(), time.monotonic()
            outcome = deliver(claimed[0], clock=clock, sender=sender, site_settings=site_settings)
            counts[outcome] = counts.get(outcome, 0) + 1
            away = away + 1 if outcome is Outcome.SERVER_AWAY else 0
    return counts
