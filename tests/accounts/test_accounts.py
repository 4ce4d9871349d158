"""The owner changes accounts, and can't make themselves or anybody else a superuser."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from .conftest import PASSWORD, member

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(member("owner", "Owner"))
    return client


def change(user: User) -> str:
    return reverse("admin:auth_user_change", args=[user.pk])


def filled(user: User, **changes: Any) -> dict[str, Any]:
    return {"username": user.username, "first_name": user.first_name, "is_active": "on", **changes}


def test_an_owner_grants_neither_superuser_nor_single_rights(owner: Client) -> None:
    for name in ("owner", "desk"):
        user = User.objects.filter(username=name).first() or member(name, "Front desk")
        groups = [group.pk for group in user.groups.all()]
        page = owner.get(change(user)).content.decode()
        assert "is_superuser" not in page
        assert "user_permissions" not in page
        rights = [permission.pk for permission in Permission.objects.all()[:50]]
        data = filled(user, groups=groups, is_superuser="on", user_permissions=rights, is_staff="on")
        assert owner.post(change(user), data).status_code == 302
        user = User.objects.get(pk=user.pk)
        assert not user.is_superuser
        assert not user.user_permissions.exists()


def test_an_owner_grants_no_group_beyond_their_own_rights(owner: Client) -> None:
    beyond = Group.objects.create(name="Beyond")
    beyond.permissions.add(Permission.objects.get(codename="delete_user"))
    user = member("desk", "Front desk")
    assert owner.post(change(user), filled(user, groups=[beyond.pk])).status_code == 200
    assert not user.groups.filter(pk=beyond.pk).exists()
    assert "Beyond" not in owner.get(change(user)).content.decode()


def test_an_owner_does_not_change_a_superuser(owner: Client) -> None:
    root = member("root", is_superuser=True)
    kept = root.password
    assert owner.post(change(root), filled(root, username="mine")).status_code == 403
    new = {"password1": "copper-window-field-88", "password2": "copper-window-field-88", "do": "send"}
    for name in ("auth_user_password_change", "auth_user_reset_factor"):
        assert owner.get(reverse(f"admin:{name}", args=[root.pk])).status_code == 403
        assert owner.post(reverse(f"admin:{name}", args=[root.pk]), new).status_code == 403
    assert owner.post(reverse("admin:auth_user_delete", args=[root.pk]), {"post": "yes"}).status_code == 403
    root.refresh_from_db()
    assert (root.username, root.password) == ("root", kept)


def test_a_superuser_changes_everything() -> None:
    client, other = Client(), member("other", is_superuser=True)
    client.force_login(member("root", is_superuser=True))
    page = client.get(change(other)).content.decode()
    assert "is_superuser" in page
    assert "user_permissions" in page
    assert client.get(reverse("admin:auth_user_reset_factor", args=[other.pk])).status_code == 200


@pytest.mark.parametrize("role", ["Front desk", "Therapist", "Writer"])
def test_others_have_nothing_to_do_with_accounts(role: str) -> None:
    client, user = Client(), member("other", "Writer")
    client.force_login(member("somebody", role))
    for address in (
        reverse("admin:auth_user_changelist"), reverse("admin:auth_user_add"), change(user),
        reverse("admin:auth_user_history", args=[user.pk]),
        reverse("admin:auth_user_password_change", args=[user.pk]),
        reverse("admin:auth_user_reset_factor", args=[user.pk]),
    ):  # fmt: skip
        assert client.get(address).status_code == 403
        assert client.post(address, {}).status_code == 403


def test_the_list_costs_the_same_for_many(owner: Client, count_queries: Any) -> None:
    address = reverse("admin:auth_user_changelist")
    owner.get(address)
    with count_queries() as few:
        owner.get(address)
    for number in range(20):
        member(f"n{number}", "Writer")
    with count_queries() as many:
        assert owner.get(address).status_code == 200
    assert len(many) == len(few) <= 12
    assert PASSWORD not in owner.get(address).content.decode()
