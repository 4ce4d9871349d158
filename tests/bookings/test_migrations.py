"""Migrations that write rows, run again on what a site may hold."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db.migrations.loader import MigrationLoader

from tests.factories import make_roles

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def migration(name: str) -> Any:
    return import_module(name)


def test_roles_go_and_come_back_and_the_people_stay() -> None:
    """`make_roles` runs what each of the migrations runs."""
    make_roles()
    roles = migration("bookings.migrations.0002_roles_and_search")
    before = {
        group.name: set(group.permissions.all()) for group in Group.objects.filter(name__in=roles.ROLES)
    }
    assert set(before) == {"Owner", "Front desk", "Therapist", "Writer"}
    user = User.objects.create_user("desk", is_staff=True)
    user.groups.add(Group.objects.get(name="Front desk"))

    roles.remove_roles(apps, None)
    assert not Group.objects.filter(name__in=roles.ROLES).exists()
    assert User.objects.filter(pk=user.pk, is_staff=True).exists()
    # As on a fresh database, where permissions are made only after the last migration.
    Permission.objects.all().delete()
    make_roles()
    after = {group.name: group.permissions.count() for group in Group.objects.filter(name__in=roles.ROLES)}
    assert after == {name: len(permissions) for name, permissions in before.items()}


def test_roles_know_every_model_they_name_by_then() -> None:
    """The migration depends on those that make the models it names."""
    roles = migration("bookings.migrations.0002_roles_and_search")
    named = {label for table in roles.ROLES.values() for label in table}
    state = MigrationLoader(None).project_state(("bookings", "0002_roles_and_search"))
    by_then = {f"{app}.{model}" for app, model in state.models}
    assert named - by_then == set()
