"""The writer's story, on the whole site with real parts: a stranger's post is pasted, gets a picture, a video and a
cover, is read without a log-in, appears at its minute by itself, goes back to an older version, and moves."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, expect

from tests.blog.files import picture_file
from tests.blog.test_importing import MARKDOWN, WORD
from tests.support.browser import PageMaker, accessibility_violations, screenshot, sideways_overflow
from tests.support.rows import rows
from tests.support.site import RunningSite

pytestmark = pytest.mark.journey

# What a browser does when something is pasted from a word processor.
_PASTE = """(box, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  data.setData("text/plain", "plain words");
  box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
_WHERE = ("/blog/?page=1", "/blog/feed/", "/sitemap.xml")
_OLD, _NEW = "rest-after-a-flight", "rest-after-flying"


def log_in(page: Page, site: RunningSite) -> None:
    login = site.login("writer")
    page.goto("/admin/login/?next=/admin/blog/post/paste/")
    page.get_by_label("Username").fill(login.username)
    page.get_by_label("Password").fill(login.password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/paste/")


def photograph(folder: Path) -> Path:
    """As a camera leaves it, with a word in it that must not get out."""
    exif = Image.Exif()
    exif[0x010F] = "Canary Camera"
    file = folder / "Our garden.jpg"
    file.write_bytes(picture_file(1400, 700, exif=exif))
    return file


def places(page: Page, slug: str) -> list[bool]:
    """Whether the list, the feed and the sitemap name the post to `page`'s visitor."""
    return [f"/blog/{slug}/" in page.request.get(where).text() for where in _WHERE]


def selected(page: Page) -> str:
    """The words that are marked, as soon as there are some."""
    for _try in range(1200):
        if words := page.evaluate("getSelection().toString()"):
            break
        page.wait_for_timeout(50)
    return str(words)


def test_stranger_s_post_goes_its_whole_way(site: RunningSite, new_page: PageMaker, tmp_path: Path) -> None:
    database = site.site.environment["DATABASE_URL"]
    page, reader = new_page(), new_page(width=390)

    def save(button: str = "Save draft") -> None:
        page.get_by_role("button", name=button, exact=True).first.click()
        expect(page.locator(".messagelist .success")).to_be_visible()

    # A picture: the browser asks for its words before the file is sent; its sizes are made in the background.
    log_in(page, site)
    page.goto("/admin/blog/picture/add/")
    page.set_input_files("#id_upload", photograph(tmp_path))
    expect(page.locator(".focus img")).not_to_have_js_property("naturalWidth", 0)
    box = page.locator(".focus img").bounding_box()
    assert box
    page.locator(".focus").click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    page.get_by_role("button", name="Save", exact=True).click()
    assert page.url.endswith("/add/")
    page.get_by_label("What it shows").fill("Red and blue halves")
    save("Save")
    uploaded = time.monotonic()
    page.goto("/admin/blog/video/add/")
    page.get_by_label("Address").fill("https://youtu.be/abc_DEF-123?t=4")
    page.get_by_label("Title").fill("Slow breaths")
    save("Save")

    # A post in Markdown, and one from a word processor.
    page.goto("/admin/blog/post/paste/")
    page.locator("#id_text").fill(MARKDOWN)
    page.get_by_role("button", name="Make a draft").click()
    expect(page.locator(".prose-editor .tiptap h2")).to_have_text("Part")
    page.goto("/admin/blog/post/paste/")
    page.locator("#id_text").evaluate(_PASTE, WORD)
    page.get_by_role("button", name="Make a draft").click()
    text = page.locator(".prose-editor .tiptap")
    expect(text.locator("h2")).to_have_text("What helps")
    expect(text.locator("ul ul li")).to_have_text("slowly")
    expect(page.locator(".count-note").first).to_have_text(re.compile(r"^\d+ words · 1 min to read$"))

    # A picture, a video and a promise too much are put in; the promise is shown at its place, and saved all the same.
    text.locator("p").last.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.type("This will cure you.")
    page.keyboard.press("Enter")
    for kind in ("picture", "video"):
        page.locator(f"[data-put={kind}]").click()
        page.locator("dialog[open] .library-list button").first.click()
    page.get_by_role("button", name="Choose by sight").click()
    page.locator("dialog[open] .library-list button").first.click()
    page.locator(".claims-note button", has_text="cure").click()
    assert selected(page) == "cure"
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Preview on a phone").last.click()
    popup = opened.value
    expect(popup.locator("body")).to_contain_text("Nothing is saved yet")
    expect(popup.locator(".prose")).to_contain_text("This will cure you.")
    popup.close()
    save()
    expect(page.locator(".messagelist .warning")).to_contain_text("cure: This will cure you.")
    screenshot(page, "writer-post")

    # Someone without a log-in reads it by its preview link, and nowhere else.
    preview = page.locator("a.preview-link").get_attribute("href")
    assert preview
    assert reader.request.get(f"/blog/{_OLD}/").status == 404
    reader.goto(preview)
    expect(reader.locator("h1")).to_have_text("Rest after a flight")

    # An address without its beginning is set straight; one that leads nowhere is refused.
    text.locator("p", has_text="Good night.").dblclick(position={"x": 12, "y": 12})
    page.keyboard.press("Control+k")
    link = page.locator("dialog[open] input[name=href]")
    new_page.allow("status of 404")  # the browser's word on the address that is asked about
    link.fill("/blog/no-such-post/")
    link.press("Enter")
    expect(link).to_have_js_property("validationMessage", "There is no such page on this site.")
    link.fill("example.com/nights")
    link.press("Enter")
    expect(text.locator('a[href="https://example.com/nights"]')).to_have_count(1)

    # It is to appear tomorrow; when its time comes, it does so by itself.
    tomorrow = timezone.localtime() + timedelta(days=1)
    page.locator("#id_published_at_0").fill(f"{tomorrow:%Y-%m-%d}")
    page.locator("#id_published_at_1").fill("09:00")
    save("Publish")
    expect(page.locator(".desk-notice")).to_contain_text("Scheduled for")
    assert places(reader, _OLD) == [False, False, False]
    due = timezone.now() - timedelta(seconds=1)
    rows(database, f"UPDATE blog_post SET published_at = '{due:%Y-%m-%d %H:%M:%S}+00' WHERE slug = '{_OLD}'")
    assert places(reader, _OLD) == [True, True, True]

    # As a reader gets it: what was pasted, without its rubbish, and a video that asks nobody before the press.
    reader.goto(f"/blog/{_OLD}/")
    prose = reader.locator(".prose")
    assert prose.locator("ul > li").first.inner_text().startswith("Walk the aisle")
    assert prose.locator("table, script, span[style], [class^=Mso]").count() == 0
    assert "Canary" not in reader.content()
    new_page.allow("https://www.youtube-nocookie.com/embed/abc_DEF-123")
    reader.route(
        "https://www.youtube-nocookie.com/**",
        lambda route: route.fulfill(body="<p>the video</p>", content_type="text/html"),
    )
    assert reader.locator("iframe").count() == 0
    reader.locator(".video__link").focus()
    reader.keyboard.press("Enter")
    expect(reader.frame_locator(".video iframe").locator("p")).to_have_text("the video")

    # The version of before the promise comes back, and the post moves: its old address leads on.
    page.get_by_role("link", name="Earlier versions").click()
    page.locator("table a").last.click()
    page.get_by_role("button", name="Bring this version back").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    page.get_by_label("Address").fill(_NEW)
    save("Save")
    moved = reader.request.get(f"/blog/{_OLD}/", max_redirects=0)
    assert (moved.status, moved.headers["location"]) == (301, f"/blog/{_NEW}/")
    assert "This will cure you." not in reader.request.get(f"/blog/{_NEW}/").text()
    assert places(reader, _NEW) == [True, True, True]

    # By now the worker has made what a phone needs, cut around the focus, with nothing of the camera in it.
    sizes = "SELECT cover_widths FROM blog_picture WHERE alt = 'Red and blue halves'"
    while rows(database, sizes)[0][0] in ([], "[]") and time.monotonic() < uploaded + 60:
        time.sleep(0.25)
    reader.goto(f"/blog/{_NEW}/?sizes")
    cover = reader.locator(".post__cover img")
    assert re.search(r"-cover-7[456]-2[456]-480\.webp 480w", cover.get_attribute("srcset") or "")
    assert cover.get_attribute("alt") == "Red and blue halves"
    small = reader.request.get(cover.evaluate("image => image.currentSrc")).body()
    assert small[8:12] == b"WEBP"
    assert b"Canary" not in small
    assert sideways_overflow(reader) == 0
    assert accessibility_violations(reader) == []
    screenshot(reader, "writer-published-390")
