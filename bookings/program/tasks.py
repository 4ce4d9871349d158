"""Celery's tasks about programs: shells around one call each."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from massagerx.lib.stored_picture import make_sizes

from . import papers, reminders
from .models import ExercisePicture


@shared_task
def remind_of_programs() -> None:
    """Reminds clients who want it and have pressed nothing for days."""
    reminders.write_reminders(now=timezone.now())


@shared_task
def make_picture_sizes() -> None:
    """Makes the cut sizes of pictures of exercises that are new, or whose focus moved."""
    make_sizes(ExercisePicture, now=timezone.now())


@shared_task
def make_booklets() -> None:
    """Makes the booklets that clients have asked for."""
    papers.make_due(clock=timezone.now)


@shared_task
def purge_booklets() -> None:
    """Deletes booklets that nobody has asked for in a while."""
    papers.purge(now=timezone.now())
