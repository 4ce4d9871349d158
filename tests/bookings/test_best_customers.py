"""No limit against misuse is met by the best customers: each walks through the pages as people do, from one connection,
with all limits on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from bookings.courses.models import Course
from bookings.enums import BookingStatus
from bookings.models import Booking, BookingRules
from bookings.referrals.models import Referral
from tests.bookings.courses.conftest import make_plan, staff_client
from tests.bookings.courses.test_booking import CHECK, COURSE, hidden, shown, take, to_the_end
from tests.bookings.referrals.conftest import begin, entered, make_office, page_of
from tests.bookings.views.flow import Flow
from tests.factories import DAY, NOW, World, at
from tests.support.log_ins import endless_log_ins

pytestmark = pytest.mark.django_db
TWELVE = ((3, 7, 3, 1), (8, 14, 3, 2), (15, 28, 4, 2), (29, 42, 2, 4))


@pytest.fixture(autouse=True)
def limits(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.RATELIMIT_ENABLE = True
    endless_log_ins(monkeypatch)
    # The owner's rules as they are delivered.
    BookingRules.objects.all().delete()
    BookingRules(is_open=True).save()
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield
    cache.clear()


def book_one(flow: Flow, hour: int, details: dict[str, Any], *, days: int = 0) -> None:
    for step in ("what", "where"):
        assert getattr(flow, step)().status_code == 302
    assert flow.when(starts_at=at(hour, day=DAY + timedelta(days=days)).isoformat()).status_code == 302
    assert flow.health().status_code == 302
    assert flow.details(**details).status_code == 302
    answer = flow.review()
    assert answer.status_code == 302, answer.content.decode()[-3000:]


def test_course_of_twelve_visits(world: World) -> None:
    plan, flow = make_plan(world, *TWELVE), Flow(Client(), world).until("when")
    take(flow, plan)
    page = to_the_end(flow).content.decode()
    assert flow.client.post(CHECK, {**hidden(page), "agree": "on"})["Location"] == "/book/done/"
    assert Course.objects.get().visits.count() == 12


@pytest.mark.parametrize("mailboxes", [1, 4], ids=["one books for all", "each for themselves"])
def test_family_of_four_at_one_address(world: World, mailboxes: int) -> None:
    """New clients all of them, and none has looked into the mailbox yet."""
    for number, hour in enumerate((10, 12, 14, 16)):
        who = number if mailboxes > 1 else 0
        name = f"{'ABCD'[number]} Sample"
        person = {"name": name} if mailboxes > 1 else {"for_other": "on", "recipient_name": name}
        reached = {"email": f"sample{who}@example.com", "phone": f"(213) 555-012{who}"}
        book_one(Flow(Client(), world), hour, {**person, **reached})
    assert Booking.objects.filter(status=BookingStatus.REQUESTED).count() == 4


def test_desk_that_books_all_day(world: World) -> None:
    """Twenty callers, each three minutes after the one before."""
    desk = staff_client("desk", "Front desk")
    for number in range(20):
        with time_machine.travel(NOW + timedelta(minutes=3 * number), tick=False):
            desk.post("/book/for-a-client/")
            reached = {"email": f"caller{number}@example.com", "phone": f"(213) 555-01{number:02}"}
            book_one(Flow(desk, world), (10, 12, 14, 16)[number % 4], reached, days=number // 4)
    assert Booking.objects.filter(status=BookingStatus.CONFIRMED).count() == 20


def test_office_with_ten_patients_a_week(world: World) -> None:
    """All entered on one morning; three patients book from the office's own connection, one after the other."""
    plan, office, coordinator = make_plan(world), make_office(), Client()
    for number in range(10):
        sent = entered(plan, name=f"Patient {'ABCDEFGHIJ'[number]}", email=f"patient{number}@example.com")
        assert coordinator.post(page_of(office), sent).status_code == 302
    for number, referral in enumerate(Referral.objects.order_by("pk")[:3]):
        flow = Flow(Client(), world)
        assert begin(flow.client, referral)["Location"] == COURSE
        times = shown(flow.client.get(COURSE).content.decode())
        assert flow.client.post(COURSE, {"press": "take", **times}).status_code == 302
        flow.health(surgery="yes", surgery_date="2026-12-01")
        flow.details(name=referral.name, email=referral.email, phone=f"(213) 555-013{number}")
        page = flow.client.get(CHECK).content.decode()
        assert flow.client.post(CHECK, {**hidden(page), "agree": "on"})["Location"] == "/book/done/"
    assert Course.objects.count() == 3
