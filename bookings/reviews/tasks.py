"""Celery's tasks about reviews: shells around one call each."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from . import operations


@shared_task
def ask_for_reviews() -> None:
    """Asks the clients whose turn it is, by day."""
    operations.ask(now=timezone.now())


@shared_task
def purge_reviews() -> None:
    """Deletes reviews whose time is over."""
    operations.purge(now=timezone.now())
