"""A message as staff may look at it: the copy of what was sent, or what would be sent now. Stores nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError
from django.utils.translation import gettext as _

from bookings.domain import message_copies
from bookings.enums import Channel, MessageState
from bookings.models import Message
from massagerx.lib.encryption import UnreadableValue

from .faces import with_faces
from .registry import SiteSettings, load_target, obsolete_reason
from .render import render
from .verdicts import describe


@dataclass(frozen=True, slots=True)
class Shown:
    """`note` says what one sees; the rest is empty when there is nothing to see."""

    note: str
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    html: str = ""


def show(message: Message, *, now: datetime) -> Shown:
    """What was handed over last, if a copy is kept; else, while it waits, what it would say at `now`. Links and codes
    are hidden in both."""
    if message.channel == Channel.PHONE:
        return Shown(_("Nothing is mailed: the client has no email and is told by phone."))
    try:
        copy = message_copies.copy_of(message)
    except UnreadableValue:
        return Shown(_("The copy of this message can't be opened with the site's keys."))
    if copy is not None:
        return _shown(_("As it was sent. Private links and codes are hidden."), copy)
    if message.state == MessageState.SENT:
        return Shown(_("It was sent so long ago that its copy is not kept any more."))
    try:
        site_settings = SiteSettings.load()
        target = load_target(message)
        obsolete = obsolete_reason(message, target, site_settings, now=now)
        rendered = render(message, target, site_settings, now=now, preview=True).copy()
    except DatabaseError:
        raise
    # Whatever stops it from being written: that is what staff come here to see.
    except Exception as error:
        return Shown(_("This message can't be written: %(error)s") % {"error": describe(error)})
    if obsolete:
        return _shown(_("It would not be sent any more: %(why)s.") % {"why": obsolete}, rendered)
    return _shown(_("As it would be sent now. Private links and codes are hidden."), rendered)


def _shown(note: str, copy: dict[str, str]) -> Shown:
    headers = [(_("To"), copy["to"]), (_("Answers to"), copy["reply_to"]), (_("Subject"), copy["subject"])]
    if copy["calendar_method"]:
        headers.append((_("Calendar part"), copy["calendar_method"]))
    return Shown(note, tuple(headers), copy["text"], with_faces(copy["html"]))
