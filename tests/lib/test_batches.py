"""Work in pieces: each row once, no more in a statement than asked for, and what appears or changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet

from massagerx.accounts.models import LogIn, LogInOutcome
from massagerx.lib import batches
from massagerx.lib.batches import delete_in_batches, in_batches

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 2, 17, tzinfo=UTC)


def attempts(count: int) -> QuerySet[LogIn]:
    """So many rows, the oldest with the highest key."""
    LogIn.objects.bulk_create(
        LogIn(at=AT - timedelta(days=number), outcome=LogInOutcome.WRONG_PASSWORD) for number in range(count)
    )
    return LogIn.objects.all()


@pytest.mark.parametrize(("count", "pieces"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_every_row_is_taken_once_and_in_pieces(count: int, pieces: list[int]) -> None:
    seen: list[list[int]] = []

    def act(rows: QuerySet[LogIn]) -> int:
        seen.append(sorted(rows.values_list("pk", flat=True)))
        return len(seen[-1])

    rows = attempts(count)

    assert in_batches(rows, act, size=3) == count
    assert [len(keys) for keys in seen] == pieces
    assert sorted(key for keys in seen for key in keys) == sorted(rows.values_list("pk", flat=True))


def test_what_is_left_as_it_was_ends_all_the_same() -> None:
    assert in_batches(attempts(7), lambda rows: 0, size=3) == 0


def test_a_row_that_no_longer_fits_is_left_alone() -> None:
    """It changed after its key was read and before its piece was worked on."""
    attempts(4)
    old = LogIn.objects.filter(at__lt=AT - timedelta(hours=1))
    first = old.order_by("pk").first()
    assert first is not None
    acted: list[int] = []

    def act(rows: QuerySet[LogIn]) -> int:
        LogIn.objects.filter(pk=first.pk).update(at=AT)
        acted.extend(rows.values_list("pk", flat=True).order_by("pk"))
        return rows.count()

    assert in_batches(old, act) == 2
    assert first.pk not in acted


def test_rows_are_deleted_in_pieces(
    monkeypatch: pytest.MonkeyPatch, count_queries: Callable[[], Any]
) -> None:
    attempts(7)
    old = LogIn.objects.filter(at__lt=AT - timedelta(hours=1))
    monkeypatch.setattr(in_batches, "__kwdefaults__", {"size": 4})

    with count_queries() as queries:
        assert delete_in_batches(old) == 6

    assert LogIn.objects.get().at == AT
    deletes = [one["sql"] for one in queries.captured_queries if one["sql"].startswith("DELETE")]
    assert len(deletes) == 2
    assert batches.BATCH == 1000
