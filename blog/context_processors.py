"""The current announcement in every template."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from .models import Announcement


def announcement(request: HttpRequest) -> dict[str, Any]:
    """`site_announcement`: the announcement to show now, or nothing; looked up when a template first asks."""
    return {
        "site_announcement": SimpleLazyObject(lambda: Announcement.objects.current(timezone.now()).first())
    }
