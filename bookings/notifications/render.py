"""A message row becomes an email: subject, text, HTML and a calendar part. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from bookings.domain import closing, links
from bookings.domain.calendar import CalendarMethod, visits_calendar
from bookings.enums import TO_STAFF, MessageKind, WishState
from bookings.models import Booking, ContactMessage, Link, Message, TimeOffWish
from massagerx.lib import palette
from massagerx.lib.localtime import clock_time, zone

from .addresses import (
    HIDDEN,
    Hidden,
    Live,
    Secrets,
    admin_url,
    booklet_url,
    own_mailbox_url,
    password_url,
    program_url,
    referral_url,
    review_url,
    sign_in_url,
)
from .faces import Face, logo_of
from .own_words import fill
from .registry import DeskDay, Kind, SiteSettings, Target, kind_of, recipient
from .visit_context import Story, as_told, told_visits, visit_context
from .wording import greeting_name, moment, one_line, span_of_days, tidy


@dataclass(frozen=True, slots=True)
class Email:
    """What goes out. `calendar` is None, or the text of a calendar part with its method. `faces` are the pictures that
    the HTML names. `secrets` are the tokens and codes in it, which no copy may keep."""

    to: str
    reply_to: str
    subject: str
    text: str
    html: str
    calendar: str | None
    calendar_method: CalendarMethod | None
    faces: tuple[Face, ...] = ()
    secrets: tuple[str, ...] = ()

    def copy(self) -> dict[str, str]:
        """What is kept of it: who it went to and what it said, without what opens anything."""
        kept = {"to": self.to, "reply_to": self.reply_to, "subject": self.subject}
        kept |= {"text": self.text, "html": self.html, "calendar_method": self.calendar_method or ""}
        for secret in self.secrets:
            kept = {name: value.replace(secret, HIDDEN) for name, value in kept.items()}
        return kept


def render(
    message: Message,
    target: Target,
    site_settings: SiteSettings,
    *,
    now: datetime,
    preview: bool = False,
    story: Story | None = None,
) -> Email:
    """The email of a row, as it would leave at `now`: times in the business's zone, in the site's language.

    A preview stores nothing, and shows no private link or code. What happened is read from the visit's history, unless
    a `story` is given. Raises ValueError when there is nobody to send it to.
    """
    kind = kind_of(message)
    if isinstance(target, Booking):
        target = as_told(message, target)
    to = recipient(message, target, site_settings)
    if not to:
        raise ValueError("no address for this kind of message")
    # A visit that never was confirmed is in nobody's calendar to be changed or taken out.
    sure = [visit for visit in told_visits(message, target, now) if visit.confirmed_at is not None]
    method = kind.calendar if sure else None
    secrets = Hidden() if preview else Live(now)
    with timezone.override(zone()), translation.override(settings.LANGUAGE_CODE):
        context = _context(message, kind, target, site_settings, secrets, now, story)
        subject = one_line(render_to_string(f"email/{kind.folder}/subject.txt", context))
        context["subject"] = subject
        text = render_to_string(f"email/{kind.folder}/body.txt", context)
        html = render_to_string(f"email/{kind.folder}/body.html", context)
        calendar = method and visits_calendar(
            bookings=sure, business=site_settings.business, method=method, now=now
        )
    pictures = (context["logo"], context.get("face"))
    return Email(
        to=to,
        reply_to=reply_to(site_settings),
        subject=subject,
        text=tidy(text),
        html=css_inline.inline(html, load_remote_stylesheets=False),
        calendar=calendar,
        calendar_method=method,
        faces=tuple(picture for picture in pictures if picture and f"cid:{picture.name}" in html),
        secrets=tuple(secrets.used),
    )


def reply_to(site_settings: SiteSettings) -> str:
    """Where answers go: the address in the message settings, or the business's; empty when there is neither."""
    return site_settings.settings.reply_to or site_settings.business.email


def _context(
    message: Message,
    kind: Kind,
    target: Target,
    site_settings: SiteSettings,
    secrets: Secrets,
    now: datetime,
    story: Story | None,
) -> dict[str, Any]:
    business = site_settings.business
    context: dict[str, Any] = {
        "business": business,
        "logo": logo_of(business),
        "colors": palette.tones(business.main_color, business.press_color),
        "site_url": settings.SITE_URL,
        "book_url": f"{settings.SITE_URL}{reverse('bookings:start')}",
        "signature": "" if message.kind in TO_STAFF else site_settings.settings.signature,
        "own_words": site_settings.settings.own_words.get(message.kind, ""),
    }
    if isinstance(target, Booking):
        context |= visit_context(message, target, secrets, now, story)
    elif isinstance(target, Link):
        context |= _link_context(message, target, secrets)
    elif isinstance(target, ContactMessage):
        context["name"] = greeting_name(target.name)
        context["reply_url"] = f"mailto:{reply_to(site_settings)}" if reply_to(site_settings) else ""
        context["written"] = moment(target.written_at)
        context["answer"] = str(target.answer or "")
        context["admin_url"] = admin_url("contactmessage", target.pk)
    elif isinstance(target, TimeOffWish):
        context["name"] = greeting_name(target.therapist.name)
        context["wish"] = target
        context["is_approved"] = target.state == WishState.APPROVED
        context["span"] = span_of_days(target.starts_at, target.ends_at)
    elif isinstance(target, DeskDay):
        context["visits"] = _not_closed(now) if story is None else story.not_closed
        context["admin_url"] = f"{settings.SITE_URL}{reverse('admin:index')}#desk-not-closed"
    else:
        context["name"] = greeting_name(target.name)
        context["button_url"] = booklet_url(secrets.booklet(target))
        context["valid_until"] = moment(now + links.BOOKLET_LINK_LASTS)
    context["own_words"] = fill(MessageKind(message.kind), context["own_words"], context)
    return context


def _link_context(message: Message, link: Link, secrets: Secrets) -> dict[str, Any]:
    """What messages about a private link say."""
    valid_until = moment(link.expires_at) if link.expires_at else ""
    if link.user is not None:
        address = own_mailbox_url if message.kind == MessageKind.SECOND_FACTOR else password_url
        return {
            "name": greeting_name(link.user.first_name),
            "username": link.user.get_username(),
            "is_new": not link.user.has_usable_password(),
            "valid_until": valid_until,
            "button_url": address(secrets.link(link)),
            # For clients.
            "signature": "",
        }
    if message.kind in _words_of_links:
        words = _words_of_links[message.kind](link)
        address = _ADDRESSES[MessageKind(message.kind)]
        name = greeting_name(words["name"])
        return {**words, "name": name, "valid_until": valid_until, "button_url": address(secrets.link(link))}
    soon = {"valid_until": clock_time(link.expires_at) if link.expires_at else ""}
    if message.kind == MessageKind.CODE:
        return {**soon, "code": secrets.code(link)}
    return {**soon, "button_url": sign_in_url(secrets.link(link))}


# What apps inside bookings say of a link of theirs, by the kind of the message; the core doesn't import them.
_words_of_links: dict[str, Callable[[Link], dict[str, Any]]] = {}
# Where such a link leads.
_ADDRESSES = {
    MessageKind.REFERRED: referral_url,
    MessageKind.PROGRAM: program_url,
    MessageKind.PROGRAM_REMINDER: program_url,
    MessageKind.REVIEW: review_url,
}


def add_words_of_link(kind: MessageKind, words_of: Callable[[Link], dict[str, Any]]) -> None:
    """Has messages of that kind say what `words_of` tells of their link, also of one that is nowhere stored."""
    _words_of_links[kind] = words_of


# The morning email names so many visits; the desk's page has all.
_MOST_NAMED = 20


def _not_closed(now: datetime) -> list[dict[str, str]]:
    """The visits of days before that wait to be closed, the oldest first; without their clients' names."""
    rows = closing.waiting_since_yesterday(now=now).select_related("therapist")[:_MOST_NAMED]
    return [
        {"reference": row.reference, "when": moment(row.starts_at), "therapist": row.therapist.name}
        for row in rows
    ]
