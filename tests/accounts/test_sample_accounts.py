"""Sample accounts, whose passwords everybody knows, open a local site and no public one."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.checks import Tags, run_checks
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from massagerx.accounts import sample_accounts

pytestmark = pytest.mark.django_db
OWNER = sample_accounts.sample_accounts()[0]


@pytest.fixture
def owner() -> User:
    return User.objects.create_superuser(OWNER["username"], password=OWNER["password"])


def logged_in(username: str, password: str) -> bool:
    client = Client()
    client.post(reverse("admin:login"), {"username": username, "password": password})
    return "_auth_user_id" in client.session


@pytest.mark.parametrize(("is_local", "opens"), [(True, True), (False, False)])
def test_sample_password_opens_a_local_site_only(
    settings: Any, owner: User, is_local: bool, opens: bool
) -> None:
    settings.LOCAL = is_local
    assert logged_in(owner.username, OWNER["password"]) is opens
    assert (authenticate(username=owner.username, password=OWNER["password"]) is not None) is opens


def test_no_account_is_opened_by_a_sample_password_in_public(settings: Any) -> None:
    settings.LOCAL = False
    User.objects.create_user("jo", password=OWNER["password"], is_staff=True)
    assert not logged_in("jo", OWNER["password"])


def test_same_account_with_a_password_of_its_own_opens(settings: Any, owner: User) -> None:
    settings.LOCAL = False
    owner.set_password("walnut-harbor-lamp-31")
    owner.save()
    assert logged_in(owner.username, "walnut-harbor-lamp-31")
    assert not logged_in(owner.username, OWNER["password"])


def test_public_site_says_so_at_start_until_they_are_gone(settings: Any, owner: User) -> None:
    def said() -> list[str]:
        found = run_checks(tags=[Tags.database], databases=["default"])
        return [str(message.msg) for message in found if message.id == "accounts.W001"]

    assert said() == []
    settings.LOCAL = False
    (words,) = said()
    assert "still here: owner." in words
    owner.is_active = False
    owner.save()
    assert said() == []


def test_a_database_that_is_away_keeps_no_site_from_starting(settings: Any) -> None:
    settings.LOCAL = False
    with mock.patch.object(sample_accounts, "working_logins", side_effect=OperationalError("gone")):
        assert sample_accounts.check_for_sample_accounts(databases=["default"]) == []
