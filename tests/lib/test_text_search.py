"""Words as people look for them, the same in Python and in either database."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from massagerx.lib import text_search
from massagerx.lib.text_search import fold, parts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ana O'Brien", [("ana",), ("obrien",)]),
        ("O’BRIEN", [("obrien",)]),
        ("José Müller", [("jose",), ("muller",)]),
        ("Jose\u0301", [("jose",)]),
        ("Łódź", [("lodz",)]),
        ("(213) 555-0123", [("2135550123",)]),
        ("1-213-555-0123 ana", [("2135550123",), ("ana",)]),
        ("٢١٣٥٥٥٠١٢٣", [("2135550123",)]),
        ("555-0123", [("5550123",)]),
        ("555-01", [("555-01", "55501")]),
        ("(310)", [("310",)]),
        ("12 Sample St.", [("12",), ("sample",), ("st",)]),
        ("Lopez, Maria", [("lopez",), ("maria",)]),
        ("ANA@Example.com", [("ana@example.com",)]),
        ("MX-7K3FQ9", [("mx-7k3fq9",)]),
        ("ana ana", [("ana",)]),
        ("% _ \\ ' -", []),
        ("", []),
        ("a\\b", [("a\\b",)]),
    ],
)
def test_parts_of_what_people_type(text: str, found: list[tuple[str, ...]]) -> None:
    assert parts(text) == found


def test_parts_are_few_whatever_is_typed() -> None:
    assert len(parts(" ".join("abcdefghijklmnop"))) == 10
    assert parts("a" * 60_000) == [("a" * 200,)]


def test_the_migration_folds_as_we_do() -> None:
    """A change here needs a migration that makes the function and its indexes anew."""
    written = import_module("bookings.migrations.0002_roles_and_search")

    assert written.LETTERS + written.SPACES + written.NOTHING.replace("''", "'") == text_search.FOLDED_FROM
    assert written.PLAIN + " " * len(written.SPACES) == text_search.FOLDED_TO


@pytest.mark.django_db
@pytest.mark.integrity
@pytest.mark.parametrize(
    "text", ["Ana O’Brien", "JOSÉ Łódź\tß", 'Zoë\u00a0D\'Arcy \\ 100% "x" ?', text_search.FOLDED_FROM, ""]
)
def test_the_database_folds_as_we_do(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT massagerx_fold(%s)", [text])
        assert cursor.fetchone() == (fold(text),)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads the words themselves")
def test_every_ending_of_every_word_is_listed_once() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(massagerx_parts(%s))", [" Ana  Nan "])
        assert sorted(cursor.fetchone()[0]) == ["a", "an", "ana", "n", "na", "nan"]
        cursor.execute("SELECT massagerx_parts('') = ''::tsvector")
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="functions of PostgreSQL")
def test_the_functions_find_each_other_where_a_backup_is_restored() -> None:
    """pg_restore builds indexes with an empty search path, and PostgreSQL 17 all of them with a short one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = connection.ops.quote_name(cursor.fetchone()[0])
        cursor.execute("SET LOCAL search_path = ''")
        cursor.execute(f"SELECT tsvector_to_array({schema}.massagerx_parts('ÁN'))")
        assert sorted(cursor.fetchone()[0]) == ["an", "n"]
