"""Form tokens: a key and a time that nobody else can make."""

from datetime import timedelta

import pytest

from massagerx.lib.form_tokens import issue_form_token, read_form_token
from tests.factories import NOW


def test_form_token_says_when_it_was_shown() -> None:
    form_token = read_form_token(issue_form_token("contact", now=NOW), "contact")

    assert form_token is not None
    assert form_token.shown_at == NOW


def test_each_showing_has_a_key_of_its_own() -> None:
    keys = {read_form_token(issue_form_token("contact", now=NOW), "contact").key for _ in range(3)}
    assert len(keys) == 3


def test_form_token_of_another_form_or_hand_is_none(settings: object) -> None:
    ours = issue_form_token("contact", now=NOW)
    older = issue_form_token("contact", now=NOW - timedelta(hours=1))
    mixed = older.rpartition(":")[0] + ":" + ours.rpartition(":")[2]

    for text in ("", ":", ours[:-1], ours + "x", mixed, "x" * 1_000_000, "\x00", "\ud800"):
        assert read_form_token(text, "contact") is None
    assert read_form_token(ours, "booklet") is None
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    assert read_form_token(ours, "contact") is None


@pytest.mark.parametrize("kept", [True, False])
def test_key_that_was_replaced_is_accepted_while_it_is_named(settings: object, kept: bool) -> None:
    ours = issue_form_token("contact", now=NOW)
    old = settings.SECRET_KEY  # type: ignore[attr-defined]
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    settings.SECRET_KEY_FALLBACKS = [old] if kept else []  # type: ignore[attr-defined]

    assert (read_form_token(ours, "contact") is not None) is kept
