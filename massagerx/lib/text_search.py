"""Search for parts of words, without regard to case, accents and apostrophes.

`ContainsPart` asks the database. PostgreSQL answers from an index on `massagerx_parts(…)`, which lists every ending of
every word, so that to look for a part is to look for a beginning; without an index, and on SQLite, each row is read.
The functions of PostgreSQL are made by migration 0002 of bookings and must fold as `fold` does.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import BooleanField, QuerySet, Subquery
from django.db.models.expressions import Func

# What each small letter stands for; capitals of it, too.
_SMALL = {
    "a": "àáâãäåāăą", "c": "çćč", "d": "ďđ", "e": "èéêëēėęě", "g": "ğģ", "i": "ìíîïīįı", "k": "ķ", "l": "łļľ",
    "n": "ñńňņ", "o": "òóôõöøōő", "r": "řŕ", "s": "śšşș", "t": "ťţț", "u": "ùúûüūůűų", "y": "ýÿ", "z": "źżž",
}  # fmt: skip
_LETTERS = [
    (variant, plain) for plain, small in _SMALL.items() for variant in dict.fromkeys(small + small.upper())
]
# Between words.
_SPACES = "\t\n\r\u00a0"
# Left out: apostrophes, so that O'Brien, O’Brien and OBrien are one, and accents that stand by themselves.
_NOTHING = "'`´‘’ʼ\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0323\u0326\u0327\u0328"

#: The two texts that SQL's `translate` takes: a character of the first becomes the one at its place in the second.
FOLDED_FROM = "".join(variant for variant, _ in _LETTERS if len(variant) == 1) + _SPACES + _NOTHING
FOLDED_TO = "".join(plain for variant, plain in _LETTERS if len(variant) == 1) + " " * len(_SPACES)
_TABLE = str.maketrans(FOLDED_FROM[: len(FOLDED_TO)], FOLDED_TO, FOLDED_FROM[len(FOLDED_TO) :])

# A run of digits with what people write between them: (213) 555-0142, 213.555.0142, +1 213 555 0142.
_RUN = re.compile(r"\+?\(?\d[\d\s().\-–/]{5,}\d")
_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_{|}~–—·…“”'
# Longer than anything worth looking for.
_LONGEST, _MOST = 200, 10

#: Ways to write one thing; a row that holds either of them will do.
Part = tuple[str, ...]


def fold(text: str) -> str:
    """`text` in lower case, without accents and apostrophes; one line."""
    return text.lower().translate(_TABLE)


def parts(text: str) -> list[Part]:
    """The words of a search, at most ten; a telephone number in any format is one of them, without
    what stands for the country. Empty when there is no letter and no digit."""
    text = unicodedata.normalize("NFC", text[:_LONGEST])
    text = "".join(
        str(unicodedata.digit(character)) if character.isdecimal() else character for character in text
    )
    words = (word.strip(_PUNCTUATION) for word in fold(_RUN.sub(_number, text)).split())
    return [_ways(word) for word in dict.fromkeys(words) if word][:_MOST]


def _number(run: re.Match[str]) -> str:
    digits = _digits(run[0])
    # Numbers are kept as +1 and ten digits; without the area there are seven. All else isn't a number here.
    if len(digits) == 11 and digits.startswith("1"):
        return f" {digits[1:]} "
    return f" {digits} " if len(digits) in (7, 10) else run[0]


def _ways(word: str) -> Part:
    """The word, and where it may be a piece of a telephone number, its digits alone."""
    digits = _digits(word)
    if len(digits) < 3 or any(character.isalpha() for character in word):
        return (word,)
    return tuple(dict.fromkeys((word, digits)))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


class ContainsPart(Func):
    """A condition: some word of these columns, which are never null, holds a part that `parts` found.

    `indexed` says that PostgreSQL has an index on `massagerx_parts` of the same columns in the same order.
    """

    output_field = BooleanField()

    def __init__(self, *columns: str, part: Part, indexed: bool = False) -> None:
        super().__init__(*columns)
        self.part, self.indexed = part, indexed

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """A tsquery match where there is an index, else a substring search in the folded columns."""
        compiled = [compiler.compile(column) for column in self.get_source_expressions()]
        document = " || ' ' || ".join(sql for sql, _ in compiled)
        given = [value for _, values in compiled for value in values]
        if self.indexed and connection.vendor == "postgresql":
            return f"(massagerx_parts({document}) @@ %s::tsquery)", [*given, _prefix_query(self.part)]
        find = "strpos" if connection.vendor == "postgresql" else "instr"
        ways = " OR ".join([f"{find}(massagerx_fold({document}), %s) > 0"] * len(self.part))
        return f"({ways})", [value for way in self.part for value in (*given, way)]


def _prefix_query(part: Part) -> str:
    """A tsquery for words that begin with any of these. Without apostrophes, only backslashes are special."""
    return " | ".join("'{}':*".format(way.replace("\\", "\\\\")) for way in part)


class AmongKeys(Func):
    """A condition: the column is among the keys of some rows. They are collected first, so that PostgreSQL can use the
    column's index beside others where conditions are joined with 'or'."""

    output_field = BooleanField()

    def __init__(self, column: str, rows: QuerySet[Any]) -> None:
        super().__init__(column, Subquery(rows.order_by().values("pk")))

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """`= ANY(ARRAY(…))` on PostgreSQL, `IN (…)` on SQLite."""
        (column, of_column), (keys, of_keys) = map(compiler.compile, self.get_source_expressions())
        among = f"= ANY(ARRAY{keys})" if connection.vendor == "postgresql" else f"IN {keys}"
        return f"({column} {among})", [*of_column, *of_keys]


class OneOf(Func):
    """A condition: the column is one of these keys, of which there may be tens of thousands: they are handed over as
    one value, which the database reads more quickly than as many."""

    output_field = BooleanField()

    def __init__(self, column: str, keys: list[int]) -> None:
        super().__init__(column)
        self.keys = keys

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """One array parameter on PostgreSQL, one JSON parameter on SQLite."""
        ((column, given),) = map(compiler.compile, self.get_source_expressions())
        if connection.vendor == "postgresql":
            return f"({column} = ANY(%s::bigint[]))", [*given, f"{{{','.join(map(str, self.keys))}}}"]
        # The column's name is our own, quoted by the compiler.
        return f"({column} IN (SELECT value FROM json_each(%s)))", [*given, json.dumps(self.keys)]  # noqa: S608


def add_to_sqlite(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Gives a new SQLite connection the function that PostgreSQL has from a migration."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("massagerx_fold", 1, fold, deterministic=True)


def start() -> None:
    """Registers the function for SQLite; called once, before the first connection."""
    connection_created.connect(add_to_sqlite, dispatch_uid="massagerx.lib.text_search")
