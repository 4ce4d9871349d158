"""The private links and codes in emails. Making one may store a link; a preview shows where one would be instead."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.urls import reverse

from bookings.domain import links
from bookings.enums import LinkPurpose
from bookings.models import Booking, BookletRequest, Link
from massagerx.lib import tokens

# Stands in a preview, and in the copy that is kept, where the email has something private.
HIDDEN = "•••••••"


class Secrets(Protocol):
    """Makes the tokens and codes in an email."""

    def visit(self, booking: Booking, since: datetime | None = None) -> str:
        """The token of a visit's link; `since` an instant: another one than in emails of before."""

    def link(self, link: Link) -> str:
        """The token of a link that is stored."""

    def booklet(self, request: BookletRequest) -> str:
        """The token of a booklet link."""

    def code(self, link: Link) -> str:
        """The six digits of a one-time code."""


class Live:
    """The real tokens; `used` remembers them, so that they can be taken out of the copy that is kept."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.used: list[str] = []

    def visit(self, booking: Booking, since: datetime | None = None) -> str:
        """The token of a visit's link, made if there is none."""
        if since is not None:
            links.replace_visit_link(booking, since=since)
        return self._remember(links.visit_token(booking, now=self._now))

    def link(self, link: Link) -> str:
        """The token of a link that is stored."""
        return self._remember(links.token_of(link))

    def booklet(self, request: BookletRequest) -> str:
        """The token of a booklet link, made if there is none."""
        return self._remember(links.booklet_token(request, now=self._now))

    def code(self, link: Link) -> str:
        """The six digits of a one-time code."""
        return self._remember(tokens.derive_code(LinkPurpose.CODE, link.nonce))

    def _remember(self, secret: str) -> str:
        self.used.append(secret)
        return secret


class Hidden:
    """Shows that something private stands there, and opens nothing."""

    used: list[str] = []

    def visit(self, booking: Booking, since: datetime | None = None) -> str:
        """A placeholder."""
        return HIDDEN

    def link(self, link: Link) -> str:
        """A placeholder."""
        return HIDDEN

    def booklet(self, request: BookletRequest) -> str:
        """A placeholder."""
        return HIDDEN

    def code(self, link: Link) -> str:
        """A placeholder."""
        return HIDDEN


def visit_url(token: str) -> str:
    """Where a client sees, moves or cancels one visit."""
    return f"{settings.SITE_URL}/visits/{token}/"


def sign_in_url(token: str) -> str:
    """Where a client sees all their visits."""
    return f"{settings.SITE_URL}/visits/sign-in/{token}/"


def agree_url(token: str) -> str:
    """Where somebody for whom another books says that they agree."""
    return f"{settings.SITE_URL}/agree/{token}/"


def referral_url(token: str) -> str:
    """Where a patient finds the course that an office prepared."""
    return f"{settings.SITE_URL}/referred/{token}/"


def program_url(token: str) -> str:
    """Where a client follows their training program."""
    return f"{settings.SITE_URL}/program/{token}/"


def review_url(token: str) -> str:
    """Where a client writes, changes or withdraws their review."""
    return f"{settings.SITE_URL}/review/{token}/"


def password_url(token: str) -> str:
    """Where a member of staff sets their password."""
    return f"{settings.SITE_URL}/invited/{token}/"


def own_mailbox_url(token: str) -> str:
    """Where a member of staff shows that the mailbox is theirs, before they set a second factor up."""
    return f"{settings.SITE_URL}/invited/{token}/second-factor/"


def booklet_url(token: str) -> str:
    """Where the booklet is fetched."""
    return f"{settings.SITE_URL}/services/postural-correction-training/booklet/{token}/"


def admin_url(model: str, key: int | None = None) -> str:
    """The admin's page of a booking or of what people wrote to us, or their list. Only staff can open it."""
    place = f"{key}/change/" if key is not None else ""
    return f"{settings.SITE_URL}{reverse('admin:index')}bookings/{model}/{place}"
