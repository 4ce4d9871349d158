"""Takes the second factor off an account, for somebody whose phone and recovery codes are both gone."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from massagerx.accounts import second_factor


class Command(BaseCommand):
    help = "Takes the second factor off an account. The next log-in asks for the password alone."

    def add_arguments(self, parser: CommandParser) -> None:
        """The account's name."""
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Switches the second factor of one account off. Raises `CommandError` when there is no such
        account."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("There is no account of that name.")
        if second_factor.reset(user):
            self.stdout.write("The second factor is off. Log in, and set up a new one.")
        else:
            self.stdout.write("That account has no second factor.")
