"""What has to hold whatever the day: against the oracle, and of itself."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import (
    Conditions,
    Drives,
    DriveTime,
    Interval,
    Job,
    Occupied,
    RefusalReason,
    Side,
    Slot,
    Therapist,
    check_slot,
    explain_day,
    for_anyone,
    offer_slots,
    offer_starts,
    open_days,
)
from bookings.availability.local_days import local_day
from tests.bookings.availability import oracle
from tests.bookings.availability.strategies import (
    MINUTE,
    PLACES,
    UNHURRIED,
    ZONE,
    World,
    days,
    drive_times,
    good_fits_among,
    jobs,
    metric_drives,
    worlds,
)
from tests.support.drive_times import DriveRow, DriveTable, OfflineEstimate


def table() -> DriveTable:
    rows = [DriveRow("echo-park", "venice", 35), DriveRow("echo-park", "venice", 70, time(7), time(10))]
    return DriveTable(rows, ZONE, behind=OfflineEstimate(ZONE))


WELL_KNOWN = table()


def starts(world: World) -> set[tuple[datetime, int]]:
    return {(slot.starts_at, slot.therapist_id) for slot in offer_slots(**world.arguments())}


@settings(UNHURRIED, max_examples=70)
@given(worlds())
def test_offer_slots_equals_the_oracle(world: World) -> None:
    slots = offer_slots(**world.arguments())

    offered = [(slot.starts_at, slot.therapist_id, slot.added_drive_minutes) for slot in slots]
    assert offered == oracle.offered(**world.arguments())
    for slot in slots:
        assert slot.ends_at - slot.starts_at == world.job.treatment_minutes * MINUTE
        assert slot.starts_at - slot.blocked_from == world.job.setup_minutes * MINUTE
        assert slot.blocked_until - slot.ends_at == world.job.packdown_minutes * MINUTE


@settings(UNHURRIED, max_examples=40)
@given(worlds())
def test_starts_are_those_of_the_slots_by_day_with_the_same_flag_and_who_comes(world: World) -> None:
    by_day: dict[date, list[Slot]] = defaultdict(list)
    for slot in offer_slots(**world.arguments()):
        by_day[slot.starts_at.astimezone(world.rules.tz).date()].append(slot)
    expected = {}
    for day, slots in by_day.items():
        good = good_fits_among(slots)
        instants = sorted({slot.starts_at for slot in slots})
        chosen = for_anyone(
            slots, therapists=world.therapists, rules=world.rules, preferred=world.job.preferred
        )
        comes = {slot.starts_at: slot.therapist_id for slot in chosen}
        expected[day] = tuple(
            (starts_at, starts_at in good, comes[starts_at], None) for starts_at in instants
        )

    assert offer_starts(**world.arguments()) == expected


@settings(UNHURRIED, max_examples=40)
@given(worlds(granularities=(30, 60)))
def test_what_the_drive_times_remember_changes_nothing(world: World) -> None:
    """A table that all worlds here have asked before, about their own days and places, answers as a new one."""
    asked = world.arguments()

    well_known, new = (asked["conditions"]._replace(drive_time=drives) for drives in (WELL_KNOWN, table()))
    assert offer_slots(**{**asked, "conditions": well_known}) == offer_slots(**{**asked, "conditions": new})
    assert offer_starts(**{**asked, "conditions": well_known}) == offer_starts(**{**asked, "conditions": new})


@settings(UNHURRIED, max_examples=40)
@given(worlds(granularities=(30, 60)))
def test_check_slot_grants_what_is_offered_and_else_gives_a_true_reason(world: World) -> None:
    offered = {(slot.starts_at, slot.therapist_id): slot for slot in offer_slots(**world.arguments())}
    rules, job = world.rules, world.job
    drive = oracle.remembered(world.drive_time)
    minutes = oracle.minutes_of(world.first_day, rules)

    for therapist in world.therapists:
        checker = oracle.Checker(therapist, job, world.first_day, minutes, rules, drive, world.now)
        for starts_at in minutes[::30]:
            answer = check_slot(
                therapist=therapist,
                job=job,
                starts_at=starts_at,
                conditions=Conditions(rules, world.drive_time, world.now),
            )
            if isinstance(answer, Slot):
                assert answer == offered.pop((starts_at, therapist.id))
            else:
                assert is_true(answer.reason, answer.side, checker, starts_at, world)
    assert not [slot for slot in offered.values() if slot.starts_at in minutes]


def is_true(
    reason: RefusalReason, side: Side | None, checker: oracle.Checker, start: datetime, world: World
) -> bool:
    """Whether the oracle agrees that this rule, and not only another, is broken."""
    therapist, job = checker.therapist, checker.job
    begins, ends = checker.block(start)
    block = {begins + minute * MINUTE for minute in range(job.blocked_minutes)}
    in_hours = {minute for minute in block if minute in checker.minutes and checker.in_hours(minute)}
    wall = start.astimezone(world.rules.tz)
    before, after = checker.neighbours(start)
    leave, back = checker.shift(start)
    match reason:
        case RefusalReason.NOTICE:
            return start < world.now + world.rules.minimum_notice
        case RefusalReason.HORIZON:
            today = world.now.astimezone(world.rules.tz).date()
            return (checker.day - today).days > world.rules.horizon_days
        case RefusalReason.OFF_GRID:
            return (wall.hour * 60 + wall.minute) % world.rules.granularity_minutes != 0
        case RefusalReason.CLOSED:
            return checker.day in world.rules.closures
        case RefusalReason.CERTIFICATE:
            return not checker.is_bookable()
        case RefusalReason.OUTSIDE_HOURS | RefusalReason.TIME_OFF if block <= checker.working:
            return not checker.can_drive(therapist.home, job.place, leave, begins) or (
                not checker.can_drive(job.place, therapist.home, ends, back)
            )
        case RefusalReason.OUTSIDE_HOURS:
            return in_hours != block
        case RefusalReason.TIME_OFF:
            return in_hours == block and bool(block & checker.off)
        case RefusalReason.OTHER_ZONE:
            return block <= checker.working and not block <= checker.working_here
        case RefusalReason.TAKEN:
            return any(visit.start < ends and begins < visit.end for visit in checker.visits)
        case RefusalReason.UNKNOWN_PLACE:
            return None in (
                checker.drive(therapist.home, job.place, begins),
                checker.drive(job.place, therapist.home, ends),
            )
        case RefusalReason.REACH:
            minutes = checker.drive(therapist.home, job.place, begins)
            return minutes is not None and minutes > (therapist.reach_minutes or 0)
        case RefusalReason.DAILY_LIMIT:
            visits, most_visits = len(checker.visits) + 1, therapist.max_visits_per_day
            work = sum(visit.treatment_minutes for visit in checker.visits) + job.treatment_minutes
            most_work = therapist.max_work_minutes_per_day
            too_many = most_visits is not None and visits > most_visits
            return too_many or (most_work is not None and work > most_work)
        case RefusalReason.DRIVE if side is Side.BEFORE:
            assert before is not None
            return not checker.can_drive(before.place, job.place, before.end, begins) or (
                checker.drive(before.place, job.place, before.end) is None
            )
        case RefusalReason.DRIVE:
            assert after is not None
            return not checker.can_drive(job.place, after.place, ends, after.start) or (
                checker.drive(job.place, after.place, ends) is None
            )
        case RefusalReason.BREAK:
            return not checker.rested(start)
        case RefusalReason.NEVER_SENT:
            return therapist.id in job.never
    return False


@settings(UNHURRIED, max_examples=60)
@given(drive_times, days, st.integers(0, 1440), st.integers(0, 400))
def test_whoever_is_ready_by_the_latest_departure_arrives_and_nobody_later(
    drive_time: DriveTime, date_: date, ready: int, ahead: int
) -> None:
    drives, day = Drives(drive_time, ZONE), local_day(date_, ZONE)
    leg, traffic = drives.leg(*(drives.place_id(place) for place in PLACES[2:4])), drives.traffic(day)
    ready = min(day.start + ready, day.end)
    limit = min(ready + ahead, day.end)

    latest = traffic.departure(leg, ready, limit)

    for minute in range(ready, limit + 1):
        arrives = traffic.arrival(leg, minute, limit) is not None
        assert arrives == (latest is not None and minute <= latest)


@settings(UNHURRIED, max_examples=50)
@given(worlds())
def test_open_days_and_explain_day_agree_with_the_offers(world: World) -> None:
    offered = {slot.starts_at.astimezone(world.rules.tz).date() for slot in offer_slots(**world.arguments())}

    assert open_days(**world.arguments()) == sorted(offered)
    rest = {name: value for name, value in world.arguments().items() if not name.endswith("_day")}
    for ahead in range((world.last_day - world.first_day).days + 1):
        day = world.first_day + timedelta(days=ahead)
        assert (explain_day(day=day, **rest) is None) == (day in offered)


@st.composite
def shorter_hours(draw: st.DrawFn, therapist: Therapist, world: World) -> Therapist:
    """The same therapist with less time to work."""
    match draw(st.sampled_from(["later start", "earlier end", "fewer", "time off"])):
        case "later start":
            start = draw(st.integers(0, 23))
            weekly = [
                replace(hours, start=max(hours.start, time(start)))
                for hours in therapist.weekly_hours
                if hours.end == time(0) or hours.end > time(start)
            ]
            return replace(therapist, weekly_hours=tuple(weekly))
        case "earlier end":
            end = time(draw(st.integers(1, 23)))
            weekly = [
                replace(hours, end=end if hours.end == time(0) else min(hours.end, end))
                for hours in therapist.weekly_hours
                if hours.start < end
            ]
            return replace(therapist, weekly_hours=tuple(weekly))
        case "fewer":
            return replace(therapist, weekly_hours=therapist.weekly_hours[1:])
        case _:
            midnight = datetime.combine(world.first_day, time(0), world.rules.tz).astimezone(UTC)
            begins = midnight + draw(st.integers(0, 1400)) * MINUTE
            off = Interval(begins, begins + draw(st.integers(1, 500)) * MINUTE)
            return replace(therapist, time_off=(*therapist.time_off, off))


@settings(UNHURRIED, max_examples=120)
@given(st.data())
def test_shrinking_hours_never_adds_a_slot(data: st.DataObject) -> None:
    world = data.draw(worlds())
    shorter = tuple(data.draw(shorter_hours(therapist, world)) for therapist in world.therapists)

    assert starts(replace(world, therapists=shorter)) <= starts(world)


@settings(UNHURRIED, max_examples=120)
@given(st.data())
def test_adding_a_visit_never_adds_a_slot(data: st.DataObject) -> None:
    """For a visit that could itself be offered, and drives that are never shorter by way of a third place.

    Drives that break this (a table with 10 minutes from A to B, 10 from B to C and 60 from A to C) let a visit at B
    make C reachable: on the way, so to speak. That is what such a table says.
    """
    world = data.draw(worlds(drive_time=metric_drives(), any_place=False, most_therapists=1))
    other = data.draw(jobs(any_place=False))
    addable = offer_slots(**replace(world, job=other).arguments())
    if not addable:
        return
    added = data.draw(st.sampled_from(addable))
    taken = Occupied(Interval(added.blocked_from, added.blocked_until), other.place, other.treatment_minutes)
    therapist = world.therapists[0]
    fuller = replace(therapist, existing=(*therapist.existing, taken))

    assert starts(replace(world, therapists=(fuller,))) <= starts(world)


@settings(UNHURRIED, max_examples=50)
@given(st.data())
def test_a_day_filled_slot_by_slot_stays_feasible(data: st.DataObject) -> None:
    """Each visit of a day that was built from offers is still feasible beside all the others."""
    world = data.draw(worlds(drive_time=metric_drives(), any_place=False, most_therapists=1))
    therapist = replace(world.therapists[0], existing=())
    taken: list[tuple[Occupied, Job]] = []
    for job in data.draw(st.lists(jobs(any_place=False), min_size=2, max_size=4)):
        day = replace(
            world, therapists=(replace(therapist, existing=tuple(block for block, _ in taken)),), job=job
        )
        offered = offer_slots(**day.arguments())
        if offered:
            slot = data.draw(st.sampled_from(offered))
            taken.append(
                (
                    Occupied(
                        Interval(slot.blocked_from, slot.blocked_until), job.place, job.treatment_minutes
                    ),
                    job,
                )
            )

    for block, job in taken:
        others = tuple(other for other, _ in taken if other is not block)
        answer = check_slot(
            therapist=replace(therapist, existing=others),
            job=job,
            starts_at=block.blocked.start + job.setup_minutes * MINUTE,
            conditions=Conditions(world.rules, world.drive_time, world.now),
        )
        assert isinstance(answer, Slot)
