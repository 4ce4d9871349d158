"""The busy week that the desk is looked at with."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command

from bookings.domain import queries
from bookings.domain.stranding import stranded_by
from bookings.enums import ChangeState, MessageState
from bookings.models import AreaRequest, Booking, ChangeRequest, ContactMessage, Message
from massagerx.lib.localtime import day_bounds, local
from tests.factories import NOW


@pytest.mark.django_db
def test_the_week_is_full_and_people_wait() -> None:
    now = NOW
    with time_machine.travel(now, tick=False):
        call_command("load_sample_data")
        call_command("seed_busy")

    today = local(now).date()
    monday = today - timedelta(days=today.weekday())
    start, end = day_bounds(monday)[0], day_bounds(monday + timedelta(days=6))[1]
    this_week = Booking.objects.filter(starts_at__gte=start, starts_at__lt=end)
    assert this_week.count() >= 40
    assert Booking.objects.waiting().count() >= 4
    assert ChangeRequest.objects.filter(state=ChangeState.OPEN).count() == 2
    assert any(visit.gravest_tier for visit in queries.to_look_at(now=now))
    assert stranded_by(therapist_ids=None, now=now)
    assert ContactMessage.objects.filter(answered_at=None).count() == 2
    assert AreaRequest.objects.filter(is_answered=False).count() == 1
    assert Message.objects.filter(state=MessageState.FAILED).count() == 1
    assert not Message.objects.filter(state=MessageState.DUE).exists()
