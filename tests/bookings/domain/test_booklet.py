"""The general booklet: the owner's words in blocks, and the sample's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from bookings.domain import booklet
from bookings.domain.booklet import blocks_of, title_of
from bookings.models import Booklet
from bookings.sample import load
from massagerx.lib.typeset import NotTypeset
from services import sample as catalogue
from services.models import Business
from tests.factories import NOW
from tests.support.papers import letters_of, pages_of, said_of, unheard

LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "blocks"),
    [
        ("", []),
        ("# A  b", [{"kind": "title", "text": "A  b"}]),
        ("### A", [{"kind": "head", "text": "A"}]),
        ("#hash\nof it", [{"kind": "text", "text": "#hash of it"}]),
        ("One\r\ntwo\n\nthree", [{"kind": "text", "text": "One two"}, {"kind": "text", "text": "three"}]),
        ("- a\n* b\n\n- c", [{"kind": "items", "items": ["a", "b"]}, {"kind": "items", "items": ["c"]}]),
        ("1. a\n2) b", [{"kind": "numbers", "items": ["a", "b"]}]),
        ("a\n- b\nc", [{"kind": "text", "text": "a"}, {"kind": "items", "items": ["b"]},
                       {"kind": "text", "text": "c"}]),
        ("---\n___\n____", [{"kind": "page", "text": "---"}, {"kind": "line", "text": "___"},
                            {"kind": "line", "text": "____"}]),
        ("-a\n1999. a\n-", [{"kind": "text", "text": "-a 1999. a -"}]),
    ],
)  # fmt: skip
def test_words_are_blocks(words: str, blocks: list[dict[str, Any]]) -> None:
    assert blocks_of(words) == blocks


def test_the_title_is_what_they_begin_with() -> None:
    assert title_of("\n# A\nb") == "A"
    assert title_of("b\n# A") == ""
    assert title_of("") == ""


@pytest.mark.django_db
def test_each_page_of_the_sample_says_that_it_is_one() -> None:
    catalogue.load(now=NOW)
    load(now=NOW)
    found = Booklet.objects.get()
    pages = pages_of(bytes(found.content))
    assert len(pages) == 3
    assert all("Sample booklet" in page for page in pages)
    assert "sample" in found.file_name
    assert unheard(bytes(found.content)) == []
    assert said_of(bytes(found.content))["headings"][0] == (1, "Standing, sitting, moving")


@pytest.mark.django_db
def test_it_is_made_anew_once_when_the_business_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.load(now=NOW)
    load(now=NOW)
    assert booklet.current_booklet(now=LATER) == Booklet.objects.get(uploaded_at=NOW)
    Business.objects.update(name="Massage Ry")
    with monkeypatch.context() as broken:
        broken.setattr(booklet, "typeset", Mock(side_effect=NotTypeset("booklet")))
        found = booklet.current_booklet(now=LATER)
        assert found is not None
        assert "Massage Rx" in letters_of(bytes(found.content))
    for _twice in range(2):
        booklet.current_booklet(now=LATER)
        monkeypatch.setattr(booklet, "typeset", Mock(side_effect=AssertionError("once")))
        said = letters_of(bytes(Booklet.objects.get().content))
        assert said.count("Sample booklet · Massage Ry · ") == 3
