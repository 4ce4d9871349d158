"""What staff find by typing, and that PostgreSQL finds it without reading every visit."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.test import Client as Browser
from django.utils.http import urlencode

from bookings.domain import message_copies
from bookings.enums import BookingStatus, MessageKind, MessageState
from bookings.models import Booking, ChangeRequest, Client, ContactMessage, HealthAccess, Message
from bookings.staff import search
from tests.factories import DAY, NOW, World, at, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

LIST, CLIENTS, FINDER = "/admin/bookings/booking/", "/admin/bookings/client/", "/admin/bookings/booking/book/"
PEOPLE = {
    "ana": ("Ana O'Brien", "ana@example.com", "+12135550123", "12 Sunset Boulevard"),
    "jose": ("José Müller", "jm.office@example.org", "+13105550177", "1200 Vine Street"),
    "maria": ("Maria-Luz De la Cruz", "cruz_m@example.com", "+18185550123", "77½ O’Hara Court"),
    "wu": ("Wu 吴", "wu@example.net", "+442079460958", "9 North \\ Alley"),
}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def desk() -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("owner", password="a-long-password"))
    return browser


def visit(world: World, number: int, client: Client, street: str, reference: str) -> Booking:
    start = at(10) + timedelta(days=number)
    return Booking(
        reference=reference,
        status=BookingStatus.CONFIRMED,
        client=client,
        contact_name=client.name,
        therapist=world.therapist,
        service=world.service,
        option=world.option,
        starts_at=start,
        ends_at=start + timedelta(minutes=60),
        blocked_from=start - timedelta(minutes=10),
        blocked_until=start + timedelta(minutes=70),
        street=street,
        city="Los Angeles",
        area=world.area,
        treatment_cents=12_000,
        total_cents=12_000,
        terms_version=world.agreed,
        agreed_at=NOW,
        created_at=NOW,
        submission_key=uuid.uuid4(),
        submission_digest="0" * 64,
    )


@pytest.fixture
def people(world: World) -> dict[str, Booking]:
    """A visit of each of PEOPLE, by key; Maria's is for somebody else."""
    made = {}
    for number, (key, (name, email, phone, street)) in enumerate(PEOPLE.items()):
        client = Client.objects.create(name=name, email=email, phone=phone, created_at=NOW)
        made[key] = visit(world, number, client, street, f"MX-7K3F{number}Q")
        made[key].recipient_name = "Abuela Rosa" if key == "maria" else ""
        made[key].save()
    return made


VISITS = [
    # As one says it on the telephone: the number in any format, its end, its middle.
    ("(213) 555-0123", "ana"), ("+1 213.555.0123", "ana"), ("1-213-555-0123", "ana"), ("2135550123", "ana"),
    ("555-0123", "ana maria"), ("0123", "ana maria"), ("5550", "ana jose maria"), ("(310)", "jose"),
    ("+44 20 7946 0958", "wu"), ("555-01", "ana jose maria"),
    # Names: in part, in any order, with and without accents, apostrophes and capitals.
    ("o'brien", "ana"), ("O’BRIEN", "ana"), ("obrien", "ana"), ("brien", "ana"), ("rie", "ana"), ("brien ana", "ana"),
    ("jose", "jose"), ("José", "jose"), ("JOSÉ muller", "jose"), ("Müll", "jose"), ("luz", "maria"),
    ("maria-luz", "maria"), ("Cruz, Maria", "maria"), ("rosa", "maria"), ("吴", "wu"), ("w", "wu"), ("ana luz", ""),
    # Email, street, reference, ZIP code.
    ("ANA@EXAMPLE.COM", "ana"), ("example.org", "jose"), ("cruz_m@", "maria"), ("jm.off", "jose"),
    ("12 sunset", "ana"), ("12 vine", "jose"), ("1200", "jose"), ("77½", "maria"), ("ohara", "maria"),
    ("MX-7K3F1Q", "jose"), ("7k3f1", "jose"), ("mx-7k", "ana jose maria wu"), ("90026 vine", "jose"),
    ("90026", "ana jose maria wu"), ("9002", "ana jose maria wu"), ("90027", ""),
    # Nothing of the database's own.
    ("%", ""), ("_", ""), ("\\", ""), ("' OR 1=1", ""), ("ana:*ana", ""), ("ana & jose", ""), ("!zzz", ""),
    ("x" * 500, ""),
]  # fmt: skip


# What an email or a name holds also finds clients; streets and references are the visits'.
CLIENTS_FOUND = [
    ("0123", "ana maria"), ("(310) 555 0177", "jose"), ("josé", "jose"), ("obri", "ana"), ("cruz_m", "maria"),
    ("Luz example.com", "maria"), ("sunset", ""), ("%%", ""),
]  # fmt: skip


def visits_of(request: HttpRequest, query: str) -> QuerySet[Booking]:
    """The visits that the desk's list shows for `query`, without the page around them. `request` asked for the list."""
    request.GET = QueryDict(urlencode({"q": query}))
    return site.get_model_admin(Booking).get_changelist_instance(request).queryset


def keys(words: str, people: dict[str, Booking]) -> set[int]:
    return {people[key].pk for key in words.split()}


# Looked up by keys; read row by row, as what thousands have; looked up, and too many to be handed over; but one part
# looked up.
WAYS = [(5_000, 20_000), (0, 20_000), (5_000, 1), (5_000, 0)]


@pytest.mark.parametrize("most", WAYS)
def test_visits_are_found(
    people: dict[str, Booking], desk: Browser, most: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_MANY", most[0])
    monkeypatch.setattr(search, "_VERY_MANY", most[1])
    listed = desk.get(LIST, {"q": VISITS[0][0]})
    request = listed.wsgi_request
    found = {query: {row.pk for row in visits_of(request, query)} for query, _ in VISITS}

    assert found == {query: keys(expected, people) for query, expected in VISITS}
    assert {row.pk for row in listed.context["cl"].queryset} == found[VISITS[0][0]]


# The best first; by keys and by name; read row by row.
@pytest.mark.parametrize("most", [(1_000, 20_000), (0, 20_000), (0, 0)])
def test_clients_are_found_in_their_list_and_while_somebody_types(
    people: dict[str, Booking], desk: Browser, most: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_RANKED", most[0])
    monkeypatch.setattr(search, "_VERY_MANY", most[1])
    wanted = {query: {people[key].client_id for key in expected.split()} for query, expected in CLIENTS_FOUND}

    listed = {
        query: {row.pk for row in desk.get(CLIENTS, {"q": query}).context["cl"].queryset} for query in wanted
    }
    typed = {
        query: {
            row["client"].pk
            for row in desk.get(FINDER, {"q": query}, headers={"X-Part": "found"}).context["found"]
        }
        for query in wanted
    }

    assert listed == wanted
    assert typed == wanted


def test_of_thousands_who_is_called_just_so_comes_first_and_the_others_by_name(
    people: dict[str, Booking],
    desk: Browser,
    monkeypatch: pytest.MonkeyPatch,
    count_queries: Callable[[], Any],
) -> None:
    """Their keys are looked up by themselves: in the order by name each name's parts would be made anew."""
    monkeypatch.setattr(search, "_RANKED", 0)
    for name in ("Ana", "Zoe Ana", "Aaron Ana"):
        Client.objects.create(name=name, email=f"{name.split()[0]}@example.com", created_at=NOW)
    with count_queries() as queries:
        answer = desk.get(FINDER, {"q": "ana"}, headers={"X-Part": "found"})
    found = [row["client"].name for row in answer.context["found"]]
    assert found == ["Ana", "Aaron Ana", "Ana O'Brien", "Zoe Ana"]
    of_parts = [one["sql"] for one in queries if "massagerx_parts" in one["sql"]]
    assert [sql for sql in of_parts if "ORDER BY" in sql] == []
    assert bool(of_parts) == (connection.vendor == "postgresql")


def test_a_search_costs_the_same_few_queries_however_many_it_finds(
    world: World, people: dict[str, Booking], desk: Browser, count_queries: Callable[[], Any]
) -> None:
    def asked() -> list[int]:
        numbers = []
        for address, query in [(LIST, "0123 90026"), (CLIENTS, "obrien"), (FINDER, "obrien")]:
            with count_queries() as queries:
                assert desk.get(address, {"q": query}).status_code == 200
            numbers.append(len(queries))
        return numbers

    def add(number: int) -> None:
        client = Client.objects.create(
            name=f"Al O'Brien {number}", email=f"al{number}@example.com", phone="+12135550123", created_at=NOW
        )
        visit(world, 10 + number, client, "1 Vine Street", f"T-{number}").save()

    add(0)  # one found alone is offered usual times
    asked()
    few = asked()
    for number in range(1, 30):
        add(number)

    assert asked() == few
    assert few[0] <= 12


def test_a_search_keeps_to_the_filters(people: dict[str, Booking], desk: Browser) -> None:
    rows = desk.get(LIST, {"q": "0123", "day": f"{DAY}"}).context["cl"].queryset

    assert [row.pk for row in rows] == [people["ana"].pk]


@pytest.fixture
def years(world: World) -> None:
    """Many visits of many clients, analysed as they are."""
    clients = Client.objects.bulk_create(
        Client(
            name=f"{first} {last}",
            email=f"{first}.{last}@example.com".lower(),
            phone=f"+1213555{number:04}",
            created_at=NOW,
        )
        for number, (first, last) in enumerate(
            (first, last)
            for first in (
                "Maria",
                "James",
                "Ana",
                "Robert",
                "Linda",
                "José",
                "Karen",
                "Daniel",
                "Sofia",
                "Kevin",
            )
            for last in (
                "Lopez",
                "Smith",
                "Garcia",
                "O'Brien",
                "Kim",
                "Nguyen",
                "Patel",
                "Cohen",
                "Sato",
                "Silva",
            )
        )
    )
    Booking.objects.bulk_create(
        visit(world, number - 2400, clients[number % 100], f"{number} Vine Street", f"T-{number}")
        for number in range(2400)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan is PostgreSQL's")
def test_no_search_reads_every_visit_or_every_client(
    years: None, desk: Browser, count_queries: Callable[[], Any]
) -> None:
    for address, query in [
        (LIST, "maria lopez"), (LIST, "(213) 555-0042"), (LIST, "0042"), (LIST, "T-1234"), (LIST, "1234 vine"),
        (CLIENTS, "maria lopez"), (CLIENTS, "0042"), (FINDER, "maria l"), (FINDER, "555-0042"),
    ]:  # fmt: skip
        with count_queries() as queries:
            assert desk.get(address, {"q": query}).status_code == 200
        asked = [
            one["sql"]
            for one in queries
            if "massagerx_parts" in one["sql"] and not one["sql"].startswith("EXPLAIN")
        ]
        assert asked
        for sql in asked:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
            assert not re.search(r"Seq Scan on bookings_(booking|client)\b", plan), f"{query}\n{sql}\n{plan}"
            assert re.search(r"(booking|client)_by_parts", plan), plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such index")
@pytest.mark.parametrize("path", [LIST, CLIENTS])
def test_what_few_have_is_looked_up_though_many_have_each_part(
    years: None, desk: Browser, count_queries: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Of a hundred clients ten are called Maria and ten Lopez, and one is both."""
    monkeypatch.setattr(search, "_MANY", 5)

    with count_queries() as queries:
        found = desk.get(path, {"q": "maria lopez"})

    assert found.context["cl"].result_count > 0
    assert [one["sql"] for one in queries if "strpos" in one["sql"].partition(" ORDER BY ")[0]] == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan is PostgreSQL's")
def test_the_plan_would_show_that_every_visit_is_read(years: None) -> None:
    """The control: without the index's expression the same question shows the words that the test above forbids."""
    plan = Booking.objects.filter(contact_name__icontains="maria").order_by().explain()
    assert re.search(r"Seq Scan on bookings_booking\b", plan), plan


def test_messages_and_late_moves_are_found_by_their_visit(people: dict[str, Booking], desk: Browser) -> None:
    for booking in people.values():
        about: dict[str, Any] = {"booking": booking, "created_at": NOW, "due_at": NOW}
        Message.objects.create(kind=MessageKind.CONFIRMED, state=MessageState.SENT, **about)
        ChangeRequest.objects.create(booking=booking, wanted_starts_at=at(15), asked_at=NOW)
    Message.objects.create(kind=MessageKind.CONFIRMED, state=MessageState.SENT, due_at=NOW, created_at=NOW)

    for model in ("message", "changerequest"):
        for query, expected in [
            ("obrien", "ana"),
            ("example.org", "jose"),
            ("0123", "ana maria"),
            ("zzz", ""),
        ]:
            rows = desk.get(f"/admin/bookings/{model}/", {"q": query}).context["cl"].queryset
            assert {row.booking_id for row in rows} == keys(expected, people), (model, query)


def plans(queries: list[dict[str, str]], table: str) -> list[str]:
    """How PostgreSQL would answer those questions about the table that ask for a bounded number of rows."""
    found = []
    for one in queries:
        if f'FROM "{table}"' in one["sql"] and "LIMIT" in one["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {one['sql']}")
                found.append("\n".join(row[0] for row in cursor.fetchall()))
    return found


@pytest.fixture
def three_thousand(years: None) -> None:
    """Three thousand rows of each list, analyzed as they are."""
    bookings = list(Booking.objects.values_list("pk", flat=True))
    user = User.objects.create_user("looks")
    days = [NOW - timedelta(n) for n in range(3000)]
    Message.objects.bulk_create(
        Message(kind=MessageKind.CONFIRMED, state=MessageState.SENT, due_at=day, created_at=day)
        for day in days
    )
    ChangeRequest.objects.bulk_create(
        ChangeRequest(booking_id=bookings[n % 2400], wanted_starts_at=day, asked_at=day, state="refused")
        for n, day in enumerate(days)
    )
    ContactMessage.objects.bulk_create(
        ContactMessage(
            name="Ana", email="ana@example.com", body="", written_at=day, submission_key=uuid.uuid4()
        )
        for day in days
    )
    HealthAccess.objects.bulk_create(
        HealthAccess(booking_id=bookings[n % 2400], user=user, at=day) for n, day in enumerate(days)
    )
    Client.objects.bulk_create(
        Client(name=f"Client {n}", phone=f"+1310{n:07}", created_at=day) for n, day in enumerate(days)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan is PostgreSQL's")
def test_long_lists_read_one_page(
    three_thousand: None, desk: Browser, count_queries: Callable[[], Any]
) -> None:
    """By the index of their order; and the purge of copies finds what has one without the rest. Also on a machine that
    would sort so few."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_seqscan = off")
    for model, index in {
        "message": "message_newest_first",
        "changerequest": "changerequest_newest_first",
        "contactmessage": "contact_newest_first",
        "healthaccess": "healthaccess_newest_first",
        "client": "client_by_name",
    }.items():
        with count_queries() as queries:
            assert desk.get(f"/admin/bookings/{model}/").status_code == 200
        asked = plans(queries, f"bookings_{model}")
        assert any(index in plan for plan in asked), f"{model}\n{asked}"

    with count_queries() as queries:
        assert desk.get("/admin/bookings/message/", {"state__exact": "failed"}).status_code == 200
    assert any("message_in_trouble" in plan for plan in plans(queries, "bookings_message"))

    with count_queries() as queries:
        assert message_copies.purge_copies(now=NOW) == 0
    (plan,) = plans(queries, "bookings_message")
    assert "message_with_copy" in plan, plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan is PostgreSQL's")
def test_lists_read_no_visits_that_they_do_not_show(
    three_thousand: None, desk: Browser, count_queries: Callable[[], Any]
) -> None:
    """Messages are counted without theirs, and requests that wait for a therapist without all others."""
    with count_queries() as queries:
        assert desk.get("/admin/bookings/message/").status_code == 200
    counting = [plan for plan in plans(queries, "bookings_message") if "Aggregate" in plan]
    assert counting
    assert not any("Join" in plan for plan in counting), counting

    with count_queries() as queries:
        assert desk.get("/admin/bookings/therapist/").status_code == 200
    (asked,) = (one["sql"] for one in queries if "waiting_count" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert not re.search(r"Seq Scan on bookings_booking\b", plan), plan
