"""Celery's tasks: shells around one call each. What is to be done stands in the rows: a lost task costs only time."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from massagerx.lib.stored_picture import make_sizes
from services.models import Business

from . import media
from .models import Picture


@shared_task
def make_picture_sizes() -> None:
    """Makes the smaller sizes and covers of pictures that are new, or whose focus moved."""
    make_sizes(Picture, now=timezone.now())


@shared_task
def forget_uploads() -> None:
    """Deletes pictures that were uploaded with a form which nobody sent again."""
    media.forget_uploads(now=timezone.now())


@shared_task
def draw_share_pictures() -> None:
    """Draws the share pictures of posts that are new, or whose title changed."""
    media.draw_share_pictures(Business.load().name)
