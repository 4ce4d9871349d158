"""The writer at work in a real browser: `new_page` fails the test on any violation of the policy, and on any request to
another host."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from blog.models import Picture, Post
from tests.blog.files import make_picture, make_video, picture_file
from tests.blog.test_importing import WORD
from tests.support.browser import accessibility_violations, sideways_overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What a browser does when something is pasted from a word processor.
_PASTE = """(box, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  data.setData("text/plain", "plain words");
  box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def sign_in(live_server: Any, new_page: Any) -> Any:
    """Opens an admin page with the owner signed in: `sign_in(path, width=…)`."""
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")

    def open_page(path: str, **options: Any) -> Any:
        page = new_page(**options)
        page.goto(f"/admin/login/?next={path}")
        page.fill("#id_username", "owner")
        page.fill("#id_password", "a-long-password")
        page.click("[type=submit]")
        page.wait_for_url(f"**{path}")
        return page

    return open_page


def test_stranger_s_post_is_pasted_from_a_word_processor_and_published(sign_in: Any) -> None:
    page = sign_in("/admin/blog/post/paste/", width=390)
    assert sideways_overflow(page) == 0
    page.locator("#id_text").evaluate(_PASTE, WORD)
    expect(page.locator("[data-paste-note]")).to_contain_text("headings")
    page.click("text=Make a draft")
    page.wait_for_selector(".prose-editor .tiptap h2")
    assert page.locator(".prose-editor .tiptap ul ul li").inner_text().strip() == "slowly"
    page.select_option("#id_status", "published")
    page.locator("[name=_look]").last.click()
    page.wait_for_url("**/blog/rest-after-a-flight/")

    assert page.locator("h1").inner_text() == "Rest after a flight"
    prose = page.locator(".prose")
    assert prose.locator("h2").inner_text() == "What helps"
    assert prose.locator("ul > li").first.inner_text().startswith("Walk the aisle")
    assert prose.locator("ol > li").inner_text().strip() == "First this"
    assert prose.locator("a").get_attribute("href") == "https://example.com/a?b=1&c=2"
    assert prose.locator("table, script, span[style]").count() == 0
    page.goto("/blog/")
    assert page.locator(".post-card").inner_text().startswith(timezone.localdate().strftime("%B"))


def test_stranger_s_post_in_markdown_is_published(sign_in: Any) -> None:
    page = sign_in("/admin/blog/post/paste/")
    page.fill("#id_text", "# Sleep well\n\nSome **bold** [words](/faq/).\n\n## Part\n\n- one\n- two")
    page.click("text=Make a draft")
    page.wait_for_selector(".prose-editor .tiptap h2")
    page.select_option("#id_status", "published")
    page.locator("[name=_look]").last.click()
    page.wait_for_url("**/blog/sleep-well/")

    prose = page.locator(".prose")
    assert prose.locator("strong").inner_text() == "bold"
    assert prose.locator("li").all_inner_texts() == ["one", "two"]
    assert prose.locator('a[href="/faq/"]').inner_text() == "words"


def test_picture_is_uploaded_with_its_focus_by_a_press(sign_in: Any, tmp_path: Path) -> None:
    page = sign_in("/admin/blog/picture/add/")
    file = tmp_path / "garden.jpg"
    file.write_bytes(picture_file(800, 400))
    page.set_input_files("#id_upload", file)
    box = page.locator(".focus img").bounding_box()
    page.locator(".focus").click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    page.click(
        "[name=_save]"
    )  # the browser asks for the words first, so that the file need not be chosen again
    assert page.url.endswith("/add/")
    page.fill("#id_alt", "Red and blue")
    page.click("[name=_save]")
    page.wait_for_url("**/admin/blog/picture/")

    picture = Picture.objects.get()
    assert abs(picture.focal_x - 75) <= 1
    assert abs(picture.focal_y - 25) <= 1


def test_writer_puts_in_a_picture_and_a_video_and_is_warned_while_writing(
    sign_in: Any, new_page: Any
) -> None:
    now = timezone.now()
    picture = make_picture("A red and a blue half", now=now)
    make_video()
    page = sign_in("/admin/blog/post/add/")
    page.fill("#id_title", "Rest well")
    page.locator(".prose-editor .tiptap").click()
    page.keyboard.type("This will cure you.")
    expect(page.locator(".claims-note")).to_contain_text("cure: This will cure you.")
    page.keyboard.press("Enter")
    page.click("[data-put=picture]")
    page.locator("dialog[open] input[type=search]").fill("blue")
    page.locator("dialog[open] .library-list button").click()
    page.keyboard.type("After the picture.")
    page.keyboard.press("Enter")
    page.click("[data-put=video]")
    page.locator("dialog[open] .library-list button").click()
    page.click("text=Choose by sight")
    page.locator("dialog[open] .library-list button").click()
    page.select_option("#id_status", "published")
    page.locator("[name=_look]").last.click()
    page.wait_for_url("**/blog/rest-well/")

    post = Post.objects.get()
    assert post.cover == picture
    assert picture.address in post.body
    assert page.locator(".prose figure.figure img").get_attribute("alt") == "A red and a blue half"
    assert page.locator(".post__cover img").evaluate("image => image.naturalWidth") > 0
    for scheme in ("light", "dark"):
        reader = new_page(width=320, color_scheme=scheme)
        reader.goto("/blog/rest-well/")
        assert accessibility_violations(reader) == []
        assert sideways_overflow(reader) == 0


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

    assert page.url.endswith("#part-3")
    expect(page.locator("#part-3")).to_be_in_viewport()
    assert accessibility_violations(page) == []
