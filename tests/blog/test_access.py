"""States of the blog's pages that the walk over all public pages does not reach, in a narrow browser."""

from typing import Any

import pytest
from django.utils import timezone

import services.sample
from blog import sample
from tests.support.browser import accessibility_violations, sideways_overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_topic_and_open_answers_are_for_all(live_server: Any, new_page: Any, scheme: str) -> None:
    services.sample.load(now=timezone.now())
    sample.load(now=timezone.now())
    page = new_page(width=320, color_scheme=scheme)

    for place in ("/blog/tag/posture/", "/faq/"):
        page.goto(place)
        for question in page.locator(".questions summary").all():
            question.click()

        assert accessibility_violations(page) == [], place
        assert sideways_overflow(page) == 0, place
