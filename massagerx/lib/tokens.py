"""Tokens for links: made from a stored nonce and the site's secret key, so that no stored value opens anything."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator

from django.conf import settings


def new_nonce() -> str:
    """256 random bits, url-safe, 43 characters."""
    return secrets.token_urlsafe(32)


def derive_token(purpose: str, nonce: str) -> str:
    """The token of a nonce for one purpose: HMAC-SHA256 under a key of its own, url-safe, 43 characters."""
    return _token(settings.SECRET_KEY, purpose, nonce)


def derived_tokens(purpose: str, nonce: str) -> Iterator[str]:
    """The same under each key that is still accepted, the present one first."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield _token(key, purpose, nonce)


def token_digest(token: str) -> str:
    """The digest that a token is stored and found by: SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def derive_code(purpose: str, nonce: str) -> str:
    """A code of six digits to type in, of a nonce."""
    return _code(_mac(settings.SECRET_KEY, purpose, nonce))


def is_code(typed: str, purpose: str, nonce: str) -> bool:
    """Whether `typed` is the code of a nonce, under any key that is still accepted. In constant time."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    matches = [
        hmac.compare_digest(typed.encode("utf-8", "surrogatepass"), _code(_mac(key, purpose, nonce)).encode())
        for key in keys
    ]
    return any(matches)


def _token(key: str, purpose: str, nonce: str) -> str:
    return base64.urlsafe_b64encode(_mac(key, purpose, nonce)).rstrip(b"=").decode()


def _code(mac: bytes) -> str:
    return f"{int.from_bytes(mac[:8], 'big') % 1_000_000:06d}"


def _mac(key: str, purpose: str, nonce: str) -> bytes:
    derived = hashlib.sha256(f"massagerx.links:{purpose}:{key}".encode()).digest()
    return hmac.digest(derived, nonce.encode(), "sha256")
