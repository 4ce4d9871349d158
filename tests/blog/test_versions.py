"""What the owner wrote before: versions to read and to bring back, alike for posts, pages, questions, testimonials,
notices and services."""

from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from blog import models as blog
from blog.models import Announcement, FaqEntry, Page, Post
from services.models import Category, Service, ServiceOption
from tests.blog.posts import HOUR, NOW, make_post
from tests.blog.test_admin import ADD, typed
from tests.factories import somebody_does

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

PAGE = {"title": "About us", "body": "<p>New words.</p>", "meta_description": ""}


def make_page(**fields: Any) -> Page:
    return Page.objects.create(
        **{"slug": "about", "title": "About us", "body": "<p>Old words.</p>", **fields}
    )


def place(row: Any, key: int | None = None) -> str:
    label = row._meta.label_lower.replace(".", "/")
    return f"/admin/{label}/{row.pk}/versions/" + (f"{key}/" if key else "")


def change(client: Client, row: Any, **fields: Any) -> None:
    address = place(row).replace("versions", "change")
    response = client.post(address, fields)
    assert response.status_code == 302, response.context["errors"]


def versions(client: Client, row: Any) -> list[Any]:
    return list(client.get(place(row)).context["versions"])


def test_each_saved_version_is_kept_with_who_and_when(
    writer_client: Client, clock: time_machine.Traveller
) -> None:
    page = make_page()
    clock.move_to(NOW + HOUR)
    change(writer_client, page, **PAGE)

    newest, first = versions(writer_client, page)
    assert (newest.words["body"], newest.saved_at, newest.saved_by) == (
        "<p>New words.</p>",
        NOW + HOUR,
        "writer",
    )
    assert (first.words["body"], first.saved_at, first.saved_by) == ("<p>Old words.</p>", NOW, "")


def test_saving_without_a_new_word_makes_no_version(
    writer_client: Client, clock: time_machine.Traveller
) -> None:
    writer_client.post(ADD, typed())
    post = Post.objects.get()
    clock.move_to(NOW + HOUR)
    change(writer_client, post, **typed())
    post.refresh_from_db()
    assert post.updated_at == NOW

    change(writer_client, post, **typed(author_name="A. Writer"))
    assert len(versions(writer_client, post)) == 1


def test_version_is_read_and_brought_back_without_losing_today_s(client: Client) -> None:
    client.force_login(User.objects.create_superuser("owner", "o@example.com", "a-long-password"))
    category = Category.objects.create(name="Massage", slug="massage")
    service = Service.objects.create(
        category=category, name="Calm", slug="calm", summary="Slow.", description="<p>Old words.</p>"
    )
    ServiceOption.objects.create(service=service, minutes=60, price_cents=12_000)
    somebody_does(service)
    rows: list[tuple[Any, str, str, str]] = [
        (make_post(body="<p>Old words.</p>"), "body", "<p>Old words.</p>", "<p>New words.</p>"),
        (make_page(), "body", "<p>Old words.</p>", "<p>New words.</p>"),
        (
            FaqEntry.objects.create(question="Why?", answer="<p>Old words.</p>"),
            "answer",
            "<p>Old words.</p>",
            "<p>New words.</p>",
        ),
        (
            blog.Testimonial.objects.create(words="Old words.", name="A. S.", has_consent=True),
            "words",
            "Old words.",
            "New words.",
        ),
        (Announcement.objects.create(text="Old words.", starts_at=NOW), "text", "Old words.", "New words."),
        (service, "description", "<p>Old words.</p>", "<p>New words.</p>"),
    ]
    for row, name, old, new in rows:
        setattr(row, name, new)
        row.save()
        _newest, first = versions(client, row)

        shown = client.get(place(row, first.key)).content.decode().split('class="module version"')[1]
        assert "Old words." in shown
        assert "New words." not in shown
        assert getattr(type(row).objects.get(), name) == new, "looking brings nothing back"
        assert client.post(place(row, first.key)).status_code == 302

        row.refresh_from_db()
        assert getattr(row, name) == old
        assert [version.words[name] for version in versions(client, row)] == [old, new, old]


def test_version_brings_back_words_and_nothing_else(writer_client: Client) -> None:
    said = blog.Testimonial.objects.create(words="Old words.", name="A. S.", has_consent=True)
    said.words, said.has_consent = "New words.", False
    said.save()
    first = versions(writer_client, said)[-1]

    writer_client.post(place(said, first.key))

    said.refresh_from_db()
    assert (said.words, said.has_consent) == ("Old words.", False)


def test_version_whose_name_is_taken_says_so_and_changes_nothing(writer_client: Client) -> None:
    question = FaqEntry.objects.create(question="Why?", answer="<p>So.</p>")
    question.question = "Why not?"
    question.save()
    FaqEntry.objects.create(question="Why?", answer="<p>Another one.</p>")
    first = versions(writer_client, question)[-1]

    response = writer_client.post(place(question, first.key), follow=True)

    assert "This version can&#x27;t come back as it is." in response.content.decode()
    question.refresh_from_db()
    assert question.question == "Why not?"


def test_restored_claim_is_warned_of(writer_client: Client) -> None:
    page = make_page(body="<p>We cure all.</p>")
    page.body = "<p>We listen.</p>"
    page.save()

    response = writer_client.post(place(page, versions(writer_client, page)[-1].key), follow=True)

    assert "<strong>cure</strong>" in response.content.decode()


def test_version_of_another_text_is_not_found(writer_client: Client) -> None:
    one, other = make_post("one"), make_post("other")

    assert writer_client.post(place(one, other.history.get().pk)).status_code == 404


def test_versions_are_kept_from_strangers(client: Client) -> None:
    post = make_post()
    places = [place(post), place(post, post.history.get().pk)]

    for address in places:
        assert client.get(address).status_code == 302
    client.force_login(User.objects.create_user("therapist", is_staff=True))
    for address in [*places, "/admin/blog/post/4711/versions/"]:
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403


@pytest.mark.integrity
def test_words_that_are_taken_back_are_gone(writer_client: Client) -> None:
    said = blog.Testimonial.objects.create(words="Old words.", name="A. S.", has_consent=True)
    writer_client.post(f"/admin/blog/testimonial/{said.pk}/delete/", {"post": "yes"})

    assert not blog.Testimonial.objects.exists()
    assert not blog.Testimonial.history.exists()


def test_list_of_versions_asks_as_many_queries_for_one_as_for_thirty(
    writer_client: Client, count_queries: Any
) -> None:
    page = make_page()
    numbers = []
    for more in (0, 30):
        for number in range(more):
            page.title = f"Title {number}"
            page.save()
        with count_queries() as queries:
            writer_client.get(place(page))
        numbers.append(len(queries))

    assert numbers[0] == numbers[1]
