"""Where a member of staff is logged in, and ending it in other browsers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings import tasks
from bookings.views.visits import visitor
from massagerx.accounts import open_log_ins, second_factor
from massagerx.accounts.middleware import StaffMiddleware
from massagerx.accounts.models import LogIn, LogInOutcome

from .conftest import PASSWORD, code, inside, log_in, member
from .test_second_factor import set_up

pytestmark = pytest.mark.django_db
Clock = time_machine.Traveller
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def page() -> str:
    return reverse("admin:own_log_ins")


def open_of(user: User) -> list[open_log_ins.OpenLogIn]:
    return open_log_ins.of_user(user, here=None, now=timezone.now())


def browser(user: User, typed: str = "", *, agent: str = FIREFOX, address: str = "203.0.113.7") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"user-agent": agent})
    assert log_in(client, user, typed)
    return client


def row_of(client: Client, user: User) -> LogIn:
    return next(one.row for one in open_of(user) if one.key == client.session.session_key)


@pytest.fixture
def user(clock: Clock) -> User:
    return member("desk", "Front desk")


def test_the_page_says_where_since_when_and_from_what(user: User, clock: Clock) -> None:
    phone = browser(user, agent=IPHONE, address="198.51.100.4")
    clock.shift(timedelta(hours=1))
    here = browser(user)
    clock.shift(timedelta(minutes=30))
    assert inside(phone)

    shown = here.get(page())
    first, second = shown.context["found"]
    assert (first.browser, first.is_here, first.row.address) == ("Firefox on Windows", True, "203.0.113.7")
    assert (second.browser, second.is_here, second.row.address) == ("Safari on iPhone", False, "198.51.100.4")
    assert second.seen - second.since == timedelta(minutes=90)
    text = shown.content.decode()
    assert text.count("This browser") == 1
    assert text.count("End this one") == 1
    assert "From 198.51.100.4" in text
    assert page() in here.get(reverse("admin:index")).content.decode()


def test_one_is_out_at_once_and_the_others_stay(user: User) -> None:
    here, phone, tablet = browser(user), browser(user, agent=IPHONE), browser(user)
    answer = here.post(page(), {"end": row_of(phone, user).pk, "password": PASSWORD}, follow=True)
    assert "1 browser has to log in again" in answer.content.decode()
    assert not inside(phone)
    assert not phone.get("/services/").wsgi_request.user.is_authenticated
    assert inside(tablet)
    assert inside(here)
    assert [entry.get_change_message() for entry in LogEntry.objects.filter(object_id=user.pk)] == [
        "Log-ins ended in other browsers."
    ]


def test_all_others_are_out_and_this_one_stays(user: User) -> None:
    colleague = browser(member("owner", "Owner"))
    here, phone, tablet = browser(user), browser(user), browser(user)
    assert here.post(page(), {"end": "others", "password": PASSWORD}).status_code == 302
    assert [inside(client) for client in (here, phone, tablet, colleague)] == [True, False, False, True]
    assert len(open_of(user)) == 1


def test_all_others_are_those_of_which_there_is_no_record_too(user: User) -> None:
    """Two visits' links pressed at once in one browser make two sessions of one log-in; the record names the last."""
    colleague, here, phone = browser(member("owner", "Owner")), browser(user), browser(user)
    LogIn.objects.exclude(pk=row_of(here, user).pk).update(session="")
    shown = here.get(page())
    assert [one.is_here for one in shown.context["found"]] == [True]
    assert "End all others" in shown.content.decode()
    answer = here.post(page(), {"end": "others", "password": PASSWORD}, follow=True)
    assert "1 browser has to log in again" in answer.content.decode()
    assert [inside(client) for client in (here, phone, colleague)] == [True, False, True]


def test_who_has_no_record_of_their_own_may_end_the_others(user: User) -> None:
    here, phone = browser(user), browser(user)
    LogIn.objects.filter(pk=row_of(here, user).pk).update(session="")
    shown = here.get(page())
    assert 'name="password"' in shown.content.decode()
    assert here.post(page(), {"end": row_of(phone, user).pk, "password": PASSWORD}).status_code == 302
    assert [inside(client) for client in (here, phone)] == [True, False]


def test_a_wrong_password_is_written_down(user: User) -> None:
    here, _phone = browser(user), browser(user)
    here.post(page(), {"end": "others", "password": "wrong"})
    assert LogIn.objects.filter(user=user, outcome=LogInOutcome.WRONG_PASSWORD).count() == 1


@pytest.mark.parametrize("typed", ["wrong", ""])
def test_a_wrong_password_ends_nothing(user: User, typed: str) -> None:
    here, phone = browser(user), browser(user)
    for chosen in ("others", str(row_of(phone, user).pk)):
        answer = here.post(page(), {"end": chosen, "password": typed})
        assert answer.status_code == 422
        # What was chosen stays so.
        (checked,) = re.findall(r"<input[^>]* checked", answer.content.decode())
        assert f'value="{chosen}"' in checked
    assert inside(phone)


def test_a_second_factor_is_asked_for_its_code_which_works_once(user: User, clock: Clock) -> None:
    set_up(user, clock)
    browsers = []
    for _number in range(3):
        clock.shift(60)
        browsers.append(browser(user, code(user)))
    here, phone, tablet = browsers
    clock.shift(60)
    # The password is what a thief of this browser may know already.
    assert here.post(page(), {"end": "others", "password": PASSWORD}).status_code == 422
    typed, rows = code(user), [row_of(client, user).pk for client in (phone, tablet)]
    assert here.post(page(), {"end": rows[0], "code": typed}).status_code == 302
    assert here.post(page(), {"end": rows[1], "code": typed}).status_code == 422
    assert not inside(phone)
    assert inside(tablet)


def test_what_had_ended_is_said_and_uses_no_code_up(user: User, clock: Clock) -> None:
    set_up(user, clock)
    clock.shift(60)
    here = browser(user, code(user))
    clock.shift(60)
    phone = browser(user, code(user))
    row = row_of(phone, user)
    phone.post(reverse("admin:logout"))
    clock.shift(60)
    for chosen in (str(row.pk), "others"):
        answer = here.post(page(), {"end": chosen, "code": code(user)}, follow=True)
        assert "had ended already" in answer.content.decode()
    assert second_factor.verify(user, code(user)) is not None


def test_enter_in_the_field_of_the_code_ends_nothing_that_was_not_chosen(user: User, clock: Clock) -> None:
    """Enter presses the form's first button, as if nothing but the fields were sent."""
    set_up(user, clock)
    clock.shift(60)
    here = browser(user, code(user))
    clock.shift(60)
    phone = browser(user, code(user))
    clock.shift(60)
    page_of_form = here.get(page()).content.decode()
    assert re.findall(r'<button[^>]*name="end"', page_of_form) == []
    assert re.findall(r"<input[^>]* checked", page_of_form) == []
    answer = here.post(page(), {"code": code(user)})
    assert answer.status_code == 422
    assert "Choose what to end." in answer.content.decode()
    assert inside(phone)
    # The code is not used up, and stands in its field.
    assert f'value="{code(user)}"' in answer.content.decode()
    assert here.post(page(), {"end": row_of(phone, user).pk, "code": code(user)}).status_code == 302
    assert not inside(phone)


@pytest.mark.parametrize("wanted", ["x", "-1", "9" * 30, "²"])
def test_what_is_no_log_in_is_not_found(user: User, wanted: str) -> None:
    assert browser(user).post(page(), {"end": wanted, "password": PASSWORD}).status_code == 404


def test_nobody_ends_another_person_s(user: User) -> None:
    owner = browser(member("owner", is_superuser=True))
    desk = browser(user)
    assert owner.post(page(), {"end": row_of(desk, user).pk, "password": PASSWORD}).status_code == 404
    assert inside(desk)
    assert [one.row.user_id for one in owner.get(page()).context["found"]] != [user.pk]


def test_a_visitor_and_who_lacks_the_second_factor_see_nothing(user: User, settings: Any) -> None:
    assert Client().get(page())["Location"].startswith(reverse("admin:login"))
    client = browser(user)
    settings.REQUIRE_SECOND_FACTOR = True
    assert client.get(page())["Location"] == reverse("admin:second_factor")
    assert client.post(page(), {"end": "others", "password": PASSWORD}).status_code == 302


def test_a_session_is_followed_to_its_new_name(user: User) -> None:
    """A new password renames the session, and so does a visit's link that staff open in the same browser."""
    phone, new = browser(user), "copper-window-field-88"
    phone.post(
        reverse("admin:password_change"),
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )
    user.refresh_from_db()
    assert row_of(phone, user).user_id == user.pk
    request = HttpRequest()
    request.session, request.user = phone.session, user

    def step_up(request: HttpRequest) -> HttpResponse:
        visitor._keep(request, {})
        return HttpResponse()

    StaffMiddleware(step_up)(request)
    assert request.session.session_key != phone.cookies["sessionid"].value
    assert [one.key for one in open_of(user)] == [request.session.session_key]


def test_what_opens_nothing_any_more_is_not_listed(user: User, clock: Clock) -> None:
    browser(user)
    clock.shift(timedelta(hours=2))
    assert open_of(user) == []
    phone = browser(user)
    user.set_password("copper-window-field-88")
    user.save()
    assert not inside(phone)
    assert open_of(user) == []


def test_one_whose_second_factor_was_reset_is_not_listed(user: User, clock: Clock) -> None:
    set_up(user, clock)
    clock.shift(60)
    phone = browser(user, code(user))
    assert inside(phone)
    assert len(open_of(user)) == 1
    second_factor.reset(user)
    assert open_of(user) == []


def test_another_account_in_the_same_browser_and_the_same_one_again_are_listed_once(user: User) -> None:
    other, client = member("owner", "Owner"), browser(user)
    assert log_in(client, user)
    assert len(open_of(user)) == 1
    assert log_in(client, other)
    assert open_of(user) == []
    assert [one.key for one in open_of(other)] == [client.session.session_key]


def test_the_name_of_a_session_is_stored_shut_shown_nowhere_and_forgotten(user: User, clock: Clock) -> None:
    client = browser(user)
    key = client.session.session_key
    assert key is not None
    row = row_of(client, user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT session FROM accounts_login")
        assert [key in stored for (stored,) in cursor.fetchall()] == [False]
    root = browser(member("root", is_superuser=True))
    for address in (
        reverse("admin:accounts_login_changelist"),
        reverse("admin:accounts_login_change", args=[row.pk]),
        page(),
    ):
        assert key not in root.get(address).content.decode()
    assert key not in client.get(page()).content.decode()
    clock.shift(timedelta(hours=12, seconds=1))
    tasks.purge_sessions()
    assert set(LogIn.objects.values_list("session", flat=True)) == {""}


def test_a_lost_key_leaves_the_pages_and_lists_nothing(user: User, settings: Any) -> None:
    client = browser(user)
    settings.HEALTH_KEYS = ["bG9zdC1rZXktbG9zdC1rZXktbG9zdC1rZXktbG9zdCE="]
    assert client.get(page()).context["found"] == []
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iPhone"),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Mac"),
        ("curl/8.5.0", "A browser we can’t name"),
        ("Firefox", "Firefox"),
        ("", "A browser we can’t name"),
    ],
)
def test_a_browser_is_named_in_words(agent: str, words: str) -> None:
    assert open_log_ins.browser_of(agent) == words
