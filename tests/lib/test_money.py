"""Dollars typed, cents kept."""

import pytest
from django.core.exceptions import ValidationError

from massagerx.lib.money import DollarsField


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("125", 12_500), ("125.5", 12_550), ("125.50", 12_550), ("$1,250", 125_000), (" $ 62.50 ", 6_250), ("0", 0),
        (".5", 50), ("1e2", 10_000), ("٢٠", 2_000),
    ],
)  # fmt: skip
def test_amounts_are_read(typed: str, cents: int) -> None:
    assert DollarsField().clean(typed) == cents


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"), ("$", "required"), ("abc", "invalid"), ("1.2.3", "invalid"), ("NaN", "invalid"),
        ("Infinity", "invalid"), ("1e400", "too_much"), ("9" * 5000, "invalid"), ("\x00", "invalid"),
        ("-1", "negative"), ("10000.01", "too_much"), ("1.234", "max_decimal_places"), ("1e-3", "max_decimal_places"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_told(typed: str, code: str) -> None:
    with pytest.raises(ValidationError) as told:
        DollarsField().clean(typed)

    assert told.value.code == code


def test_limit_is_told_in_dollars() -> None:
    with pytest.raises(ValidationError, match=r"\$1,000\."):
        DollarsField(max_cents=100_000).clean("1000.01")


def test_blank_is_none_where_it_may_be() -> None:
    assert DollarsField(required=False).clean("") is None


@pytest.mark.parametrize(("cents", "shown"), [(12_550, "125.50"), (0, "0.00"), ("12x", "12x"), (None, None)])
def test_cents_are_shown_as_dollars_and_typing_as_it_was(cents: object, shown: object) -> None:
    assert DollarsField().prepare_value(cents) == shown


@pytest.mark.parametrize(
    ("typed", "changed"), [("125.5", False), ("$125.50", False), ("125.51", True), ("x", True)]
)
def test_change_is_seen_by_amount(typed: str, changed: bool) -> None:
    assert DollarsField().has_changed(12_550, typed) is changed
