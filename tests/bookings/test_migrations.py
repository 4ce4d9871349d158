"""Migrations that write rows, run again on what a site may hold."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db.migrations.loader import MigrationLoader

from services.models import AddOn
from tests.factories import World, make_roles

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def migration(name: str) -> Any:
    return import_module(name)


def test_roles_go_and_come_back_and_the_people_stay() -> None:
    make_roles()
    roles = migration("bookings.migrations.0014_roles")
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
    roles.make_roles(apps, None)
    migration("bookings.migrations.0017_rights_over_people").give_rights(apps, None)
    after = {group.name: group.permissions.count() for group in Group.objects.filter(name__in=roles.ROLES)}
    assert after == {name: len(permissions) for name, permissions in before.items()}


def test_rights_over_people_are_the_owner_s_alone_and_can_be_taken_back() -> None:
    make_roles()
    rights = migration("bookings.migrations.0017_rights_over_people")
    named = {name for names in rights.RIGHTS.values() for name in names}

    def held() -> set[tuple[str, str]]:
        rows = Group.objects.filter(permissions__codename__in=named)
        return set(rows.values_list("name", "permissions__codename"))

    assert held() == {("Owner", name) for name in named}
    rights.take_rights(apps, None)
    assert held() == set()
    # A site whose owner has renamed the roles is left alone.
    Group.objects.filter(name="Owner").update(name="Boss")
    rights.give_rights(apps, None)
    assert held() == set()


def test_roles_know_every_model_they_name_by_then() -> None:
    """The migration depends on those that make the models it names."""
    roles = migration("bookings.migrations.0014_roles")
    named = {label for table in roles.ROLES.values() for label in table}
    state = MigrationLoader(None).project_state(("bookings", "0002_roles_and_search"))
    by_then = {f"{app}.{model}" for app, model in state.models}
    assert named - by_then == set()


def test_rows_that_were_there_begin_their_histories(world: World) -> None:
    AddOn.history.all().delete()
    world.therapist.history.model.objects.all().delete()
    migration("services.migrations.0003_history").begin_histories(apps, None)
    migration("bookings.migrations.0013_history").begin_histories(apps, None)
    (first,) = world.add_on.history.all()
    assert (first.history_type, first.price_cents, first.history_user) == ("+", 2_500, None)
    (first,) = world.therapist.history.all()
    assert first.home_zip_id == world.area.pk
