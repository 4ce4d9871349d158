"""Normalizes typed text: Unicode in NFC, no control characters, no invisible-only text."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Bidirectional controls can make a line read as something else in an admin list, an email or a log.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = {"Cf", "Cc", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"}


def clean_line(value: str) -> str:
    """One line of text in NFC, without direction marks, ends trimmed, inner runs of blanks made one.

    Raises `ValidationError` for line breaks and other control characters, for characters that are no text, and
    for text with nothing visible in it (when it isn't simply blank).
    """
    text = _checked(value, allowed="")
    if any(character in value for character in "\r\n\u2028\u2029\x0b\x0c\x85"):
        raise ValidationError(_("Use one line only, without line breaks."), code="line_break")
    return " ".join(text.split())


def clean_lines(value: str) -> str:
    """As `clean_line`, for a text that may have several lines."""
    text = _checked(value.replace("\r\n", "\n").replace("\r", "\n"), allowed="\n\t")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _checked(value: str, *, allowed: str) -> str:
    for character in value:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in allowed + "\r\n\t\x0b\x0c\x85"):
            raise ValidationError(
                _("This holds a character that can't be read. Please type it again."), code="unreadable"
            )
    text = _BIDI.sub("", unicodedata.normalize("NFC", value))
    if text.strip() and all(unicodedata.category(character) in _INVISIBLE for character in text):
        raise ValidationError(_("This looks blank. Please type letters or numbers."), code="invisible")
    return text
