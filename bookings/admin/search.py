"""Searching as people at a telephone do: part of a name, a number in any format, a street."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

_Row = TypeVar("_Row", bound=Model)

# A run of digits with what people write between them: (213) 555-0142, 213.555.0142, +1 213 555 0142.
_RUN = re.compile(r"\+?\(?\d[\d\s().\-–/]{5,}\d")
# Longer than anything worth searching for, and short enough for every database's LIKE.
_LONGEST = 200


def search(queryset: QuerySet[_Row], text: str, *, words: list[str], phone: str) -> QuerySet[_Row]:
    """The rows that hold every part of `text`: a telephone number of seven digits or more in the field `phone`, in
    any format, and each word somewhere in the fields `words`; a word of digits also within the number."""
    text = unicodedata.normalize("NFKC", text)[:_LONGEST]
    for run in _RUN.findall(text):
        digits = _digits(run)
        if len(digits) >= 7:
            text = text.replace(run, " ", 1)
            # Numbers are kept as +1 and ten digits.
            national = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
            queryset = queryset.filter(Q(**{f"{phone}__contains": national}) | _anywhere(run.strip(), words))
    for word in text.split():
        found = _anywhere(word, words)
        digits = _digits(word)
        if len(digits) >= 3 and not any(character.isalpha() for character in word):
            found |= Q(**{f"{phone}__contains": digits})
        queryset = queryset.filter(found)
    return queryset


def _anywhere(word: str, fields: list[str]) -> Q:
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__icontains": word})
    return found


def _digits(text: str) -> str:
    """The decimal digits of `text`, those of other scripts as ASCII."""
    return "".join(str(unicodedata.digit(character)) for character in text if character.isdecimal())
