"""The current announcement in every template."""

from typing import Any

from django.db.models import DateTimeField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from massagerx.lib.compiled_query import CompiledQuery

from .models import Announcement

_CURRENT = CompiledQuery(
    lambda parameter: Announcement.objects.current(parameter("now", DateTimeField()))[:1]
)


def announcement(request: HttpRequest) -> dict[str, Any]:
    """`site_announcement`: the announcement to show now, or nothing; looked up when a template first asks."""
    return {"site_announcement": SimpleLazyObject(lambda: _CURRENT.first(now=timezone.now()))}
