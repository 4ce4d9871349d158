"""Normalizes typed text: length first, Unicode in NFC, no control characters, no invisible-only text; compares
names."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

# A letter may be typed as so many characters that become one: a Vietnamese vowel, a Korean syllable.
_PIECES = 4
# No letter of any language has more marks (UAX #15, Stream-Safe Text Format), and to put marks in order takes the
# square of their number.
_MOST_MARKS = 30
# Bidirectional controls can make a line read as something else in an admin list, an email or a log.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What has no width and says nothing: zero width space, word joiner, byte order mark.
_WIDTHLESS = re.compile("[\u200b\u2060\ufeff]")
# These do say something between the letters of a word (علی‌رضا, क्‍ष) and between the parts of an emoji.
_JOINERS = re.compile("([\u200c\u200d]+)")
# Apostrophes and hyphens as keyboards and phones type them.
_BETWEEN_LETTERS = re.compile(
    "['`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201b\u2032\uff07\u00ad\u2010-\u2015\u2212-]"
)
_UNREADABLE = _("This holds a character that can't be read. Please type it again.")
_INVISIBLE = {"Cf", "Cc", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"}


def refuse_too_long(value: str, longest: int) -> None:
    """Raises `ValidationError` for more than `longest` characters. Every text is to pass this before anything is done
    with it that takes longer than counting."""
    if len(value) > longest:
        raise ValidationError(
            ngettext_lazy(
                "Please use %(limit_value)d character at most. This has %(show_value)d.",
                "Please use %(limit_value)d characters at most. This has %(show_value)d.",
                "limit_value",
            ),
            code="max_length",
            params={"limit_value": longest, "show_value": len(value)},
        )


def clean_line(value: str, *, longest: int) -> str:
    """One line of text of at most `longest` characters in NFC, without direction marks, ends trimmed, inner runs of
    blanks made one.

    Raises `ValidationError` for a longer text, for line breaks and other control characters, for characters that are
    no text, and for text with nothing visible in it (when it isn't simply blank).
    """
    text = _checked(value, longest=longest, allowed="")
    if any(character in value for character in "\r\n\u2028\u2029\x0b\x0c\x85"):
        raise ValidationError(_("Use one line only, without line breaks."), code="line_break")
    return " ".join(text.split())


def clean_lines(value: str, *, longest: int) -> str:
    """As `clean_line`, for a text that may have several lines; each counts as ended by one character."""
    text = _checked(value.replace("\r\n", "\n").replace("\r", "\n"), longest=longest, allowed="\n\t")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _checked(value: str, *, longest: int, allowed: str) -> str:
    refuse_too_long(value, _PIECES * longest)
    marks = 0
    for character in value:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in allowed + "\r\n\t\x0b\x0c\x85"):
            raise ValidationError(_UNREADABLE, code="unreadable")
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MOST_MARKS:
            raise ValidationError(_UNREADABLE, code="unreadable")
    text = _BIDI.sub("", unicodedata.normalize("NFC", value))
    refuse_too_long(text.strip(), longest)
    if text.strip() and all(unicodedata.category(character) in _INVISIBLE for character in text):
        raise ValidationError(_("This looks blank. Please type letters or numbers."), code="invisible")
    return _without_lonely_joiners(_WIDTHLESS.sub("", text))


def _without_lonely_joiners(text: str) -> str:
    parts = _JOINERS.split(text)
    for place in range(1, len(parts), 2):
        before, after = parts[place - 1][-1:], parts[place + 1][:1]
        joins = all(
            character and unicodedata.category(character)[0] in "LMS" for character in (before, after)
        )
        parts[place] = parts[place][0] if joins else ""
    return "".join(parts)


def initials(name: str) -> str:
    """A first name with the last one's initial."""
    first, *others = name.split()
    return f"{first} {others[-1][0]}." if others else first


def plain_name(name: str) -> str:
    """A name in which capitals, accents, apostrophes, hyphens and spaces make no difference."""
    bare = _BETWEEN_LETTERS.sub("", name[:200])
    plain = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())
