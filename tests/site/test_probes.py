"""What load balancers and watchmen are told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
from django.core.cache import cache
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from bookings.models import Message
from bookings.tasks import purge_drafts, sweep_outbox
from massagerx import celery
from massagerx.lib.staticfiles import SheetStorage
from massagerx.site import probes
from tests.factories import make_world

pytestmark = pytest.mark.django_db

AWAY = "unix:///nonexistent.sock"


@pytest.fixture
def well(redis_url: str) -> None:
    """Worker and beat were heard of just now."""
    now = timezone.now().timestamp()
    cache.set_many({celery.WORKER: now, celery.BEAT: now})


def asked(path: str = "/status", *, host: str = "testserver") -> tuple[int, dict[str, str]]:
    response = Client().get(path, headers={"host": host})
    assert response["Cache-Control"] == "no-store"
    return response.status_code, response.json()


def test_process_lives_whatever_name_it_is_called_by_and_asks_nothing(
    django_assert_num_queries: Any, settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    with django_assert_num_queries(0):
        for host in ("10.0.0.7:8000", "[fd00::7]", "web-1.internal"):
            assert asked("/healthz", host=host) == (200, {"status": "ok"})
    assert Client().head("/readyz", headers={"host": host}).status_code == 200
    assert Client().post("/healthz").status_code == 405


def test_site_is_ready_while_mail_is_late_and_the_broker_sleeps(settings: Any, redis_url: str) -> None:
    make_world().book()
    Message.objects.update(due_at=timezone.now() - timedelta(hours=2))
    settings.CACHES = {
        "default": {"BACKEND": "massagerx.lib.redis_cache.RedisCache", "LOCATION": f"{AWAY}?db=1"}
    }
    assert asked("/readyz") == (200, {"status": "ok", "database": "ok"})
    code, said = asked()
    assert (code, said["status"], said["messages"], said["cache"]) == (503, "not ok", "late", "down")


def test_status_is_well_when_everything_is(well: None) -> None:
    parts = ("status", "database", "broker", "messages", "cache", "worker", "beat", "disk", "static")
    assert asked() == (200, dict.fromkeys(parts, "ok"))


def test_status_says_when_the_nightly_backup_stays_away(well: None, settings: Any, tmp_path: Path) -> None:
    settings.BACKUP_DIR = str(tmp_path / "backups")
    assert "backup" not in asked()[1]
    Path(settings.BACKUP_DIR).mkdir()
    now = timezone.now().timestamp()
    # One that is cut off has another name.
    (tmp_path / "backups/massagerx-20261129T020000Z.backup.part").touch()
    for name, hours in (
        ("massagerx-20261101T020000Z.backup", 700),
        ("massagerx-20261128T020000Z.backup", 35),
    ):
        (tmp_path / "backups" / name).touch()
        os.utime(tmp_path / "backups" / name, (now - hours * 3600,) * 2)
    assert asked()[1]["backup"] == "ok"
    os.utime(tmp_path / "backups" / name, (now - 37 * 3600,) * 2)
    code, said = asked()
    assert (code, said["backup"]) == (503, "late")


@pytest.mark.parametrize(
    ("is_expected", "hours", "state"),
    [(True, 37, "none"), (True, 35, "ok"), (False, 37, None)],
)
def test_status_says_when_no_backup_was_ever_made(
    well: None, settings: Any, tmp_path: Path, is_expected: bool, hours: int, state: str | None
) -> None:
    settings.BACKUP_DIR, settings.BACKUP_EXPECTED = str(tmp_path / "backups"), is_expected
    MigrationRecorder.Migration.objects.update(applied=timezone.now() - timedelta(hours=hours))
    code, said = asked()
    assert (code, said.get("backup")) == (503 if state == "none" else 200, state)


@pytest.mark.parametrize("gone", ["", "css/site.0123456789ab.css", "staticfiles.json"])
def test_status_says_when_a_static_file_is_missing(
    well: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "css").mkdir()
    (tmp_path / "css/site.0123456789ab.css").touch()
    (tmp_path / "staticfiles.json").write_text(
        '{"version": "1.1", "hash": "", "paths": {"css/site.css": "css/site.0123456789ab.css"}}'
    )
    monkeypatch.setattr(probes, "staticfiles_storage", SheetStorage(location=tmp_path))
    if gone:
        (tmp_path / gone).unlink()
    code, said = asked()
    assert (code, said["static"]) == ((503, "missing") if gone else (200, "ok"))


def test_status_says_when_nothing_was_collected(
    well: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setattr(probes, "staticfiles_storage", SheetStorage(location=tmp_path))
    assert asked()[1]["static"] == "missing"


@pytest.mark.parametrize(
    ("minutes", "silent"),
    [({}, {}), ({"worker": 6, "beat": 6}, {"worker", "beat"}), ({"beat": 6}, {"beat"}), ({"beat": 4}, {})],
)
def test_status_tells_a_silent_worker_from_a_silent_beat(
    well: None, minutes: dict[str, int], silent: set[str]
) -> None:
    for name, since in minutes.items():
        cache.set(f"heartbeat:{name}", timezone.now().timestamp() - 60 * since)
    code, said = asked()
    assert {name for name in ("worker", "beat") if said[name] == "silent"} == set(silent)
    assert code == (503 if silent else 200)


def test_any_task_is_a_sign_of_a_worker_and_the_sweep_one_of_beat(redis_url: str) -> None:
    cache.delete_many([celery.WORKER, celery.BEAT])
    purge_drafts.apply()
    _, said = asked()
    assert (said["worker"], said["beat"]) == ("ok", "silent")
    sweep_outbox.apply()
    _, said = asked()
    assert (said["worker"], said["beat"]) == ("ok", "ok")


def test_broker_is_asked_itself_and_not_the_cache(well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = celery.app.connection(f"redis+socket://{AWAY.removeprefix('unix://')}")
    monkeypatch.setattr(celery.app, "connection_for_write", lambda: broken)
    code, said = asked()
    assert (code, said["broker"], said["cache"]) == (503, "down", "ok")


@contextmanager
def broker_that_refuses(url: str, how: str) -> Iterator[None]:
    """One at its `maxmemory` that evicts nothing; a copy of a server that isn't there; one that won't even greet."""
    with redis.Redis.from_url(url) as client:
        if how == "full":
            client.config_set("maxmemory", "1")
        else:
            client.config_set("replica-serve-stale-data", "yes" if how == "copy" else "no")
            client.slaveof("127.0.0.1", "1")
        try:
            yield
        finally:
            client.slaveof()
            client.config_set("maxmemory", "0")
            client.config_set("replica-serve-stale-data", "yes")


@pytest.mark.parametrize("how", ["full", "copy", "copy that refuses all"])
def test_broker_that_takes_no_messages_is_said(well: None, redis_url: str, how: str) -> None:
    with broker_that_refuses(redis_url, how):
        code, said = asked()
        assert (code, said["broker"]) == (503, "refuses")
    code, said = asked()
    assert (code, said["broker"]) == (200, "ok")


def test_asking_the_broker_leaves_nothing_in_it(well: None, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        before = set(client.keys())
        assert asked()[1]["broker"] == "ok"
        assert set(client.keys()) == before


class Usage(NamedTuple):
    free: int


@pytest.mark.parametrize(("free", "state"), [(probes.DISK_SPARE, "ok"), (probes.DISK_SPARE - 1, "full")])
def test_disk_that_is_nearly_full_is_said(
    well: None, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(free))
    code, said = asked()
    assert (code == 200, said["disk"]) == (state == "ok", state)
