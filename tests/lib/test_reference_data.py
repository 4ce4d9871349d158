"""What the owner sets up, kept by its revision: as it is now, whoever changed it, and asked for again only then."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.db.models import CharField
from django.test import Client

from bookings.domain import intake
from bookings.exceptions import SlotNotOffered
from bookings.models import Booking, BookingRules, TermsVersion, WorkingHours, terms
from bookings.views import visitor_draft
from massagerx.lib import reference_data
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.postgresql.revisions import REVISION, TABLE
from services.models import Service, ServiceOption
from tests.bookings.views.flow import Flow
from tests.factories import NOW, World, at, make_world

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite tells no revision"),
]

PRICES: CompiledQuery[ServiceOption] = CompiledQuery(
    lambda parameter: ServiceOption.objects.order_by("pk"), of_reference_data=True
)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture(autouse=True)
def after_it() -> Iterator[None]:
    yield
    reference_data._forget()


def revision() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {REVISION}")
        told: str | None = cursor.fetchone()[0]
    return told


def begin_request() -> None:
    """As the web's processes do, which ask whether a connection answers before the first query of a request."""
    reference_data._forget()
    connection.is_usable()


def prices() -> list[int]:
    return [option.price_cents for option in PRICES.objects()]


def tracked() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s", [TABLE])
        return {name for (name,) in cursor.fetchall()}


def test_every_kind_of_change_makes_another_revision(world: World) -> None:
    seen = [revision()]

    def change(act: Callable[[], Any]) -> None:
        act()
        seen.append(revision())

    change(world.rules.save)
    change(lambda: ServiceOption.objects.update(next_price_cents=None))
    change(lambda: Service.objects.bulk_update([world.service], ["summary"]))
    change(
        lambda: world.therapist.services.add(
            Service.objects.create(category=world.service.category, name="Other")
        )
    )
    change(lambda: WorkingHours.objects.filter(weekday=6)._raw_delete("default"))
    with connection.cursor() as cursor:
        change(lambda: cursor.execute("TRUNCATE bookings_closure"))
    assert len(set(seen)) == len(seen)
    # What is no reference data leaves it alone.
    change(lambda: world.book())
    assert seen[-1] == seen[-2]


def test_what_was_taken_back_leaves_no_trace(world: World) -> None:
    begin_request()
    reference_data.keep_for_this_request()
    before = prices()
    dirty = []
    with transaction.atomic():
        ServiceOption.objects.update(price_cents=1)
        begin_request()
        reference_data.keep_for_this_request()
        dirty.append(revision())
        assert set(prices()) == {1}
        transaction.set_rollback(True)
    begin_request()
    reference_data.keep_for_this_request()
    assert prices() == before
    ServiceOption.objects.update(price_cents=2)
    assert revision() not in dirty


def test_old_tokens_are_cleared_away(world: World) -> None:
    with connection.cursor() as cursor:
        for _ in range(250):
            cursor.execute("UPDATE bookings_bookingrules SET is_open = is_open WHERE FALSE")
        cursor.execute(f"SELECT count(*) FROM {TABLE}")
        assert cursor.fetchone()[0] <= 100


def test_rows_are_asked_for_once_until_somebody_changes_them(
    world: World, count_queries: Callable[[], Any]
) -> None:
    before = prices()
    begin_request()
    with count_queries() as queries:
        assert prices() == prices() == before
    assert len(queries) == 2  # nobody said that they may be kept

    reference_data.keep_for_this_request()
    with count_queries() as queries:
        assert prices() == prices() == before
    assert len(queries) <= 1

    ServiceOption.objects.filter(pk=world.option.pk).update(price_cents=99)
    begin_request()
    reference_data.keep_for_this_request()
    assert prices() == [99, *before[1:]]


def test_what_is_made_of_kept_rows_is_nobody_elses(world: World) -> None:
    begin_request()
    reference_data.keep_for_this_request()
    PRICES.objects()[0].price_cents = 1
    assert prices()[0] != 1


def test_other_values_are_another_question(world: World) -> None:
    begin_request()
    reference_data.keep_for_this_request()
    found = [
        version.number if version is not None else None
        for version in (TermsVersion.in_force(at) for at in (NOW, NOW - timedelta(days=31), NOW))
    ]
    assert found == [1, None, 1]
    assert intake.current_screening(now=NOW).version.number == 1


def test_version_comes_into_force_without_a_change(world: World, count_queries: Callable[[], Any]) -> None:
    later = NOW + timedelta(hours=1)
    TermsVersion.objects.create(number=2, consent="I agree.", published_at=later)
    begin_request()
    reference_data.keep_for_this_request()
    versions = [TermsVersion.in_force(later - timedelta(seconds=1)), TermsVersion.in_force(later)]
    assert [version.number for version in versions if version is not None] == [1, 2]
    with count_queries() as queries:
        TermsVersion.in_force(later)
    assert len(queries) == 0


def test_version_taken_back_meanwhile_leaves_the_one_before(world: World) -> None:
    TermsVersion.objects.create(number=2, consent="I agree.", published_at=NOW)
    begin_request()
    reference_data.keep_for_this_request()
    list(terms._TERMS._published.rows())
    TermsVersion.objects.filter(number=2).update(published_at=NOW + timedelta(days=1))
    found = TermsVersion.in_force(NOW)
    assert found is not None
    assert found.number == 1


def test_what_is_not_there_and_what_is_long_is_not_kept(
    world: World, count_queries: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_request()
    reference_data.keep_for_this_request()
    named: CompiledQuery[Service] = CompiledQuery(
        lambda parameter: Service.objects.filter(slug=parameter("slug", CharField())), of_reference_data=True
    )
    CompiledQuery.all_of_reference_data.remove(named)
    with count_queries() as queries:
        assert named.objects(slug="nothing") == named.objects(slug="nothing") == []
    assert len(queries) == 2
    monkeypatch.setattr(reference_data, "MOST_ROWS", 0)
    with count_queries() as queries:
        assert named.objects(slug=world.service.slug) == named.objects(slug=world.service.slug)
    assert len(queries) == 2


def test_nothing_is_kept_from_one_request_to_the_next(world: World, client: Client) -> None:
    begin_request()
    reference_data.keep_for_this_request()
    assert reference_data.known_revision() is not None
    client.get("/book/")
    assert reference_data.known_revision() is None


def test_press_asks_only_for_what_may_have_changed(
    world: World, client: Client, count_queries: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = reference_data.keep_for_this_request
    # Django's test client asks no connection whether it answers.
    monkeypatch.setattr(
        visitor_draft.reference_data, "keep_for_this_request", lambda: (connection.is_usable(), keep())
    )
    flow = Flow(client, world)
    body = {**flow.until("review").hidden(), "agree": "on"}
    # A price that changes meanwhile is noticed.
    ServiceOption.objects.update(price_cents=99_900)
    assert client.post("/book/review/", body).status_code == 409
    assert Booking.objects.count() == 0

    body = {**flow.hidden(), "agree": "on"}
    with count_queries() as queries:
        assert client.post("/book/review/", body)["Location"] == "/book/done/"
    tables = {table for query in queries for table in re.findall(r'FROM "(\w+)"', query["sql"])}
    written = {
        table
        for query in queries
        for table in re.findall(r'(?:INTO|UPDATE|DELETE FROM) "(\w+)"', query["sql"])
    }
    assert "bookings_booking" in written
    # What a press kept before it is taken back, others would be told.
    assert not written & tracked()
    # Therapists are locked, the row of the rules tells the revision, and the first claim since the change reads hours.
    kept = {
        "services_serviceoption",
        "bookings_servicearea",
        "bookings_screeningversion",
        "bookings_termsversion",
    }
    assert kept < tracked()
    assert not tables & kept


def test_claim_sees_hours_that_were_taken_away_after_the_request_began(world: World) -> None:
    begin_request()
    reference_data.keep_for_this_request()
    # Their day's hours are kept, of the revision that the first claim was told.
    world.book()
    WorkingHours.objects.all().delete()
    with pytest.raises(SlotNotOffered):
        world.book(starts_at=at(14), email="bo@example.com")
    assert Booking.objects.count() == 1


def test_claim_asks_for_no_hours_that_are_known(world: World, count_queries: Callable[[], Any]) -> None:
    world.book()
    with count_queries() as queries:
        world.book(starts_at=at(14), email="bo@example.com")
    asked = [query["sql"] for query in queries]
    assert any('"bookings_hold"' in sql for sql in asked)
    assert not any('FROM "bookings_workinghours"' in sql for sql in asked)
    assert not any('"drives_driveedition"' in sql for sql in asked)


def test_under_locks_nothing_is_kept_until_the_revision_is_told(world: World) -> None:
    begin_request()
    reference_data.keep_for_this_request()
    outside = reference_data.known_revision()
    with reference_data.read_under_locks():
        assert reference_data.awaits_revision()
        assert reference_data.known_revision() is None
        reference_data.told("7")
        assert reference_data.known_revision() == "7"
    assert reference_data.known_revision() == outside
    assert not reference_data.awaits_revision()


def test_queries_of_reference_data_read_nothing_else(world: World, client: Client) -> None:
    """Else a change of another table would not be seen."""
    Flow(client, world).until("review")
    begin_request()
    reference_data.keep_for_this_request()
    BookingRules.load()
    TermsVersion.in_force(NOW)
    intake.current_screening(now=NOW)
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    made = [found for query in CompiledQuery.all_of_reference_data for found in query._compiled.values()]
    read_at_all = set()
    for compiled in made:
        if compiled is not None:
            read = set(re.findall(r'"(\w+)"', compiled.sql)) & tables
            assert read <= tracked(), compiled.sql
            read_at_all |= read
    # Rules, a length, an area that somebody visits, who comes and when, questions and terms.
    assert read_at_all >= {
        "bookings_bookingrules", "services_serviceoption", "bookings_zone", "bookings_workinghours_zones",
        "bookings_therapist_services", "bookings_closure", "bookings_screeningversion", "bookings_termsversion",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_site_from_before_the_table_is_told_nothing(transactional_db: None) -> None:
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TABLE} RENAME TO elsewhere")
    try:
        begin_request()
        reference_data.keep_for_this_request()
        assert connection.is_usable()
        assert connection.connection.info.backend_pid == backend
        assert reference_data.known_revision() is None
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE elsewhere RENAME TO {TABLE}")


@pytest.mark.django_db(transaction=True)
def test_two_who_change_it_wait_for_nobody(transactional_db: None) -> None:
    world = make_world()
    changed: list[str | None] = []

    def change_prices() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            ServiceOption.objects.update(price_cents=1)
            changed.append(revision())
        connections.close_all()

    with transaction.atomic():
        world.rules.save()
        mine = revision()
        other = threading.Thread(target=change_prices)
        other.start()
        other.join(timeout=60)
        assert len(changed) == 1
        assert changed[0] != mine
        # With the other's change there is a third.
        assert revision() not in {mine, changed[0]}
