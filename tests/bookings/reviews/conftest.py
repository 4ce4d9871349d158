"""Visits that took place, of clients who may be asked, at the hour at which the world of `tests.factories` stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bookings.domain import links
from bookings.enums import ComplaintState
from bookings.models import Booking, Client, MessageSettings
from bookings.reviews import operations
from bookings.reviews.models import Review
from tests.bookings.courses.conftest import clock, desk, owner
from tests.factories import NOW
from tests.support.visits import make_visit

__all__ = ["ComplaintState", "clock", "desk", "owner"]
# The owner's days after a visit.
DAYS = 3


@pytest.fixture(autouse=True)
def asks(db: None) -> None:
    MessageSettings(review_days=DAYS).save()


def took_place(days: float = DAYS, *, email: str = "ana@client.example", **changes: Any) -> Booking:
    """A visit that ended so many days ago; its client may be asked."""
    booking = make_visit(
        starts_at=NOW - timedelta(days=days, minutes=90),
        email=email,
        **{"status": "completed", "confirmed_at": NOW, **changes},
    )
    Client.objects.filter(pk=booking.client_id).update(may_be_asked=True)
    booking.client.refresh_from_db()
    return booking


def asked(booking: Booking | None = None, *, now: datetime = NOW) -> Review:
    """A review that was asked for."""
    visit = booking or took_place()
    assert operations.ask(now=now) == 1
    return Review.objects.select_related("link").get(booking=visit)


def written(review: Review | None = None, *, now: datetime = NOW, **changes: Any) -> Review:
    found = review or asked()
    fields = {"stars": 4, "words": "Kind and on time.", "shown_as": "Ana S.", "may_publish": True, **changes}
    operations.write(review=found, now=now, **fields)
    return Review.objects.select_related("link", "booking").get(pk=found.pk)


def page_of(review: Review) -> str:
    review = Review.objects.select_related("link").get(pk=review.pk)
    assert review.link is not None
    return f"/review/{links.token_of(review.link)}/"
