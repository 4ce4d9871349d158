"""Who logged in, who tried, and from where; and passwords that a stranger would try."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from bookings import tasks
from massagerx.accounts import second_factor
from massagerx.accounts.log_ins import KEPT
from massagerx.accounts.models import LogIn, LogInOutcome
from services.models import Business
from tests.factories import NOW

from .conftest import PASSWORD, code, inside, log_in, member
from .test_second_factor import page, set_up

pytestmark = pytest.mark.django_db
Clock = time_machine.Traveller


def rows() -> list[tuple[str | None, str, str, str]]:
    return [
        (entry.user.username if entry.user else None, entry.outcome, entry.address, entry.agent)
        for entry in LogIn.objects.select_related("user").order_by("pk")
    ]


def test_each_attempt_is_written_down_with_its_end(clock: Clock) -> None:
    user = member("desk", "Front desk")
    client = Client(REMOTE_ADDR="203.0.113.7", headers={"user-agent": "Sample\tBrowser 1" + "x" * 300})
    assert not log_in(client, user, password="wrong")
    assert not log_in(client, User(username="walnut-harbor-lamp-31"), password="typed into the wrong field")
    assert log_in(client, user)
    set_up(user, clock)
    assert not log_in(client, user, code="000000")
    client.logout()
    clock.shift(60)
    assert log_in(client, user, code=code(user))
    agent = ("SampleBrowser 1" + "x" * 300)[:199]
    assert rows() == [
        ("desk", LogInOutcome.WRONG_PASSWORD, "203.0.113.7", agent),
        (None, LogInOutcome.WRONG_PASSWORD, "203.0.113.7", agent),
        ("desk", LogInOutcome.LOGGED_IN, "203.0.113.7", agent),
        ("desk", LogInOutcome.WRONG_CODE, "203.0.113.7", agent),
        ("desk", LogInOutcome.LOGGED_IN, "203.0.113.7", agent),
    ]


def test_name_that_no_database_takes_is_a_wrong_name(clock: Clock) -> None:
    for name in ("a\x00b", "x" * 5_000, ""):
        response = Client().post(reverse("admin:login"), {"username": name, "password": "wrong"})
        assert response.status_code == 200


def test_the_owner_reads_the_list_and_nobody_changes_it(clock: Clock) -> None:
    owner, desk = Client(), Client()
    assert log_in(owner, member("owner", "Owner"))
    assert log_in(desk, member("desk", "Front desk"))
    address = reverse("admin:accounts_login_changelist")
    shown = owner.get(address)
    assert shown.status_code == 200
    assert ">logged in<" in shown.content.decode()
    assert desk.get(address).status_code == 403
    root = Client()
    assert log_in(root, member("root", is_superuser=True))
    entry = LogIn.objects.latest("pk")
    assert root.get(reverse("admin:accounts_login_add")).status_code == 403
    assert (
        root.post(reverse("admin:accounts_login_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403
    )


def test_record_ends_after_thirteen_months_and_outlives_its_account(clock: Clock) -> None:
    user = member("desk", "Front desk")
    assert log_in(Client(), user)
    clock.shift(timedelta(days=1))
    assert log_in(Client(), user)
    user.delete()
    assert [row[0] for row in rows()] == [None, None]
    clock.move_to(NOW + KEPT + timedelta(seconds=1))
    tasks.purge_sessions()
    assert LogIn.objects.count() == 1


def test_log_in_ends_with_the_second_factor_that_it_was_made_with(clock: Clock) -> None:
    user = member("desk", "Front desk")
    set_up(user, clock)
    thief, own = Client(), Client()
    assert log_in(thief, user, code=code(user))
    clock.shift(60)
    assert log_in(own, user, code=code(user))
    assert inside(thief)
    assert inside(own)
    clock.shift(60)
    # Who takes it off by a code of it stays, to set up another phone; who else is in has to begin anew.
    assert own.post(page(), {"do": "phone", "code": code(user)}).status_code == 302
    assert own.get(page()).status_code == 200
    left = thief.get(reverse("admin:index"))
    assert left.status_code == 302
    assert "changed. Please log in again" in thief.get(left["Location"]).content.decode()
    assert "_auth_user_id" not in thief.session


def test_reset_by_a_colleague_ends_the_session_on_public_pages_too(clock: Clock) -> None:
    user, client = member("desk", "Front desk"), Client()
    set_up(user, clock)
    assert log_in(client, user, code=code(user))
    assert inside(client)
    second_factor.reset(user)
    assert not client.get("/services/").wsgi_request.user.is_authenticated
    assert not inside(client)


@pytest.mark.parametrize(
    "word", ["massagerx2026", "Massage-Rx-2026!", "LosAngeles2026!!", "posturemassage99", "Welcome-Owner-1"]
)
def test_password_of_our_own_words_is_refused(word: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_password(word)
    assert "password_of_our_words" in [error.code for error in refused.value.error_list]


@pytest.mark.parametrize("word", ["quiethands2026", "Quiet-Hands-Desk-1", "HANDS-quiet-hands-9"])
def test_password_of_the_business_s_name_is_refused(word: str) -> None:
    validate_password(word)
    Business.objects.update_or_create(pk=1, defaults={"name": "Quiet Hands"})
    with pytest.raises(ValidationError) as refused:
        validate_password(word)
    assert "password_of_our_words" in [error.code for error in refused.value.error_list]


@pytest.mark.parametrize(
    "word", [PASSWORD, "copper-massage-otter-lid", "7K#q9!Zr2@Lw4$", "correct horse battery"]
)
def test_password_that_nobody_would_guess_is_taken(word: str) -> None:
    validate_password(word)
