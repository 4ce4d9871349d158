"""Posts as readers get them in a real browser: `new_page` fails the test on any violation of the policy, and on any
request to another host. Writing them is told in tests/journeys/test_writer.py."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from blog.models import Post
from tests.blog.files import figure, make_picture, make_video
from tests.support.browser import accessibility_violations, sideways_overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_post_with_pictures_and_a_video_reads_well_at_320_pixels(live_server: Any, new_page: Any) -> None:
    picture = make_picture("A red and a blue half", now=timezone.now())
    make_video(title="Slow breaths")
    video = '<p><a href="https://youtu.be/abc_DEF-123" rel="noopener">Slow breaths</a></p>'
    body = f"<p>Words.</p>{figure(picture)}{video}"
    Post.objects.create(
        title="A", slug="a", body=body, cover=picture, status="published", published_at=timezone.now()
    )
    for scheme in ("light", "dark"):
        page = new_page(width=320, color_scheme=scheme)
        page.goto("/blog/a/")
        assert page.locator(".prose figure.figure img").get_attribute("alt") == "A red and a blue half"
        assert page.locator(".post__cover img").evaluate("image => image.naturalWidth") > 0
        assert accessibility_violations(page) == []
        assert sideways_overflow(page) == 0


def test_video_asks_nobody_before_the_press(live_server: Any, new_page: Any) -> None:
    make_video(title="Slow breaths")
    body = '<p>Words.</p><p><a href="https://youtu.be/abc_DEF-123" rel="noopener">Slow breaths</a></p>'
    Post.objects.create(title="A", slug="a", body=body, status="published", published_at=timezone.now())
    plain = new_page(javascript=False)
    plain.goto("/blog/a/")
    link = plain.locator(".video a")
    assert link.get_attribute("href") == "https://www.youtube.com/watch?v=abc_DEF-123"

    page = new_page()
    page.goto("/blog/a/")
    page.wait_for_load_state("networkidle")
    box = page.locator(".video__link").bounding_box()
    # From here on the other host is asked; the test answers in its place.
    new_page.allow("https://www.youtube-nocookie.com/embed/abc_DEF-123")
    page.route(
        "https://www.youtube-nocookie.com/**",
        lambda route: route.fulfill(body="<p>the video</p>", content_type="text/html"),
    )
    page.locator(".video__link").focus()
    page.keyboard.press("Enter")

    frame = page.locator(".video iframe")
    expect(frame).to_have_attribute("title", "Slow breaths")
    expect(page.frame_locator(".video iframe").locator("p")).to_have_text("the video")
    after = frame.bounding_box()
    assert (round(after["width"]), round(after["height"])) == (round(box["width"]), round(box["height"]))


def test_contents_lead_to_the_headings(live_server: Any, new_page: Any) -> None:
    body = "".join(f"<h2>Part {number}</h2>" + "<p>Words of it.</p>" * 12 for number in range(1, 5))
    Post.objects.create(title="A", slug="a", body=body, status="published", published_at=timezone.now())
    page = new_page(width=390)
    page.goto("/blog/a/")

    page.click(".contents a >> text=Part 3")

    expect(page).to_have_url(re.compile("#part-3$"))
    expect(page.locator("#part-3")).to_be_in_viewport()
    assert accessibility_violations(page) == []
