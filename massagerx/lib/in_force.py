"""Versions of what the owner publishes, of which the newest that is in force holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import BigIntegerField, DateTimeField

from . import reference_data
from .compiled_query import CompiledQuery

M = TypeVar("M", bound=models.Model)


class NewestInForce(Generic[M]):
    """Of the versions that `build` returns, which have a `number` and a `published_at`. Which of them holds changes
    with the time, so what is kept of them is asked for without it."""

    def __init__(self, build: Callable[[], models.QuerySet[M, M]]) -> None:
        self._published: CompiledQuery[M] = CompiledQuery(
            lambda parameter: build().order_by("-number").values_list("pk", "published_at"),
            of_reference_data=True,
        )
        self._one: CompiledQuery[M] = CompiledQuery(
            lambda parameter: build().filter(pk=parameter("pk", BigIntegerField())), of_reference_data=True
        )
        self._newest: CompiledQuery[M] = CompiledQuery(
            lambda parameter: (
                build().filter(published_at__lte=parameter("now", DateTimeField())).order_by("-number")[:1]
            )
        )

    def at(self, now: datetime) -> M | None:
        """The version in force at an aware instant; one query, or none where all is kept."""
        if reference_data.known_revision() is None:
            return self._newest.first(now=now)
        pk = next((pk for pk, published_at in self._published.rows() if published_at <= now), None)
        found: Any = self._one.first(pk=pk) if pk is not None else None
        if found is not None and found.published_at <= now:
            return found
        # What was taken back, or put off, between the two is looked for once more.
        return self._newest.first(now=now)
