"""What people type: lengths first, then the rest."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError

from bookings import forms as bookings_forms
from massagerx.lib import text as module
from massagerx.lib.fields import LineField, LinesField, TrapField
from massagerx.lib.text import clean_line, clean_lines


@pytest.fixture
def normalized(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the texts that were put into normal form."""
    lengths: list[int] = []

    class Counting:
        category = staticmethod(unicodedata.category)
        combining = staticmethod(unicodedata.combining)

        @staticmethod
        def normalize(form: str, text: str) -> str:
            lengths.append(len(text))
            return unicodedata.normalize(form, text)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "unicodedata", Counting)
    return lengths


@pytest.mark.parametrize("clean", [clean_line, clean_lines])
def test_too_long_text_is_refused_before_anything_else(clean: Any, normalized: list[int]) -> None:
    with pytest.raises(ValidationError) as refused:
        clean("W" * 500, longest=120)

    assert refused.value.code == "max_length"
    assert normalized == []


@pytest.mark.parametrize("clean", [clean_line, clean_lines])
def test_length_counts_letters_as_people_do(clean: Any, normalized: list[int]) -> None:
    typed = "e\u0302\u0301" * 120  # ế in three characters each

    assert clean(typed, longest=120) == "ế" * 120
    with pytest.raises(ValidationError) as refused:
        clean(typed + "a", longest=120)
    assert refused.value.code == "max_length"
    assert refused.value.params == {"limit_value": 120, "show_value": 121}
    assert max(normalized) <= 4 * 120


@pytest.mark.parametrize("clean", [clean_line, clean_lines])
def test_letter_with_more_marks_than_any_has_is_refused(clean: Any, normalized: list[int]) -> None:
    with pytest.raises(ValidationError) as refused:
        clean("a" + "\u0315\u0300" * 16, longest=4000)
    assert refused.value.code == "unreadable"
    assert normalized == []
    assert clean("a" + "\u0315\u0300" * 15, longest=4000)


def test_line_ends_of_windows_count_once() -> None:
    assert clean_lines("a\r\n" * 50, longest=100) == "a\n" * 49 + "a"


JOINED = ["علی‌رضا", "क्‍ष", "👩‍⚕️", "نمی‌خواهم"]


@pytest.mark.parametrize("word", JOINED)
def test_joiner_inside_a_word_stays(word: str) -> None:
    assert clean_line(f"  {word} ", longest=50) == unicodedata.normalize("NFC", word)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u200cAna\u200d", "Ana"),
        ("Ana \u200d Li", "Ana Li"),
        ("Ana\u200c.", "Ana."),
        ("a\u200c\u200d\u200c\u200cb", "a\u200cb"),
        ("A\u200bn\u2060a\ufeff", "Ana"),
    ],
)
def test_what_nobody_can_see_goes(typed: str, kept: str) -> None:
    assert clean_line(typed, longest=50) == kept


def test_only_joiners_are_blank() -> None:
    with pytest.raises(ValidationError):
        clean_line("\u200c\u200d", longest=50)


def _fields() -> list[tuple[str, forms.Field]]:
    found = []
    for name in bookings_forms.__all__:
        thing = getattr(bookings_forms, name)
        if isinstance(thing, type) and issubclass(thing, forms.Form):
            found += [
                (f"{name}.{field}", value)
                for field, value in thing.base_fields.items()
                if not isinstance(value, forms.BooleanField | TrapField)
            ]
    return found


@pytest.mark.parametrize(("name", "field"), _fields(), ids=[name for name, _ in _fields()])
def test_every_field_that_anybody_may_fill_is_cleaned_in_one_place(
    name: str, field: forms.Field, normalized: list[int]
) -> None:
    """A text field without a limit, or with another way to clean, would be found here."""
    if type(field) is forms.CharField:
        pytest.fail("use LineField or LinesField")
    with pytest.raises(ValidationError):
        field.clean("\u0315\u0300" * 60_000)
    assert normalized == []


def test_own_limit_is_kept() -> None:
    assert LineField().clean("W" * 500)
    for field in (LineField(max_length=120), LinesField(max_length=120)):
        assert field.clean("W" * 120)
        with pytest.raises(ValidationError) as refused:
            field.clean("W" * 121)
        assert [error.code for error in refused.value.error_list] == ["max_length"]
