"""Checks of secret keys that need nothing of Django, so that settings can use them."""

import base64
import binascii


def valid_key(key: str) -> bool:
    """Whether `key` is 32 bytes in url-safe base64, as `Fernet.generate_key()` makes them."""
    try:
        return len(base64.urlsafe_b64decode(key.encode())) == 32
    except (binascii.Error, ValueError):
        return False


def random_key(key: str) -> bool:
    """Whether a valid key can have been made by chance: 32 random bytes are never readable text, as samples and
    pass phrases are, nor few bytes repeated."""
    decoded = base64.urlsafe_b64decode(key.encode())
    return len(set(decoded)) > 12 and not all(0x20 <= byte < 0x7F for byte in decoded)
