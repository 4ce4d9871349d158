"""Links that open something without a password: made, found, used and taken back."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, CharField, F, Model

from bookings.enums import LinkPurpose
from bookings.models import Booking, BookingQuerySet, BookletRequest, Client, Link, Therapist
from bookings.models.links import LinkQuerySet
from massagerx.lib import tokens
from massagerx.lib.batches import delete_in_batches
from massagerx.lib.compiled_query import CompiledQuery, Parameters

# A visit's own page stays readable for a while: people look up what they paid.
VISIT_LINK_OUTLIVES_VISIT = timedelta(days=30)
BOOKLET_LINK_LASTS = timedelta(days=7)
SIGN_IN_LINK_LASTS = timedelta(minutes=20)
CONSENT_LINK_LASTS = timedelta(days=30)


def visit_token(booking: Booking, *, now: datetime) -> str:
    """The token that opens this one visit's page; the same in every email until one tells that the visit is moved.

    Called when an email is written, so also by two senders at once.
    """
    return token_of(visit_link(booking, now=now))


def visit_link(booking: Booking, *, now: datetime) -> Link:
    """The stored link of that token; made when there is none that works."""
    return _link_of(LinkPurpose.VISIT, now=now, booking=booking, expires_at=_visit_link_ends(booking))


def new_visit_link(booking: Booking, *, now: datetime) -> Link:
    """The row of a new visit's link, for who writes it with the visit."""
    return _made_link(
        purpose=LinkPurpose.VISIT, booking=booking, created_at=now, expires_at=_visit_link_ends(booking)
    )


def _visit_link_ends(booking: Booking) -> datetime:
    return booking.ends_at + VISIT_LINK_OUTLIVES_VISIT


def consent_link(booking: Booking, *, now: datetime, after: datetime | None = None) -> Link:
    """The link by which the person of a visit agrees for themselves; made when there is none that works, or none that
    was made `after` they took it back."""
    found = Link.objects.live(now).filter(purpose=LinkPurpose.CONSENT, booking=booking)
    link = (found if after is None else found.filter(created_at__gt=after)).order_by("-pk").first()
    try:
        if link is not None:
            token_of(link)
            return link
    except ValueError:
        pass  # its key is not among the site's any more
    return new_link(
        purpose=LinkPurpose.CONSENT, booking=booking, created_at=now, expires_at=now + CONSENT_LINK_LASTS
    )


def revoke_consent_links(bookings: BookingQuerySet, *, now: datetime) -> None:
    """Ends the links by which the person of these visits agrees: they are for somebody of another name by now."""
    theirs = Link.objects.filter(
        purpose=LinkPurpose.CONSENT, booking__in=bookings.order_by(), revoked_at=None
    )
    theirs.update(revoked_at=now)


def feed_token(therapist: Therapist, *, now: datetime) -> str:
    """The token of a therapist's private calendar feed, until it is taken back."""
    return token_of(_link_of(LinkPurpose.FEED, now=now, therapist=therapist, expires_at=None))


def present_feed_token(therapist: Therapist) -> str:
    """The token of the feed that a therapist has, without making one; an empty text when there is none."""
    link = Link.objects.filter(therapist=therapist, purpose=LinkPurpose.FEED, revoked_at=None).first()
    try:
        return token_of(link) if link is not None else ""
    except ValueError:
        return ""


def booklet_token(request: BookletRequest, *, now: datetime) -> str:
    """A new token that fetches the booklet for a week."""
    return token_of(
        new_link(
            purpose=LinkPurpose.BOOKLET,
            booklet_request=request,
            created_at=now,
            expires_at=now + BOOKLET_LINK_LASTS,
        )
    )


def sign_in_link(*, email: str, now: datetime) -> Link:
    """A new link that signs the owner of an email address in, once."""
    return new_link(
        purpose=LinkPurpose.SIGN_IN, email=email, created_at=now, expires_at=now + SIGN_IN_LINK_LASTS
    )


def new_link(*, purpose: LinkPurpose, **fields: Any) -> Link:
    """Stores a link with a nonce of its own."""
    link = _made_link(purpose=purpose, **fields)
    link.save(force_insert=True)
    return link


def _made_link(*, purpose: LinkPurpose, **fields: Any) -> Link:
    link = Link(purpose=purpose, nonce=tokens.new_nonce(), **fields)
    link.digest = tokens.token_digest(tokens.derive_token(_made_for(link), link.nonce))
    return link


def token_of(link: Link) -> str:
    """The token of a stored link. Raises ValueError when its key is not among the site's keys any more, or the
    password of its log-in is another one."""
    for token in tokens.derived_tokens(_made_for(link), link.nonce):
        if tokens.token_digest(token) == link.digest:
            return token
    raise ValueError("this link was made with a key or under a password that has changed")


def _made_for(link: Link) -> str:
    """The purpose, and of a link to a log-in its stored password: with another one the link opens nothing."""
    return link.purpose if link.user is None else f"{link.purpose}:{link.user.password}"


def find_link(token: str, *, purpose: LinkPurpose, now: datetime) -> Link | None:
    """The live link of this purpose that a token opens, or None: unknown, expired, taken back and made for
    something else are one answer."""
    return (
        Link.objects.live(now)
        .filter(purpose=purpose, digest=tokens.token_digest(token))
        .select_related("booking", "therapist", "booklet_request", "user")
        .first()
    )


def use_link(link: Link, *, now: datetime) -> bool:
    """Marks a single-use link as used. False when it was used before, also by another press at this moment."""
    return bool(Link.objects.live(now).filter(pk=link.pk, used_at=None).update(used_at=now))


def revoke_visit_links(booking: Booking, *, now: datetime) -> None:
    """Ends the links in emails sent so far; the next email carries a new one."""
    _of_visits(now, booking=booking).update(revoked_at=now)


def replace_visit_link(booking: Booking, *, since: datetime) -> None:
    """Has the next email carry another link than those of before that instant, which work until it has left."""
    older = Link.objects.filter(
        booking=booking, purpose=LinkPurpose.VISIT, revoked_at=None, created_at__lt=since
    )
    older.update(revoked_at=F("expires_at"))


def end_replaced_links(booking: int, *, now: datetime) -> None:
    """Ends the links of the visit with that key for which the client has another by now."""
    _of_visits(now, booking=booking).filter(revoked_at__isnull=False).update(revoked_at=now)


def revoke_links_of_client(client: Client, *, now: datetime) -> None:
    """Ends the links in a client's emails: they went to a mailbox that is not the client's any more."""
    theirs = Link.objects.unrevoked(now).filter(booking__client=client)
    mailed = [LinkPurpose.VISIT, LinkPurpose.PROGRAM, LinkPurpose.REVIEW]
    theirs.filter(purpose__in=mailed).update(revoked_at=now)


def _of_visits(now: datetime, **of: object) -> LinkQuerySet:
    """The links to visits that work, also those for which there is another."""
    return Link.objects.unrevoked(now).filter(purpose=LinkPurpose.VISIT, **of)


def revoke_feed(therapist: Therapist, *, now: datetime) -> None:
    """Ends a therapist's feed address; the next one asked for is new."""
    Link.objects.filter(therapist=therapist, purpose=LinkPurpose.FEED, revoked_at=None).update(revoked_at=now)


def purge_links(*, now: datetime) -> int:
    """Deletes links that ended a day ago or longer; returns how many rows went."""
    long_ago = now - timedelta(days=1)
    dead = Link.objects.filter(expires_at__lte=long_ago) | Link.objects.filter(revoked_at__lte=long_ago)
    return delete_in_batches(dead)


def _link_of(purpose: LinkPurpose, *, now: datetime, expires_at: datetime | None, **target: Model) -> Link:
    """The link to the one `target`, a booking or a therapist, that nobody has taken back; made when there is none."""
    ((name, row),) = target.items()
    keys = {"booking": None, "therapist": None, name: row.pk}
    for _attempt in range(2):
        link = _UNREVOKED.first(purpose=purpose, **keys)
        if link is not None:
            try:
                token_of(link)
                return link
            except ValueError:
                Link.objects.filter(pk=link.pk).update(revoked_at=now)
        try:
            # One statement needs no transaction of its own, but a point to go back to in another's.
            with nullcontext() if transaction.get_autocommit() else transaction.atomic():
                return new_link(purpose=purpose, created_at=now, expires_at=expires_at, **target)
        except IntegrityError:
            continue  # another sender has just made it
    return Link.objects.get(purpose=purpose, revoked_at=None, **target)


def _unrevoked(parameter: Parameters) -> LinkQuerySet:
    found = Link.objects.filter(purpose=parameter("purpose", CharField()), revoked_at=None)
    booking, therapist = (parameter(name, BigIntegerField()) for name in ("booking", "therapist"))
    return found.filter(booking=booking) if booking is not None else found.filter(therapist=therapist)


_UNREVOKED = CompiledQuery(_unrevoked)
