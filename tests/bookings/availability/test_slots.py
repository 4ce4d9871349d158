"""The rules one by one, on one Wednesday: each boundary is tried on both sides."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bookings.availability import (
    Conditions,
    DriveTime,
    Interval,
    Job,
    Occupied,
    OccupiedKind,
    Place,
    Refusal,
    RefusalReason,
    SchedulingRules,
    Side,
    Slot,
    Therapist,
    WeeklyHours,
    check_slot,
    explain_day,
    offer_slots,
    open_days,
)

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
WEDNESDAY = date(2026, 7, 1)
HOME, CLIENT, FAR, NOWHERE = Place("home"), Place("client"), Place("far"), Place("nowhere")
RULES = SchedulingRules(LOS_ANGELES, timedelta(0), 60, 15)
JOB = Job(CLIENT, treatment_minutes=60, setup_minutes=15, packdown_minutes=15)


def drive_time(origin: Place, destination: Place, departing_at: datetime) -> int | None:
    """20 minutes, 60 to or from far, unknown to or from nowhere."""
    if NOWHERE in (origin, destination):
        return None
    return 60 if FAR in (origin, destination) else 20


def at(clock: str, day: date = WEDNESDAY) -> datetime:
    """A local clock time as the instant it is."""
    return datetime.combine(day, time.fromisoformat(clock), LOS_ANGELES).astimezone(UTC)


A_WEEK_BEFORE = at("00:00", WEDNESDAY - timedelta(days=7))


def hours(*spans: str, weekdays: range = range(7)) -> tuple[WeeklyHours, ...]:
    """'09:00-18:00' on each of the weekdays."""
    return tuple(
        WeeklyHours(weekday, time.fromisoformat(span[:5]), time.fromisoformat(span[6:]))
        for weekday in weekdays
        for span in spans
    )


def taken(
    start: str, end: str, place: Place = CLIENT, *, kind: OccupiedKind = OccupiedKind.VISIT
) -> Occupied:
    """A block at the client's, with a treatment half an hour shorter."""
    blocked = Interval(at(start), at(end))
    return Occupied(blocked, place, blocked.duration // timedelta(minutes=1) - 30, kind)


THERAPIST = Therapist(id=1, home=HOME, weekly_hours=hours("09:00-18:00"))


def times(
    therapist: Therapist = THERAPIST,
    job: Job = JOB,
    *,
    rules: SchedulingRules = RULES,
    drives: DriveTime = drive_time,
    now: datetime = A_WEEK_BEFORE,
    day: date = WEDNESDAY,
) -> list[str]:
    """The local times offered on `day`."""
    slots = offer_slots(
        therapists=[therapist],
        job=job,
        first_day=day,
        last_day=day,
        conditions=Conditions(rules, drives, now),
    )
    return [f"{slot.starts_at.astimezone(LOS_ANGELES):%H:%M}" for slot in slots]


def refusal(
    clock: str,
    therapist: Therapist = THERAPIST,
    job: Job = JOB,
    *,
    rules: SchedulingRules = RULES,
    now: datetime = A_WEEK_BEFORE,
) -> tuple[RefusalReason, Side | None] | None:
    """Why a local time is refused; None when it is granted."""
    answer = check_slot(
        therapist=therapist, job=job, starts_at=at(clock), conditions=Conditions(rules, drive_time, now)
    )
    return (answer.reason, answer.side) if isinstance(answer, Refusal) else None


def test_an_empty_day_runs_from_the_first_drive_to_the_last() -> None:
    found = times()

    # 9:00 + 20 minutes of drive + 15 of set-up, then 60 + 15 + 20 before 18:00.
    assert (found[0], found[-1]) == ("09:45", "16:15")
    assert len(found) == 27
    by_the_minute = times(rules=replace(RULES, granularity_minutes=1))
    assert (by_the_minute[0], by_the_minute[-1]) == ("09:35", "16:25")
    assert refusal("09:30") == (RefusalReason.OUTSIDE_HOURS, None)
    assert refusal("16:30") == (RefusalReason.OUTSIDE_HOURS, None)


def test_a_slot_tells_the_block_around_the_session() -> None:
    slot = check_slot(
        therapist=THERAPIST,
        job=JOB,
        starts_at=at("12:00"),
        conditions=Conditions(RULES, drive_time, at("06:00")),
    )

    assert slot == Slot(1, at("12:00"), at("13:00"), at("11:45"), at("13:15"), 40)


def test_added_driving_is_the_way_round_by_the_client_less_the_way_there_was() -> None:
    minutes = {"home": 0, "a": 7, "client": 20, "b": 24}

    def along_a_road(origin: Place, destination: Place, departing_at: datetime) -> int:
        return abs(minutes[origin.zip_code] - minutes[destination.zip_code])

    morning, evening = taken("09:30", "10:30", Place("a")), taken("15:30", "16:30", Place("b"))

    def added(*existing: Occupied) -> int:
        slot = check_slot(
            therapist=replace(THERAPIST, existing=existing),
            job=JOB,
            starts_at=at("12:00"),
            conditions=Conditions(RULES, along_a_road, at("06:00")),
        )
        assert isinstance(slot, Slot)
        return slot.added_drive_minutes

    assert added() == 20 + 20
    assert added(morning) == 13 + 20 - 7
    assert added(evening) == 20 + 4 - 24
    assert added(morning, evening) == 13 + 4 - 17


def test_starts_lie_on_the_local_grid_whatever_the_hours() -> None:
    odd = replace(THERAPIST, weekly_hours=hours("09:07-18:00"))

    assert times(odd, rules=replace(RULES, granularity_minutes=90))[:3] == ["10:30", "12:00", "13:30"]
    assert refusal("12:05") == (RefusalReason.OFF_GRID, None)


def test_a_start_inside_a_minute_is_off_the_grid() -> None:
    answer = check_slot(
        therapist=THERAPIST,
        job=JOB,
        starts_at=at("12:00") + timedelta(seconds=1),
        conditions=Conditions(RULES, drive_time, at("06:00")),
    )

    assert answer == Refusal(RefusalReason.OFF_GRID)


def test_the_same_instant_in_another_zone_is_the_same_time() -> None:
    answer = check_slot(
        therapist=THERAPIST,
        job=JOB,
        starts_at=at("12:00").astimezone(ZoneInfo("Asia/Kathmandu")),
        conditions=Conditions(RULES, drive_time, at("06:00")),
    )

    assert isinstance(answer, Slot)
    assert (answer.starts_at, answer.starts_at.tzinfo) == (at("12:00"), UTC)


def test_minimum_notice_is_kept_to_the_second() -> None:
    rules = replace(RULES, minimum_notice=timedelta(hours=4))

    assert times(rules=rules, now=at("08:00"))[0] == "12:00"
    assert times(rules=rules, now=at("08:00") + timedelta(seconds=1))[0] == "12:15"
    assert refusal("12:00", rules=rules, now=at("08:00")) is None
    late = at("08:00") + timedelta(microseconds=1)
    assert refusal("12:00", rules=rules, now=late) == (RefusalReason.NOTICE, None)


def test_the_past_is_refused_for_notice() -> None:
    assert refusal("12:00", now=at("12:01")) == (RefusalReason.NOTICE, None)
    assert times(now=at("23:00")) == []
    assert times(now=at("09:00", date(2026, 7, 2))) == []


def test_the_last_day_of_the_horizon_is_a_local_day() -> None:
    rules = replace(RULES, horizon_days=3)

    assert times(rules=rules, now=at("00:00", date(2026, 6, 28)))
    assert times(rules=rules, now=at("23:59", date(2026, 6, 27))) == []
    assert refusal("12:00", rules=rules, now=at("23:59", date(2026, 6, 27))) == (
        RefusalReason.HORIZON,
        None,
    )
    assert refusal("12:00", rules=rules, now=at("00:00", date(2026, 6, 28))) is None


@pytest.mark.parametrize(
    ("starts_at", "reason"),
    [
        (datetime.max.replace(tzinfo=UTC), RefusalReason.HORIZON),
        (datetime(9999, 12, 31, 12, tzinfo=UTC), RefusalReason.HORIZON),
        (datetime(1, 1, 1, tzinfo=UTC), RefusalReason.NOTICE),
    ],
)
def test_the_ends_of_the_calendar_are_refused_like_any_other_day(
    starts_at: datetime, reason: RefusalReason
) -> None:
    now = at("06:00")
    everything: dict[str, Any] = {"job": JOB, "conditions": Conditions(RULES, drive_time, now)}

    assert check_slot(therapist=THERAPIST, starts_at=starts_at, **everything) == Refusal(reason)
    assert explain_day(therapists=[THERAPIST], day=starts_at.date(), **everything) == reason
    every_day = open_days(therapists=[THERAPIST], first_day=date.min, last_day=date.max, **everything)
    assert every_day == [WEDNESDAY + timedelta(days=ahead) for ahead in range(61)]


def test_an_instant_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        times(now=datetime(2026, 6, 25))  # noqa: DTZ001 (that is what is refused)


def test_nothing_is_offered_on_closures_or_off_days() -> None:
    closed = replace(RULES, closures=frozenset({WEDNESDAY}))
    weekends = replace(THERAPIST, weekly_hours=hours("09:00-18:00", weekdays=range(5, 7)))

    assert times(rules=closed) == []
    assert refusal("12:00", rules=closed) == (RefusalReason.CLOSED, None)
    assert times(weekends) == []
    assert refusal("12:00", weekends) == (RefusalReason.OUTSIDE_HOURS, None)


@pytest.mark.parametrize(("days_left", "granted"), [(1, True), (0, True), (-1, False)])
def test_the_last_day_of_a_certificate_is_the_last_one_offered(days_left: int, granted: bool) -> None:
    therapist = replace(THERAPIST, bookable_until=WEDNESDAY + timedelta(days=days_left))

    assert bool(times(therapist)) is granted
    assert (refusal("12:00", therapist) is None) is granted
    if not granted:
        assert refusal("12:00", therapist) == (RefusalReason.CERTIFICATE, None)
        assert explain(therapist) is RefusalReason.CERTIFICATE
        closed = replace(RULES, closures=frozenset({WEDNESDAY}))
        assert refusal("12:00", therapist, rules=closed) == (RefusalReason.CLOSED, None)


def test_time_off_is_reached_and_left_by_way_of_home() -> None:
    off = replace(THERAPIST, time_off=(Interval(at("12:00"), at("14:00")),))
    found = times(off)

    assert [clock for clock in found if "10:00" < clock < "15:00"] == ["10:15", "14:45"]
    assert refusal("11:45", off) == (RefusalReason.TIME_OFF, None)
    assert refusal("10:30", off) == (RefusalReason.TIME_OFF, None)
    assert refusal("14:30", off) == (RefusalReason.TIME_OFF, None)


def test_time_off_is_spent_at_home_even_between_two_visits() -> None:
    off = Interval(at("12:00"), at("14:00"))
    after_a_visit = replace(THERAPIST, time_off=(off,), existing=(taken("09:30", "11:00", Place("other")),))
    before_a_visit = replace(THERAPIST, time_off=(off,), existing=(taken("15:00", "16:30", Place("other")),))
    by_five = replace(RULES, granularity_minutes=5)

    # Leaving home at 14:00, not the other client's; back home by 12:00, not on the way to the other client.
    assert next(clock for clock in times(after_a_visit, rules=by_five) if clock > "12:00") == "14:35"
    assert max(clock for clock in times(before_a_visit, rules=by_five) if clock < "12:00") == "10:25"


def test_a_gap_in_the_hours_may_be_driven_in_but_not_worked_in() -> None:
    split = replace(THERAPIST, weekly_hours=hours("09:00-12:00", "13:00-18:00"))
    found = times(split)

    # Pack-down ends at 12:00 sharp, set-up starts at 13:00 sharp, and neither needs a drive home.
    assert [clock for clock in found if "10:30" <= clock < "13:30"] == ["10:30", "10:45", "13:15"]
    assert refusal("11:00", split) == (RefusalReason.OUTSIDE_HOURS, None)


def test_neighbours_are_driven_to_even_across_a_gap_in_the_hours_or_time_off() -> None:
    split = replace(
        THERAPIST, weekly_hours=hours("08:00-12:00", "12:30-18:00"), existing=(taken("10:00", "12:00", FAR),)
    )
    off = replace(
        THERAPIST, time_off=(Interval(at("12:00"), at("12:15")),), existing=(taken("10:00", "12:00", FAR),)
    )

    assert refusal("13:00", split) == (RefusalReason.DRIVE, Side.BEFORE)
    assert refusal("13:15", split) is None
    assert refusal("13:00", off) == (RefusalReason.DRIVE, Side.BEFORE)


@pytest.mark.parametrize("kind", OccupiedKind)
def test_visits_and_holds_are_taken_and_driven_to_and_from(kind: OccupiedKind) -> None:
    busy = replace(THERAPIST, existing=(taken("12:00", "13:30", Place("other"), kind=kind),))

    # Before: pack-down over at 11:40. After: set-up from 13:50.
    assert [clock for clock in times(busy) if "10:00" <= clock <= "14:30"] == [
        "10:00",
        "10:15",
        "14:15",
        "14:30",
    ]
    assert refusal("12:00", busy) == (RefusalReason.TAKEN, None)
    assert refusal("10:30", busy) == (RefusalReason.DRIVE, Side.AFTER)
    assert refusal("14:00", busy) == (RefusalReason.DRIVE, Side.BEFORE)


def test_blocks_at_one_address_touch_without_a_drive() -> None:
    house, upstairs = Place("client", address_key="house"), Place("client", address_key="house")
    busy = replace(THERAPIST, existing=(taken("12:00", "13:30", house),))
    job = replace(JOB, place=upstairs)

    found = times(busy, job, rules=replace(RULES, granularity_minutes=5))

    assert [clock for clock in found if "10:40" <= clock <= "13:50"] == ["10:40", "10:45", "13:45", "13:50"]


def test_two_people_at_one_address_are_one_block() -> None:
    both = replace(JOB, treatment_minutes=120, people=2)

    slot = check_slot(
        therapist=replace(THERAPIST, max_visits_per_day=1),
        job=both,
        starts_at=at("12:00"),
        conditions=Conditions(RULES, drive_time, at("06:00")),
    )

    assert isinstance(slot, Slot)
    assert (slot.blocked_from, slot.blocked_until) == (at("11:45"), at("14:15"))


def test_an_unknown_distance_is_never_nothing() -> None:
    """From home, to a neighbour, from a neighbour: unknown is refused, and only there."""
    between_unknowns = replace(
        THERAPIST, existing=(taken("09:30", "10:30", NOWHERE), taken("16:00", "17:00", NOWHERE))
    )
    unknown_yesterday = replace(
        THERAPIST,
        existing=(
            Occupied(Interval(at("12:00", date(2026, 6, 30)), at("13:00", date(2026, 6, 30))), NOWHERE, 60),
        ),
    )

    assert times(replace(THERAPIST, home=NOWHERE)) == []
    assert refusal("12:00", replace(THERAPIST, home=NOWHERE)) == (RefusalReason.UNKNOWN_PLACE, None)
    assert times(job=replace(JOB, place=NOWHERE)) == []
    assert times(between_unknowns) == []
    assert refusal("12:00", between_unknowns) == (RefusalReason.DRIVE, Side.BEFORE)
    assert times(unknown_yesterday) == times()


def test_the_way_to_and_from_a_neighbour_has_to_be_known_when_leaving_at_once() -> None:
    def unknown_around_noon(origin: Place, destination: Place, departing_at: datetime) -> int | None:
        between = HOME not in (origin, destination)
        return None if between and at("11:50") <= departing_at < at("12:10") else 20

    before = replace(THERAPIST, existing=(taken("10:30", "12:00", Place("other")),))
    after = replace(THERAPIST, existing=(taken("15:00", "16:30", Place("other")),))

    assert [clock for clock in times(before, drives=unknown_around_noon) if clock > "12:00"] == []
    assert [clock for clock in times(after, drives=unknown_around_noon) if clock < "11:30"] == [
        "09:45",
        "10:00",
        "10:15",
        "10:30",
        "11:00",
        "11:15",
    ]


def test_a_visit_that_runs_past_midnight_is_of_both_days() -> None:
    night = Occupied(Interval(at("23:00", WEDNESDAY - timedelta(days=1)), at("00:30")), FAR, 60)
    owl = replace(THERAPIST, weekly_hours=hours("00:00-05:00"), existing=(night,))

    assert times(owl)[0] == "01:45"
    assert times(owl, rules=replace(RULES, granularity_minutes=1), day=WEDNESDAY)[0] == "01:45"
    assert times(replace(owl, max_visits_per_day=1)) == []
    assert times(replace(owl, existing=(night._replace(place=NOWHERE),))) == []


def test_home_has_to_be_a_known_way_off_even_between_two_visits() -> None:
    def only_between_clients(origin: Place, destination: Place, departing_at: datetime) -> int | None:
        return None if HOME in (origin, destination) else 5

    busy = replace(THERAPIST, existing=(taken("09:30", "10:30"), taken("16:00", "17:00")))

    assert times(busy)
    assert times(busy, drives=only_between_clients) == []


@pytest.mark.parametrize(("reach", "granted"), [(60, True), (59, False), (None, True)])
def test_reach_is_the_drive_from_home(reach: int | None, granted: bool) -> None:
    therapist = replace(THERAPIST, reach_minutes=reach)
    answer = refusal("12:00", therapist, replace(JOB, place=FAR))

    assert answer == (None if granted else (RefusalReason.REACH, None))


def test_daily_limits_count_visits_and_session_minutes() -> None:
    one = replace(THERAPIST, existing=(taken("09:30", "11:00"),))  # a treatment of 60

    assert times(replace(one, max_visits_per_day=2))
    assert times(replace(one, max_visits_per_day=1)) == []
    assert refusal("13:00", replace(one, max_visits_per_day=1)) == (RefusalReason.DAILY_LIMIT, None)
    assert times(replace(one, max_work_minutes_per_day=120))
    assert times(replace(one, max_work_minutes_per_day=119)) == []
    tomorrow = WEDNESDAY + timedelta(days=1)
    assert times(replace(one, max_visits_per_day=1), day=tomorrow)


def test_a_long_run_of_work_needs_a_break_that_driving_does_not_count_towards() -> None:
    morning = (taken("09:30", "11:00"), taken("11:20", "12:50"))  # two treatments of 60, 20 minutes apart
    tired = replace(THERAPIST, existing=morning, break_minutes=30, break_after_minutes=150)

    # From 12:50: 20 minutes of drive and 30 of break, then set-up.
    assert [clock for clock in times(tired) if clock < "14:15"] == ["14:00"]
    assert times(tired, rules=replace(RULES, granularity_minutes=5))[0] == "13:55"
    assert [clock for clock in times(replace(tired, break_minutes=None)) if clock < "14:00"] == [
        "13:30",
        "13:45",
    ]
    assert refusal("13:45", tired) == (RefusalReason.BREAK, None)
    assert refusal("13:45", replace(tired, break_after_minutes=180)) is None


def test_a_break_is_looked_for_towards_the_visit_after_too() -> None:
    afternoon = (taken("14:00", "15:30"), taken("15:50", "17:20"))
    tired = replace(THERAPIST, existing=afternoon, break_minutes=30, break_after_minutes=150)

    # Packed down at 13:00 and driven by 13:20, there are 40 minutes until 14:00; a quarter later there are 25.
    assert refusal("11:45", tired) is None
    assert refusal("12:00", tired) == (RefusalReason.BREAK, None)


def test_work_before_an_earlier_break_and_after_a_later_one_is_forgotten() -> None:
    tired = replace(THERAPIST, break_minutes=30, break_after_minutes=150, weekly_hours=hours("06:00-22:00"))
    rested_since = replace(
        tired, existing=(taken("07:00", "09:00"), taken("10:00", "11:30"))
    )  # 90, a break, 60
    rests_later = replace(
        tired, existing=(taken("14:00", "15:30"), taken("16:30", "18:30"))
    )  # 60, a break, 90
    kept_going = replace(
        tired, existing=(taken("07:00", "09:00"), taken("09:30", "11:00"))
    )  # 90 and 60 in one

    assert refusal("12:15", rested_since) is None
    assert refusal("12:15", rests_later) is None
    assert refusal("11:45", kept_going) == (RefusalReason.BREAK, None)
    assert refusal("12:15", kept_going) is None


def test_one_visit_longer_than_the_run_allowed_needs_a_break_on_both_sides() -> None:
    long_job = replace(JOB, treatment_minutes=180)
    tired = replace(THERAPIST, break_minutes=30, break_after_minutes=120)

    assert refusal("12:00", tired, long_job) is None
    before = replace(tired, existing=(taken("09:30", "11:00"),))
    assert refusal("11:45", before, long_job) == (RefusalReason.BREAK, None)
    assert refusal("12:15", before, long_job) is None


def test_drives_are_taken_in_the_traffic_of_their_hour() -> None:
    def slow_from_noon(origin: Place, destination: Place, departing_at: datetime) -> int:
        return 20 if departing_at < at("12:00") else 80

    visit = taken("13:15", "15:00", Place("other"))
    busy = replace(THERAPIST, existing=(visit,))

    found = times(busy, drives=slow_from_noon)

    # Packed down at 11:45 the drive takes 20 minutes; packed down at noon it takes 80, which is until 13:20.
    assert [clock for clock in found if clock < "15:00"] == ["09:45", "10:00", "10:15", "10:30"]


def test_slots_of_several_therapists_come_by_start_then_therapist() -> None:
    slots = offer_slots(
        therapists=[replace(THERAPIST, id=7), replace(THERAPIST, id=3)],
        job=JOB,
        first_day=WEDNESDAY,
        last_day=WEDNESDAY + timedelta(days=1),
        conditions=Conditions(RULES, drive_time, at("00:00")),
    )

    keys = [(slot.starts_at, slot.therapist_id) for slot in slots]
    assert keys == sorted(keys)
    assert len(keys) == 2 * 2 * 27


def explain(
    *therapists: Therapist,
    rules: SchedulingRules = RULES,
    now: datetime = A_WEEK_BEFORE,
    job: Job = JOB,
) -> RefusalReason | None:
    return explain_day(
        therapists=therapists, job=job, day=WEDNESDAY, conditions=Conditions(rules, drive_time, now)
    )


def test_explain_day_gives_the_most_common_reason() -> None:
    full = replace(THERAPIST, existing=(taken("09:30", "17:30"),))
    away = replace(THERAPIST, time_off=(Interval(at("08:00"), at("19:00")),))
    limited = replace(THERAPIST, max_visits_per_day=0)

    assert explain(THERAPIST, full) is None
    assert explain(full) is RefusalReason.TAKEN
    assert explain(away) is RefusalReason.TIME_OFF
    assert explain(limited) is RefusalReason.DAILY_LIMIT
    split = replace(THERAPIST, existing=(taken("12:00", "12:30"),))
    assert explain(split, job=replace(JOB, treatment_minutes=300)) is RefusalReason.TAKEN
    assert explain(full, away, away) is RefusalReason.TIME_OFF
    assert explain(full, away) is RefusalReason.TAKEN
    assert explain() is RefusalReason.NO_THERAPIST
    assert explain(replace(THERAPIST, weekly_hours=())) is RefusalReason.OUTSIDE_HOURS
    assert explain(THERAPIST, job=replace(JOB, treatment_minutes=600)) is RefusalReason.OUTSIDE_HOURS
    assert explain(THERAPIST, rules=replace(RULES, closures=frozenset({WEDNESDAY}))) is RefusalReason.CLOSED
    assert explain(replace(THERAPIST, reach_minutes=10)) is RefusalReason.REACH
    assert explain(THERAPIST, job=replace(JOB, place=NOWHERE)) is RefusalReason.UNKNOWN_PLACE
    assert explain(THERAPIST, now=at("18:00")) is RefusalReason.NOTICE
    assert explain(THERAPIST, now=at("08:00", date(2026, 7, 2))) is RefusalReason.NOTICE
    assert explain(THERAPIST, now=at("08:00", date(2026, 3, 1))) is RefusalReason.HORIZON


def test_a_refusal_says_nothing_of_where_or_when_the_neighbour_is() -> None:
    assert set(Refusal.__dataclass_fields__) == {"reason", "side"}
