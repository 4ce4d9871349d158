"""Tokens that nothing stored can make."""

from __future__ import annotations

import pytest

from massagerx.lib import tokens


def test_a_token_belongs_to_its_purpose_and_nonce() -> None:
    nonce = tokens.new_nonce()
    made = {
        tokens.derive_token("visit", nonce),
        tokens.derive_token("feed", nonce),
        tokens.derive_token("visit", tokens.new_nonce()),
    }
    assert len(made) == 3
    assert all(len(token) == 43 for token in made)


def test_an_old_key_still_makes_its_tokens_until_it_is_dropped(settings) -> None:
    nonce = tokens.new_nonce()
    settings.SECRET_KEY = "the-old-key-of-the-site"
    old_token, old_code = tokens.derive_token("visit", nonce), tokens.derive_code("code", nonce)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the-new-key", ["the-old-key-of-the-site"]
    assert list(tokens.derived_tokens("visit", nonce)) == [tokens.derive_token("visit", nonce), old_token]
    assert tokens.is_code(old_code, "code", nonce)
    settings.SECRET_KEY_FALLBACKS = []
    assert old_token not in tokens.derived_tokens("visit", nonce)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "\ud800", "１２３４５６", "abcdef"])
def test_what_is_no_code_opens_nothing(typed: str) -> None:
    nonce = tokens.new_nonce()
    assert not tokens.is_code(typed, "code", nonce)
    assert tokens.is_code(tokens.derive_code("code", nonce), "code", nonce)
