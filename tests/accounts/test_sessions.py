"""A log-in ends after two hours without doing anything, and after twelve hours altogether."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from .conftest import inside, log_in, member

pytestmark = pytest.mark.django_db
Clock = time_machine.Traveller
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(clock: Clock) -> Client:
    client = Client()
    assert log_in(client, member("desk", "Front desk"))
    return client


def works(client: Client) -> bool:
    """Whether a page of the desk opens, one that shows little."""
    return client.get(reverse("admin:password_change")).status_code == 200


def test_it_lasts_while_somebody_works(desk: Client, clock: Clock) -> None:
    for _hour in range(11):
        clock.shift(HOUR)
        assert works(desk)


def test_two_idle_hours_end_it(desk: Client, clock: Clock) -> None:
    clock.shift(2 * HOUR - timedelta(seconds=1))
    assert inside(desk)
    clock.shift(2 * HOUR)
    response = desk.get(reverse("admin:index"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))
    assert "logged out after a while" in desk.get(response["Location"]).content.decode()
    assert "_auth_user_id" not in desk.session


def test_twelve_hours_end_it_however_busy(desk: Client, clock: Clock) -> None:
    for _half_hour in range(23):
        clock.shift(HOUR / 2)
        assert works(desk)
    clock.shift(HOUR / 2)
    assert not inside(desk)


def test_logging_in_again_starts_anew(desk: Client, clock: Clock) -> None:
    for _hour in range(11):
        clock.shift(HOUR)
        assert works(desk)
    assert log_in(desk, User.objects.get())
    clock.shift(HOUR * 1.5)
    assert inside(desk)


def test_work_on_public_pages_counts_and_an_ended_log_in_is_a_visitor(desk: Client, clock: Clock) -> None:
    clock.shift(1.5 * HOUR)
    assert desk.get(reverse("home")).wsgi_request.user.is_authenticated
    clock.shift(1.5 * HOUR)
    assert inside(desk)
    clock.shift(3 * HOUR)
    assert not desk.get(reverse("home")).wsgi_request.user.is_authenticated


def test_a_session_that_nobody_stamped_is_over(desk: Client) -> None:
    session = desk.session
    del session["staff_seen"]
    session.save()
    assert not inside(desk)


def test_a_post_after_the_end_changes_nothing(desk: Client, clock: Clock) -> None:
    clock.shift(3 * HOUR)
    password = User.objects.get().password
    new = "copper-window-field-88"
    data = {"old_password": "walnut-harbor-lamp-31", "new_password1": new, "new_password2": new}
    assert desk.post(reverse("admin:password_change"), data).status_code == 302
    assert User.objects.get().password == password


@pytest.mark.parametrize("password", ["short-one-1", "123456789012", "qwertyuiop123", "qwerty123456"])
def test_short_and_common_passwords_are_refused(password: str, clock: Clock) -> None:
    client = Client()
    client.force_login(member("desk", "Front desk"))
    data = {"old_password": "walnut-harbor-lamp-31", "new_password1": password, "new_password2": password}
    response = client.post(reverse("admin:password_change"), data)
    assert response.status_code == 200
    assert response.context["form"].errors
