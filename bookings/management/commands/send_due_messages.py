"""Sends what is due without Celery and without a broker: for cron, and for a day on which Redis is dead."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from bookings.notifications import delivery
from bookings.notifications.verdicts import Outcome


class Command(BaseCommand):
    help = "Send the messages that are due now, as the worker's sweep does. Needs no broker and no worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--seconds`."""
        parser.add_argument(
            "--seconds",
            type=float,
            default=600.0,
            help="Stop taking messages after this long (default 600); what is left stays due.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sends due messages until none is left or the time is up, and prints the counts by outcome."""
        counts = delivery.send_due(clock=timezone.now, seconds=options["seconds"])
        if not counts:
            self.stdout.write("Nothing was due.")
            return
        words = ", ".join(f"{count} {outcome.value}" for outcome, count in counts.items())
        self.stdout.write(f"Messages: {words}.")
        if Outcome.SERVER_AWAY in counts:
            self.stderr.write(
                "The mail server did not answer. Messages wait; run this again once it is back."
            )
