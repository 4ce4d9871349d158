"""Celery's tasks about drives: shells around one call each."""

from __future__ import annotations

import logging
import threading

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from . import operations, rows

log = logging.getLogger("massagerx.tasks")


@shared_task
def refresh_drives() -> None:
    """Makes the rows of drives anew if anything that they are made from has changed."""
    rows.refresh(now=timezone.now())


@shared_task
def learn_from_drives() -> None:
    """Plans longer where drives keep taking longer, if the owner says so; and deletes drives of long ago."""
    with transaction.atomic():
        operations.lengthen(now=timezone.now())
    operations.purge_drives(now=timezone.now())


def wake_worker() -> None:
    """Tells a worker that rows are due. Never blocks and never fails: what is lost the clock makes good in a minute."""
    threading.Thread(target=_publish, name="drives", daemon=True).start()


def _publish() -> None:
    try:
        refresh_drives.apply_async(retry=False)
    # Whatever the client library raises, the beat is there.
    except Exception as error:
        log.warning("wake-up left to the beat", extra={"cause": type(error).__name__})
