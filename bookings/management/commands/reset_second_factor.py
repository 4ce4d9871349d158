"""Lets an account set a second factor up: the first one of the site's first account, or another in place of what was
lost."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from bookings.domain import invitations, links
from bookings.notifications.addresses import own_mailbox_url
from massagerx.accounts import second_factor


class Command(BaseCommand):
    help = (
        "Takes the second factor off an account, if it has one, and prints a link, good for 20 minutes, with which "
        "another is set up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The account's name; and an email address, for one that has none."""
        parser.add_argument("username")
        parser.add_argument("--email", default="", help="for an account without one: its email address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Switches the second factor of one account off. Raises `CommandError` when there is no such account, or it
        has no email address."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("There is no account of that name.")
        if second_factor.reset(user):
            self.stdout.write("The second factor is off.")
        else:
            self.stdout.write("That account has no second factor.")
        if not user.email:
            if not options["email"]:
                raise CommandError("That account has no email address. Give it one: --email <address>.")
            user.email = options["email"]
            user.save(update_fields=["email"])
        link = invitations.factor_link(user, now=timezone.now())
        self.stdout.write("Open this within 20 minutes, log in, and set up the second factor:")
        self.stdout.write(own_mailbox_url(links.token_of(link)))
