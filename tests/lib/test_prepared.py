"""Statements that a connection keeps prepared: parsed once, with the same rows as when they are sent each time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    DataError,
    InterfaceError,
    connection,
    connections,
    transaction,
)
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import BigIntegerField, CharField, SmallIntegerField, Value
from django.test.utils import CaptureQueriesContext

from bookings.domain.operations.transaction import translated_errors
from bookings.exceptions import SlotTaken
from bookings.models import Client, Therapist
from massagerx.lib import prepared
from massagerx.lib.bulk_insert import bulk_insert_mixed
from massagerx.lib.compiled_query import CompiledQuery, CompiledUpdate
from services.models import ServiceOption
from tests.factories import NOW, make_world

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="nothing is prepared by SQLite"),
]


@pytest.fixture
def person() -> Client:
    return Client.objects.create(
        name="100% O'Neill", email="o@example.com", phone="+12135550123", created_at=NOW
    )


@pytest.fixture
def by_email() -> CompiledQuery[Client]:
    return CompiledQuery(lambda parameter: Client.objects.filter(email=parameter("email", CharField())))


def kept() -> list[str]:
    """What the server has prepared for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time, name")
        return [row[0] for row in cursor.fetchall()]


def test_a_query_is_prepared_once_and_only_run_from_then_on(
    person: Client, by_email: CompiledQuery[Client]
) -> None:
    before = len(kept())
    with CaptureQueriesContext(connection) as queries:
        assert by_email.first(email=person.email) == person
        assert by_email.first(email="nobody@example.com") is None
    assert len(kept()) == before + 1
    first, second = (query["sql"] for query in queries)
    assert first.startswith("EXECUTE bookings_client_")
    assert second == first.replace("o@example.com", "nobody@example.com")


def test_what_is_no_parameter_is_written_into_it_in_quotes(person: Client) -> None:
    query: CompiledQuery[Any] = CompiledQuery(
        lambda parameter: (
            Client.objects.filter(name__contains="100% O'", email=parameter("email", CharField()))
            .annotate(said=Value("50% 'off' %s $1"))
            .values_list("pk", "said")
        )
    )
    assert query.rows(email=person.email) == [(person.pk, "50% 'off' %s $1")]
    assert "$1" in kept()[-1]


def test_numbers_of_any_size_find_what_they_found(person: Client) -> None:
    query: CompiledQuery[Any] = CompiledQuery(
        lambda parameter: Client.objects.filter(pk=parameter("key", SmallIntegerField()))
    )
    assert query.first(key=person.pk) == person
    for number in (2**15, 2**31, 2**63 - 1, 2**63, -(10**30)):
        assert query.first(key=number) is None


def test_rows_are_written_by_what_is_prepared_for_as_many(person: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        for number in range(3):
            bulk_insert_mixed([client(number * 10)])
        bulk_insert_mixed([client(1), client(2)])
        bulk_insert_mixed([client(number) for number in range(3, 8)])
    one, again, third, two, many = (query["sql"] for query in queries)
    name = one.partition("(")[0]
    assert name.startswith("EXECUTE bookings_client_")
    assert {again.partition("(")[0], third.partition("(")[0]} == {name}
    assert two.startswith("EXECUTE bookings_client_")
    assert two.partition("(")[0] != name
    assert many.startswith("INSERT")
    assert Client.objects.filter(email__startswith="many").count() == 10


def test_what_is_too_long_is_refused_not_cut(person: Client) -> None:
    """The type that a value is prepared with names the column's length, which PostgreSQL leaves out there."""
    written = client(1)
    written.name = "n" * 121
    with pytest.raises(DataError, match="too long"), transaction.atomic():
        bulk_insert_mixed([written])
    row = make_world().option
    change: CompiledUpdate[Any] = CompiledUpdate(
        lambda parameter: ServiceOption.objects.filter(pk=parameter("key", BigIntegerField())), "minutes"
    )
    assert change.run(key=row.pk, minutes=75) == 1
    assert change.run(key=0, minutes=75) == 0
    with pytest.raises(DataError, match="out of range"), transaction.atomic():
        change.run(key=row.pk, minutes=2**15)
    row.refresh_from_db()
    assert row.minutes == 75


def test_a_connection_keeps_so_many_and_no_more(
    person: Client, by_email: CompiledQuery[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept()
    monkeypatch.setattr(prepared, "MOST_PREPARED", 0)
    assert by_email.first(email=person.email) == person
    assert kept() == before


def test_nothing_is_prepared_where_each_transaction_gets_another_connection(
    person: Client, by_email: CompiledQuery[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept()
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    assert by_email.first(email=person.email) == person
    assert kept() == before


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_it_again(person: Client, by_email: CompiledQuery[Client]) -> None:
    assert by_email.first(email=person.email) == person
    connection.close()
    assert by_email.first(email=person.email) == person
    question, query = kept()
    assert "django_migrations" in question
    assert "bookings_client" in query


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_asked", [True, False], ids=["noticed", "not asked"])
def test_after_a_migration_it_is_prepared_anew(
    is_asked: bool, person: Client, by_email: CompiledQuery[Client]
) -> None:
    """A connection is asked before it serves another request. And the control: without, the server refuses."""
    recorded = MigrationRecorder(connection)
    assert connection.is_usable()
    assert by_email.first(email=person.email) == person
    try:
        widen(200)
        recorded.record_applied("bookings", "wider")
        if is_asked:
            assert connection.is_usable()
            assert by_email.first(email=person.email) == person
        else:
            with pytest.raises(Exception, match="cached plan must not change result type"):
                by_email.first(email=person.email)
    finally:
        recorded.record_unapplied("bookings", "wider")
        widen(Client._meta.get_field("name").max_length or 0)


def client(number: int) -> Client:
    return Client(
        name=f"Many {number}", email=f"many{number}@example.com", phone="+12135550123", created_at=NOW
    )


def widen(length: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bookings_client ALTER name TYPE varchar(%s)", [length])


def test_keys_of_other_rows_are_prepared_as_what_they_point_at() -> None:
    query: CompiledQuery[Any] = CompiledQuery(
        lambda parameter: Therapist.objects.filter(
            home_zip=parameter("zip", Therapist._meta.get_field("home_zip")),
            pk=parameter("key", BigIntegerField()),
        )
    )
    assert query.objects(zip=1, key=1) == []


@pytest.mark.django_db(transaction=True)
def test_who_cannot_prepare_it_is_told_as_django_tells(by_email: CompiledQuery[Client]) -> None:
    """A migration that holds the table is one more lock that isn't given in time, not an error of the driver's."""
    holder = psycopg2.connect(**connection.get_connection_params())

    def ask() -> None:
        with translated_errors(), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '100ms'")
            by_email.first(email="o@example.com")

    try:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE bookings_client IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SlotTaken):
            ask()
    finally:
        holder.close()
    assert by_email.first(email="o@example.com") is None


@pytest.mark.django_db(transaction=True)
def test_a_cursor_is_refused_to_another_thread_and_by_a_closed_connection_as_django_refuses(
    person: Client,
) -> None:
    assert Client.objects.get() == person
    given = connections[DEFAULT_DB_ALIAS]
    with ThreadPoolExecutor(1) as pool, pytest.raises(DatabaseError, match="created in thread"):
        pool.submit(given.cursor).result()
    given.connection.close()
    with pytest.raises(InterfaceError):
        given.cursor()
    given.close()
    assert Client.objects.get() == person
