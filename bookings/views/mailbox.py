"""The mail that this machine wrote to files instead of sending, for staff to read. Local settings only.

What is in a message was typed by strangers. So its HTML is never put into our own pages: it is served at an address
of its own, under a policy that lets it load nothing and run nothing.
"""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.notifications.faces import with_faces

SHOWN = 100
# `sandbox` takes scripts, forms and the origin away; links still work.
HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
# The letters name clients and where they live: the right that the admin asks for before it shows messages.
_may_read = permission_required("bookings.view_message", raise_exception=True)


@dataclass(frozen=True, slots=True)
class Letter:
    """One file: its name, when it was written (aware, UTC), and the message in it."""

    name: str
    written_at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"] or "")

    @property
    def to(self) -> str:
        """The recipients, decoded."""
        return str(self.message["To"] or "")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """(name, value) of the headers that are shown."""
        names = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted")
        return [(name, str(self.message[name])) for name in names if self.message[name]]

    def part(self, content_type: str) -> str:
        """The text of the first part of that type, an empty one when there is none."""
        for part in self.message.walk():
            if part.get_content_type() == content_type:
                content = part.get_content()
                return content if isinstance(content, str) else content.decode(errors="replace")
        return ""


def _files() -> dict[str, Path]:
    """The message files by name, newest first. Names come from this listing only, never from an address."""
    directory = Path(settings.EMAIL_FILE_PATH) if getattr(settings, "EMAIL_FILE_PATH", None) else None
    if directory is None or not directory.is_dir():
        return {}
    found = sorted(
        (path for path in directory.glob("*.eml") if path.is_file() and not path.name.startswith(".")),
        key=lambda path: path.name,
        reverse=True,
    )
    return {path.name: path for path in found}


def _read(path: Path) -> Letter:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    written_at = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    return Letter(path.name, written_at, message)


def _letter_or_404(name: str) -> Letter:
    path = _files().get(name)
    if path is None:
        raise Http404
    return _read(path)


@require_safe
@never_cache
@staff_member_required
@_may_read
def inbox(request: HttpRequest) -> HttpResponse:
    """The newest messages."""
    paths = list(_files().values())
    letters = [_read(path) for path in paths[:SHOWN]]
    context = {
        "letters": letters,
        "more": len(paths) - len(letters),
        "sends": not getattr(settings, "EMAIL_FILE_PATH", None),
    }
    return render(request, "mailbox/inbox.html", context)


@require_safe
@never_cache
@staff_member_required
@_may_read
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """One message: headers, text, calendar part, and a link to its HTML."""
    found = _letter_or_404(name)
    context = {
        "letter": found,
        "text": found.part("text/plain"),
        "calendar": found.part("text/calendar"),
        "has_html": bool(found.part("text/html")),
    }
    return render(request, "mailbox/letter.html", context)


@require_safe
@never_cache
@staff_member_required
@_may_read
def letter_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part as a mailbox shows it, locked in."""
    html = _letter_or_404(name).part("text/html")
    if not html:
        raise Http404
    return HttpResponse(
        with_faces(html), headers={"Content-Security-Policy": HTML_POLICY, "Referrer-Policy": "no-referrer"}
    )
