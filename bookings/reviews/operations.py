"""Asking for reviews, and what clients and the owner do with them.

Everybody who agreed to it is asked in the same words, whatever the visit was like; nothing is given for a review, and
none is shown or left out for its stars (16 CFR 465).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Avg, Count, Exists, OuterRef, Q

from bookings.courses.models import Course
from bookings.domain import intake, links, listeners, outbox
from bookings.domain.clients import lock_client
from bookings.domain.operations import Act
from bookings.enums import BookingStatus, ComplaintState, LinkPurpose, LookedAt, MessageKind, MessageState
from bookings.exceptions import ChangedMeanwhile
from bookings.models import Booking, Client, ClientNote, Link, Message, MessageSettings
from bookings.retention import REVIEWS_KEPT
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import local

from .models import Review

# An empty page can be filled in for so long after it was asked for.
MAY_BE_WRITTEN = timedelta(days=60)
# A visit that ended longer ago than the owner's days and these is not asked about any more.
AT_MOST_LATE = timedelta(days=14)
# Hours of the day between which people are asked.
ASK_FROM, ASK_UNTIL = 9, 19
# No pass asks more clients: the next follows soon.
MOST_AT_ONCE = 100
_STANDING = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED)
_NOT_LEFT = (MessageState.DUE, MessageState.FAILED)


# Asked --------------------------------------------------------------------------------------------------------------


def ask(*, now: datetime) -> int:
    """Asks the clients whose last visit took place as many days ago as the owner says; returns how many. Who doesn't
    want it, has a complaint open or no email, or was asked before, is not. A course is asked about at its end."""
    days = MessageSettings.load().review_days
    if not days or not ASK_FROM <= local(now).hour < ASK_UNTIL:
        return 0
    # Whose email was dropped before it left was not asked.
    dropped = Message.objects.filter(link=OuterRef("link"), state=MessageState.DROPPED)
    Review.objects.filter(Exists(dropped), state=Review.State.ASKED, withdrawn_at=None).only("pk").delete()
    until = now - timedelta(days=days)
    theirs = Booking.objects.filter(client=OuterRef("client"))
    later = theirs.filter(status=BookingStatus.COMPLETED, ends_at__gt=until)
    rest = Booking.objects.filter(together=OuterRef("together"), status__in=_STANDING)
    paused = Course.objects.filter(key=OuterRef("together"), paused_at__isnull=False)
    due = (
        Booking.objects.filter(
            _may_be_asked("client__"),
            status=BookingStatus.COMPLETED,
            ends_at__lte=until,
            ends_at__gt=until - AT_MOST_LATE,
        )
        .exclude(Exists(later))
        .exclude(Q(together__isnull=False) & (Exists(rest) | Exists(paused)))
        .exclude(Exists(Review.objects.filter(booking__client=OuterRef("client"))))
        .exclude(Exists(_complaints(OuterRef("client"))))
        .order_by("client", "-ends_at", "-pk")
        .values_list("pk", "client")
    )
    asked: set[int] = set()
    for booking, client in due.iterator():
        if client not in asked and len(asked) < MOST_AT_ONCE:
            asked.add(client)
            _ask(booking, client, now)
    return len(asked)


def _ask(booking: int, client: int, now: datetime) -> None:
    with transaction.atomic():
        # Locked: two passes at once ask once.
        found = lock_client(client)
        if (
            found is None
            or not (found.may_be_asked and found.email)
            or _complaints(client).exists()
            or Review.objects.filter(booking__client=client).exists()
        ):
            return
        visit = Booking.objects.select_related("client").get(pk=booking)
        review = Review(booking=visit, asked_at=now)
        _send_link(review, expires_at=now + MAY_BE_WRITTEN, now=now)


def _may_be_asked(of: str = "") -> Q:
    """The clients who may be: `of` is the way to them from the row that is filtered."""
    wanted = {"erased_at": None, "may_be_asked": True}
    return Q(**{f"{of}{name}": value for name, value in wanted.items()}) & ~Q(**{f"{of}email": ""})


def _complaints(client: Any) -> Any:
    return ClientNote.objects.filter(client=client, complaint=ComplaintState.OPEN)


def _send_link(review: Review, *, expires_at: datetime, now: datetime) -> None:
    review.link = links.new_link(
        purpose=LinkPurpose.REVIEW,
        booking=review.booking,
        email=review.booking.client.email,
        created_at=now,
        expires_at=expires_at,
    )
    review.save()
    outbox.write_link_message(link=review.link, kind=MessageKind.REVIEW, now=now)


def why_not_mailed(link: Link, *, now: datetime) -> str:
    """Why nobody is to be asked by this link any more; "" while they are."""
    review = _behind(link)
    if review is None or review.state != Review.State.ASKED:
        return ""
    if not Client.objects.filter(_may_be_asked(), pk=review.booking.client_id).exists():
        return "the client doesn't want to be asked"
    if _complaints(review.booking.client_id).exists():
        return "a complaint is open"
    return "" if MessageSettings.load().review_days else "switched off in the message settings"


def words_of(link: Link) -> dict[str, Any]:
    """What the email says of the link: whom it is for."""
    review = _behind(link)
    return {
        "name": review.booking.contact_name if review is not None else "",
        "is_written": review is not None and review.state != Review.State.ASKED,
    }


def _behind(link: Link) -> Review | None:
    rows = Review.objects.select_related("booking").defer("words")
    return rows.filter(link=link).first() if link.pk else None


def follow_client(fact: listeners.LinksRevoked) -> None:
    """Mails a new link to a client who has another mailbox by now, so that what they wrote stays theirs to change. Who
    wrote nothing is not asked a second time: only an email that hasn't left goes to the new mailbox."""
    rows = Review.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "booking__client", "link"
    )
    theirs = list(rows.filter(booking__client=fact.client).defer("words").order_by("pk"))
    for review in theirs:
        link = review.link
        if link is None or link.revoked_at is None or not review.booking.client.email:
            continue
        ends = link.expires_at or fact.at
        is_written = review.state != Review.State.ASKED
        waits = len(theirs) == 1 and link.messages.filter(state__in=_NOT_LEFT).exists()
        if ends > fact.at and (is_written or waits):
            _send_link(review, expires_at=ends, now=fact.at)


# Written by the client ----------------------------------------------------------------------------------------------


def review_of(token: str, *, now: datetime) -> Review | None:
    """The review that a client's link opens; its words are still shut."""
    link = links.find_link(token, purpose=LinkPurpose.REVIEW, now=now)
    rows = Review.objects.select_related("booking__client", "booking__service", "booking__therapist", "link")
    return rows.filter(link=link).defer("words").first() if link is not None else None


def words_written(review: Review) -> str:
    """The words; "" where no key of ours opens them."""
    try:
        return str(review.words)
    except UnreadableValue:
        return ""


def write(*, review: Review, stars: int, words: str, shown_as: str, may_publish: bool, now: datetime) -> None:
    """Keeps what the client wrote, in place of what they wrote before and our answer to that; it is looked at before
    it is shown, also when the one before was. Raises `ChangedMeanwhile` when it is gone."""
    with transaction.atomic():
        fresh = _lock(review)
        fresh.state = Review.State.WRITTEN
        fresh.stars, fresh.words, fresh.shown_as = stars, words, shown_as
        fresh.may_publish, fresh.written_at, fresh.withdrawn_at = may_publish, now, None
        fresh.decided_at, fresh.decided_by, fresh.declined_for, fresh.public_words = None, None, "", ""
        fresh.answer, fresh.answered_at = "", None
        fresh.save()
        if fresh.link is not None:
            Link.objects.filter(pk=fresh.link.pk).update(expires_at=now + REVIEWS_KEPT)


def withdraw(*, review: Review, now: datetime) -> None:
    """Deletes what the client wrote, with our answer to it; it can be written anew by the same link. Raises
    `ChangedMeanwhile` when there is nothing to withdraw."""
    with transaction.atomic():
        fresh = _lock(review)
        if fresh.state == Review.State.ASKED:
            raise ChangedMeanwhile
        _empty(fresh)
        fresh.withdrawn_at = now
        fresh.save()


def _empty(review: Review) -> None:
    """The review as it was when it was asked for."""
    review.state, review.stars, review.words, review.shown_as = Review.State.ASKED, None, "", ""
    review.may_publish, review.written_at = False, None
    review.decided_at, review.decided_by, review.declined_for, review.public_words = None, None, "", ""
    review.answer, review.answered_at = "", None


def _lock(review: Review) -> Review:
    fresh = Review.objects.select_for_update(no_key=True).defer("words").filter(pk=review.pk).first()
    if fresh is None:
        raise ChangedMeanwhile
    return fresh


# Decided by the owner -----------------------------------------------------------------------------------------------


def open_words(*, review: Review, user: User, now: datetime) -> str:
    """The words, which not everybody can read; writes the look down first. Raises `UnreadableValue`."""
    intake.log_look(booking=review.booking, user=user, what=LookedAt.REVIEW, now=now)
    return str(review.words)


def publish(*, review: Review, written_at: datetime, act: Act) -> None:
    """Shows a review to everybody, as it was written at `written_at`. Raises `ChangedMeanwhile` when the client has
    changed or withdrawn it, or doesn't want it to be shown, and `UnreadableValue`."""
    with transaction.atomic():
        fresh = _lock_to_decide(review, written_at)
        fresh.state, fresh.declined_for = Review.State.PUBLISHED, ""
        fresh.public_words = str(fresh.words)
        fresh.decided_at, fresh.decided_by = act.at, act.actor
        fresh.save()


def decline(*, review: Review, written_at: datetime, reason: str, act: Act) -> None:
    """Doesn't show a review, or no longer, for one of the reasons that there are. Raises `ChangedMeanwhile` as
    `publish`."""
    with transaction.atomic():
        fresh = _lock_to_decide(review, written_at)
        fresh.state, fresh.declined_for = Review.State.DECLINED, Review.Why(reason)
        fresh.public_words = ""
        fresh.decided_at, fresh.decided_by = act.at, act.actor
        fresh.save()


def _lock_to_decide(review: Review, written_at: datetime) -> Review:
    fresh = _lock(review)
    if fresh.written_at != written_at or not fresh.may_publish:
        raise ChangedMeanwhile
    return fresh


def answer(*, review: Review, words: str, act: Act) -> None:
    """Puts the owner's answer beside a review that is shown; blank takes it away. Raises `ChangedMeanwhile`."""
    rows = Review.objects.filter(pk=review.pk, state=Review.State.PUBLISHED)
    if not rows.update(answer=words, answered_at=act.at if words else None):
        raise ChangedMeanwhile


# Shown, and forgotten -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Summary:
    """Of all reviews that count: how many, their mean stars to one digit, how many are shown, still to be looked at,
    and declined; and how many were left out because they aren't about us."""

    count: int
    mean: float
    shown: int
    waiting: int
    declined: int
    not_about_us: int


def summary() -> Summary:
    """The figures as they are; one query."""
    state, why = Review.State, Review.Why
    about_us = ~Q(declined_for=why.NOT_ABOUT_US)
    found = Review.objects.consented().aggregate(
        count=Count("pk", filter=about_us),
        mean=Avg("stars", filter=about_us),
        shown=Count("pk", filter=Q(state=state.PUBLISHED)),
        waiting=Count("pk", filter=Q(state=state.WRITTEN)),
        declined=Count("pk", filter=about_us & Q(state=state.DECLINED)),
        not_about_us=Count("pk", filter=~about_us),
    )
    return Summary(**{**found, "mean": round(float(found["mean"] or 0), 1)})


def forget_erased(fact: listeners.ClientErased) -> None:
    """Deletes what a client who is being erased was asked, and wrote."""
    Review.objects.filter(booking__in=fact.bookings).only("pk").delete()


def forget_purged(fact: listeners.HealthPurged) -> None:
    """Deletes the words that are for nobody but us, of clients whose health answers were kept as long as the owner
    says, if they gave any: they may tell of health. Those that wait to be shown stay until somebody decides."""
    long_gone = Q(booking__client__in=intake.clients_long_gone(now=fact.at))
    ours = Q(may_publish=False) | Q(state=Review.State.DECLINED)
    Review.objects.filter(ours, Q(booking__in=fact.bookings) | long_gone).update(words="")


def purge(*, now: datetime) -> int:
    """Deletes what was written longer ago than it is kept; returns how many reviews."""
    with transaction.atomic():
        rows = Review.objects.select_for_update(no_key=True).filter(written_at__lte=now - REVIEWS_KEPT)
        found = list(rows.defer("words").order_by("pk")[:MOST_AT_ONCE])
        for review in found:
            _empty(review)
            review.save()
    return len(found)
