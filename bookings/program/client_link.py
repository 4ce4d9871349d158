"""The link by which a client opens their program: mailed, kept as long as its days ask for, and found again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from bookings.courses.models import LONGEST_DAYS
from bookings.domain import links, outbox
from bookings.domain.operations import Act
from bookings.enums import LinkPurpose, MessageKind
from bookings.models import Booking, Link
from massagerx.lib.localtime import local

from .locks import lock_open
from .models import Program

# The page stays readable for a while.
LINK_OUTLIVES_PROGRAM = timedelta(days=60)


def send_link(*, program: Program, act: Act) -> None:
    """Gives the client a new link to the program and mails it; the one before opens nothing any more. Raises
    `ChangedMeanwhile` for a program that has ended."""
    with transaction.atomic():
        fresh = lock_open(program)
        mail_link(fresh, fresh.booking, act.at)


def mail_link(program: Program, booking: Booking, now: datetime) -> None:
    """The same for a program that is locked, or new, made at that visit."""
    if program.link_id is not None:
        Link.objects.filter(pk=program.link_id).update(revoked_at=now)
    email = booking.client.email
    program.link = links.new_link(
        purpose=LinkPurpose.PROGRAM,
        booking=booking,
        email=email,
        created_at=now,
        expires_at=_expires_at(program, now),
    )
    program.save(update_fields=["link"])
    if email:
        outbox.write_link_message(link=program.link, kind=MessageKind.PROGRAM, now=now)


def _expires_at(program: Program, now: datetime) -> datetime:
    ends_at = program.made_at + (program.last_day - local(program.made_at).date())
    # The visit that it waits for is still to come, however late.
    waits = timedelta(days=LONGEST_DAYS if program.waits_for is not None else 0)
    return max(now, ends_at) + waits + LINK_OUTLIVES_PROGRAM


def keep_link(program: Program, now: datetime) -> bool:
    """Has the link work as long as the program's days ask for; False where none works any more."""
    live = Link.objects.live(now).filter(pk__in=[program.link_id] if program.link_id else [])
    return bool(live.update(expires_at=_expires_at(program, now)))


def token_of(program: Program) -> str:
    """The token of the client's page; "" while there is none that works, or its key is accepted no more."""
    try:
        return links.token_of(program.link) if program.link and program.link.revoked_at is None else ""
    except ValueError:
        return ""


def words_of(link: Link) -> dict[str, Any]:
    """What the email says of a program's link: whom it is for, and when it begins."""
    found = program_behind(link)
    if found is None:
        return {"name": "", "program": _("For runners"), "weeks": 8}
    return {"name": found.booking.visit_for, "program": found.name, "weeks": found.weeks}


def program_behind(link: Link) -> Program | None:
    """The program that a link opens, the note still shut; None for a link of another one, or a sample."""
    rows = Program.objects.select_related("booking").defer("note")
    return rows.filter(link=link).first() if link.pk else None
