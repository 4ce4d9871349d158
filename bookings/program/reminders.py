"""Reminders to clients who want them and have missed days."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from bookings.domain import outbox
from bookings.enums import MessageKind
from bookings.models import Link
from massagerx.lib.localtime import local

from .client_link import program_behind
from .locks import lock
from .models import Program, ProgramExercise
from .week import days_missed, is_asked_on

# Who wants reminders gets one after so many days missed, no sooner after the last one, and so many at most.
REMIND_AFTER, MOST_REMINDERS = 3, 6
# In Los Angeles, by the hour.
REMIND_FROM, REMIND_UNTIL = 9, 20


def wish_for_reminders(*, program: Program, wanted: bool) -> None:
    """The client's word on reminders; one that waits to be sent is dropped with a No."""
    with transaction.atomic():
        fresh = lock(program)
        fresh.reminds = wanted
        fresh.save(update_fields=["reminds"])
        if not wanted and fresh.link is not None:
            outbox.drop_waiting(
                link=fresh.link, kind=MessageKind.PROGRAM_REMINDER, reason="the client wants no reminders"
            )


def why_no_reminder(program: Program, *, now: datetime) -> str:
    """Why a client isn't to be reminded now, without naming anybody; "" where they are."""
    here = local(now)
    today = here.date()
    if not program.reminds:
        return "the client wants no reminders"
    if program.ended_at is not None or program.paused_on is not None or program.is_over_on(today):
        return "the program doesn't run"
    if not REMIND_FROM <= here.hour < REMIND_UNTIL:
        return "it is night"
    exercises = list(ProgramExercise.objects.filter(program=program).order_by("pk"))
    asked = any(row.ended_at is None and is_asked_on(row, program, today) for row in exercises)
    if not asked or days_missed(program, exercises, today) < REMIND_AFTER:
        return "nothing was missed, or nothing is asked for today"
    return ""


def why_not_mailed(kind: MessageKind, link: Link, *, now: datetime) -> str:
    """Why a message about a program's link is not true any more; "" while it is."""
    program = program_behind(link)
    if program is None:
        return ""
    if kind == MessageKind.PROGRAM_REMINDER:
        return why_no_reminder(program, now=now)
    return "the program has ended" if program.ended_at is not None else ""


def write_reminders(*, now: datetime) -> int:
    """Reminds clients who want it and have missed days; by day only. Returns how many."""
    here = local(now)
    if not REMIND_FROM <= here.hour < REMIND_UNTIL:
        return 0
    # No sooner than that so many days can have passed.
    long_ago = now - timedelta(days=REMIND_AFTER)
    due = Program.objects.running().filter(
        Q(last_press_at=None) | Q(last_press_at__lte=long_ago),
        Q(reminded_at=None) | Q(reminded_at__lte=long_ago),
        reminds=True,
        reminders__lt=MOST_REMINDERS,
        started_on__lte=here.date() - timedelta(days=REMIND_AFTER),
        link__in=Link.objects.live(now).exclude(email="").values("pk"),
    )
    written = 0
    for key in list(due.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            # As it is under the lock: a press or a No may have come between.
            rows = due.select_for_update(no_key=True, of=("self",)).select_related("link").defer("note")
            fresh = rows.filter(pk=key).order_by("pk").first()
            if fresh is None or fresh.link is None or why_no_reminder(fresh, now=now):
                continue
            fresh.reminders, fresh.reminded_at = fresh.reminders + 1, now
            fresh.save(update_fields=["reminders", "reminded_at"])
            outbox.write_link_message(
                link=fresh.link, kind=MessageKind.PROGRAM_REMINDER, now=now, number=fresh.reminders
            )
            written += 1
    return written
