"""A client's own page of their review: written, changed, withdrawn, without scripts; and never the happy ones alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from bookings.domain.operations import Act
from bookings.reviews import operations
from bookings.reviews.health_mentions import tells_of_health
from bookings.reviews.models import Review
from massagerx.lib import limits
from tests.bookings.views.visits.browsers import text
from tests.factories import NOW, World

from .conftest import asked, page_of, written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def business(world: World) -> World:
    return world


def sent(**changes: Any) -> dict[str, Any]:
    fields = {"stars": "1", "words": "Too late.", "may_publish": "on", "shown_as": "Ana", **changes}
    return {name: value for name, value in fields.items() if value is not None}


def test_one_star_is_taken_as_five_are(client: Client) -> None:
    review = asked()
    page = page_of(review)
    response = client.get(page)
    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("no-store", "noindex")
    assert "Good or bad" in text(response)
    assert 'value="Ana S."' in response.content.decode()
    done = client.post(page, sent(), follow=True)
    assert "We read it, and then show it as you wrote it." in text(done)
    review.refresh_from_db()
    assert (review.state, review.stars, review.words, review.shown_as) == ("written", 1, "Too late.", "Ana")
    assert review.may_publish
    # The same page shows it, to be changed.
    assert "Too late." in text(client.get(page))
    client.post(page, sent(stars="2", may_publish=None, shown_as=""))
    review.refresh_from_db()
    assert (review.stars, review.may_publish, review.shown_as) == (2, False, "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stars": None}, "Choose one to five stars."),
        ({"stars": "6"}, "Choose one to five stars."),
        ({"stars": "x"}, "Choose one to five stars."),
        ({"shown_as": ""}, "Type the name to show beside it."),
        ({"shown_as": "!!"}, "A name needs at least one letter."),
        ({"words": "x" * 2001}, "2000"),
        ({"words": "a\x00b"}, ""),
    ],
    ids=range(7),
)
def test_what_is_wrong_is_told_kindly_and_nothing_typed_is_lost(
    client: Client, changes: dict[str, Any], words: str
) -> None:
    review = asked()
    response = client.post(page_of(review), sent(**{"words": "Kept words.", **changes}))
    assert response.status_code == 422
    assert words in text(response)
    assert "Kept words." in text(response) or "words" in changes
    review.refresh_from_db()
    assert review.state == "asked"


def test_health_is_warned_of_before_it_is_sent_and_then_taken(client: Client) -> None:
    page = page_of(asked())
    told = sent(words="After my surgery the swelling <went> down.")
    first = client.post(page, told)
    assert first.status_code == 422
    assert "We found: surgery, swelling." in text(first)
    assert not Review.objects.filter(state="written").exists()
    client.post(page, {**told, "knows": "yes"})
    assert Review.objects.get().words == told["words"]
    # Nobody else reads it: no warning.
    assert client.post(page, {**told, "may_publish": ""}).status_code == 302


def test_words_of_health_are_found_and_others_are_not() -> None:
    assert tells_of_health("My C-section and my back pain") == ["C-section", "back pain"]
    assert tells_of_health("What a treat, no pain in booking, I slept well.") == []
    assert len(tells_of_health("cancer stroke scar bbl injury implant diabetes")) == 5


def test_withdrawn_it_is_gone_and_can_be_written_anew(client: Client, owner: Client) -> None:
    review = written()
    operations.publish(review=review, written_at=NOW, act=Act(NOW, None))
    operations.answer(review=review, words="Thank you.", act=Act(NOW, None))
    assert "Kind and on time." in text(client.get("/reviews/"))
    page = page_of(review)
    assert "withdrawn and deleted" in text(client.post(page, {"press": "withdraw"}, follow=True))
    assert "Kind and on time." not in text(client.get("/reviews/"))
    review.refresh_from_db()
    fields = (review.state, review.stars, review.words, review.public_words, review.shown_as, review.answer)
    assert fields == ("asked", None, "", "", "", "")
    assert "nothing to withdraw" in text(client.post(page, {"press": "withdraw"}, follow=True))
    client.post(page, sent())
    review.refresh_from_db()
    assert (review.state, review.withdrawn_at) == ("written", None)


def test_a_change_is_read_again_before_it_is_shown(client: Client) -> None:
    review = written()
    operations.publish(review=review, written_at=NOW, act=Act(NOW, None))
    client.post(page_of(review), sent(words="Other words."))
    assert "Other words." not in text(client.get("/reviews/"))
    assert "Kind and on time." not in text(client.get("/reviews/"))


def test_links_that_open_nothing(client: Client) -> None:
    review = asked()
    page = page_of(review)
    assert client.get("/review/unknown/").status_code == 404
    assert client.post("/review/unknown/", sent()).status_code == 404
    with time_machine.travel(NOW + operations.MAY_BE_WRITTEN, tick=False):
        assert client.get(page).status_code == 404
    # A look at the link, as mail programs do, changes nothing.
    client.get(page)
    client.head(page)
    review.refresh_from_db()
    assert review.state == "asked"


def test_once_written_the_link_works_as_long_as_the_review_is_kept(client: Client) -> None:
    review = written()
    with time_machine.travel(NOW + operations.REVIEWS_KEPT - timedelta(days=1), tick=False):
        assert client.get(page_of(review)).status_code == 200


def test_lost_keys_cost_the_words_and_no_fault(client: Client, settings: Any) -> None:
    review = written()
    operations.publish(review=review, written_at=NOW, act=Act(NOW, None))
    page = page_of(review)
    settings.HEALTH_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    assert client.get(page).status_code == 200
    assert "Kind and on time." in text(client.get("/reviews/"))
    assert client.post(page, {"press": "withdraw"}).status_code == 302


def test_limits(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATELIMIT_ENABLE = True
    monkeypatch.setattr(limits, "_over", lambda *_: True)
    assert client.post(page_of(asked()), sent()).status_code == 429
