"""Names, times and the owner's texts as messages write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bookings.notifications.wording import (
    absolute_links,
    greeting_name,
    html_to_text,
    moment,
    one_line,
    time_span,
)
from tests.support.visits import THURSDAY

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana Sample", "Ana"),
        ("Ana", "Ana"),
        ("Mary St.John", "Mary"),
        ("Dr. J. R. Sample", "J. R. Sample"),
        ("Mrs Sample", "Sample"),
        ("Dr", "Dr"),
        ("ana-maría lópez", "ana-maría"),
        ("李", "李"),
        ("Ana st.example", ""),
        ("Ana St.EXAMPLE", ""),
        ("Buy at www.evil.example", ""),
        ("https://evil.example", ""),
        ("evil.example", ""),
        ("Ana <b>", ""),
        ("Ana\r\nBcc: x", ""),
        ("", ""),
    ],
)
def test_greeting_name_carries_no_advertising(name: str, shown: str) -> None:
    assert greeting_name(name) == shown


def test_one_line_takes_out_all_that_breaks_lines() -> None:
    assert one_line(" a\r\nb\u2028c\x00d\x85e\u202ef\tg ") == "a b c d e f g"


def test_times_are_local_and_name_the_zone_on_both_sides_of_a_change() -> None:
    summer, winter = THURSDAY, datetime(2026, 12, 1, 22, 30, tzinfo=UTC)
    night = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)  # 1:30 for the first time

    assert time_span(summer, summer + timedelta(minutes=90)) == "2:30 PM – 4:00 PM PDT"
    assert time_span(winter, winter + timedelta(minutes=90)) == "2:30 PM – 4:00 PM PST"
    assert time_span(night, night + timedelta(minutes=90)) == "1:30 AM PDT – 2:00 AM PST"
    assert moment(night + timedelta(hours=1)).replace(NBSP, " ") == "Sun, Nov 1, 1:30 AM PST"


def test_owners_html_becomes_text_and_its_links_work_from_a_mailbox() -> None:
    html = (
        "<h2>Before</h2><ul><li><p>Eat &amp; drink.</p></li>"
        '<li>See <a href="/faq/">this</a></li></ul><p>One<br>two</p>'
    )

    assert html_to_text(html) == ("Before\n- Eat & drink.\n- See this (http://127.0.0.1:8000/faq/)\nOne\ntwo")
    assert absolute_links('<a href="/faq/">') == '<a href="http://127.0.0.1:8000/faq/">'
    assert absolute_links('<a href="//evil.example">') == '<a href="//evil.example">'
    assert absolute_links('<a href="https://a.example/">') == '<a href="https://a.example/">'
