"""Loads the sample data that a new installation starts with: each app's `sample` module has its own part."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from massagerx.accounts.sample_accounts import working_logins
from services.models import Business
from services.sample_left import mark_loaded, sample_modules


class Command(BaseCommand):
    help = (
        "Adds sample data: services, prices, area, therapists, hours, rules, posts and staff. Changes no row."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--if-empty` and `--show-logins`."""
        parser.add_argument(
            "--if-empty", action="store_true", help="Do nothing when the database already knows the business."
        )
        parser.add_argument(
            "--show-logins",
            action="store_true",
            help="Print the sample log-ins that still work; given alone, load nothing.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Loads sample data and prints sample log-ins. Raises `CommandError` outside of local settings."""
        if not settings.LOCAL:
            raise CommandError("Sample data, with its well-known passwords, is for local settings only.")
        if options["if_empty"] or not options["show_logins"]:
            self._load(if_empty=options["if_empty"])
        if options["show_logins"]:
            for role, username, password in working_logins():
                self.stdout.write(f"login: {role} {username} {password}")

    def _load(self, *, if_empty: bool) -> None:
        now = timezone.now()
        with transaction.atomic():
            if if_empty and Business.objects.exists():
                return
            for module in sample_modules():
                module.load(now=now)
            mark_loaded(since=now)
        self.stdout.write("Sample data loaded.")
