"""Celery's tasks of the whole site: shells around one call each."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from . import stored_files

log = logging.getLogger("massagerx.media")


@shared_task
def count_stored_files() -> None:
    """Says how many stored files no row names, and deletes none: after a restore they may be wanted."""
    count = sum(1 for _name in stored_files.orphans(now=timezone.now()))
    if count:
        log.warning("stored files that no row names: manage.py sweep_files", extra={"files": count})
