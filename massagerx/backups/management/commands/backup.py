"""Writes a backup."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from massagerx.backups import archive, places
from massagerx.backups.tables import ProgramFailed


class Command(BaseCommand):
    help = (
        "Write one encrypted file with the database and the media, read it again to its end, and delete the oldest. "
        "It opens with HEALTH_KEYS, which must be kept elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--to`, `--keep`."""
        parser.add_argument(
            "--to", type=Path, help="A folder, in place of the bucket BACKUP_BUCKET or the folder BACKUP_DIR."
        )
        parser.add_argument("--keep", type=int, default=14, help="How many backups stay in it (default 14).")

    def handle(self, *args: Any, to: Path | None, keep: int, **options: Any) -> None:
        """Prints the path. Raises CommandError with what to do: nothing was written or deleted then, or, as it says, a
        backup was made and older ones stay."""
        if connection.vendor != "postgresql":
            raise CommandError(
                "backup is for PostgreSQL. With the embedded database, stop run.py and copy var/."
            )
        if keep < 1:
            raise CommandError("--keep must be 1 or more.")
        now = timezone.now().astimezone(UTC)
        place = places.Folder(to) if to else places.usual()
        try:
            with place.workshop() as folder:
                made = archive.make(folder, media=default_storage, key=settings.HEALTH_KEYS[0], now=now)
                contents = archive.read(made, keys=settings.HEALTH_KEYS)
                size = made.stat().st_size
                name = place.put(made)
        except (ProgramFailed, archive.BrokenFile, OSError) as error:
            raise CommandError(f"No backup was made. {error}") from error
        rows = sum(count for count, _digest in contents.tables.values())
        self.stdout.write(f"{name}: {rows:,} rows, {len(contents.files) - 1:,} media files, {size:,} bytes")
        try:
            for old in list(place.archives())[keep:]:
                place.delete(old)
        except OSError as error:
            raise CommandError(f"The backup was made, but old ones could not be deleted. {error}") from error
