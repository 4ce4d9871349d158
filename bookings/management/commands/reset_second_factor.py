"""Lets an account set a second factor up: the first one of the site's first account, or another in place of what was
lost."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import invitations, links
from bookings.notifications.addresses import own_mailbox_url
from massagerx.accounts import second_factor
from massagerx.accounts.views import note


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
        """Switches the second factor of one account off, and writes it into the account's history. Raises
        `CommandError` when there is no such account, it is switched off, it has no email address or has one already,
        or the one that is given is none; nothing was changed then."""
        with transaction.atomic():
            user = User.objects.select_for_update().filter(username=options["username"]).first()
            if user is None:
                raise CommandError("There is no account of that name.")
            if not user.is_active:
                raise CommandError("That account is switched off: no link to it would open.")
            if email := _address_for(user, options["email"]):
                user.email = email
                user.save(update_fields=["email"])
                note(user, by=user, what=_("Email address set on the server’s command line."))
            had_one = second_factor.reset(user)
            if had_one:
                note(user, by=user, what=_("Second factor reset on the server’s command line."))
            link = invitations.factor_link(user, now=timezone.now())
            note(user, by=user, what=_("Link to set a second factor up made on the server’s command line."))
        self.stdout.write("The second factor is off." if had_one else "That account has no second factor.")
        self.stdout.write("Open this within 20 minutes, log in, and set up the second factor:")
        self.stdout.write(own_mailbox_url(links.token_of(link)))


def _address_for(user: User, given: str) -> str:
    """The email address to give the account; empty for one that has its own."""
    if user.email and given and given != user.email:
        raise CommandError(
            "That account has an email address already. Leave out --email, or change it in the admin."
        )
    if user.email:
        return ""
    if not given:
        raise CommandError("That account has no email address. Give it one: --email <address>.")
    try:
        validate_email(given)
    except ValidationError as error:
        raise CommandError(f"{given} is not an email address.") from error
    return given
