"""Links: one purpose, found only by their token, taken back when they should be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bookings.domain import links
from bookings.enums import LinkPurpose
from bookings.models import Link
from tests.factories import NOW, World

pytestmark = pytest.mark.django_db


def test_every_email_about_a_visit_carries_the_same_link(world: World) -> None:
    booking = world.book()
    token = links.visit_token(booking, now=NOW)
    assert links.visit_token(booking, now=NOW + timedelta(hours=1)) == token
    found = links.find_link(token, purpose=LinkPurpose.VISIT, now=NOW)
    assert found is not None
    assert found.booking == booking


def test_nothing_that_is_stored_opens_the_visit(world: World) -> None:
    token = links.visit_token(world.book(), now=NOW)
    link = Link.objects.get()
    stored = [str(getattr(link, field.attname)) for field in Link._meta.concrete_fields]
    assert token not in stored
    assert not any(links.find_link(value, purpose=LinkPurpose.VISIT, now=NOW) for value in stored)


def test_unknown_expired_taken_back_and_foreign_are_one_answer(world: World) -> None:
    booking = world.book()
    token = links.visit_token(booking, now=NOW)
    end = booking.ends_at + links.VISIT_LINK_OUTLIVES_VISIT
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=end - timedelta(seconds=1)) is not None
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=end) is None
    assert links.find_link(token, purpose=LinkPurpose.FEED, now=NOW) is None
    assert links.find_link("\ud800" + token, purpose=LinkPurpose.VISIT, now=NOW) is None
    links.revoke_visit_links(booking, now=NOW)
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=NOW) is None
    assert links.visit_token(booking, now=NOW) != token


def test_a_sign_in_link_is_used_once(world: World) -> None:
    link = links.sign_in_link(email="ana@example.com", now=NOW)
    assert links.use_link(link, now=NOW)
    assert not links.use_link(link, now=NOW)


def test_a_link_whose_key_was_dropped_is_replaced(world: World, settings) -> None:
    booking = world.book()
    token = links.visit_token(booking, now=NOW)
    settings.SECRET_KEY = "another-key-altogether"
    settings.SECRET_KEY_FALLBACKS = []
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=NOW) is not None
    renewed = links.visit_token(booking, now=NOW)
    assert renewed != token
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=NOW) is None
    assert links.find_link(renewed, purpose=LinkPurpose.VISIT, now=NOW) is not None


def test_a_feed_lasts_until_it_is_taken_back(world: World) -> None:
    token = links.feed_token(world.therapist, now=NOW)
    much_later = NOW + timedelta(days=3000)
    assert links.find_link(token, purpose=LinkPurpose.FEED, now=much_later) is not None
    links.revoke_feed(world.therapist, now=NOW)
    assert links.feed_token(world.therapist, now=NOW) != token


def test_dead_links_are_deleted_after_a_day_and_live_ones_stay(world: World) -> None:
    links.feed_token(world.therapist, now=NOW)
    old = links.sign_in_link(email="ana@example.com", now=NOW - timedelta(days=2))
    links.sign_in_link(email="ana@example.com", now=NOW)
    assert links.purge_links(now=NOW) == 1
    assert not Link.objects.filter(pk=old.pk).exists()
    assert Link.objects.count() == 2
