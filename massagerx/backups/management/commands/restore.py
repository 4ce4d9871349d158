"""Makes a site anew from a backup, or puts in order what PostgreSQL itself has brought back to an instant."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from bookings.enums import MessageState
from bookings.models import Message
from massagerx.backups import archive, erased, places, tables
from massagerx.lib.encryption import EncryptedField, EncryptedJSONField, UnreadableText, UnreadableValue


class Command(BaseCommand):
    help = (
        "Fill the empty database that DATABASE_URL names, and the media folder, from a backup. The old database is not "
        "touched: when all is well, have the services use the new one. Messages that were due wait for a person's yes. "
        "With --recovered-to, do so in a database that PostgreSQL has brought back by itself (docs/recovery.md)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, or the instant."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("file", type=Path, nargs="?", help="A file, or a name in BACKUP_BUCKET.")
        source.add_argument("--recovered-to", type=_instant, metavar="2026-11-29T14:05:00+00:00")

    def handle(
        self, *args: Any, file: Path | None, recovered_to: datetime | None = None, **options: Any
    ) -> None:
        """Prints what was done step by step. Raises CommandError with what to do; a database that could not be filled
        is left empty."""
        made_at = recovered_to if file is None else self._fill(file)
        assert made_at is not None
        call_command("migrate", interactive=False, verbosity=0)
        opened, lost = self._open_encrypted()
        now = timezone.now()
        waiting = _hold_messages(made_at, now=now)
        try:
            again, by_hand = erased.erase_again(since=made_at, now=now)
        except OSError as error:
            raise CommandError(
                f"Who was erased later can't be read ({error}). All else is done: run restore --recovered-to "
                f"{made_at.isoformat()} before the services use this database."
            ) from error
        self.stdout.write(f"{opened} encrypted columns open with HEALTH_KEYS.")
        for column in lost:
            self.stdout.write(f"Some words in {column} can't be read: HEALTH_KEYS lack the key of then.")
        self.stdout.write(f"{waiting} messages that were due wait on the desk: send each that is still true.")
        self.stdout.write(f"{again} clients who were erased later are erased again.")
        for client in by_hand:
            self.stdout.write(
                f"Client {client} was erased later, and has an open visit here: cancel it, and erase again."
            )
        self.stdout.write("Now have the services use this database.")

    def _fill(self, file: Path) -> datetime:
        """When the backup was made whose rows and files are in their place now."""
        if connection.vendor != "postgresql":
            raise CommandError(
                "restore is for PostgreSQL. With the embedded database, stop run.py and copy var/ back."
            )
        if not tables.is_empty():
            raise CommandError(
                "The database that DATABASE_URL names holds tables. Make an empty one (createdb massagerx_new), "
                "name it in DATABASE_URL, and run this again."
            )
        with tempfile.TemporaryDirectory(prefix="massagerx-restore-", dir=settings.VAR_DIR) as folder:
            inside = Path(folder)
            try:
                with places.here(file) as path:
                    contents = archive.read(path, keys=settings.HEALTH_KEYS, into=inside)
                tables.load(archive.dump_in(inside))
            except (archive.BrokenFile, tables.ProgramFailed, OSError) as error:
                raise CommandError(f"Nothing was restored. {error}") from error
            self._compare(contents)
            self._put_media(archive.media_in(inside))
        return contents.made_at

    def _compare(self, contents: archive.Contents) -> None:
        found = tables.figures()
        odd = sorted(
            name
            for name in found.keys() | contents.tables.keys()
            if found.get(name) != contents.tables.get(name)
        )
        if odd:
            raise CommandError(f"These tables are not as they were: {', '.join(odd)}. Drop this database.")
        rows = sum(count for count, _digest in found.values())
        self.stdout.write(f"{rows:,} rows in {len(found)} tables are as they were.")

    def _put_media(self, media: Path) -> None:
        """What is there already stays: names of media are never used twice."""
        put = 0
        for path in sorted(path for path in media.rglob("*") if path.is_file()):
            name = path.relative_to(media).as_posix()
            if not default_storage.exists(name):
                with path.open("rb") as file:
                    default_storage.save(name, File(file))
                put += 1
        self.stdout.write(f"{put:,} media files were put in their place.")

    @staticmethod
    def _open_encrypted() -> tuple[int, list[str]]:
        """How many columns open, and the names of those in which words can't be read. Words are kept for years, as with
        a key that was dropped since; answers without theirs are no site. Raises CommandError for these."""
        opened, lost = 0, []
        for model in apps.get_models():
            for column in model._meta.concrete_fields:
                if isinstance(column, EncryptedField):
                    rows = model._base_manager.values_list(column.attname, flat=True)
                    if not isinstance(column, EncryptedJSONField):
                        rows = rows.exclude(**{column.attname: ""})
                    try:
                        # The oldest ones are those whose key has been dropped.
                        some = [*rows.order_by("-pk")[:20], *rows.order_by("pk")[:20]]
                        is_lost = any(isinstance(value, UnreadableText) for value in some)
                    except UnreadableValue as error:
                        raise CommandError(
                            f"HEALTH_KEYS lack the key of {model._meta.label}.{column.name}. Set the keys of then, "
                            "drop this database, and restore again."
                        ) from error
                    if is_lost:
                        lost.append(f"{model._meta.label}.{column.name}")
                    else:
                        opened += 1
        return opened, lost


def _instant(text: str) -> datetime:
    """An aware instant. Raises ArgumentTypeError for another text."""
    with suppress(ValueError):
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant
    raise ArgumentTypeError("an instant with its offset, such as 2026-11-29T14:05:00+00:00")


def _hold_messages(made_at: datetime, *, now: datetime) -> int:
    """Makes messages whose time has come failed ones, which the desk lists with a button to send: they may have been
    sent after the backup was made, or be about what has changed since. Reminders of days to come stay due."""
    return Message.objects.filter(state__in=[MessageState.DUE, MessageState.SENDING], due_at__lte=now).update(
        state=MessageState.FAILED,
        lease=None,
        leased_until=None,
        last_error=f"Restored as of {made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: send it if it is still true.",
    )
