"""Errors are counted by kind, without a word of what somebody typed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from massagerx.lib import error_kinds
from massagerx.lib.error_kinds import AGAIN_AFTER, LATELY, MOST, ErrorKindHandler
from massagerx.lib.logs import NoPersonalData

NOW = datetime(2026, 12, 1, 20, tzinfo=UTC)
SECRET = "Ana Canaria, ana@example.com, (213) 555-0123, chemotherapy"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger that is heard as the production settings say, after another handler has scrubbed the record."""
    handler = ErrorKindHandler(logging.ERROR)
    handler.addFilter(NoPersonalData())
    before = logging.NullHandler()
    before.handle = NoPersonalData().filter  # type: ignore[method-assign]
    root = logging.getLogger()
    for one in (before, handler):
        root.addHandler(one)
    yield logging.getLogger("massagerx.test")
    for one in (before, handler):
        root.removeHandler(one)


def parsed(log: logging.Logger) -> None:
    try:
        json.loads(SECRET)
    except ValueError:
        log.exception("%s was lost", SECRET)


def test_a_kind_is_the_exception_and_its_place_and_nothing_typed(log: logging.Logger, tmp_path: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        parsed(log)
        parsed(log)
        log.error("message %d of %s could not be sent", 4711, "ana@example.com")
        log.warning("no error")
    whats = {kind.what: kind.times for kind in error_kinds.lately(NOW)}
    assert whats.pop("massagerx.test: message … of [email] could not be sent") == 1
    ((what, times),) = whats.items()
    assert what.startswith("JSONDecodeError ")
    assert times == 2
    kept = (tmp_path / "errors.json").read_text()
    for word in ("Canaria", "ana@", "555", "chemo", "4711"):
        assert word not in kept


def test_the_place_is_the_last_in_our_own_code(log: logging.Logger) -> None:
    record = log.makeRecord("x", logging.ERROR, "", 0, "lost", (), None)
    record.error, record.places = (
        "ValueError",
        [
            "django/core/handlers/base.py:197 _get_response",
            "bookings/views/when.py:61 when",
            "json/decoder.py:355 raw_decode",
        ],
    )
    log.handle(record)
    assert [kind.what for kind in error_kinds.lately(datetime.now(UTC))] == [
        "ValueError bookings/views/when.py:61 when"
    ]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("django.security.DisallowedHost", "DisallowedHost"),
        ("django.request", ""),
        ("massagerx.watch", ""),
    ],
)
def test_what_strangers_send_and_what_the_watch_tells_is_not_counted(
    log: logging.Logger, name: str, error: str
) -> None:
    extra = {"error": error, "places": []} if error else {}
    logging.getLogger(name).error("Invalid HTTP_HOST header", extra=extra)
    assert error_kinds.lately(datetime.now(UTC)) == []


def test_a_kind_is_told_at_once_then_each_hour_while_it_goes_on(log: logging.Logger) -> None:
    def told(now: datetime) -> bool:
        (kind,) = error_kinds.lately(now)
        if due := kind.is_to_be_told(now):
            error_kinds.mark_told([kind], now)
        return due

    def met(now: datetime) -> None:
        with time_machine.travel(now, tick=False):
            log.error("it broke")

    met(NOW)
    assert told(NOW)
    met(NOW + timedelta(minutes=5))
    assert not told(NOW + AGAIN_AFTER - timedelta(seconds=1))
    assert told(NOW + AGAIN_AFTER)
    # It has ended: nobody hears of it again.
    assert not told(NOW + 3 * AGAIN_AFTER)
    met(NOW + timedelta(minutes=5) + LATELY)
    # A day later it begins anew.
    assert error_kinds.lately(NOW + timedelta(minutes=5) + LATELY)[0].times == 1
    assert told(NOW + timedelta(minutes=5) + LATELY)


def test_a_kind_that_goes_on_is_counted_anew_each_day_and_told_no_sooner(log: logging.Logger) -> None:
    for hours in range(9 * 24 + 1):
        now = NOW + timedelta(hours=hours)
        with time_machine.travel(now, tick=False):
            log.error("it broke")
        (kind,) = error_kinds.lately(now)
        assert now - kind.first < LATELY
        assert kind.times == hours % 24 + 1
        assert kind.is_to_be_told(now)
        error_kinds.mark_told([kind], now)
        assert not error_kinds.lately(now)[0].is_to_be_told(now)
    with time_machine.travel(now + LATELY - timedelta(minutes=30), tick=False):
        log.error("it broke")
    error_kinds.mark_told(error_kinds.lately(now + LATELY), now + LATELY - timedelta(minutes=30))
    with time_machine.travel(now + LATELY, tick=False):
        log.error("it broke")
    (kind,) = error_kinds.lately(now + LATELY)
    assert kind.times == 1
    assert not kind.is_to_be_told(now + LATELY)


def test_the_key_of_a_task_makes_no_kind_of_its_own(log: logging.Logger) -> None:
    for key in ("0a1b2c3d-4e5f-4a6b-8c7d-9e0fa1b2c3d4", "ffffffff-eeee-4ddd-accc-bbbbbbbbbbbb"):
        log.error("Hard time limit (%ss) exceeded for %s[%s]", 120, "bookings.tasks.sweep_outbox", key)
    (kind,) = error_kinds.lately(datetime.now(UTC))
    assert kind.what == ("massagerx.test: Hard time limit (…s) exceeded for bookings.tasks.sweep_outbox[…]")
    assert kind.times == 2


def test_no_more_kinds_are_kept_than_anybody_reads(log: logging.Logger) -> None:
    for place in range(MOST + 5):
        at = NOW + timedelta(seconds=place)
        with time_machine.travel(at, tick=False):
            log.error("broken", extra={"error": "ValueError", "places": [f"bookings/a{place}.py:1 a"]})
    kinds = error_kinds.lately(NOW + timedelta(minutes=5))
    assert len(kinds) == MOST
    assert kinds[0].what == f"ValueError bookings/a{MOST + 4}.py:1 a"


@pytest.mark.parametrize("kept", ["", "{", "[{}]", "[1]", '[{"what": "a", "times": 1, "first": "b"}]'])
def test_a_file_that_was_cut_off_is_begun_anew(log: logging.Logger, tmp_path: Path, kept: str) -> None:
    (tmp_path / "errors.json").write_text(kept)
    log.error("it broke")
    assert len(error_kinds.lately(datetime.now(UTC))) == 1


def test_a_folder_that_takes_nothing_breaks_nothing(log: logging.Logger, settings: Any) -> None:
    settings.VAR_DIR = settings.VAR_DIR / "gone"
    log.error("it broke")
    assert error_kinds.lately(datetime.now(UTC)) == []
