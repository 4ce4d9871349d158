"""Visitors, staff and the clock in any order: what must never be false is looked at after every step.

The machine calls the real operations on the real database. Each story is rolled back at its end.
"""

from __future__ import annotations

import itertools
import random
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, F, Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bookings import exceptions
from bookings.domain import answers, operations, pricing, reminders, scheduling
from bookings.domain.lifecycle import may_become
from bookings.domain.operations import Sender
from bookings.domain.visit_request import VisitRequest, load_treatment, load_visit_request
from bookings.drives.table import read_drives
from bookings.enums import BookingStatus
from bookings.models import (
    Booking,
    BookingDraft,
    BookingRules,
    Closure,
    Hold,
    ScreeningVersion,
    TermsVersion,
    Therapist,
    TimeOff,
    WorkingHours,
)
from bookings.models.holds import HOLDS_PER_SOURCE
from bookings.screening import key_of
from massagerx.lib.localtime import day_bounds, local
from tests.bookings.availability.strategies import clock_changes
from tests.factories import CLEAR_ANSWERS, LA, World, make_therapist
from tests.support.integrity import FULL, size, write_down

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

EXAMPLES = size(15, 500)
STEPS = size(25, 50)
VISITORS = 8
SOURCES = 2
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = st.integers(0, 3)
PICKS = st.integers(0, 10_000)
STAFF_EDITS = ["active", "home", "visits a day", "break", "notice", "grid", "closure", "hours"]
VISITOR = st.integers(0, VISITORS - 1)
TOO_LATE = (exceptions.SlotNotOffered, exceptions.SlotTaken)


@dataclass
class Choice:
    """What a visitor asks for."""

    option: int
    zip_code: str
    people: int
    preference: str
    starts_at: datetime
    # Whether it was offered when it was chosen; None once time has passed since.
    was_offered: bool | None = None


def clear_answers(people: int) -> dict[str, str]:
    """Each person's own answers, none of which asks for anything."""
    return {
        key_of(question, person): answer
        for person in range(1, people + 1)
        for question, answer in CLEAR_ANSWERS.items()
    }


class Refused(Exception):
    """Rolls back a question that was only asked."""


class Story(RuleBasedStateMachine):
    world: World
    counts: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.around = transaction.atomic()
        self.around.__enter__()
        self.now = LONG_AGO
        self.drafts = [BookingDraft(answers={}, updated_at=self.now) for _ in range(VISITORS)]
        BookingDraft.objects.bulk_create(self.drafts)
        self.choices: dict[int, Choice] = {}
        self.submissions: list[operations.Submission] = []
        self.number = 0
        self.questions = random.Random(1)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.around.__exit__(None, None, None)
        self.counts["stories"] += 1

    # The clock -------------------------------------------------------------------------------------------

    @initialize(
        day=st.sampled_from(clock_changes(2026, 2030)),
        days_before=st.integers(0, 3),
        hour=st.integers(0, 23),
        seed=PICKS,
    )
    def begin(self, day: date, days_before: int, hour: int, seed: int) -> None:
        """Near a day on which the clock changes, with visits booked and times held on the next two days."""
        self.now = datetime.combine(day - timedelta(days=days_before), time(hour), tzinfo=LA).astimezone(UTC)
        chance = random.Random(seed)
        for days in (1, 1, 1, 2, 2):
            self.asks(self.choose(chance, days, offered=True, draft=None), None)
        for visitor in range(4):
            self.visitor_holds(visitor, days=1 + visitor % 2, pick=chance.randrange(10_000), offered=True)

    @rule(minutes=st.sampled_from([1, 5, 9, 11, 45, 180, 600, 1440, 2880]), sweeps=st.booleans())
    def time_passes(self, minutes: int, sweeps: bool) -> None:
        self.now += timedelta(minutes=minutes)
        if sweeps:
            self.sweeps_run()

    @rule()
    def nobody_answers(self) -> None:
        """Until the oldest request that waits has waited too long."""
        waiting = Booking.objects.waiting().select_related("screening").first()
        if waiting is not None:
            self.now = max(self.now, operations.expires_at(waiting, BookingRules.load()))
            self.sweeps_run()
            waiting.refresh_from_db()
            assert waiting.status == BookingStatus.EXPIRED

    # Visitors --------------------------------------------------------------------------------------------

    def visit_request(self, choice: Choice) -> VisitRequest:
        treatment = load_treatment(
            service_slug=self.world.service.slug, option_id=choice.option, people=choice.people
        )
        area = self.world.area if choice.zip_code == self.world.area.zip_code else self.world.far_area
        return load_visit_request(
            treatment=treatment, area=area, preference=choice.preference, today=local(self.now).date()
        )

    def offered(self, choice: Choice, day: date, draft: uuid.UUID | None = None) -> list[datetime]:
        offer = scheduling.find_times_between(
            visit_request=replace(self.visit_request(choice), draft=draft),
            first_day=day,
            last_day=day,
            rules=BookingRules.load(),
            now=self.now,
        )
        return [start.starts_at for start in offer.by_day.get(day, ())]

    def choose(self, data: random.Random, days: int, *, offered: bool, draft: uuid.UUID | None) -> Choice:
        """Something to ask for `days` from now: a time that is offered, where there is one, or any other."""
        choice = Choice(
            option=data.choice([self.world.option.pk, self.world.longer.pk]),
            zip_code=data.choice([self.world.area.zip_code] * 2 + [self.world.far_area.zip_code]),
            people=data.choice([1, 1, 1, 2]),
            preference=data.choice(["any", "any", f"therapist:{self.world.therapist.slug}"]),
            starts_at=self.now,
        )
        day = local(self.now).date() + timedelta(days=days)
        try:
            times = self.offered(choice, day, draft)
        except exceptions.NoLongerOffered:
            times = []
        choice.was_offered = offered and bool(times)
        if not choice.was_offered:
            start, end = day_bounds(day)
            quarters = int((end - start) / timedelta(minutes=15))
            grid = [start.astimezone(UTC) + timedelta(minutes=15 * number) for number in range(quarters)]
            # Rather near what is offered, where mistakes would live.
            near = [at for at in grid if any(abs(at - one) <= timedelta(hours=1) for one in times)]
            times = sorted(set(near) - set(times)) or sorted(set(grid) - set(times))
        choice.starts_at = data.choice(times)
        return choice

    def is_offered(self, choice: Choice, draft: uuid.UUID | None) -> bool:
        if choice.was_offered is not None:
            return choice.was_offered
        try:
            return choice.starts_at in self.offered(choice, local(choice.starts_at).date(), draft)
        except exceptions.NoLongerOffered:
            return False

    def submission(
        self, choice: Choice, *, person: int | None = None, door: str = ""
    ) -> operations.Submission:
        self.number += 1
        who = 9000 + person if person is not None else self.number
        treatment = load_treatment(
            service_slug=self.world.service.slug, option_id=choice.option, people=choice.people
        )
        area = self.world.area if choice.zip_code == self.world.area.zip_code else self.world.far_area
        total = pricing.quote(
            treatment=treatment, area=area, rules=BookingRules.load(), starts_at=choice.starts_at
        ).total_cents
        return self.world.submission(
            option_id=choice.option,
            zip_code=choice.zip_code,
            people=choice.people,
            preference=choice.preference,
            starts_at=choice.starts_at,
            email=f"client{who}@example.com",
            phone=f"+1213555{who:04}",
            street=door or f"{self.number} Sample Street",
            total_cents=total,
            answers=clear_answers(choice.people),
        )

    def asks(self, choice: Choice, draft: uuid.UUID | None, **changes: Any) -> bool:
        """Sends the request; returns whether it was booked. What is offered is booked, and nothing else."""
        offered = self.is_offered(choice, draft)
        submission = self.submission(choice, **changes)
        unheld = not Hold.objects.filter(draft_id=draft, starts_at=choice.starts_at).live(self.now).exists()
        refusal: exceptions.BookingError | None = None
        try:
            operations.request_booking(submission=submission, now=self.now, sender=Sender(draft=draft))
        except exceptions.TooManyRequests:
            return False
        except (*TOO_LATE, exceptions.NoLongerOffered) as refused:
            refusal = refused
        booked = refusal is None
        if getattr(refusal, "reason", "") == "notice" and unheld:
            # Who must be looked at first isn't offered a start before which no answer can come.
            offered = offered and choice.starts_at >= answers.first_for_request(
                rules=BookingRules.load(), now=self.now
            )
        assert booked or not offered, f"offered and then refused: {choice}"
        if not booked:
            return False
        # At a door where we already are no drive is needed, which the offer, made for a ZIP code, can't know.
        assert offered or changes.get("door"), f"booked but never offered: {choice}"
        self.submissions.append(submission)
        return True

    @rule(visitor=VISITOR, days=DAYS, pick=PICKS, offered=st.sampled_from([True, True, False]))
    def visitor_holds(self, visitor: int, days: int, pick: int, offered: bool) -> None:
        draft = self.drafts[visitor]
        source = f"source {visitor % SOURCES}"
        choice = self.choose(random.Random(pick), days, offered=offered, draft=draft.key)
        expected = self.is_offered(choice, draft.key)
        others = Hold.objects.filter(source=source).live(self.now).exclude(draft=draft).count()
        try:
            hold = operations.hold_time(
                draft=draft,
                visit_request=self.visit_request(choice),
                starts_at=choice.starts_at,
                rules=BookingRules.load(),
                source=source,
                now=self.now,
            )
        except (*TOO_LATE, exceptions.NoLongerOffered):
            assert not expected, f"offered and then not held: {choice}"
            return
        assert expected, f"held but never offered: {choice}"
        assert (hold is None) == (others >= HOLDS_PER_SOURCE)
        choice.was_offered = None
        self.choices[visitor] = choice
        self.counts["holds"] += hold is not None

    @precondition(lambda self: bool(self.choices))
    @rule(pick=PICKS, leaves=st.booleans())
    def visitor_types_on_or_leaves(self, pick: int, leaves: bool) -> None:
        visitor = sorted(self.choices)[pick % len(self.choices)]
        hold = Hold.objects.filter(draft=self.drafts[visitor]).first()
        if leaves:
            operations.release_hold(self.drafts[visitor])
            del self.choices[visitor]
        elif hold is not None:
            operations.extend_hold(hold, now=self.now)

    @precondition(lambda self: bool(self.choices))
    @rule(pick=PICKS, person=st.none() | st.integers(0, 2))
    def visitor_books_what_was_chosen(self, pick: int, person: int | None) -> None:
        visitor = sorted(self.choices)[pick % len(self.choices)]
        booked = self.asks(self.choices.pop(visitor), self.drafts[visitor].key, person=person)
        self.counts["booked after a hold" if booked else "refused after a hold"] += 1
        if booked:
            assert not Hold.objects.filter(draft=self.drafts[visitor]).exists()

    @rule(
        days=DAYS,
        pick=PICKS,
        offered=st.sampled_from([True, True, True, False]),
        person=st.none() | st.integers(0, 2),
        door=st.sampled_from(["", "", "1 Shared Door"]),
    )
    def someone_books_at_once(
        self, days: int, pick: int, offered: bool, person: int | None, door: str
    ) -> None:
        choice = self.choose(random.Random(pick), days, offered=offered, draft=None)
        booked = self.asks(choice, None, person=person, door=door)
        self.counts["booked" if booked else "refused"] += 1

    @rule(pick=PICKS)
    def a_press_is_sent_again(self, pick: int) -> None:
        if self.submissions:
            before = Booking.objects.count()
            operations.request_booking(
                submission=self.submissions[pick % len(self.submissions)], now=self.now
            )
            assert Booking.objects.count() == before

    # Staff -----------------------------------------------------------------------------------------------

    def change(
        self, pick: int, wanted: BookingStatus, operation: Callable[..., Booking], *, started: bool = False
    ) -> None:
        keys = list(Booking.objects.order_by("pk").values_list("pk", flat=True))
        if not keys:
            return
        booking = Booking.objects.get(pk=keys[pick % len(keys)])
        allowed = may_become(booking.status, wanted) and (not started or booking.starts_at <= self.now)
        try:
            operation(booking=booking, actor=None, now=self.now)
        except exceptions.InvalidTransition:
            assert not allowed
        except exceptions.SlotNotOffered:
            assert wanted == BookingStatus.CONFIRMED
        else:
            assert allowed
            assert Booking.objects.get(pk=booking.pk).status == wanted
            self.counts[wanted.value] += 1

    @rule(pick=PICKS)
    def staff_confirm(self, pick: int) -> None:
        self.change(pick, BookingStatus.CONFIRMED, operations.confirm_booking)

    @rule(pick=PICKS, decline=st.booleans())
    def visit_is_called_off(self, pick: int, decline: bool) -> None:
        if decline:
            self.change(pick, BookingStatus.DECLINED, operations.decline_booking)
        else:
            self.change(pick, BookingStatus.CANCELED, operations.cancel_booking)

    @rule(pick=PICKS, came=st.booleans())
    def visit_ends(self, pick: int, came: bool) -> None:
        wanted = BookingStatus.COMPLETED if came else BookingStatus.NO_SHOW
        operation = operations.complete_booking if came else operations.mark_no_show
        self.change(pick, wanted, operation, started=True)

    def sweeps_run(self) -> None:
        self.counts["expired"] += operations.expire_requests(now=self.now)
        operations.release_expired_holds(now=self.now)
        assert not Hold.objects.all().expired(self.now).exists()
        assert not Booking.objects.filter(status=BookingStatus.REQUESTED, starts_at__lte=self.now).exists()

    def therapist(self, pick: int) -> Therapist:
        everyone = list(Therapist.objects.order_by("pk"))
        return everyone[pick % len(everyone)]

    @rule(pick=PICKS, days=DAYS, hour=st.integers(0, 23), hours=st.integers(1, 8))
    def therapist_takes_time_off(self, pick: int, days: int, hour: int, hours: int) -> None:
        start = self.now.replace(minute=0) + timedelta(days=days, hours=hour)
        TimeOff.objects.create(
            therapist=self.therapist(pick), starts_at=start, ends_at=start + timedelta(hours=hours)
        )

    @rule(pick=PICKS, what=st.sampled_from(STAFF_EDITS))
    def staff_edit(self, pick: int, what: str) -> None:
        therapist = self.therapist(pick)
        rules = BookingRules.load()
        if what == "active":
            therapist.is_active = not therapist.is_active
        elif what == "home":
            therapist.home_zip = self.world.area if pick % 2 else self.world.far_area
        elif what == "visits a day":
            therapist.max_visits_per_day = [None, 2, 4][pick % 3]
        elif what == "break":
            therapist.break_after_minutes = [None, 120, 240][pick % 3]
        elif what == "notice":
            rules.minimum_notice_minutes = [0, 60, 240][pick % 3]
        elif what == "grid":
            rules.granularity_minutes = [15, 30, 60][pick % 3]
        elif what == "closure":
            day = local(self.now).date() + timedelta(days=pick % 6)
            Closure.objects.get_or_create(date=day, defaults={"name": "Closed"})
        else:
            end = time(12 + pick % 6)
            hours = WorkingHours.objects.filter(therapist=therapist, weekday=pick % 7)
            hours.filter(starts_at__lt=end).update(ends_at=end)
        therapist.save()
        rules.save()
        self.counts["staff edits"] += 1

    # What must never be false ----------------------------------------------------------------------------

    @invariant()
    def no_blocks_overlap_and_all_can_be_driven(self) -> None:
        self.counts["steps"] += 1
        drive = read_drives()
        taken = Booking.objects.occupying().select_related("area").order_by("therapist", "blocked_from")
        for before, after in itertools.pairwise(taken):
            if before.therapist_id != after.therapist_id:
                continue
            assert before.blocked_until <= after.blocked_from, (before, after)
            if local(before.starts_at).date() == local(after.starts_at).date():
                leaving = before.blocked_until
                origin = scheduling.place_of(before.area, address_key=before.address_key)
                goal = scheduling.place_of(after.area, address_key=after.address_key)
                while True:
                    minutes = drive(origin, goal, leaving)
                    assert minutes is not None
                    if leaving + timedelta(minutes=minutes) <= after.blocked_from:
                        break
                    leaving += timedelta(minutes=1)
                    assert leaving <= after.blocked_from, f"{before} and {after} can't be driven"
                self.counts["drives checked"] += 1

    @invariant()
    def holds_are_few_and_touch_nothing(self) -> None:
        live = Hold.objects.all().live(self.now)
        for source in live.values("source").annotate(number=Count("pk")):
            assert source["number"] <= HOLDS_PER_SOURCE
        for hold in live:
            same_time = Q(
                therapist=hold.therapist_id,
                blocked_from__lt=hold.blocked_until,
                blocked_until__gt=hold.blocked_from,
            )
            assert not Booking.objects.occupying().filter(same_time).exists()
            assert not live.filter(same_time).exclude(pk=hold.pk).exists()

    @invariant()
    def every_booking_has_its_history_and_messages(self) -> None:
        # Two at the request, and one for each later change that the client is told of; reminders wait beside them.
        told = Count("messages", filter=~Q(messages__kind__in=reminders.KINDS))
        wrong = Booking.objects.annotate(rows=told).exclude(rows=F("revision") + 2)
        assert not wrong.exists()
        for booking in Booking.objects.prefetch_related("events"):
            assert list(booking.events.all())[-1].to_status == booking.status

    @invariant()
    def what_is_offered_can_be_booked_and_nothing_else(self) -> None:
        """Asks for one time, really, and takes it back. On every fifth step: it costs as much as ten others."""
        if self.counts["steps"] % 5:
            return
        offered = self.questions.random() < 0.5
        choice = self.choose(self.questions, self.questions.randrange(6), offered=offered, draft=None)
        before = len(self.submissions)
        with suppress(Refused), transaction.atomic():
            booked = self.asks(choice, None)
            self.counts["asked: yes" if booked else "asked: no"] += 1
            raise Refused
        del self.submissions[before:]


def test_any_order_of_events_keeps_what_must_never_be_false(world: World) -> None:
    BookingRules.objects.update(horizon_days=10)
    TermsVersion.objects.update(published_at=LONG_AGO)
    ScreeningVersion.objects.update(published_at=LONG_AGO)
    Therapist.objects.update(certificate_expires_on=None)
    # Sundays, on which the clock changes, at night and by day.
    WorkingHours.objects.create(therapist=world.therapist, weekday=6, starts_at=time(0), ends_at=time(6))
    second = make_therapist(
        world.service, world.far_area, name="Sample Therapist Two", certificate_expires_on=None
    )
    WorkingHours.objects.create(therapist=second, weekday=6, starts_at=time(8), ends_at=time(20))
    Story.world = world
    Story.counts = Counter()

    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not FULL,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

    write_down("any order of events", **dict(sorted(Story.counts.items())))
    # It went where it can go wrong: a story in which nothing is booked proves nothing.
    assert Story.counts["steps"] >= EXAMPLES * STEPS / 2
    for happened in (
        "booked",
        "refused",
        "holds",
        "booked after a hold",
        "confirmed",
        "canceled",
        "expired",
    ):
        assert Story.counts[happened] > 0, happened
    assert Story.counts["drives checked"] > EXAMPLES
    assert Story.counts["asked: yes"] > EXAMPLES / 2
    assert Story.counts["asked: no"] > 20
