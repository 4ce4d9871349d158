"""Decides the state of a message from the end of an attempt. Nothing is sent here.

What matters about a failure is where it happened: before the message was handed over it may be tried again, after it
nobody knows.
"""

from __future__ import annotations

import enum
import smtplib
from dataclasses import dataclass
from datetime import datetime

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError


class Outcome(enum.Enum):
    SENT = "sent"
    DROPPED = "dropped"
    PUT_OFF = "put off"
    SERVER_AWAY = "server away"
    FAILED = "failed"
    UNKNOWN = "unknown"
    # The owner has put it off; nothing was tried.
    NOT_YET = "not yet due"
    # Another sender has taken the message over; it is theirs.
    LEASE_LOST = "lease lost"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an attempt ended; `error` is a class and a code, never a server's words, which may quote an address."""

    outcome: Outcome
    error: str = ""
    # Of one that is not due yet: when it is.
    until: datetime | None = None


def describe(error: BaseException) -> str:
    """An error's class and reply code, a provider's with its HTTP status."""
    name = type(error).__name__
    if isinstance(error, AnymailError):
        code = error.status_code
        # What it hides: a time-out, a refused connection.
        if code is None and error.__cause__ is not None:
            name = type(error.__cause__).__name__
    else:
        code = reply_code(error)
    return f"{name} {code}" if code is not None else name


def reply_code(error: BaseException) -> int | None:
    """The mail server's reply code in an error; of several refused recipients the mildest."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min((code for code, _text in error.recipients.values()), default=None)
    if isinstance(error, smtplib.SMTPResponseException):
        return int(error.smtp_code)
    return None


def verdict_on(error: BaseException, *, handed_over: bool, accepted: bool) -> Verdict:
    """What an error in a conversation means for the message (RFC 5321, 4.2.1: 4xx try again, 5xx don't)."""
    if accepted:
        return Verdict(Outcome.SENT)
    described = describe(error)
    code = reply_code(error)
    if code is not None and 400 <= code < 500:
        # 421 is the server closing for everybody, whatever was asked.
        return Verdict(Outcome.SERVER_AWAY if code == 421 else Outcome.PUT_OFF, described)
    if code is not None and 500 <= code < 600:
        # 530 and 535 ask for a log-in: our settings are wrong, not the message.
        return Verdict(Outcome.SERVER_AWAY if code in (530, 535) else Outcome.FAILED, described)
    if isinstance(error, (ValueError, smtplib.SMTPNotSupportedError)):
        return Verdict(Outcome.FAILED, described)
    return Verdict(Outcome.UNKNOWN if handed_over else Outcome.SERVER_AWAY, described)


# A provider's HTTP API ------------------------------------------------------------------------------------------

# Our key is wrong or not allowed to send: our settings are at fault, not the message.
_NOT_ALLOWED = (401, 403)
# The provider was too slow, or asks us to be: the same request may be made again.
_LATER = (408, 429)
# Where a request ends before a byte of it has left.
_NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, SSLError, ProxyError)


def verdict_on_provider(error: BaseException) -> Verdict:
    """What an error of a provider's API means for the message that was being sent through it."""
    described = describe(error)
    code = getattr(error, "status_code", None)
    if isinstance(code, int) and not 200 <= code < 300:
        if code in _NOT_ALLOWED:
            return Verdict(Outcome.SERVER_AWAY, described)
        if code in _LATER or code >= 500:
            return Verdict(Outcome.PUT_OFF, described)
        return Verdict(Outcome.FAILED, described)
    if isinstance(error, ImproperlyConfigured):
        return Verdict(Outcome.SERVER_AWAY, described)
    if isinstance(error, requests.RequestException):
        # Also an answer of 2xx that can't be read: it was taken, or it was not.
        return Verdict(Outcome.SERVER_AWAY if _never_left(error) else Outcome.UNKNOWN, described)
    if isinstance(error, (AnymailRecipientsRefused, ValueError, TypeError)):
        return Verdict(Outcome.FAILED, described)
    return Verdict(Outcome.UNKNOWN, described)


def _never_left(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    seen: BaseException | None = error
    while seen is not None:
        reason = getattr(seen, "reason", None)
        if isinstance(seen, _NEVER_LEFT) or isinstance(reason, _NEVER_LEFT):
            return True
        inner = next((part for part in seen.args if isinstance(part, HTTPError)), None)
        seen = inner or seen.__cause__ or seen.__context__
    return False
