"""Shows, and with `--delete` deletes, stored files that no row speaks of any more."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from massagerx.site import stored_files


class Command(BaseCommand):
    help = "List pictures in the media store that no row names, a day old at least; --delete deletes them."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--delete`."""
        parser.add_argument("--delete", action="store_true", help="delete them too; there is no way back")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line for each. Raises `CommandError` where the store is away."""
        now, count = timezone.now(), 0
        try:
            for name in stored_files.orphans(now=now):
                self.stdout.write(name)
                if options["delete"]:
                    stored_files.delete(name)
                count += 1
        except OSError as error:
            raise CommandError(f"The media store can't be read: {error}") from error
        words = "deleted" if options["delete"] else "listed; nothing was deleted"
        self.stdout.write(f"{count} files {words}.")
