"""A backup is made, read and restored; whatever is wrong with it is said, and nothing is half done. The drill under
load is tests/faults/test_backup_drill.py."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from bookings.domain import erasure, operations
from bookings.enums import BookingStatus, MessageState
from bookings.models import Booking, Client, Message, TimeOff
from massagerx.backups import archive, erased, tables
from massagerx.lib.postgresql import revisions
from massagerx.settings.base import media_storage
from tests.factories import make_world
from tests.support import require
from tests.support.prepared_databases import run_on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _places(settings: Any, tmp_path: Path) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("about PostgreSQL alone")
    require("pg_dump of PostgreSQL's client programs", found=shutil.which("pg_dump"))
    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "media", tmp_path
    settings.STORAGES = {**settings.STORAGES, "default": media_storage("", keys=("", ""))}
    settings.BACKUP_DIR = str(tmp_path / "backups")
    (tmp_path / "media/pictures").mkdir(parents=True)
    (tmp_path / "media/pictures/a.webp").write_bytes(b"picture")


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The name of an empty database beside the tests' own, which the open connection uses from then on."""
    own = connection.settings_dict["NAME"]
    server, name = os.environ["DATABASE_URL"], f"{own}_restored"
    run_on(server, f'CREATE DATABASE "{name}"')

    def use(database: str) -> None:
        connection.close()
        connection.settings_dict["NAME"] = database

    use(name)
    yield name
    use(own)
    run_on(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def made(settings: Any) -> Path:
    said("backup")
    (found,) = Path(settings.BACKUP_DIR).glob("*.backup")
    return found


def test_site_is_made_anew_from_a_backup(
    settings: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    world = make_world()
    now = timezone.now()
    booking = world.book(now=now)
    Message.objects.filter(booking=booking).update(state=MessageState.DUE, due_at=now + timedelta(days=400))
    due = Message.objects.order_by("pk").first()
    assert due is not None
    Message.objects.filter(pk=due.pk).update(due_at=now - timedelta(minutes=1))
    later = Message.objects.filter(due_at__gt=now).count()
    file = made(settings)
    before = tables.figures()
    plain = file.read_bytes()
    assert b"ana@example.com" not in plain
    (tmp_path / "media/pictures/a.webp").unlink()

    request.getfixturevalue("empty_database")
    text = said("restore", str(file))
    assert f"in {len(before)} tables are as they were" in text
    assert "1 media files were put in their place" in text
    assert (tmp_path / "media/pictures/a.webp").read_bytes() == b"picture"
    assert Booking.objects.get().reference == booking.reference
    assert Booking.objects.get().screening.answers == booking.screening.answers
    # What was due waits for a person, what is due later doesn't.
    assert "1 messages that were due wait" in text
    held = Message.objects.get(state=MessageState.FAILED)
    assert held.pk == due.pk
    assert "send it if it is still true" in held.last_error
    assert Message.objects.filter(state=MessageState.DUE).count() == later

    with pytest.raises(CommandError, match="holds tables"):
        said("restore", str(file))


def test_erased_people_are_erased_again(settings: Any, request: pytest.FixtureRequest) -> None:
    world = make_world()
    over = world.book()
    Booking.objects.update(status=BookingStatus.CANCELED)
    still = world.book(name="Ben Open", email="ben@example.com", phone="+12135550188")
    owner = User.objects.create_superuser("owner")
    file = made(settings)
    now = timezone.now()
    operations.cancel_booking(booking=still, actor=owner, now=now)
    for booking in (over, still):
        erasure.erase_client(client=Client.objects.get(pk=booking.client_id), actor=owner, now=now)
    noted = (Path(settings.BACKUP_DIR) / "erased.jsonl").read_text()
    assert len(noted.splitlines()) == 2
    for name in ("Ana", "Ben", "example.com", "555"):
        assert name not in noted

    request.getfixturevalue("empty_database")
    text = said("restore", str(file))
    assert "1 clients who were erased later are erased again" in text
    assert f"Client {still.client_id} was erased later, and has an open visit here" in text
    assert Client.objects.get(pk=over.client_id).name == Client.ERASED
    assert Client.objects.get(pk=still.client_id).name == "Ben Open"


def test_a_database_that_postgresql_brought_back_is_put_in_order(settings: Any) -> None:
    world = make_world()
    booking = world.book()
    Booking.objects.update(status=BookingStatus.CANCELED)
    now = timezone.now()
    Message.objects.update(state=MessageState.SENT)
    due = Message.objects.order_by("pk").first()
    assert due is not None
    Message.objects.filter(pk=due.pk).update(state=MessageState.DUE, due_at=now - timedelta(minutes=1))
    line = {"client": booking.client_id, "at": now.isoformat(), "by": 0}
    User.objects.create_superuser("owner")
    Path(settings.BACKUP_DIR).mkdir()
    (Path(settings.BACKUP_DIR) / "erased.jsonl").write_text(f"{json.dumps(line)}\n")

    # Who was erased before that instant is erased in it already.
    after = (now + timedelta(minutes=1)).isoformat()
    assert "0 clients who were erased later" in said("restore", "--recovered-to", after)
    assert Message.objects.filter(state=MessageState.FAILED).count() == 1
    assert "1 clients who were erased later" in said("restore", "--recovered-to", now.isoformat())
    assert Client.objects.get().name == Client.ERASED


@pytest.mark.parametrize("given", [[], ["--recovered-to", "2026-11-29T14:05:00"], ["--recovered-to", "noon"],
                                   ["a.backup", "--recovered-to", "2026-11-29T14:05:00+00:00"]])  # fmt: skip
def test_restore_needs_a_file_or_an_instant_with_its_offset(given: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("restore", *given)


def test_erasure_that_was_rolled_back_is_not_noted(settings: Any) -> None:
    world = make_world()
    booking = world.book()
    Booking.objects.update(status=BookingStatus.CANCELED)
    with transaction.atomic():
        erasure.erase_client(
            client=booking.client, actor=User.objects.create_superuser("owner"), now=timezone.now()
        )
        transaction.set_rollback(True)
    assert erased.erase_again(since=timezone.now() - timedelta(days=1), now=timezone.now()) == (0, [])


def test_only_the_newest_stay(settings: Any) -> None:
    folder = Path(settings.BACKUP_DIR)
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"massagerx-2020110{day}T000000Z.backup").write_bytes(b"old")
    (folder / "somebody-else.backup").write_bytes(b"not ours")
    said("backup", "--keep", "2")
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 3
    assert names[0] == "massagerx-20201103T000000Z.backup"
    assert names[2] == "somebody-else.backup"
    with pytest.raises(CommandError, match="1 or more"):
        said("backup", "--keep", "0")


def test_a_backup_beside_an_old_one_that_stays_is_said_to_be_made(settings: Any) -> None:
    folder = Path(settings.BACKUP_DIR)
    # What can't be deleted as a file is.
    (folder / "massagerx-20201101T000000Z.backup").mkdir(parents=True)
    with pytest.raises(CommandError, match="The backup was made, but old ones could not be deleted"):
        said("backup", "--keep", "1")
    (newest, _old) = sorted(folder.iterdir(), reverse=True)
    assert "Whole." in said("verify_backup", str(newest))


def test_words_under_a_key_that_was_dropped_keep_no_backup_from_being_restored(
    settings: Any, request: pytest.FixtureRequest
) -> None:
    world, new = make_world(), "pGxJ3u0mH8yq1w5bZr7VnKc2TtLdEoFsAaQiUiXy9_M="
    now = timezone.now()
    TimeOff.objects.create(
        therapist=world.therapist, starts_at=now, ends_at=now + timedelta(hours=1), reason="flu"
    )
    settings.HEALTH_KEYS = [new]
    # And more, since then, than are looked at of the newest.
    TimeOff.objects.bulk_create(
        TimeOff(
            therapist=world.therapist, starts_at=now, ends_at=now + timedelta(hours=1), reason="flu again"
        )
        for _number in range(25)
    )
    file = made(settings)
    request.getfixturevalue("empty_database")
    text = said("restore", str(file))
    assert "Some words in bookings.TimeOff.reason can't be read" in text
    assert "Now have the services use this database." in text


def test_failing_dump_leaves_no_file_and_deletes_none(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(settings)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CommandError, match="pg_dump is missing"):
        said("backup", "--keep", "1")
    assert list(Path(settings.BACKUP_DIR).glob("**/*")) == [first]


def test_backup_that_is_cut_or_of_another_key_is_refused_and_nothing_restored(
    settings: Any, request: pytest.FixtureRequest
) -> None:
    make_world()
    file = made(settings)
    assert "Whole." in said("verify_backup", str(file))
    cut = file.with_name("cut.backup")
    cut.write_bytes(file.read_bytes()[:-10])
    request.getfixturevalue("empty_database")
    for odd, words in ((cut, "cut off or altered"), (file.with_name("none.backup"), "No such file")):
        for command in ("verify_backup", "restore"):
            with pytest.raises(CommandError, match=words):
                said(command, str(odd))
    assert tables.is_empty()
    keys, settings.HEALTH_KEYS = settings.HEALTH_KEYS, ["pGxJ3u0mH8yq1w5bZr7VnKc2TtLdEoFsAaQiUiXy9_M="]
    with pytest.raises(CommandError, match="None of HEALTH_KEYS opens"):
        said("restore", str(file))
    assert tables.is_empty()
    settings.HEALTH_KEYS = keys


def test_restore_that_breaks_off_leaves_the_database_empty(
    settings: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world()
    file = made(settings)
    name = request.getfixturevalue("empty_database")
    # As by a role that may not make the extension: something in the midst of the dump fails.
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    other = psycopg2.connect(f"{server}/{name}")
    with other, other.cursor() as cursor:
        cursor.execute("CREATE FUNCTION massagerx_fold(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN $1")
    other.close()
    assert tables.is_empty()
    with pytest.raises(CommandError, match=r"Nothing was restored\. pg_restore: .*massagerx_fold"):
        said("restore", str(file))
    assert tables.is_empty()


def test_figures_notice_one_changed_letter() -> None:
    world = make_world()
    before = tables.figures()
    world.therapist.name += "."
    world.therapist.save()
    after = tables.figures()
    assert {name for name in before if before[name] != after[name]} == {
        "bookings_historicaltherapist",
        "bookings_therapist",
        revisions.TABLE,
    }


def test_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(archive.BrokenFile, match="outside of its folder"):
        archive._take("media/../../x", (tmp_path / "media/pictures/a.webp").open("rb"), tmp_path / "into")
