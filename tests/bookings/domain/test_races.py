"""Many at once for one time: exactly one gets it, the others a polite no. And the control: without the guards, some
of these tests' own assertions fail."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections, transaction

from bookings.domain import operations, scheduling
from bookings.domain.operations import transaction as locks
from bookings.domain.visit_request import VisitRequest, load_treatment
from bookings.enums import BookingStatus
from bookings.models import Booking, Message, Therapist
from massagerx.lib.compiled_query import CompiledQuery
from tests.factories import NOW, World, at, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.integrity]

CLIENTS = 12
# Their blocks leave each other ten minutes; nobody drives from the Eastside to the Valley in those.
NEIGHBOURS: list[dict[str, Any]] = [
    {"starts_at": at(11)},
    {"starts_at": at(12, 30), "zip_code": "91364", "total_cents": 16_000},
]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def at_once(actions: list[Callable[[], Any]]) -> Counter[str]:
    """Runs the actions in threads that start together; counts results by exception name, or `done`."""
    start = threading.Barrier(len(actions))
    results: list[str] = []

    def run(action: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=60)
            action()
            results.append("done")
        except Exception as error:
            results.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return Counter(results)


def asking(world: World, number: int, **changes: Any) -> Callable[[], Booking]:
    submission = world.submission(
        email=f"client{number}@example.com", phone=f"+1213555{number:04}", **changes
    )
    return lambda: operations.request_booking(submission=submission, now=NOW)


def asked(world: World, *, far: bool = False) -> VisitRequest:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    return VisitRequest(treatment=treatment, area=world.far_area if far else world.area, preference="any")


@pytest.mark.parametrize("round_number", range(3))
def test_one_time_wanted_by_many_goes_to_exactly_one(world: World, round_number: int) -> None:
    results = at_once([asking(world, 100 + number) for number in range(CLIENTS)])
    assert results == {"done": 1, "SlotTaken": CLIENTS - 1}
    assert Booking.objects.count() == 1
    assert Message.objects.count() == 2


def test_overlapping_times_wanted_at_once_never_overlap(world: World) -> None:
    results = at_once(
        [asking(world, 100 + n, starts_at=at(10 + n // 4, 30 * (n % 2))) for n in range(CLIENTS)]
    )
    assert set(results) <= {"done", "SlotTaken"}
    blocks = sorted(Booking.objects.values_list("blocked_from", "blocked_until"))
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(blocks))


def test_two_neighbours_that_cannot_be_driven_get_exactly_one(world: World) -> None:
    """11:00 to 12:00 on the Eastside and 12:30 in the Valley."""
    results = at_once([asking(world, 101 + place, **changes) for place, changes in enumerate(NEIGHBOURS)])
    assert results == {"done": 1, "SlotTaken": 1}


def test_one_press_sent_many_times_at_once_is_one_booking(world: World) -> None:
    submission = world.submission()
    seen: list[int] = []
    results = at_once(
        [
            lambda: seen.append(operations.request_booking(submission=submission, now=NOW).pk)
            for _ in range(CLIENTS)
        ]
    )
    assert results == {"done": CLIENTS}
    assert len(set(seen)) == 1
    assert Booking.objects.count() == 1
    assert Message.objects.count() == 2


def test_confirm_and_cancel_at_once_leave_one_story(world: World) -> None:
    booking = world.book()
    results = at_once(
        [
            lambda: operations.confirm_booking(booking=booking, actor=None, now=NOW),
            lambda: operations.cancel_booking(booking=booking, actor=None, now=NOW),
            lambda: operations.decline_booking(booking=booking, actor=None, now=NOW),
        ]
    )
    booking.refresh_from_db()
    assert set(results) <= {"done", "InvalidTransition"}
    assert booking.events.last().to_status == booking.status
    assert booking.status in {BookingStatus.CANCELED, BookingStatus.DECLINED}


def test_requests_expired_by_two_sweeps_at_once_expire_once(world: World) -> None:
    world.book()
    counts: list[int] = []
    at_once([lambda: counts.append(operations.expire_requests(now=at(10)))] * 2)
    assert sum(counts) == 1
    assert Message.objects.filter(kind="expired").count() == 1


@contextmanager
def no_constraint():
    """The database without the overlap guard, put back afterwards."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE bookings_booking DROP CONSTRAINT booking_no_overlap")
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name LIKE 'booking_no_overlap_%'")
            triggers = [row[0] for row in cursor.fetchall()]
            cursor.execute("DROP TRIGGER booking_no_overlap_insert")
            cursor.execute("DROP TRIGGER booking_no_overlap_update")
    try:
        yield
    finally:
        Message.objects.all().delete()
        Booking.objects.all().delete()
        with connection.schema_editor() as editor:
            if connection.vendor == "postgresql":
                constraint = next(c for c in Booking._meta.constraints if c.name == "booking_no_overlap")
                editor.add_constraint(Booking, constraint)
            else:
                for trigger in triggers:
                    editor.execute(trigger)


@pytest.mark.parametrize("guard", ["lock and re-check alone", "constraint alone", "none"])
def test_each_guard_is_enough_and_without_both_the_race_is_lost(
    world: World, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of this file: with neither the re-check nor the constraint, one time is booked many times."""
    if guard != "lock and re-check alone":
        # Everybody is told what was true before anybody wrote.
        before = scheduling.choose_slot(
            visit_request=asked(world),
            therapists=Therapist.objects.all(),
            starts_at=at(10),
            rules=world.rules,
            now=NOW,
        )
        monkeypatch.setattr(scheduling, "choose_slot", lambda **_: before)
    with nullcontext() if guard == "constraint alone" else no_constraint():
        results = at_once([asking(world, 100 + number) for number in range(CLIENTS)])
        count = Booking.objects.count()
    if guard == "none":
        assert count == CLIENTS
    else:
        assert (count, results) == (1, {"done": 1, "SlotTaken": CLIENTS - 1})


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite writes one transaction at a time and has no row locks"
)
def test_without_the_row_lock_the_re_check_alone_is_fooled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is what makes the re-check true: taken away, two neighbours that can't be driven both get in, which
    the constraint can't see."""
    monkeypatch.setattr(type(Therapist.objects.all()), "select_for_update", lambda self, **_: self)
    # The query is compiled once: one without the lock, for this test only.
    monkeypatch.setattr(locks, "_LOCKED", CompiledQuery(locks._lockable))
    chosen = scheduling.choose_slot
    both_checked = threading.Barrier(2)

    def choose_and_wait(**kwargs: Any) -> Any:
        slot = chosen(**kwargs)
        both_checked.wait(timeout=60)
        return slot

    monkeypatch.setattr(scheduling, "choose_slot", choose_and_wait)
    results = at_once([asking(world, 101 + place, **changes) for place, changes in enumerate(NEIGHBOURS)])
    assert results == {"done": 2}


def test_a_request_waits_for_whoever_has_the_therapists_lock(world: World) -> None:
    """The lock taken away, this request would be through at once, having seen nothing of what the other one does."""
    locked, let_go, through = threading.Event(), threading.Event(), threading.Event()

    def staff_at_work() -> None:
        with transaction.atomic():
            list(Therapist.objects.select_for_update(no_key=True))
            locked.set()
            assert let_go.wait(timeout=60)

    def client() -> None:
        assert locked.wait(timeout=60)
        world.book()
        through.set()

    looks: list[bool] = []

    def onlooker() -> None:
        assert locked.wait(timeout=60)
        looks.append(through.wait(timeout=0.7))
        let_go.set()

    assert at_once([staff_at_work, client, onlooker]) == {"done": 3}
    assert looks == [False]
    assert Booking.objects.count() == 1


def test_without_the_re_check_neighbours_that_cannot_be_driven_both_get_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test with two neighbours: lock and constraint are in force, and don't see a drive. Each is
    told what was true before anybody wrote."""
    chosen = scheduling.choose_slot
    before = {
        changes["starts_at"]: chosen(
            visit_request=asked(world, far="zip_code" in changes),
            therapists=Therapist.objects.all(),
            starts_at=changes["starts_at"],
            rules=world.rules,
            now=NOW,
        )
        for changes in NEIGHBOURS
    }
    monkeypatch.setattr(scheduling, "choose_slot", lambda **asked: before[asked["starts_at"]])
    results = at_once([asking(world, 101 + place, **changes) for place, changes in enumerate(NEIGHBOURS)])
    assert results == {"done": 2}


def test_cap_on_open_visits_holds_for_requests_to_different_therapists(world: World) -> None:
    world.rules.open_requests_per_client = 1
    world.rules.save()
    submission = world.submission()
    operations.request_booking(submission=submission, now=NOW)
    Booking.objects.update(status=BookingStatus.CANCELED)
    therapists = [world.add_therapist(f"Sample Therapist {number}") for number in range(4)]
    results = at_once(
        [
            partial(
                operations.request_booking,
                submission=world.submission(preference=f"therapist:{therapist.slug}"),
                now=NOW,
            )
            for therapist in therapists
        ]
    )
    assert results == {"done": 1, "TooManyRequests": 3}
