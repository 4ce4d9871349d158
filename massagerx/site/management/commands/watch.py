"""Tells the owner what stands still, without a worker and without a broker: for a timer, every minute."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from massagerx.site import watch


class Command(BaseCommand):
    help = (
        "Look whether database, broker, worker, beat, mail, disk and backup are well, and write to the owner of what "
        "is not, and of errors."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how it stands. Raises `CommandError` when something isn't well, so that a timer's unit fails."""
        found = watch.look(now=timezone.now())
        if found:
            raise CommandError(", ".join(f"{name}: {state}" for name, state in sorted(found.items())))
        self.stdout.write("All is well.")
