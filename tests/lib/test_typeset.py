"""Papers: the same for the same words, and which characters can be set."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from massagerx.lib.typeset import NotTypeset, Paper, _covered, has_letters, typeset
from tests.support.papers import letters_of

AT = datetime(2026, 11, 30, tzinfo=UTC)
FRAME = {"title": "A", "business": "B", "foot": "C"}


def paper(*texts: str) -> bytes:
    blocks = [{"kind": "text", "text": text} for text in texts]
    data = {**FRAME, "blocks": [{"kind": "title", "text": "A"}, *blocks]}
    return typeset("booklet", data, paper=Paper.LETTER, made_at=AT)


def test_the_same_words_are_the_same_file() -> None:
    assert paper("Hello") == paper("Hello") != paper("Hullo")


def test_all_characters_that_are_said_to_be_covered_can_be_set() -> None:
    """PDF/UA refuses a paper with a character that no typeface has."""
    signs = sorted(_covered())
    assert len(signs) > 2000
    assert paper(*("".join(signs[start : start + 200]) for start in range(0, len(signs), 200)))


def test_what_can_not_be_set_is_left_out() -> None:
    read = letters_of(paper("Fine 😀 day, 김 Ana\tLopez\x00"))
    assert "Fine day, Ana Lopez" in read


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("Ana Nuñez", True),
        ("Cafe\u0301", True),
        ("Ναι", True),
        ("שלום", True),
        ("김", False),
        ("A 😀", False),
    ],
)
def test_whether_a_name_can_be_written(name: str, there: bool) -> None:
    assert has_letters(name) is there


def test_a_template_without_its_data_is_no_paper() -> None:
    with pytest.raises(NotTypeset):
        typeset("booklet", FRAME, paper=Paper.LETTER, made_at=AT)
