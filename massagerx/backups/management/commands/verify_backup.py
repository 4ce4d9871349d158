"""Reads a backup to its end."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from massagerx.backups import archive, places


class Command(BaseCommand):
    help = "Open a backup with HEALTH_KEYS and check every file in it. That it restores is proved by `restore` alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file."""
        parser.add_argument("file", type=Path, help="A file, or a name in BACKUP_BUCKET.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        """Prints what is in it. Raises CommandError with what is wrong."""
        try:
            with places.here(file) as path:
                contents = archive.read(path, keys=settings.HEALTH_KEYS)
        except (archive.BrokenFile, OSError) as error:
            raise CommandError(str(error)) from error
        rows = sum(count for count, _digest in contents.tables.values())
        self.stdout.write(
            f"Whole. Made at {contents.made_at:%Y-%m-%d %H:%M} UTC: "
            f"{rows:,} rows, {len(contents.files) - 1:,} media files."
        )
