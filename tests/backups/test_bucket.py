"""Backups in a bucket: made, kept, looked at and restored there, and one kind of trouble while the store is away."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone

from bookings.domain import erasure
from bookings.enums import BookingStatus
from bookings.models import Booking, Client
from massagerx.backups import erased, places
from massagerx.settings.base import backup_keys, backup_storages, media_storage
from massagerx.site import probes
from tests.factories import make_world
from tests.support import require
from tests.support.bucket import KEYS, Bucket, running_bucket

from .test_commands import empty_database, said

__all__ = ["empty_database"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bucket(settings: Any, tmp_path: Path) -> Iterator[Bucket]:
    """The bucket that backups lie in, and a folder for what is made on this machine."""
    settings.VAR_DIR, settings.BACKUP_DIR = tmp_path, str(tmp_path / "backups")
    # The stand-in's buckets outlive their server.
    with running_bucket(f"backups-{secrets.token_hex(4)}") as running:
        found = backup_storages(f"{running.address}/site", keys=KEYS, media={})
        settings.STORAGES = {**settings.STORAGES, **found}
        places._looked.cache_clear()
        yield running
        places._looked.cache_clear()


@pytest.fixture
def with_tools() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("about PostgreSQL alone")
    require("pg_dump of PostgreSQL's client programs", found=shutil.which("pg_dump"))


@pytest.mark.usefixtures("with_tools")
def test_site_is_made_anew_from_a_bucket_and_nothing_stays_on_the_machine(
    bucket: Bucket, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    world = make_world()
    booking = world.book()
    Booking.objects.update(status=BookingStatus.CANCELED)
    owner = User.objects.create_superuser("owner")
    for name in ("massagerx-20201101T000000Z.backup", "massagerx-20201102T000000Z.backup", "other.backup"):
        bucket.put(f"site/{name}", b"old")

    words = said("backup", "--keep", "2")
    name = words.partition(":")[0]
    assert sorted(bucket.names()) == [
        "site/massagerx-20201102T000000Z.backup", f"site/{name}", "site/other.backup",
    ]  # fmt: skip
    assert not list(tmp_path.rglob("*.backup"))
    assert "Whole." in said("verify_backup", name)
    assert probes.status()["backup"] == "ok"
    with pytest.raises(CommandError, match="There is no none"):
        said("verify_backup", "none.backup")
    with pytest.raises(CommandError, match="not a backup"):
        said("verify_backup", "massagerx-20201102T000000Z.backup")

    erasure.erase_client(client=Client.objects.get(), actor=owner, now=timezone.now())
    request.getfixturevalue("empty_database")
    text = said("restore", name)
    assert "1 clients who were erased later are erased again" in text
    assert Client.objects.get().name == Client.ERASED
    assert Booking.objects.get().reference == booking.reference
    assert not list(tmp_path.rglob("*.backup"))


def test_who_was_erased_is_noted_in_the_bucket_and_beside_it(bucket: Bucket, settings: Any) -> None:
    world = make_world()
    booking = world.book()
    Booking.objects.update(status=BookingStatus.CANCELED)
    owner, now = User.objects.create_superuser("owner"), timezone.now()
    erasure.erase_client(client=booking.client, actor=owner, now=now)
    (name,) = bucket.names()
    assert name.startswith("site/erased/")
    # What was noted before there was a bucket counts as well.
    Path(settings.BACKUP_DIR).mkdir()
    line = {"client": booking.client_id, "at": now.isoformat(), "by": owner.pk}
    (Path(settings.BACKUP_DIR) / "erased.jsonl").write_text(f"{json.dumps(line)}\n")
    assert erased._lines() == [line, line]
    assert erased.erase_again(since=now - timedelta(days=1), now=now) == (0, [])


def test_a_store_of_backups_that_is_away_is_said(bucket: Bucket) -> None:
    make_world()
    bucket.server.stop()
    assert probes.status()["backup"] == "away"
    with pytest.raises(CommandError, match="the store of backups"):
        said("verify_backup", "massagerx-20201102T000000Z.backup")
    if connection.vendor == "postgresql" and shutil.which("pg_dump"):
        with pytest.raises(CommandError, match=r"No backup was made\. the store of backups"):
            said("backup")


def test_status_asks_the_store_once_in_five_minutes(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "time", SimpleNamespace(time=lambda: 1_600_000_000.0))
    bucket.put("site/massagerx-20201102T000000Z.backup", b"old")
    assert probes.status()["backup"] == "ok"
    bucket.server.stop()
    assert probes.status()["backup"] == "ok"


def test_a_store_that_is_away_is_a_new_fault_each_time(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "time", SimpleNamespace(time=lambda: 1_600_000_000.0))
    bucket.server.stop()
    faults = []
    for _time in range(2):
        with pytest.raises(OSError, match="the store of backups") as raised:
            places.newest()
        faults.append(raised.value)
    assert faults[0] is not faults[1]


def test_an_erasure_while_the_store_is_away_is_noted_here(bucket: Bucket, settings: Any) -> None:
    booking = make_world().book()
    Booking.objects.update(status=BookingStatus.CANCELED)
    owner, now = User.objects.create_superuser("owner"), timezone.now()
    bucket.server.stop()
    erasure.erase_client(client=booking.client, actor=owner, now=now)
    line = {"client": booking.client_id, "at": now.isoformat(), "by": owner.pk}
    settings.STORAGES = {name: kept for name, kept in settings.STORAGES.items() if name != "backups"}
    assert erased._lines() == [line]


@pytest.mark.parametrize(
    ("media", "backups", "is_refused"),
    [
        ("https://s3.example.com/one", "https://s3.example.com/one/backups", True),
        ("https://s3.example.com/one/media", "https://s3.example.com/one/media/old", True),
        ("https://s3.example.com/one/media", "https://s3.example.com/one/media", True),
        ("https://s3.example.com/one/media", "https://s3.example.com/one/media2", False),
        ("https://s3.example.com/one", "https://S3.example.com:443/one/backups", True),
        ("s3://one", "https://s3.us-east-1.amazonaws.com/one", True),
        ("https://s3.example.com/one", "https://s3.example.com:9000/one", False),
        ("https://s3.example.com/one", "https://s3.example.com/two", False),
        ("", "https://s3.example.com/one", False),
    ],
)
def test_archives_never_lie_where_media_do(media: str, backups: str, is_refused: bool) -> None:
    theirs = media_storage(media, keys=KEYS)
    if is_refused:
        with pytest.raises(ImproperlyConfigured, match="must not lie in MEDIA_BUCKET"):
            backup_storages(backups, keys=KEYS, media=theirs)
    else:
        assert set(backup_storages(backups, keys=KEYS, media=theirs)) == {"backups"}
    assert backup_storages("", keys=("", ""), media=theirs) == {}
    with pytest.raises(ImproperlyConfigured, match="BACKUP_ACCESS_KEY"):
        backup_storages(backups, keys=("", ""), media=theirs)


@pytest.mark.parametrize("own", [("key", ""), ("", "secret")])
def test_half_a_key_of_backups_is_not_paired_with_that_of_media(own: tuple[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured, match="both or neither"):
        backup_keys(own, media=KEYS)
    assert backup_keys(("", ""), media=KEYS) == KEYS
    assert backup_keys(("key", "secret"), media=KEYS) == ("key", "secret")
