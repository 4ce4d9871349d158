"""Staff at their desk, at the hour at which the world of `tests.factories` stands."""

from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.factories import NOW, World
from tests.support.log_ins import endless_log_ins

DESK_RIGHTS = [
    "view_booking", "change_booking", "view_client", "view_message", "change_message", "view_screeningrecord",
    "add_cliniciannote", "view_accessnotes",
]  # fmt: skip


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Tests go to and fro in time; that a log-in ends is a matter of tests/accounts.
    endless_log_ins(monkeypatch)
    with time_machine.travel(NOW, tick=False):
        yield


def staff_user(name: str, *rights: str) -> User:
    user = User.objects.create_user(name, password="a-long-password", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="bookings", codename__in=rights)
    )
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner(world: World) -> Client:
    return signed_in(User.objects.create_superuser("owner", "owner@example.com", "a-long-password"))


@pytest.fixture
def desk(world: World) -> Client:
    """The front desk, with no more rights than it needs."""
    return signed_in(staff_user("desk", *DESK_RIGHTS))
