"""Log-ins of staff: somebody is invited by email, and sets a password of their own by a link that works once. Another
link, which sets no password, shows that they read the mailbox of the account, before a second factor is set up."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from bookings.domain import links, outbox
from bookings.enums import LinkPurpose, MessageKind
from bookings.models import Link, Therapist
from bookings.models.links import LinkQuerySet

LINK_LASTS = timedelta(days=3)
FACTOR_LINK_LASTS = timedelta(minutes=20)
FACTOR_LINKS_AN_HOUR = 5


def username_for(email: str) -> str:
    """The name to log in with: the address, without the letters that Django's names may not have."""
    return re.sub(r"[^\w.@+-]", "", email.lower())


def invite(
    *, email: str, first_name: str, last_name: str, role: Group, therapist: Therapist | None, now: datetime
) -> User:
    """An account without a password, with its role and, for a therapist, their visits; and the email with its link.

    Raises IntegrityError when there is such an account, or the therapist has one.
    """
    with transaction.atomic():
        user = User.objects.create_user(
            username_for(email), email, first_name=first_name, last_name=last_name, is_staff=True
        )
        user.groups.add(role)
        if therapist is not None:
            locked = Therapist.objects.select_for_update().get(pk=therapist.pk)
            if locked.user_id is not None:
                # Pressed on two pages at once; the constraint would let the second one take the log-in's place.
                raise IntegrityError("this therapist has a log-in")
            locked.user = user
            locked.save(update_fields=["user"])
        send_link(user, now=now)
    return user


def send_link(user: User, *, now: datetime) -> Link:
    """Mails the account's owner a link to set a password with; the ones before open nothing any more."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        end_links(locked, now=now)
        link = _new_link(locked, LinkPurpose.PASSWORD, lasts=LINK_LASTS, now=now)
        outbox.write_link_message(link=link, kind=MessageKind.INVITED, now=now)
    return link


def send_factor_link(user: User, *, now: datetime) -> bool:
    """Mails the account's owner a link by which they show that the mailbox is theirs; whether it was. An account
    without an address gets none, and nobody more than five an hour."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        recent = Link.objects.filter(
            purpose=LinkPurpose.FACTOR, user=locked, created_at__gt=now - timedelta(hours=1)
        )
        if not locked.email or recent.count() >= FACTOR_LINKS_AN_HOUR:
            return False
        link = factor_link(locked, now=now)
        outbox.write_link_message(link=link, kind=MessageKind.SECOND_FACTOR, now=now)
    return True


def factor_link(user: User, *, now: datetime) -> Link:
    """A link by which the account, which has an email address, may set a second factor up. Links of before still
    work: whoever merely knows the password takes nobody's invitation away."""
    return _new_link(user, LinkPurpose.FACTOR, lasts=FACTOR_LINK_LASTS, now=now)


def _new_link(user: User, purpose: LinkPurpose, *, lasts: timedelta, now: datetime) -> Link:
    return links.new_link(
        purpose=purpose, user=user, email=user.email, created_at=now, expires_at=now + lasts
    )


def waiting_link(user: User, *, now: datetime) -> Link | None:
    """The link to set a password with that was sent and that nobody has used yet, while it works."""
    link = _unused(now).filter(user=user, purpose=LinkPurpose.PASSWORD).first()
    return link if link is not None and fits_account(link) else None


def end_links(user: User, *, now: datetime) -> None:
    """What was sent opens nothing any more, and what still waits is not sent."""
    _unused(now).filter(user=user).update(revoked_at=now)


def is_untouched(user: User) -> bool:
    """Whether nobody has ever set a password of this account, so that it can go without a trace."""
    return not user.has_usable_password() and user.last_login is None


def take_back(user: User, *, now: datetime) -> bool:
    """Ends the link that waits; an account that nobody has used yet is deleted with it. Whether it was."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        end_links(locked, now=now)
        if not is_untouched(locked):
            return False
        locked.delete()
    return True


def find_invitation(token: str, *, now: datetime) -> Link | None:
    """The link of a token with which a password is set, with its account; None for one that is used or ended, doesn't
    fit its account, or is for a second factor alone."""
    return _found(token, LinkPurpose.PASSWORD, now=now)


def find_mailbox_link(token: str, *, now: datetime) -> Link | None:
    """The link of a token, for a second factor or an invitation, with its account; None as by `find_invitation`."""
    return _found(token, LinkPurpose.FACTOR, now=now) or find_invitation(token, now=now)


def _found(token: str, purpose: LinkPurpose, *, now: datetime) -> Link | None:
    link = links.find_link(token, purpose=purpose, now=now)
    return link if link is not None and link.used_at is None and fits_account(link) else None


def fits_account(link: Link) -> bool:
    """Whether the account is as it was when the link was sent: open, with that address, and that password or none."""
    if link.user is None or not link.user.is_active or link.user.email != link.email:
        return False
    try:
        links.token_of(link)
    except ValueError:
        return False
    return True


def set_password(link: Link, password: str, *, now: datetime) -> bool:
    """Sets the password, by which other log-ins of the account end. False when the link was used or ended
    meanwhile, or is for a second factor alone."""
    with transaction.atomic():
        if link.purpose != LinkPurpose.PASSWORD or not show_mailbox(link, now=now) or link.user is None:
            return False
        link.user.set_password(password)
        link.user.save(update_fields=["password"])
    return True


def show_mailbox(link: Link, *, now: datetime) -> bool:
    """Uses the link up without another password. False when it was used or ended meanwhile."""
    with transaction.atomic():
        # The account first, as who sends or takes back a link locks it.
        user = User.objects.select_for_update().filter(pk=link.user_id or 0).first()
        link.user = user
        return user is not None and fits_account(link) and links.use_link(link, now=now)


def _unused(now: datetime) -> LinkQuerySet:
    purposes = [LinkPurpose.PASSWORD, LinkPurpose.FACTOR]
    return Link.objects.live(now).filter(purpose__in=purposes, used_at=None).order_by("-pk")
