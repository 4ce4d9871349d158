"""The owner's page of a review, and what everybody reads of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from bookings.domain.operations import Act
from bookings.models import HealthAccess
from bookings.reviews import operations
from bookings.reviews.models import Review
from tests.bookings.views.visits.browsers import text
from tests.factories import NOW, World

from .conftest import asked, took_place, written

pytestmark = pytest.mark.django_db


def desk_page(review: Review, what: str = "") -> str:
    return f"/admin/reviews/review/{review.pk}/" + (f"do/{what}/" if what else "change/")


def press(owner: Client, review: Review, what: str, **sent: Any) -> Any:
    moment = review.written_at.isoformat() if review.written_at else ""
    return owner.post(desk_page(review, what), {"written_at": moment, **sent}, follow=True)


def test_the_owner_reads_it_and_who_looked_is_written_down(world: World, owner: Client, desk: Client) -> None:
    review = written()
    assert "Wrote a review: please read it." in text(owner.get("/admin/"))
    assert "Wrote a review" not in text(desk.get("/admin/"))
    assert "Kind and on time." not in text(owner.get(desk_page(review)))
    assert not HealthAccess.objects.exists()
    assert "Kind and on time." in text(press(owner, review, "open"))
    assert HealthAccess.objects.get().what == "review"
    assert desk.get(desk_page(review)).status_code == 403
    assert desk.post(desk_page(review, "publish")).status_code == 403
    assert "Ana Sample" in text(owner.get("/admin/reviews/review/"))


def test_shown_word_for_word_with_an_answer(world: World, owner: Client, client: Client) -> None:
    review = written(words="<b>Kind</b>\nand on time.", stars=2)
    press(owner, review, "open")
    assert "It is shown, word for word." in text(press(owner, review, "publish"))
    press(owner, review, "answer", answer="We are sorry.")
    for page in ("/reviews/", "/?new"):
        html = client.get(page).content.decode()
        assert "&lt;b&gt;Kind&lt;/b&gt;<br>and on time." in html, page
        assert "We are sorry." in html
        assert "2 of 5 stars" in html
        assert "Ana S." in html
        assert "Ana Sample" not in html
        assert "AggregateRating" not in html
    assert "Your answer is gone." in text(press(owner, review, "answer", answer=""))
    assert "We are sorry." not in text(client.get("/reviews/"))
    assert LogEntry.objects.earliest("pk").object_repr.startswith("Written")


def test_service_and_therapist_pages_show_what_is_about_them(world: World, client: Client) -> None:
    therapist = world.add_therapist()
    visit = took_place(therapist=world.therapist, service=world.service)
    review = written(asked(visit))
    operations.publish(review=review, written_at=NOW, act=Act(NOW, None))
    assert "Kind and on time." in text(client.get(world.service.get_absolute_url()))
    assert "Kind and on time." in text(client.get(world.therapist.get_absolute_url()))
    assert "Kind and on time." not in text(client.get(therapist.get_absolute_url()))


def test_declined_only_with_a_reason_of_the_list(world: World, owner: Client, client: Client) -> None:
    review = written()
    for reason in ({}, {"reason": "few stars"}):
        response = press(owner, review, "decline", **reason)
        assert response.status_code == 422
        review.refresh_from_db()
        assert review.state == "written"
    assert "Its stars still count" in text(press(owner, review, "decline", reason="health"))
    review.refresh_from_db()
    assert (review.state, review.declined_for, review.decided_by) == (
        "declined", "health", User.objects.get(username="owner"),
    )  # fmt: skip
    assert "Kind and on time." not in text(client.get("/reviews/"))
    press(owner, review, "publish")
    review.refresh_from_db()
    assert (review.state, review.declined_for) == ("published", "")


def test_what_the_client_changed_meanwhile_is_read_first(world: World, owner: Client) -> None:
    review = written()
    written(review, now=NOW.replace(second=1), words="Other words.")
    assert "changed or withdrawn it meanwhile" in text(press(owner, review, "publish"))
    operations.withdraw(review=review, now=NOW)
    for what in ("publish", "decline", "answer"):
        assert "changed or withdrawn it" in text(press(owner, review, what, reason="health", answer="x")), (
            what
        )
    for moment in ("", "yesterday", "2026-99-99T00:00:00"):
        assert "Please read it first." in text(press(owner, review, "publish", written_at=moment))
    assert Review.objects.get().state == "asked"


def test_without_consent_it_is_for_the_owner_alone(world: World, owner: Client, client: Client) -> None:
    review = written(may_publish=False, shown_as="")
    assert "Wrote a review" not in text(owner.get("/admin/"))
    opened = press(owner, review, "open")
    assert "Kind and on time." in text(opened)
    assert "Show it, word for word" not in text(opened)
    press(owner, review, "publish")
    assert Review.objects.get().state == "written"
    assert "Nobody has written a review yet." in text(client.get("/reviews/"))


def test_the_mean_counts_all_whatever_is_shown(world: World, client: Client) -> None:
    act = Act(NOW, None)
    rows = []
    for number, stars in enumerate((5, 4, 1, 1, 1)):
        visit = took_place(email=f"c{number}@client.example")
        rows.append(written(asked(visit), stars=stars, words=f"Words {number}."))
    operations.publish(review=rows[0], written_at=NOW, act=act)
    operations.publish(review=rows[1], written_at=NOW, act=act)
    operations.decline(review=rows[2], written_at=NOW, reason="offensive", act=act)
    operations.decline(review=rows[3], written_at=NOW, reason="not_us", act=act)
    found = operations.summary()
    # 5, 4 and 1 and the 1 that nobody has read yet.
    assert (found.count, found.mean) == (4, 2.8)
    assert (found.shown, found.waiting, found.declined, found.not_about_us) == (2, 1, 1, 1)
    page = text(client.get("/reviews/"))
    assert "2.8 of 5 stars, from 4 reviews" in page
    assert "2 shown, 1 still to be read, 1 left out and counted, 1 not about us" in page
    assert "Words 2." not in page
    home = text(client.get("/?new"))
    assert "2.8 of 5 stars, from 4 reviews" in home
    # The newest first.
    assert home.index("Words 1.") < home.index("Words 0.")


def test_pages_ask_the_same_for_many(world: World, client: Client, count_queries: Any) -> None:
    review = written()
    operations.publish(review=review, written_at=NOW, act=Act(NOW, None))
    with count_queries() as few:
        client.get("/reviews/")
    for number in range(25):
        row = written(asked(took_place(email=f"c{number}@client.example")))
        operations.publish(review=row, written_at=NOW, act=Act(NOW, None))
    with count_queries() as many:
        page = client.get("/reviews/")
    assert len(many) == len(few)
    assert page.content.decode().count("<blockquote>") == 20
    assert client.get("/reviews/?page=2").content.decode().count("<blockquote>") == 6
    assert client.get("/reviews/?page=x").status_code == 200


def test_the_database_refuses_a_shown_review_without_consent(world: World) -> None:
    review = asked()
    for changes in (
        {"state": "published"},
        {"stars": 6},
        {"state": "declined", "stars": 3},
        {"public_words": "-"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.filter(pk=review.pk).update(**changes)


def test_unknown_rows_lead_back(world: World, owner: Client) -> None:
    for address in ("/admin/reviews/review/99/change/", "/admin/reviews/review/x/change/"):
        assert "There is no such review." in text(owner.get(address, follow=True))
    review = asked()
    assert owner.get(desk_page(review, "open")).status_code == 302
    assert owner.post(desk_page(review, "open")).status_code == 200


def test_of_lost_keys_a_shown_review_is_answered_and_taken_down_all_the_same(
    world: World, owner: Client, settings: Any
) -> None:
    review = written()
    operations.publish(review=review, written_at=NOW, act=Act(NOW, None))
    settings.HEALTH_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    page = owner.get(desk_page(review))
    assert page.status_code == 200
    assert "Kind and on time." in text(page)
    typed = press(owner, review, "answer", answer="x" * 1001)
    assert typed.status_code == 422
    assert "x" * 1001 in text(typed)
    assert "Your answer stands beside it." in text(press(owner, review, "answer", answer="Thank you."))
    assert "Its stars still count" in text(press(owner, review, "decline", reason="health"))
    # Its words can't be read any more, and that is said.
    for what in ("open", "publish"):
        assert press(owner, review, what).status_code == 200
    assert Review.objects.defer("words").get().state == "declined"


def test_an_answer_to_other_words_is_not_shown_beside_new_ones(
    world: World, owner: Client, client: Client
) -> None:
    review = written(words="Lovely.", stars=5)
    press(owner, review, "publish")
    press(owner, review, "answer", answer="So glad that you liked it!")
    review = written(review, now=NOW.replace(second=1), words="Too late.", stars=1)
    press(owner, review, "publish")
    page = text(client.get("/reviews/"))
    assert "Too late." in page
    assert "So glad" not in page


def test_the_answer_that_comes_back_with_a_review_is_seen_before(world: World, owner: Client) -> None:
    review = written()
    press(owner, review, "publish")
    press(owner, review, "answer", answer="So glad!")
    press(owner, review, "decline", reason="health")
    assert "So glad!" in text(owner.get(desk_page(review)))
