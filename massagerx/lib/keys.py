"""Checks of secret keys that need nothing of Django, so that settings can use them."""

import base64
import binascii


def valid_key(key: str) -> bool:
    """Whether `key` is 32 bytes in url-safe base64, as `Fernet.generate_key()` makes them."""
    try:
        return len(base64.urlsafe_b64decode(key.encode())) == 32
    except (binascii.Error, ValueError):
        return False
