"""Celery's tasks about programs: shells around one call each."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from . import operations


@shared_task
def remind_of_programs() -> None:
    """Reminds clients who want it and have pressed nothing for days."""
    operations.write_reminders(now=timezone.now())
