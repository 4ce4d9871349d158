"""The Preview button: the page as readers will see it, and nothing saved."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from blog import models as blog
from blog.models import Announcement, FaqEntry, Page, Post
from services.models import Category, Service, ServiceOption
from tests.blog.files import make_video
from tests.blog.posts import NOW, make_post
from tests.blog.test_admin import typed
from tests.factories import somebody_does
from tests.services.test_services_admin import service_data

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

LOOK = {"_preview": "1"}
SEEN = "Nothing is saved yet"


def preview(client: Client, address: str, **fields: Any) -> str:
    response = client.post(address, {**fields, **LOOK})
    assert response.status_code == 200
    return response.content.decode()


def test_new_post_is_shown_whole_and_not_saved(writer_client: Client) -> None:
    make_video()
    body = '<h2>Part</h2><p>We cure all.</p><p><a href="https://youtu.be/abc_DEF-123">Slow breaths</a></p>'
    response = writer_client.post("/admin/blog/post/add/", {**typed(title="Not yet", body=body), **LOOK})
    page = response.content.decode()

    assert SEEN in page
    assert "<h1>Not yet</h1>" in page
    assert 'data-video="' in page or 'class="video' in page
    assert "youtube-nocookie.com" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert not Post.objects.exists()
    assert not Post.history.exists()
    assert not LogEntry.objects.exists()
    assert "Look at these words" not in writer_client.get("/admin/blog/post/").content.decode()


def test_change_is_shown_and_readers_keep_the_old_words(writer_client: Client, client: Client) -> None:
    post = make_post(title="Old title")
    fields = typed(title="New title", slug=post.slug, status="published")
    page = preview(writer_client, f"/admin/blog/post/{post.pk}/change/", **fields)

    assert "<h1>New title</h1>" in page
    post.refresh_from_db()
    assert (post.title, post.history.count()) == ("Old title", 1)
    assert "Old title" in client.get(post.get_absolute_url()).content.decode()
    assert SEEN not in client.get(post.get_absolute_url()).content.decode()


def test_every_text_has_a_preview(writer_client: Client) -> None:
    about = Page.objects.create(slug="about", title="About us", body="<p>Old words.</p>")
    fields = {"title": "About us", "body": "<p>Fresh words.</p>", "meta_description": ""}
    shown = [preview(writer_client, f"/admin/blog/page/{about.pk}/change/", **fields)]
    # What readers would not see yet is brought into sight.
    question = {"question": "Why?", "answer": "<p>Fresh words.</p>", "position": "0"}
    shown.append(preview(writer_client, "/admin/blog/faqentry/add/", **question))
    said = {"words": "Fresh words.", "name": "A. S.", "place": "", "has_consent": "no", "position": "0"}
    shown.append(preview(writer_client, "/admin/blog/testimonial/add/", **said))
    announcement = {
        "text": "Fresh words.", "link": "", "link_text": "", "starts_at_0": "2027-07-01", "starts_at_1": "09:00",
        "ends_at_0": "2027-07-02", "ends_at_1": "09:00",
    }  # fmt: skip
    shown.append(preview(writer_client, "/admin/blog/announcement/add/", **announcement))

    for page in shown:
        assert "Fresh words." in page
        assert SEEN in page
    assert Page.objects.get().body == "<p>Old words.</p>"
    for model in (FaqEntry, blog.Testimonial, Announcement):
        assert not model.objects.exists()


def test_service_is_shown_with_its_lengths_and_one_that_is_off_the_site_says_so(client: Client) -> None:
    client.force_login(User.objects.create_superuser("owner", "o@example.com", "a-long-password"))
    service = Service.objects.create(
        category=Category.objects.create(name="Massage", slug="massage"), name="Calm", slug="calm",
        summary="Slow.", description="<p>Old words.</p>",
    )  # fmt: skip
    ServiceOption.objects.create(service=service, minutes=60, price_cents=12_000)
    somebody_does(service)
    address = f"/admin/services/service/{service.pk}/change/"
    fields = service_data(service, {"minutes": "90", "price_cents": "170"}, description="<p>Fresh words.</p>")

    page = preview(client, address, **fields)
    assert "Fresh words." in page
    assert "90 minutes" in page
    del fields["is_active"]
    assert "no page to show" in preview(client, address, **fields)
    service.refresh_from_db()
    assert (service.description, service.options.count()) == ("<p>Old words.</p>", 1)


def test_refused_preview_says_why_and_keeps_the_form_in_its_own_window(writer_client: Client) -> None:
    page = preview(writer_client, "/admin/blog/post/add/", **typed(title="", body=""))

    assert "Title: This field is required." in page
    assert "still in the other window" in page
    assert "<form" not in page.split('id="content"')[1]


def test_preview_is_for_those_who_may_save(client: Client) -> None:
    post = make_post(title="Old title")
    client.force_login(User.objects.create_user("desk", is_staff=True))

    response = client.post(f"/admin/blog/post/{post.pk}/change/", {**typed(title="New title"), **LOOK})

    assert response.status_code == 403


def test_form_offers_a_preview_after_the_other_buttons(writer_client: Client) -> None:
    announcement = Announcement.objects.create(text="Closed", starts_at=NOW)
    page = writer_client.get(f"/admin/blog/announcement/{announcement.pk}/change/").content.decode()

    assert 0 < page.index('name="_continue"') < page.index('name="_preview"')
