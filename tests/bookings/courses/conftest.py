"""The desk and the owner, at the hour at which the world of `tests.factories` stands."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client

from bookings.courses.models import CoursePhase, CoursePlan
from tests.factories import NOW, World, make_roles
from tests.support.log_ins import endless_log_ins

#: By visits: five in three weeks, often at first.
PHASES = ((3, 7, 2, 2), (8, 14, 2, 2), (15, 21, 1, 4))


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    endless_log_ins(monkeypatch)
    with time_machine.travel(NOW, tick=False):
        yield


def make_plan(world: World, *phases: tuple[int, int, int, int], **values: Any) -> CoursePlan:
    """An approved plan; of `PHASES` unless others are given."""
    fields = {"name": "After liposuction", "number": 1, "option": world.option, "approved_by": "A. Sample"}
    plan = CoursePlan.objects.create(**{**fields, **values})
    CoursePhase.objects.bulk_create(
        CoursePhase(plan=plan, from_day=first, to_day=last, visits=visits, apart=apart)
        for first, last, visits, apart in phases or PHASES
    )
    return plan


def staff_client(name: str, role: str) -> Client:
    make_roles()
    user = User.objects.create_user(name, password="a-long-password", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner(world: World) -> Client:
    return staff_client("owner", "Owner")


@pytest.fixture
def desk(world: World) -> Client:
    return staff_client("desk", "Front desk")
