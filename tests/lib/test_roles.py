"""Rights of roles, as migrations give and take them."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from massagerx.lib.roles import ALL, SEE, Rights, codename, give_rights, take_rights

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

RIGHTS: Rights = {"Helper": {"auth.user": ALL, "auth.group": SEE}, "Nobody": {"auth.user": ALL}}


def held(group: Group) -> set[str]:
    return set(group.permissions.values_list("codename", flat=True))


def test_rights_are_added_to_the_roles_that_there_are_and_taken_again() -> None:
    helper = Group.objects.create(name="Helper")
    of_their_own = Permission.objects.get(codename="add_permission")
    helper.permissions.add(of_their_own)

    give_rights(apps, RIGHTS)
    assert held(helper) == {
        "add_permission", "view_user", "add_user", "change_user", "delete_user", "view_group",
    }  # fmt: skip
    assert not Group.objects.filter(name="Nobody").exists()

    take_rights(apps, RIGHTS)
    assert held(helper) == {"add_permission"}


def test_rights_are_given_before_the_permissions_are_made() -> None:
    """As on a fresh database, where they are made only after the last migration."""
    helper = Group.objects.create(name="Helper")
    Permission.objects.all().delete()

    give_rights(apps, RIGHTS)
    assert held(helper) == {"view_user", "add_user", "change_user", "delete_user", "view_group"}


def test_an_action_with_an_underscore_is_a_whole_name() -> None:
    assert codename("booking", "view_reports") == "view_reports"
    assert codename("booking", "view") == "view_booking"
