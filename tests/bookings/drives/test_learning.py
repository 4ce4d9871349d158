"""What drives took, on simulated days with noise and with what is no drive at all."""

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.drives.learning import Drive, Lesson, lesson, quantile

TERMINAL = 4.0
CARE = 80
SPREAD = 0.2


def simulated(
    count: int, *, truth: float, plan: float = 1.0, strange: float = 0.1, seed: int = 1
) -> list[Drive]:
    """Drives whose 80th percentile is `truth` times the model's figure, while `plan` times the model is planned; a
    share of them is `strange`: a lunch on the way, or a press forgotten or made at the wrong door."""
    chance = random.Random(seed)
    drives = []
    for _ in range(count):
        road = chance.uniform(12, 60)
        took = road * truth * math.exp(chance.gauss(-0.8416 * SPREAD, SPREAD))
        if chance.random() < strange:
            took = chance.choice([0.0, 1.0, road * truth + 75, 600.0])
        drives.append(Drive(planned=TERMINAL + road * plan, took=TERMINAL + took))
    return drives


def learned(drives: list[Drive]) -> Lesson | None:
    return lesson(drives, care=CARE, terminal=TERMINAL)


def test_few_drives_say_nothing_and_some_say_little() -> None:
    assert learned(simulated(7, truth=1.5, strange=0)) is None
    some, many = learned(simulated(12, truth=1.5)), learned(simulated(400, truth=1.5))

    assert some is not None
    assert many is not None
    assert 1 < some.factor < many.factor


def test_a_suggestion_tells_its_evidence() -> None:
    drives = [Drive(planned=45, took=took) for took in [48, 50, 52, 53, 54, 55, 56, 57, 58, 60] * 2 + [300]]
    found = learned(drives)

    assert found == Lesson(drives=20, left_out=1, planned=45, took=57, use=52, factor=found.factor)
    assert found.is_longer


def test_a_good_plan_needs_no_word() -> None:
    assert learned(simulated(200, truth=1.0)) is None
    # Eight in a hundred of a short drive are no three minutes.
    assert learned([Drive(planned=10, took=11)] * 30) is None


def test_taking_every_suggestion_converges_on_what_drives_take() -> None:
    for truth in (0.7, 1.0, 1.3, 1.8):
        for seed in range(5):
            plan = 1.0
            drives: list[Drive] = []
            for day in range(120):
                drives += simulated(3, truth=truth, seed=seed * 1000 + day)
                # The plan of today is what past drives are held against.
                now = [Drive(TERMINAL + (d.planned - TERMINAL) * plan, d.took) for d in drives]
                found = learned(now)
                plan *= found.factor if found else 1
            assert abs(plan / truth - 1) < 0.12, (truth, seed, plan)


def test_automatic_lessons_never_shorten() -> None:
    for truth in (0.5, 0.8, 1.0, 1.5):
        plans = [1.0]
        drives: list[Drive] = []
        for day in range(90):
            drives += simulated(3, truth=truth, seed=day)
            now = [Drive(TERMINAL + (d.planned - TERMINAL) * plans[-1], d.took) for d in drives]
            found = learned(now)
            plans.append(plans[-1] * (found.factor if found and found.is_longer else 1))
        assert plans == sorted(plans)
        assert plans[-1] <= max(1.25, truth * 1.2)


def test_strangers_change_nothing() -> None:
    drives = simulated(40, truth=1.4, strange=0)
    strangers = [Drive(planned=40, took=took) for took in (0, 0, 1, 4, 400, 500, 1440, 130)]
    found, disturbed = learned(drives), learned(drives + strangers)

    assert found is not None
    assert disturbed is not None
    assert disturbed.factor == found.factor
    assert disturbed.left_out == found.left_out + len(strangers)


def test_a_lunch_on_the_way_is_no_drive_though_its_length_is_possible() -> None:
    """Twice and a half the plan is under what a drive can be, and far from all the others."""
    drives = [Drive(planned=40, took=took) for took in (54, 55, 56, 57, 54, 55, 56, 57, 55, 56)]
    lunches = [Drive(planned=40, took=98), Drive(planned=40, took=100), Drive(planned=40, took=101)]
    found, disturbed = learned(drives), learned(drives + lunches)

    assert found is not None
    assert disturbed is not None
    assert disturbed.left_out == found.left_out + 3
    assert disturbed.factor == found.factor


@given(
    st.lists(st.builds(Drive, planned=st.floats(0, 300), took=st.floats(0, 2000)), max_size=60),
    st.integers(50, 95),
    st.floats(0, 30),
)
@settings(max_examples=300, deadline=None)
def test_any_drives_give_a_bounded_lesson_or_none(drives: list[Drive], care: int, terminal: float) -> None:
    found = lesson(drives, care=care, terminal=terminal)

    assert found is None or (1 / 3 <= found.factor <= 3 and found.drives + found.left_out <= len(drives))


def test_quantile_lies_between_two_values() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile([10, 20], 0.8) == 18
    assert quantile([7], 0.8) == 7
