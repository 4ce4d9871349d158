"""Staff and their phones, at an hour that tests choose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP

from massagerx.accounts.models import TOTPDevice
from tests.factories import NOW, make_roles

PASSWORD = "walnut-harbor-lamp-31"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def member(
    name: str, role: str = "", *, email: str = "member@example.com", is_superuser: bool = False
) -> User:
    """A member of staff, with one of the groups that the migration makes."""
    user = User.objects.create_user(name, email, PASSWORD, is_staff=True, is_superuser=is_superuser)
    if role:
        make_roles()
        user.groups.add(Group.objects.get(name=role))
    return user


def code_of(key: str, *, steps: int = 0) -> str:
    """What a phone shows now, or some 30-second steps later."""
    totp = TOTP(bytes.fromhex(key), drift=steps)
    return f"{totp.token():06d}"


def code(user: User, *, steps: int = 0) -> str:
    return code_of(TOTPDevice.objects.get(user=user).key, steps=steps)


def log_in(client: Client, user: User, code: str = "", password: str = PASSWORD) -> bool:
    """Through the page, as people do; whether it let them in."""
    response = client.post(
        reverse("admin:login"), {"username": user.username, "password": password, "code": code}
    )
    return response.status_code == 302


def inside(client: Client) -> bool:
    """Whether the desk opens."""
    return client.get(reverse("admin:index")).status_code == 200
