"""Times that can't be, or that can't be any more: what changes between two steps, steps out of order, and the days on
which the clock changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
import time_machine

from bookings.models import (
    Booking,
    BookingDraft,
    BookingRules,
    Closure,
    Hold,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    TimeOff,
    WorkingHours,
)
from services.models import Service, ServiceOption
from tests.bookings.views.flow import STEPS, Flow
from tests.factories import DAY, LA, NOW, World, at

pytestmark = pytest.mark.django_db

# What changes behind a visitor's back, by the words of the answer.
CHANGES: list[tuple[str, Callable[[World], object], str]] = [
    ("inactive service", lambda world: Service.objects.update(is_active=False), "service"),
    ("inactive length", lambda world: ServiceOption.objects.update(is_active=False), "service"),
    ("inactive ZIP", lambda world: ServiceArea.objects.update(is_active=False), "ZIP"),
    ("inactive therapist", lambda world: Therapist.objects.update(is_active=False), "therapist"),
    (
        "certificate that ended",
        lambda world: Therapist.objects.update(certificate_expires_on=date(2026, 12, 1)),
        "therapist",
    ),
]


@pytest.mark.parametrize("step", ["when", "details", "health", "review"])
@pytest.mark.parametrize(("make", "words"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_form_sent_for_what_is_no_longer_offered_gets_409_and_takes_nothing_else(
    flow: Flow, world: World, make: Callable[[World], object], words: str, step: str
) -> None:
    """Another therapist who is free must not come in the place of the one who was asked for."""
    flow.until("when")
    named = {"who": f"therapist:{world.therapist.slug}"}
    for earlier in STEPS[STEPS.index("when") : STEPS.index(step)]:
        assert getattr(flow, earlier)(**(named if earlier == "when" else {})).status_code == 302
    form = {"when": named, "review": flow.hidden()}.get(step, {})
    make(world)
    world.add_therapist("Sample Therapist Two")
    holds = Hold.objects.count()

    response = getattr(flow, step)(**form)

    page = response.content.decode()
    assert response.status_code == 409
    assert words in page
    assert "choose again" in page.lower()
    assert not Booking.objects.exists()
    assert Hold.objects.count() == holds


TIMES_AGAIN = (302, "/book/when/")
# (what comes between choosing a time and the press; what the press gets)
BETWEEN: list[tuple[str, Callable[[World], object], tuple[int, str]]] = [
    ("another's visit", lambda world: world.book(email="b@example.com", phone="+12135550111"), TIMES_AGAIN),
    (
        "time off",
        lambda world: TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(12)),
        TIMES_AGAIN,
    ),
    ("a closure", lambda world: Closure.objects.create(date=DAY, name="Closed"), TIMES_AGAIN),
    ("shorter hours", lambda world: WorkingHours.objects.update(starts_at=time(11)), TIMES_AGAIN),
    (
        "a longer notice",
        lambda world: BookingRules.objects.update(minimum_notice_minutes=14 * 1440),
        TIMES_AGAIN,
    ),
    ("a nearer horizon", lambda world: BookingRules.objects.update(horizon_days=2), TIMES_AGAIN),
    ("a coarser grid", lambda world: BookingRules.objects.update(granularity_minutes=90), TIMES_AGAIN),
    ("another price", lambda world: ServiceOption.objects.update(price_cents=99_900), (409, "")),
]


@pytest.mark.parametrize(("make", "answer"), [row[1:] for row in BETWEEN], ids=[row[0] for row in BETWEEN])
def test_time_that_is_no_longer_offered_at_the_press_is_not_booked(
    flow: Flow, world: World, make: Callable[[World], object], answer: tuple[int, str]
) -> None:
    flow.until("review")
    form = flow.hidden()
    Hold.objects.all().delete()
    make(world)
    before = Booking.objects.count()

    response = flow.review(**form)

    assert (response.status_code, response.headers.get("Location", "")) == answer
    assert Booking.objects.count() == before
    # All that was typed is kept.
    assert BookingDraft.objects.get().answers["details"]["street"] == "12 Sample Street"


@pytest.mark.parametrize(("skipped", "step"), list(itertools.combinations(STEPS, 2)))
def test_step_sent_before_its_time_leads_back_and_books_nothing(flow: Flow, skipped: str, step: str) -> None:
    flow.until(skipped)
    response = getattr(flow, step)()
    address = {"what": "/book/"}.get(skipped, f"/book/{skipped}/")
    assert (response.status_code, response.headers["Location"]) == (302, address)
    assert not Booking.objects.exists()
    assert not Hold.objects.exists() or STEPS.index(skipped) > STEPS.index("when")


# Wall times around the two changes of the clock, with the offset that is sent: (now, what is sent, status).
SPRING, AUTUMN = date(2027, 3, 14), date(2026, 11, 1)
CLOCK_CHANGES: list[tuple[str, str, int]] = [
    ("01:30 before the spring change", "2027-03-14T01:30:00-08:00", 302),
    ("02:30 on the spring day, winter's offset: 03:30", "2027-03-14T02:30:00-08:00", 302),
    ("02:30 on the spring day, summer's offset: 01:30", "2027-03-14T02:30:00-07:00", 302),
    ("02:30 on the spring day, no offset", "2027-03-14T02:30:00", 422),
    ("03:30 after the spring change", "2027-03-14T03:30:00-07:00", 302),
    ("01:30 on the autumn day, the first", "2026-11-01T01:30:00-07:00", 302),
    ("01:30 on the autumn day, the second", "2026-11-01T01:30:00-08:00", 302),
    ("01:30 on the autumn day, no offset", "2026-11-01T01:30:00", 422),
    ("01:30 on the autumn day, in UTC", "2026-11-01T09:30:00Z", 302),
    ("the autumn day's 24th hour", "2026-11-01T23:30:00-08:00", 409),
]


@pytest.mark.parametrize(
    ("sent", "status"), [row[1:] for row in CLOCK_CHANGES], ids=[row[0] for row in CLOCK_CHANGES]
)
def test_time_on_a_day_of_the_clock_change_is_the_instant_that_its_offset_says(
    flow: Flow, world: World, sent: str, status: int
) -> None:
    """With somebody at work in those nights. A wall time alone says too little and is refused."""
    WorkingHours.objects.create(therapist=world.therapist, weekday=6, starts_at=time(0), ends_at=time(6))
    Therapist.objects.update(certificate_expires_on=None)
    TermsVersion.objects.update(published_at=NOW - timedelta(days=365))
    ScreeningVersion.objects.update(published_at=NOW - timedelta(days=365))
    day = SPRING if sent.startswith("2027") else AUTUMN
    now = datetime.combine(day - timedelta(days=7), time(12), tzinfo=LA)
    with time_machine.travel(now, tick=False):
        response = flow.until("when").when(starts_at=sent)
        assert response.status_code == status, response.content.decode()[:2000]
        if status != 302:
            assert not Hold.objects.exists()
            return
        flow.details()
        flow.health()
        flow.review()
    booking = Booking.objects.get()
    assert booking.starts_at == datetime.fromisoformat(sent)
    assert booking.ends_at - booking.starts_at == timedelta(minutes=60)
