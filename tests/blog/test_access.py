"""The blog and the owner's pages in a browser: nothing for axe to find, nothing wider than the window."""

from typing import Any

import pytest
from django.utils import timezone

import services.sample
from blog import sample
from blog.models import Post
from tests.support.browser import DESKTOP, PHONE, accessibility_violations, sideways_overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE, 320])
def test_pages_are_for_all(live_server: Any, new_page: Any, width: int, scheme: str) -> None:
    services.sample.load(now=timezone.now())
    sample.load(now=timezone.now())
    post = Post.objects.latest("published_at")
    page = new_page(width=width, color_scheme=scheme)
    found = {}
    for place in ("/blog/", post.get_absolute_url(), "/blog/tag/posture/", "/faq/", "/contact/", "/privacy/"):
        page.goto(place)
        for question in page.locator(".questions summary").all():
            question.click()
        if problems := accessibility_violations(page):
            found[place] = problems
        assert sideways_overflow(page) == 0, place

    assert found == {}
