"""Requests from outside our area, as they are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bookings import tasks
from bookings.domain.area_requests import OPEN_PER_PERSON, leave_area_request, purge_area_requests
from bookings.exceptions import TooManyRequests
from bookings.models import AreaRequest, BookingRules
from tests.factories import NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def leave(**changes: Any) -> AreaRequest:
    values: dict[str, Any] = {
        "name": "Ana O'Brien", "email": "ana@example.com", "phone": "+12135550123", "zip_code": "92101",
        "service": None, "note": "", "now": NOW,
    }  # fmt: skip
    return leave_area_request(**{**values, **changes})


def test_sent_again_it_is_the_same_request_with_the_newer_words(world: World) -> None:
    leave(note="Mondays")
    leave(note="Any day", service=world.service, now=NOW + timedelta(hours=1))
    row = AreaRequest.objects.get()
    assert (row.note, row.service, row.created_at, row.agreed_at) == (
        "Any day", world.service, NOW, NOW + timedelta(hours=1),
    )  # fmt: skip


def test_answered_one_leaves_room_for_a_new_one() -> None:
    first = leave()
    first.is_answered = True
    first.save()
    leave()
    assert AreaRequest.objects.count() == 2


@pytest.mark.parametrize("varied", ["email", "phone"])
def test_one_person_has_few_open_whichever_of_the_two_is_varied(varied: str) -> None:
    other: dict[str, Any] = {
        "email": lambda number: f"{number}@example.com",
        "phone": lambda number: f"+1213555010{number}",
    }
    for number in range(OPEN_PER_PERSON):
        leave(zip_code=f"9210{number}", **{varied: other[varied](number)})
    with pytest.raises(TooManyRequests):
        leave(zip_code="92109", **{varied: other[varied](9)})
    leave(zip_code="92109", email="rosa@example.com", phone="+12135550188")


def test_people_without_a_phone_are_not_one_person() -> None:
    for number in range(OPEN_PER_PERSON + 2):
        leave(phone="", email=f"{number}@example.com", zip_code=f"9210{number}")
    assert AreaRequest.objects.count() == OPEN_PER_PERSON + 2


def test_database_refuses_a_twin_and_one_that_nobody_could_answer() -> None:
    row = leave()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        leave(email="", phone="")


def test_purged_after_as_many_days_as_the_owner_says(world: World) -> None:
    leave()
    world.rules.area_requests_kept_days = 30
    world.rules.save()
    assert purge_area_requests(now=NOW + timedelta(days=30, seconds=-1)) == 0
    assert purge_area_requests(now=NOW + timedelta(days=30)) == 1


def test_task_purges_the_old_ones() -> None:
    assert BookingRules.load().area_requests_kept_days == 180
    old = leave(now=NOW - timedelta(days=3650))
    tasks.purge_area_requests()
    assert not AreaRequest.objects.filter(pk=old.pk).exists()
