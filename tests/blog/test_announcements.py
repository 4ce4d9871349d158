"""Notices above every page, and what clients said."""

from typing import Any

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client

from blog import models
from blog.models import Announcement
from tests.blog.posts import HOUR, NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

PLACES = ["/", "/blog/", "/faq/", "/services/", "/book/"]


def make_announcement(text: str = "Closed tomorrow.", **fields: Any) -> Announcement:
    return Announcement.objects.create(text=text, **{"starts_at": NOW - HOUR, **fields})


@pytest.mark.parametrize("place", PLACES)
def test_notice_is_shown_on_every_page_from_its_start_until_before_its_end(
    client: Client, clock: time_machine.Traveller, place: str
) -> None:
    make_announcement(starts_at=NOW, ends_at=NOW + HOUR, link="/policies/")

    for moment, shown in [(NOW - HOUR / 60, False), (NOW, True), (NOW + HOUR / 2, True), (NOW + HOUR, False)]:
        clock.move_to(moment)
        page = client.get(place).content.decode()
        assert ("Closed tomorrow." in page) is shown, moment
        assert ('<a href="/policies/">Read more</a>' in page) is shown


def test_newest_of_several_notices_is_shown_and_one_without_an_end_stays(client: Client) -> None:
    make_announcement("Older.", starts_at=NOW - 9 * HOUR)
    make_announcement("Newer.", starts_at=NOW - HOUR)

    page = client.get("/faq/").content.decode()

    assert "Newer." in page
    assert "Older." not in page


def test_notice_costs_one_query(client: Client, count_queries: Any) -> None:
    with count_queries() as none:
        client.get("/faq/")
    for number in range(30):
        make_announcement(f"Notice {number}")
    with count_queries() as thirty:
        client.get("/faq/")

    assert len(thirty) == len(none)


def test_markup_in_a_notice_stays_text(client: Client) -> None:
    make_announcement("<script>alert(1)</script>", link="/faq/", link_text="<b>x</b>")

    page = client.get("/faq/").content.decode()

    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def typed_notice(**changes: str) -> dict[str, str]:
    return {
        "text": "Closed tomorrow.", "link": "", "link_text": "", "starts_at_0": "2026-12-02", "starts_at_1": "09:00",
        "ends_at_0": "", "ends_at_1": "", **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 201}, "text"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "//evil.example"}, "link"),
        ({"link": "http://example.com/"}, "link"),
        ({"starts_at_0": ""}, "starts_at"),
        ({"starts_at_0": "2026-02-30"}, "starts_at"),
        ({"ends_at_0": "2026-12-02", "ends_at_1": "09:00"}, "ends_at"),
        ({"ends_at_0": "9999-12-31", "ends_at_1": "09:00"}, "ends_at"),
    ],
)
def test_refused_notice_says_why(writer_client: Client, changes: dict[str, str], field: str) -> None:
    response = writer_client.post("/admin/blog/announcement/add/", typed_notice(**changes))

    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors
    assert not Announcement.objects.exists()


def test_writer_puts_up_a_notice_in_los_angeles_time(writer_client: Client, client: Client) -> None:
    writer_client.post(
        "/admin/blog/announcement/add/", typed_notice(ends_at_0="2026-12-02", ends_at_1="13:00")
    )

    assert Announcement.objects.get().ends_at == NOW + HOUR
    assert "Closed tomorrow." in client.get("/").content.decode()


@pytest.mark.integrity
@pytest.mark.django_db(transaction=True)
def test_database_refuses_a_notice_that_ends_before_it_begins() -> None:
    with pytest.raises(IntegrityError):
        make_announcement(ends_at=NOW - HOUR)


# Testimonials ------------------------------------------------------------------------------------------------


def make_testimonial(words: str, **fields: Any) -> models.Testimonial:
    return models.Testimonial.objects.create(words=words, **{"name": "S. A.", "has_consent": True, **fields})


def test_only_what_people_agreed_to_is_shown(client: Client) -> None:
    make_testimonial("Second.", position=2)
    make_testimonial("First <b>.", position=1, place="Sample Heights")
    make_testimonial("No consent.", has_consent=False)
    make_testimonial("Put away.", is_active=False)

    page = client.get("/about/").content.decode()

    assert page.index("First &lt;b&gt;.") < page.index("Second.")
    assert "Sample Heights" in page
    assert "No consent." not in page
    assert "Put away." not in page


def test_about_page_without_testimonials_has_no_empty_section(client: Client) -> None:
    assert "What clients say" not in client.get("/about/").content.decode()


def test_about_page_asks_as_many_queries_for_one_testimonial_as_for_thirty(
    client: Client, count_queries: Any
) -> None:
    make_testimonial("0")
    with count_queries() as one:
        client.get("/about/")
    for number in range(29):
        make_testimonial(str(number))
    with count_queries() as thirty:
        client.get("/about/")

    assert len(thirty) == len(one)


@pytest.mark.parametrize(("answer", "saved"), [("yes", True), ("no", False)])
def test_writer_records_the_consent(writer_client: Client, answer: str, saved: bool) -> None:
    fields = {"words": "Kind and quiet.", "name": "S.", "place": "", "position": "0", "is_active": "on"}

    unanswered = writer_client.post("/admin/blog/testimonial/add/", fields)
    assert set(unanswered.context["adminform"].form.errors) == {"has_consent"}
    writer_client.post("/admin/blog/testimonial/add/", {**fields, "has_consent": answer})

    row = models.Testimonial.objects.get()
    assert row.has_consent is saved
    page = writer_client.get(f"/admin/blog/testimonial/{row.pk}/change/").content.decode()
    assert f'value="{answer}"' in page.split("checked", 1)[0].rsplit("<input", 1)[1]


def test_list_of_testimonials_is_changed_in_place(writer_client: Client) -> None:
    row = make_testimonial("First.")

    writer_client.post(
        "/admin/blog/testimonial/",
        {
            "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(row.pk), "form-0-position": "7",
            "_save": "Save",
        },
    )  # fmt: skip

    row.refresh_from_db()
    assert (row.position, row.is_active, row.has_consent) == (7, False, True)
