"""Make a local installation ready in one process, since starting Django three times would take seconds."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Migrates, loads sample data into an empty database, collects static files, and prints the sample logins "
        "that still work. For local settings only; run.py calls it."
    )
    # The checks run with `migrate`; models are not looked at before it.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrates, collects static files and loads sample data into an empty database."""
        if not getattr(settings, "LOCAL", False):
            raise CommandError("prepare is for local settings: a public site must not get sample data.")
        call_command("migrate", interactive=False, verbosity=1, stdout=self.stdout)
        call_command("collectstatic", interactive=False, verbosity=1, stdout=self.stdout)
        call_command("load_sample_data", if_empty=True, stdout=self.stdout)
        call_command("load_sample_data", show_logins=True, stdout=self.stdout)
