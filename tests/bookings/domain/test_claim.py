"""The one door to the calendar: what a claim refuses, what it locks, and several at once."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from bookings.domain import scheduling
from bookings.domain.operations import Wish, claim, claim_all
from bookings.domain.visit_request import VisitRequest, load_treatment, load_visit_request
from bookings.exceptions import NoLongerOffered, SlotNotOffered, SlotTaken
from bookings.models import Booking, Therapist, TimeOff
from tests.bookings.domain.test_races import at_once
from tests.factories import DAY, NOW, World, at, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def asked(world: World, preference: str = "any") -> VisitRequest:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    return load_visit_request(treatment=treatment, area=world.area, preference=preference, today=NOW.date())


def test_a_claim_takes_the_time_that_the_engine_grants(world: World) -> None:
    with claim(asked(world), at(10), rules=world.rules, now=NOW) as slot:
        assert connection.in_atomic_block
        assert (slot.therapist_id, slot.starts_at) == (world.therapist.pk, at(10))
        assert (slot.blocked_from, slot.blocked_until) == (at(9, 50), at(11, 10))


@pytest.mark.parametrize("start", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
def test_a_start_that_no_rule_reaches_is_refused_before_anything_is_asked(
    world: World, start: datetime, count_queries: Any
) -> None:
    chosen = asked(world)
    for rules in (world.rules, world.rules.for_staff()):
        with count_queries() as queries, pytest.raises(SlotNotOffered):
            with claim(chosen, start, rules=rules, now=NOW):
                pytest.fail("nothing is to be written")
        assert not queries


@pytest.mark.parametrize(("minutes", "asks"), [(0, True), (1, False)], ids=["last asked about", "first not"])
def test_two_days_beyond_the_horizon_nothing_more_is_asked(
    world: World, minutes: int, asks: bool, count_queries: Any
) -> None:
    chosen = asked(world)
    start = NOW + timedelta(days=world.rules.horizon_days + 2, minutes=minutes)
    with count_queries() as queries, pytest.raises(SlotNotOffered):
        with claim(chosen, start, rules=world.rules, now=NOW):
            pytest.fail("nothing is to be written")
    assert bool(queries) is asks


@pytest.mark.parametrize("reason", ["taken", "drive", "daily_limit", "break"])
def test_what_another_visit_has_taken_is_told_as_gone(world: World, reason: str) -> None:
    world.book(starts_at=at(12))
    limits = {
        "daily_limit": {"max_visits_per_day": 1},
        "break": {"break_minutes": 240, "break_after_minutes": 60},
    }
    Therapist.objects.update(**limits.get(reason, {}))
    chosen = asked(world)
    if reason == "drive":
        chosen = replace(chosen, area=world.far_area)
    start = {"taken": at(12, 30), "drive": at(13, 30)}.get(reason, at(15))
    with pytest.raises(SlotTaken) as refused, claim(chosen, start, rules=world.rules, now=NOW):
        pytest.fail("nothing is to be written")
    assert refused.value.reason == reason


def test_what_no_visit_has_taken_is_told_as_it_is(world: World) -> None:
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(19))
    with pytest.raises(SlotNotOffered) as refused, claim(asked(world), at(10), rules=world.rules, now=NOW):
        pytest.fail("nothing is to be written")
    assert type(refused.value) is SlotNotOffered
    assert refused.value.reason == "time_off"


@pytest.mark.parametrize(
    ("minutes", "granted"), [(0, True), (-30, False)], ids=["last allowed", "first refused"]
)
def test_notice_binds_clients_and_not_staff(world: World, minutes: int, granted: bool) -> None:
    now = at(10) - timedelta(minutes=world.rules.minimum_notice_minutes)
    start = at(10) + timedelta(minutes=minutes)
    with claim(asked(world), start, rules=world.rules.for_staff(), now=now) as slot:
        assert slot.starts_at == start
    if granted:
        with claim(asked(world), start, rules=world.rules, now=now) as slot:
            assert slot.starts_at == start
        return
    with pytest.raises(SlotNotOffered) as refused, claim(asked(world), start, rules=world.rules, now=now):
        pytest.fail("nothing is to be written")
    assert refused.value.reason == "notice"


@pytest.mark.parametrize(("ahead", "granted"), [(5, True), (6, False)], ids=["last allowed", "first refused"])
def test_horizon_binds_clients_and_not_staff(world: World, ahead: int, granted: bool) -> None:
    world.rules.horizon_days = 5
    start = at(14, day=NOW.date() + timedelta(days=ahead))
    with claim(asked(world), start, rules=world.rules.for_staff(), now=NOW) as slot:
        assert slot.starts_at == start
    if granted:
        with claim(asked(world), start, rules=world.rules, now=NOW):
            return
    with pytest.raises(SlotNotOffered) as refused, claim(asked(world), start, rules=world.rules, now=NOW):
        pytest.fail("nothing is to be written")
    assert refused.value.reason == "horizon"


def test_rules_for_staff_leave_the_owner_s_alone(world: World) -> None:
    rules = world.rules.for_staff()
    assert (rules.minimum_notice_minutes, rules.granularity_minutes) == (0, 1)
    assert (world.rules.minimum_notice_minutes, world.rules.granularity_minutes) == (240, 30)


# Several at once ------------------------------------------------------------------------------------------------


def wishes(world: World, *starts: datetime, preference: str = "any") -> list[Wish]:
    return [Wish(asked(world, preference), start) for start in starts]


def test_several_are_claimed_together_each_beside_the_others(world: World) -> None:
    starts = [at(10), at(14), at(10, day=DAY + timedelta(days=7))]
    with claim_all(wishes(world, *starts), rules=world.rules, now=NOW) as slots:
        assert [slot.starts_at for slot in slots] == starts


@pytest.mark.parametrize("second", [at(10), at(10, 30), at(11)])
def test_two_that_are_in_each_other_s_way_are_not_claimed(world: World, second: datetime) -> None:
    with pytest.raises(SlotTaken):
        with claim_all(wishes(world, at(10), second), rules=world.rules, now=NOW):
            pytest.fail("nothing is to be written")
    # With somebody else who can come, they are no longer.
    other = world.add_therapist()
    with claim_all(wishes(world, at(10), second), rules=world.rules, now=NOW) as slots:
        assert {slot.therapist_id for slot in slots} == {world.therapist.pk, other.pk}


def test_one_that_has_gone_refuses_all(world: World) -> None:
    world.book(starts_at=at(14))
    with pytest.raises(SlotTaken):
        with claim_all(wishes(world, at(10), at(14)), rules=world.rules, now=NOW):
            Booking.objects.all().delete()
    assert Booking.objects.count() == 1


def test_what_was_written_for_all_is_rolled_back_with_them(world: World) -> None:
    def write() -> None:
        with claim_all(wishes(world, at(10), at(14)), rules=world.rules, now=NOW):
            TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(10))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert not TimeOff.objects.exists()


def test_therapists_of_all_wishes_are_locked_in_one_order(world: World, count_queries: Any) -> None:
    """Whatever the order of the wishes: two claims of the same people can't wait for each other."""
    other = world.add_therapist()
    named = [f"therapist:{other.slug}", f"therapist:{world.therapist.slug}"]
    for order in (named, named[::-1]):
        asked_for = [Wish(asked(world, name), at(10)) for name in order]
        with (
            count_queries() as queries,
            claim_all(asked_for, rules=world.rules, now=NOW) as slots,
        ):
            assert len({slot.therapist_id for slot in slots}) == 2
        if connection.vendor == "postgresql":
            first = next(query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"])
            assert f"IN ({world.therapist.pk}, {other.pk})" in first or (
                f"IN ({other.pk}, {world.therapist.pk})" in first
            )
            assert first.count("ORDER BY") == 1


def test_whoever_stops_being_bookable_refuses_all(world: World) -> None:
    asked_for = wishes(world, at(10), at(14))
    Therapist.objects.update(is_active=False)
    with pytest.raises(NoLongerOffered), claim_all(asked_for, rules=world.rules, now=NOW):
        pytest.fail("nothing is to be written")


@pytest.mark.django_db(transaction=True)
def test_two_claims_of_the_same_two_times_the_other_way_round(transactional_db: None) -> None:
    world = make_world()
    there = wishes(world, at(10), at(14))

    def take(asked_for: list[Wish]) -> None:
        with claim_all(asked_for, rules=world.rules, now=NOW) as slots:
            TimeOff.objects.bulk_create(
                TimeOff(
                    therapist_id=slot.therapist_id, starts_at=slot.blocked_from, ends_at=slot.blocked_until
                )
                for slot in slots
            )

    results = at_once([lambda: take(there), lambda: take(there[::-1])])
    assert results == {"done": 1, "SlotNotOffered": 1}
    assert TimeOff.objects.count() == 2


# No other door --------------------------------------------------------------------------------------------------

#: A visit that is never saved: it shows how a message reads.
WRITERS_WITHOUT = {"bookings/notifications/samples.py"}
DOORS = {"claim", "claim_all", "claim_move", "claim_moves", "claim_in_place", "claim_ways"}


def writes_a_block(node: ast.AST) -> bool:
    """An assignment to `….blocked_from`, or a row made with it."""
    if isinstance(node, ast.Attribute):
        return node.attr == "blocked_from" and isinstance(node.ctx, ast.Store)
    is_row = isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] in {"Booking", "Hold"}
    return is_row and any(keyword.arg == "blocked_from" for keyword in node.keywords)  # type: ignore[attr-defined]


def claims(function: ast.AST) -> bool:
    """Whether it opens a claim, or is handed the slot of one."""
    names = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    takes_slot = isinstance(function, ast.FunctionDef) and any(
        argument.annotation is not None and ast.unparse(argument.annotation) == "Slot"
        for argument in function.args.args
    )
    return takes_slot or bool(names & DOORS)


def test_every_write_of_a_time_is_inside_a_claim() -> None:
    found = 0
    for path in sorted(Path(settings.BASE_DIR, "bookings").rglob("*.py")):
        name = path.relative_to(settings.BASE_DIR).as_posix()
        if "/migrations/" in name or name in WRITERS_WITHOUT:
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and any(map(writes_a_block, ast.walk(function))):
                found += 1
                assert claims(function), f"{name}: {function.name} writes a time without a claim"
    assert found >= 4


def test_a_request_is_written_with_the_slot_that_was_claimed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: the engine's answer under the lock is what is stored."""
    chosen = scheduling.choose_slot
    later: list[Any] = []

    def half_an_hour_later(**asked_for: Any) -> Any:
        slot = chosen(**{**asked_for, "starts_at": asked_for["starts_at"] + timedelta(minutes=30)})
        later.append(slot)
        return slot

    monkeypatch.setattr(scheduling, "choose_slot", half_an_hour_later)
    assert world.book().starts_at == at(10, 30) == later[0].starts_at
