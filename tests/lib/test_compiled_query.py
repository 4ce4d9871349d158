"""Queries that are compiled once: the same rows as the query set they were written as, whatever values come."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import BigIntegerField, CharField, Count, DateTimeField, UUIDField

from bookings.models import Booking, BookingDraft, Client, Therapist
from massagerx.lib.bulk_insert import insert_if_missing
from massagerx.lib.compiled_query import CompiledDelete, CompiledQuery, CompiledUpdate, Parameters
from tests.factories import NOW, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def client(number: int, **changes: Any) -> Client:
    return Client.objects.create(
        name=f"Sample Client {number}",
        email=f"client{number}@example.com",
        phone=f"+1213555{number:04}",
        created_at=NOW + timedelta(days=number),
        **changes,
    )


def test_same_query_runs_with_other_values() -> None:
    first, second = client(100), client(101)
    by_email = CompiledQuery(lambda parameter: Client.objects.filter(email=parameter("email", CharField())))
    assert by_email.objects(email=first.email) == [first]
    assert by_email.first(email=second.email) == second
    assert by_email.first(email="nobody@example.com") is None
    # A value is never a part of the SQL.
    assert by_email.first(email="' OR 1=1 --%s") is None


def test_query_is_built_once_for_each_shape_of_its_values(count_queries: Callable[[], Any]) -> None:
    built = []

    def build(parameter: Parameters) -> Any:
        built.append(1)
        rows = Client.objects.filter(pk__in=parameter("keys", BigIntegerField())).order_by("pk")
        name = parameter("name", CharField())
        return rows if name is None else rows.filter(name=name)

    query = CompiledQuery(build)
    people = [client(number) for number in (100, 101, 102)]
    keys = [person.pk for person in people]
    with count_queries() as queries:
        assert query.objects(keys=keys[:2], name=None) == people[:2]
        assert query.objects(keys=keys[1:], name=None) == people[1:]
        assert len(built) == 1
        assert query.objects(keys=keys, name=None) == people
        assert query.objects(keys=keys, name="Sample Client 101") == [people[1]]
        assert len(built) == 3
    assert len(queries) == 4


def test_looking_in_an_empty_list_asks_nobody(count_queries: Callable[[], Any]) -> None:
    query = CompiledQuery(
        lambda parameter: Client.objects.filter(pk__in=parameter("keys", BigIntegerField()))
    )
    with count_queries() as queries:
        assert query.objects(keys=[]) == []
        assert query.rows(keys=[]) == []
    assert len(queries) == 0


def test_instances_come_with_what_is_selected_with_them(
    world: World, count_queries: Callable[[], Any]
) -> None:
    query = CompiledQuery(
        lambda parameter: Therapist.objects.select_related("home_zip__zone").filter(
            slug=parameter("slug", CharField())
        )
    )
    with count_queries() as queries:
        therapist = query.first(slug=world.therapist.slug)
        assert therapist == world.therapist
        assert therapist.home_zip.zone == world.therapist.home_zip.zone
    assert len(queries) == 1
    therapist.name = "Another Name"
    therapist.save()
    assert Therapist.objects.get(pk=therapist.pk).name == "Another Name"


def test_instances_come_with_what_annotations_tell(world: World) -> None:
    """Also where a column is left for later."""
    world.book()
    query: CompiledQuery[Any] = CompiledQuery(
        lambda parameter: (
            Therapist.objects.filter(slug=parameter("slug", CharField()))
            .defer("name")
            .annotate(visits=Count("bookings"))
            .select_related("home_zip")
        )
    )
    therapist = query.first(slug=world.therapist.slug)
    assert therapist.visits == 1
    assert therapist.get_deferred_fields() == {"name"}
    assert (therapist.name, therapist.home_zip) == (world.therapist.name, world.therapist.home_zip)
    with pytest.raises(TypeError):
        CompiledQuery(lambda parameter: Therapist.objects.values_list("pk")).objects()


def test_values_of_each_kind_go_in_and_come_out_as_django_has_them() -> None:
    """Instants, keys of letters and encrypted columns are stored differently on the two databases."""
    draft = BookingDraft.objects.create(key=uuid.uuid4(), answers={"a": "b"}, updated_at=NOW)
    query = CompiledQuery(
        lambda parameter: BookingDraft.objects.filter(
            key=parameter("key", UUIDField()),
            updated_at__gt=parameter("now", DateTimeField()) - timedelta(days=1),
        )
    )
    found = query.first(key=draft.key, now=NOW)
    assert found is not None
    assert (found.key, found.answers, found.updated_at) == (draft.key, {"a": "b"}, NOW)
    assert query.first(key=draft.key, now=NOW + timedelta(days=1)) is None
    rows = CompiledQuery(
        lambda parameter: BookingDraft.objects.filter(key=parameter("key", UUIDField())).values_list(
            "updated_at", "answers", "key"
        )
    )
    assert rows.rows(key=draft.key) == [(NOW, {"a": "b"}, draft.key)]


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_inside_a_transaction_only(transactional_db: None) -> None:
    """Also when the query was compiled inside of one: without it the lock would be gone at once."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no row locks")
    query = CompiledQuery(lambda _: Client.objects.select_for_update())
    with transaction.atomic():
        assert query.objects() == []
    with pytest.raises(transaction.TransactionManagementError):
        query.objects()


def test_compiled_twin_of_a_booking_is_the_booking(world: World) -> None:
    booking = world.book()
    query = CompiledQuery(
        lambda parameter: Booking.objects.filter(submission_key=parameter("key", UUIDField())).select_related(
            "client", "area__zone"
        )
    )
    found = query.first(key=booking.submission_key)
    names = [field.attname for field in Booking._meta.concrete_fields]
    fresh = Booking.objects.get(pk=booking.pk)
    assert [getattr(found, name) for name in names] == [getattr(fresh, name) for name in names]


def test_rows_are_written_and_deleted_with_one_statement_each(count_queries: Callable[[], Any]) -> None:
    first, second = client(100), client(101)
    renamed: CompiledUpdate[Client] = CompiledUpdate(
        lambda parameter: Client.objects.filter(pk__in=parameter("keys", BigIntegerField())), "name", "phone"
    )
    deleted: CompiledDelete[Client] = CompiledDelete(
        lambda parameter: Client.objects.filter(email=parameter("email", CharField()))
    )
    with count_queries() as queries:
        assert renamed.run(keys=[first.pk], name="O'Neill %s", phone="(213) 555-0123") == 1
        deleted.run(email=second.email)
    assert len(queries) == 2
    assert renamed.run(keys=[], name="Nobody", phone="") == 0
    assert list(Client.objects.values_list("name", "phone")) == [("O'Neill %s", "+12135550123")]


def test_what_goes_ahead_is_done_first_and_seen_by_the_query(count_queries: Callable[[], Any]) -> None:
    new = Client(name="Sample Client", email="new@example.com", phone="+12135550123", created_at=NOW)
    by_email = CompiledQuery(lambda parameter: Client.objects.filter(email=parameter("email", CharField())))
    with transaction.atomic(), count_queries() as queries:
        (found,) = by_email.objects(email=new.email, ahead=[insert_if_missing(new)])
        (again,) = by_email.objects(email=new.email, ahead=[insert_if_missing(new)])
    assert found == again
    assert len(queries) == (2 if connection.vendor == "postgresql" else 4)
    # Also ahead of a query that need not be asked.
    by_keys = CompiledQuery(
        lambda parameter: Client.objects.filter(pk__in=parameter("keys", BigIntegerField()))
    )
    other = Client(name="Sample Client", email="other@example.com", phone="+12135550124", created_at=NOW)
    assert by_keys.objects(keys=[], ahead=[insert_if_missing(other)]) == []
    assert Client.objects.count() == 2
