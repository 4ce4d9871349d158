"""The editor in a real browser, under the site's strict policy: `new_page` fails the test on any violation."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from blog.models import Post

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def writing_page(live_server: Any, new_page: Any) -> Any:
    """The page for a new post, with the owner signed in."""
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    page = new_page()
    page.goto("/admin/login/?next=/admin/blog/post/add/")
    page.fill("#id_username", "owner")
    page.fill("#id_password", "a-long-password")
    page.click("[type=submit]")
    page.wait_for_selector(".prose-editor .tiptap")
    return page


def test_owner_writes_a_post_with_the_editor(writing_page: Any) -> None:
    page = writing_page
    page.fill("#id_title", "Rest well")
    page.locator(".prose-editor .tiptap").click()
    page.keyboard.type("Two  spaces, then a heading")
    page.keyboard.press("Enter")
    page.keyboard.type("Breathe")
    page.click(".prose-menubar__selected")
    page.click("[data-name=heading2]")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("Read more")
    page.keyboard.press("Shift+Control+ArrowLeft")
    page.click("[data-name=link]")
    page.locator("dialog input[name=href]").fill("/faq/")
    page.keyboard.press("Enter")
    expect(page.locator(".tiptap a")).to_have_text("more")
    page.keyboard.press("Control+s")
    expect(page.locator(".messagelist .success")).to_be_visible()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".messagelist .success")).to_contain_text("Published")

    post = Post.objects.get()
    assert post.slug == "rest-well"
    assert post.body == (
        "<p>Two  spaces, then a heading</p><h2>Breathe</h2>"
        '<p>Read <a href="/faq/" rel="noopener">more</a></p>'
    )
    page.goto("/blog/rest-well/")
    assert page.locator(".prose h2").inner_text() == "Breathe"


def test_refused_post_comes_back_with_its_text_in_the_editor(writing_page: Any) -> None:
    page = writing_page
    page.locator(".prose-editor .tiptap").click()
    page.keyboard.type("Not lost")
    page.evaluate("document.querySelector('#post_form').noValidate = true")

    page.click("[name=_continue]")
    page.wait_for_selector(".errornote")

    expect(page.locator(".prose-editor .tiptap")).to_have_text("Not lost")
    assert not Post.objects.exists()
    # Nor is it by a slip: the browser asks before it leaves what is nowhere else.
    asked: list[str] = []

    def leave(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.locator(".prose-editor .tiptap").click()
    page.goto("/admin/")
    assert asked == ["beforeunload"]
