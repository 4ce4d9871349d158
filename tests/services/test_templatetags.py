"""The small tags and filters that pages share."""

from urllib.parse import unquote

import pytest
from django.conf import settings

from services.templatetags.money import dollars, plus_cents
from services.templatetags.site import attributes, drawn_icon, sentences


@pytest.mark.parametrize(
    ("cents", "written"),
    [
        (16_500, "$165"), (6_250, "$62.50"), (125_000, "$1,250"), (5, "$0.05"), (0, "$0"), (-500, "−$5"), (None, ""),
    ],
)  # fmt: skip
def test_cents_are_written_as_dollars(cents: int | None, written: str) -> None:
    assert dollars(cents) == written


def test_sum_of_cents_has_no_price_without_a_first_amount() -> None:
    assert plus_cents(12_000, 2_000) == 14_000
    assert plus_cents(12_000, None) == 12_000
    assert plus_cents(None, 2_000) is None


def test_a_heading_breaks_between_its_sentences_and_stays_text() -> None:
    assert sentences("Stay home. We come <to> you.") == (
        '<span class="sentence">Stay home.</span> <span class="sentence">We come &lt;to&gt; you.</span>'
    )
    assert sentences("Rest <b>at home</b>") == "Rest &lt;b&gt;at home&lt;/b&gt;"
    assert sentences("") == ""


def test_attributes_of_a_widget_are_escaped_and_only_those_that_are_so() -> None:
    assert attributes(
        {"id": "id_a", "checked": True, "disabled": False, "data-n": 0, "title": 'a "<b>"'}
    ) == (' id="id_a" checked data-n="0" title="a &quot;&lt;b&gt;&quot;"')
    assert attributes({}) == ""


def test_the_icon_is_in_the_page_and_asks_for_nothing() -> None:
    kind, drawing = drawn_icon().split(",", 1)
    assert kind == "data:image/svg+xml"
    assert not set('<>"&#') & set(drawing), "what HTML or an address would read otherwise"
    original = (settings.BASE_DIR / "static/img/favicon.svg").read_text(encoding="utf-8")
    assert unquote(drawing).replace("'", '"') == original.strip()
