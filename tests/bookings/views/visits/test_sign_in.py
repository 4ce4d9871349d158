"""The ways into the client's own pages, and what stays shut."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from bookings.domain import links, operations, outbox
from bookings.domain.operations import Act, NewTime
from bookings.enums import LinkPurpose, MessageKind
from bookings.models import Booking, BookingDraft, Link, Message
from tests.factories import NOW, World, at

from .browsers import address, code_of, confirmed, newest_code, prove, said, signed_in, text, with_link

pytestmark = pytest.mark.django_db

PAGES = ("", "move", "cancel", "address", "health", "code")


def closed(response: Any) -> bool:
    return response.status_code == 404 and "This page is not open" in text(response)


def rows() -> dict[str, list[Any]]:
    """All rows of all tables."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = cursor.fetchall()
    return found


def test_link_in_an_email_leads_to_one_press_and_then_to_the_visit(world: World) -> None:
    booking = world.book()
    client = Client()
    first = client.get(f"/visits/{links.visit_token(booking, now=NOW)}/")
    assert first.headers["Location"] == "/visits/open/"
    page = client.get("/visits/open/")
    assert "Open my visit" in text(page)
    assert booking.reference not in page.content.decode()
    assert client.post("/visits/open/").headers["Location"] == address(booking)
    assert booking.reference in text(client.get(address(booking)))
    # Pressed twice, and followed again.
    assert client.post("/visits/open/").headers["Location"] == address(booking)
    again = client.get(f"/visits/{links.visit_token(booking, now=NOW)}/")
    assert again.headers["Location"] == address(booking)


@pytest.mark.parametrize(
    ("wanted", "page"),
    [
        ("calendar", "calendar.ics"),
        ("address", "address/"),
        ("move", "move/"),
        ("//evil.example", ""),
        ("", ""),
    ],
)
def test_links_beside_the_button_lead_on_after_the_press(world: World, wanted: str, page: str) -> None:
    booking = world.book()
    link = f"/visits/{links.visit_token(booking, now=NOW)}/"
    client = Client()
    assert client.get(link, {"to": wanted}).headers["Location"] == "/visits/open/"
    assert client.post("/visits/open/").headers["Location"] == address(booking) + page
    # It is open in this browser now: no second press.
    assert client.get(link, {"to": wanted}).headers["Location"] == address(booking) + page


@pytest.mark.integrity
def test_a_thousand_looks_of_mail_scanners_change_no_row_and_use_nothing_up(world: World) -> None:
    booking = world.book()
    visit = f"/visits/{links.visit_token(booking, now=NOW)}/"
    sign_in = f"/visits/sign-in/{links.token_of(links.sign_in_link(email='ana@example.com', now=NOW))}/"
    before = rows()
    keeps_cookies = Client()
    for number in range(125):
        scanner = keeps_cookies if number % 2 else Client()
        for path in (visit, sign_in):
            # Some look where it leads, which costs a page.
            scanner.get(path, follow=number % 10 == 0)
            scanner.head(path)
            scanner.get(path, HTTP_USER_AGENT="LinkScanner/1.0")
            scanner.options(path)
    assert rows() == before
    client = Client()
    client.get(sign_in)
    assert client.post("/visits/open/").headers["Location"] == "/visits/"


def test_looking_at_an_open_visit_changes_no_row(world: World) -> None:
    booking = confirmed(world)
    client = signed_in()
    client.get(address(booking, "health"))
    before = rows()
    for page in PAGES:
        client.get(address(booking, page))
        client.head(address(booking, page))
    client.get(address(booking) + "calendar.ics")
    client.get(address(booking, "move") + f"?starts_at={at(14).isoformat().replace('+', '%2B')}")
    assert rows() == before


def test_no_answer_below_visits_is_stored_listed_or_told_to_others(world: World) -> None:
    booking = world.book()
    client = signed_in()
    paths = [
        "/visits/",
        "/visits/open/",
        "/visits/sent/",
        "/visits/nothing-of-the-kind/",
        f"/visits/{links.visit_token(booking, now=NOW)}/",
        "/visits/sign-in/nothing/",
        "/visits/no/such/page",
        address(booking) + "calendar.ics",
        *(address(booking, page) for page in PAGES),
    ]
    for browser in (client, Client()):
        for path in paths:
            for response in (browser.get(path), browser.post(path, {"a": "b"}), browser.put(path)):
                headers = response.headers
                assert headers["Cache-Control"] == "no-store", (path, response.status_code)
                assert headers["Referrer-Policy"] == "no-referrer", path
                assert "noindex" in headers["X-Robots-Tag"], path


def test_unknown_altered_expired_replaced_and_foreign_links_are_one_answer(world: World) -> None:
    booking = world.book()
    other = world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14))
    token = links.visit_token(booking, now=NOW)
    sign_in = links.token_of(links.sign_in_link(email="ana@example.com", now=NOW - timedelta(minutes=20)))
    operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(NOW, by_client=True))
    altered = links.visit_token(other, now=NOW)[:-1] + "!"
    answers = set()
    for path in (
        f"/visits/{token}/",
        f"/visits/{altered}/",
        f"/visits/{sign_in}/",
        "/visits/nonsense/",
        f"/visits/{'x' * 5000}/",
        f"/visits/sign-in/{sign_in}/",
        f"/visits/sign-in/{links.visit_token(other, now=NOW)}/",
        address(other),
        address(other, "move"),
        address(other) + "calendar.ics",
        "/visits/v/MX-AAAAAA/",
        "/visits/v/;DROP TABLE/cancel/",
    ):
        response = Client().get(path)
        assert closed(response), path
        answers.add(response.content)
    assert len(answers) == 1


@pytest.mark.parametrize("page", ["", "move", "cancel", "withdraw", "address", "health", "code", "again"])
def test_only_the_owner_sees_or_does_anything(world: World, page: str, django_user_model: Any) -> None:
    booking = confirmed(world)
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14))
    staff = Client()
    staff.force_login(User.objects.create_superuser("owner", "owner@example.com", "a-long-password"))
    before = Booking.objects.values().get(pk=booking.pk)
    for stranger in (Client(), signed_in("bo@example.com"), staff):
        for response in (
            stranger.get(address(booking, page)),
            stranger.post(address(booking, page), {"revision": booking.revision, "send": "yes"}),
        ):
            assert response.status_code in (404, 405)
            assert booking.reference not in response.content.decode()
    assert Booking.objects.values().get(pk=booking.pk) == before
    for owner in (with_link(booking), signed_in()):
        assert owner.get(address(booking, page)).status_code in (200, 302, 405)


def test_a_link_opens_its_one_visit_and_no_address(world: World) -> None:
    booking = confirmed(world, recipient_name="Rosa O'Brien")
    other = world.book(starts_at=at(14))
    client = with_link(booking)
    page = text(client.get(address(booking)))
    for shown in (
        "Monday, December 7",
        "10:00 AM PST",
        "Sample Therapist One",
        "$140",
        "Free until 24 hours before",
    ):
        assert shown in page
    for kept in ("Sample Street", "90026", "Rosa", "Ana", "ana@", "CANARY"):
        assert kept not in page
    assert closed(client.get(address(other)))
    assert client.get("/visits/").status_code == 200
    assert other.reference not in text(client.get("/visits/"))


def test_sign_in_shows_all_visits_of_the_address_and_no_other(world: World) -> None:
    booking = confirmed(world)
    second = world.book(starts_at=at(14), phone="+12135550199")
    foreign = world.book(email="bo@example.com", phone="+12135550124", starts_at=at(16))
    client = signed_in()
    page = client.get("/visits/").content.decode()
    assert address(booking) in page
    assert address(second) in page
    assert foreign.reference not in page
    assert "12 Sample Street" in text(client.get(address(booking)))


def test_a_sign_in_link_works_once(world: World) -> None:
    world.book()
    token = links.token_of(links.sign_in_link(email="ana@example.com", now=NOW))
    first, second = Client(), Client()
    for browser in (first, second):
        assert browser.get(f"/visits/sign-in/{token}/").status_code == 302
    assert first.post("/visits/open/").status_code == 302
    assert closed(second.post("/visits/open/"))
    assert closed(Client().get(f"/visits/sign-in/{token}/"))
    # Whoever used it goes on: a double press, or the same email opened again.
    assert first.post("/visits/open/").headers["Location"] == "/visits/"
    assert first.get(f"/visits/sign-in/{token}/").headers["Location"] == "/visits/"


def test_a_changed_cookie_opens_nothing(world: World) -> None:
    client = Client()
    client.get(f"/visits/{links.visit_token(world.book(), now=NOW)}/")
    client.cookies["visit-link"] = client.cookies["visit-link"].value.replace("1", "2", 1) + "x"
    assert closed(client.post("/visits/open/"))


def test_the_press_must_come_from_our_own_page(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(f"/visits/{links.visit_token(world.book(), now=NOW)}/")
    assert client.post("/visits/open/").status_code == 403


# Asking for a link ---------------------------------------------------------------------------------------------


def ask(email: str, **more: str) -> Any:
    return Client().post("/visits/", {"email": email, **more})


@pytest.mark.integrity
def test_asking_for_a_link_mails_one_to_a_known_address(world: World) -> None:
    world.book()
    Message.objects.all().delete()
    assert ask(" Ana@Example.com ").headers["Location"] == "/visits/sent/"
    message = Message.objects.get()
    assert (message.kind, message.link.email) == (MessageKind.SIGN_IN, "ana@example.com")


def test_asking_says_the_same_for_an_unknown_address_and_leaves_nothing(
    world: World,
    count_queries: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(outbox, "_wake_worker", lambda keys: woken.append(len(keys)))
    world.book()
    with count_queries() as known_queries, django_capture_on_commit_callbacks(execute=True):
        known = ask("ana@example.com")
    written = Link.objects.count(), Message.objects.count()
    with count_queries() as unknown_queries, django_capture_on_commit_callbacks(execute=True):
        unknown = ask("nobody@example.com")
    assert (known.status_code, known.headers["Location"]) == (
        unknown.status_code,
        unknown.headers["Location"],
    )
    assert (Link.objects.count(), Message.objects.count()) == written
    # As much work for the one as for the other, also with the broker.
    assert abs(len(known_queries) - len(unknown_queries)) <= 1
    assert woken == [1, 1]


def test_rows_of_an_unknown_address_are_taken_back_within_a_transaction_that_is_committed(
    world: World, count_queries: Callable[..., Any]
) -> None:
    with count_queries() as asked:
        ask("nobody@example.com")
    statements = [query["sql"] for query in asked]
    taken_back = next(
        number for number, sql in enumerate(statements) if sql.startswith("ROLLBACK TO SAVEPOINT")
    )
    inserted = [number for number, sql in enumerate(statements) if sql.startswith("INSERT")]
    assert len([number for number in inserted if number < taken_back]) == 2
    # The rest of the transaction, with its lock, isn't taken back.
    assert sum(sql.startswith("SAVEPOINT") for sql in statements[:taken_back]) == 2
    assert sum(sql.startswith("RELEASE SAVEPOINT") for sql in statements[taken_back:]) == 2


def test_one_mailbox_gets_a_few_links_an_hour(world: World) -> None:
    world.book()
    for _ in range(8):
        assert ask("ana@example.com").status_code == 302
    assert Message.objects.filter(kind=MessageKind.SIGN_IN).count() == 5
    with time_machine.travel(NOW + timedelta(minutes=61), tick=False):
        ask("ana@example.com")
    assert Message.objects.filter(kind=MessageKind.SIGN_IN).count() == 6


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ana@",
        "a" * 300 + "@example.com",
        "ana@exämple.com",
        "a@example.com\r\nBcc: b@example.com",
        "\x00",
        "%00",
    ],
)
def test_an_address_that_makes_no_sense_is_said(world: World, email: str) -> None:
    response = ask(email)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not Link.objects.exists()


def test_robots_are_asked_to_leave_their_field_empty(world: World) -> None:
    world.book()
    response = ask("ana@example.com", website="http://example.com")
    assert response.status_code == 422
    assert not Link.objects.filter(email="ana@example.com").exists()


@pytest.mark.parametrize(("path", "most"), [("/visits/", 10), ("/visits/open/", 30)])
def test_one_visitor_asks_only_so_often(world: World, settings: Any, path: str, most: int) -> None:
    settings.RATELIMIT_ENABLE = True
    answers = [Client().post(path, {"email": "x@example.com"}).status_code for _ in range(most + 1)]
    assert answers[-1] == 429
    assert 429 not in answers[:-1]


# Codes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["address", "health"])
def test_address_and_health_ask_a_link_for_a_code_and_a_fresh_sign_in_for_none(
    world: World, page: str
) -> None:
    booking = confirmed(world)
    client = with_link(booking)
    response = client.get(address(booking, page))
    assert response.headers["Location"] == f"{address(booking, 'code')}?next={page}"
    assert client.post(address(booking, page), {"street": "x"}).status_code == 302
    asked = client.get(response.headers["Location"])
    assert "a…@example.com" in text(asked)
    assert not Link.objects.filter(purpose=LinkPurpose.CODE).exists()
    client.post(response.headers["Location"], {"send": "yes"})
    assert Message.objects.filter(kind=MessageKind.CODE).count() == 1
    onward = client.post(response.headers["Location"], {"code": newest_code()})
    assert onward.headers["Location"] == address(booking, page)
    assert client.get(address(booking, page)).status_code == 200
    assert "12 Sample Street" in text(client.get(address(booking)))
    assert signed_in().get(address(booking, page)).status_code == 200


@pytest.mark.parametrize("lead", ["//evil.example", "https://evil.example", "moves", "../admin", ""])
def test_a_code_leads_nowhere_else(world: World, lead: str) -> None:
    booking = world.book()
    client = signed_in()
    response = client.get(address(booking, "code"), {"next": lead})
    assert response.headers["Location"] == address(booking)


def test_five_misses_end_a_code(world: World) -> None:
    booking = world.book()
    client = with_link(booking)
    client.post(address(booking, "code"), {"send": "yes"})
    right = newest_code()
    wrong = "000000" if right != "000000" else "000001"
    for typed in ("12345", "abcdef", "1234567", "", "１２３"):  # slips of the finger cost nothing
        assert client.post(address(booking, "code"), {"code": typed}).status_code == 422
    for _ in range(5):
        assert client.post(address(booking, "code"), {"code": wrong}).status_code == 422
    assert client.post(address(booking, "code"), {"code": right}).status_code == 422
    assert client.get(address(booking, "address")).status_code == 302
    prove(client, booking)
    assert client.get(address(booking, "address")).status_code == 200


def test_a_code_may_be_typed_with_blanks_or_in_other_digits(world: World) -> None:
    booking = world.book()
    client = with_link(booking)
    client.post(address(booking, "code"), {"send": "yes"})
    typed = newest_code().translate({ord(str(n)): chr(0x660 + n) for n in range(10)})
    assert client.post(address(booking, "code"), {"code": f" {typed[:3]} {typed[3:]}"}).status_code == 302


def test_a_code_ends_after_ten_minutes_with_a_new_one_and_with_its_use(world: World) -> None:
    booking = world.book()
    client = with_link(booking)
    client.post(address(booking, "code"), {"send": "yes"})
    first = newest_code()
    client.post(address(booking, "code"), {"send": "yes"})
    second = newest_code()
    if first != second:
        assert client.post(address(booking, "code"), {"code": first}).status_code == 422
    with time_machine.travel(NOW + timedelta(minutes=10), tick=False):
        assert client.post(address(booking, "code"), {"code": second}).status_code == 422
    assert client.post(address(booking, "code"), {"code": second}).status_code == 302
    link = Link.objects.latest("pk")
    assert link.used_at == NOW
    stranger = with_link(booking)
    assert stranger.post(address(booking, "code"), {"code": second}).status_code == 422


def test_a_code_belongs_to_the_session_that_asked_for_it_and_to_its_mailbox(world: World) -> None:
    booking = world.book()
    other = world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14))
    client, thief = with_link(booking), with_link(booking)
    client.post(address(booking, "code"), {"send": "yes"})
    assert thief.post(address(booking, "code"), {"code": newest_code()}).status_code == 422
    # One browser with both links open: the code of the one proves nothing for the other.
    client.get(f"/visits/{links.visit_token(other, now=NOW)}/")
    client.post("/visits/open/")
    assert client.post(address(other, "code"), {"code": newest_code()}).status_code == 422
    assert client.get(address(other, "address")).status_code == 302


def test_one_mailbox_gets_a_few_codes_an_hour(world: World) -> None:
    booking = world.book()
    for _ in range(7):
        client = with_link(booking)
        response = client.post(address(booking, "code"), {"send": "yes"}, follow=True)
    assert Message.objects.filter(kind=MessageKind.CODE).count() == 5
    assert "several codes" in said(response)


@pytest.mark.integrity
def test_guesses_at_one_moment_are_no_more_than_five(world: World) -> None:
    from bookings.domain import sign_in

    link = sign_in.send_code(email="ana@example.com", instead_of=None, now=NOW)
    assert link is not None
    Link.objects.filter(pk=link.pk).update(misses=5)
    assert sign_in.check_code(key=link.pk, typed=code_of(link), now=NOW) is None


# Sessions ------------------------------------------------------------------------------------------------------


def test_a_session_closes_when_idle_and_after_half_a_day_at_the_latest(world: World) -> None:
    booking = world.book()
    client = with_link(booking)
    with time_machine.travel(NOW + timedelta(hours=1, minutes=59), tick=False):
        assert client.get(address(booking)).status_code == 200
    with time_machine.travel(NOW + timedelta(hours=3, minutes=58), tick=False):
        assert client.get(address(booking)).status_code == 200
    with time_machine.travel(NOW + timedelta(hours=5, minutes=59), tick=False):
        assert closed(client.get(address(booking)))

    client = signed_in()
    for hours in range(1, 12):
        with time_machine.travel(NOW + timedelta(hours=hours), tick=False):
            assert client.get(address(booking)).status_code == 200
    with time_machine.travel(NOW + timedelta(hours=12), tick=False):
        assert closed(client.get(address(booking)))
        assert "Send me a link" in text(client.get("/visits/"))


def test_a_proof_is_asked_for_again_after_an_hour_but_not_in_the_middle_of_a_form(world: World) -> None:
    booking = world.book()
    client = signed_in()
    with time_machine.travel(NOW + timedelta(minutes=61), tick=False):
        assert client.get(address(booking, "address")).status_code == 302
        assert "Sample Street" not in text(client.get(address(booking)))
        assert client.post(address(booking, "address"), {}).status_code == 422


def test_a_link_that_was_taken_back_closes_what_it_opened(world: World) -> None:
    booking = world.book()
    client = with_link(booking)
    operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(NOW, by_client=True))
    assert closed(client.get(address(booking)))
    assert signed_in().get(address(booking)).status_code == 200


def test_the_session_has_a_new_name_after_each_step_up(world: World) -> None:
    booking = world.book()
    client = Client()
    client.get("/book/?service=manual-lymphatic-drainage")
    client.post("/book/", {"service": "manual-lymphatic-drainage", "option": world.option.pk, "people": 1})
    names = [client.session.session_key]
    client.get(f"/visits/{links.visit_token(booking, now=NOW)}/")
    client.post("/visits/open/")
    names.append(client.session.session_key)
    prove(client, booking)
    names.append(client.session.session_key)
    assert len(set(names)) == 3


def test_signing_out_closes_everything_and_forgets_what_was_typed(world: World) -> None:
    booking = world.book()
    client = signed_in()
    client.post(address(booking, "again"))
    assert BookingDraft.objects.count() == 1
    response = client.post("/visits/sign-out/", follow=True)
    assert "You are signed out" in said(response)
    assert closed(client.get(address(booking)))
    assert closed(client.post("/visits/open/"))
    assert not BookingDraft.objects.exists()
    assert client.get("/visits/sign-out/").status_code == 405


def test_staff_who_sign_out_here_stay_logged_in_to_the_admin(world: World) -> None:
    client = signed_in()
    client.force_login(User.objects.create_superuser("owner", "owner@example.com", "a-long-password"))
    client.post("/visits/sign-out/")
    assert "Send me a link" in text(client.get("/visits/"))
    assert client.get("/admin/").status_code == 200
