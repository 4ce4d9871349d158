"""A program in any order of what clients, therapists and the owner do: made, done, let be, taken back, changed, paused,
made anew and erased, while exercises of the library change and go. What must never be false is looked at after every
step, on the rows and on the client's own page."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count
from django.test import Client
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bookings.domain import erasure, listeners
from bookings.domain import operations as visits
from bookings.domain.operations import StaffAct
from bookings.enums import EventKind
from bookings.exceptions import BookingError, ChangedMeanwhile
from bookings.models import Booking, ScreeningRecheck, ScreeningVersion, TermsVersion, Therapist
from bookings.program import client_link, operations, presses
from bookings.program.models import (
    MOST_EXERCISES,
    Exercise,
    ExerciseDay,
    Program,
    ProgramExercise,
    ProgramTemplate,
    TemplateExercise,
    WeekCheck,
)
from bookings.program.week import is_asked_on
from massagerx.lib.localtime import local
from tests.bookings.availability.strategies import clock_changes
from tests.bookings.domain.test_stateful import LONG_AGO
from tests.bookings.views.visits.browsers import text
from tests.factories import CLEAR_ANSWERS, World
from tests.factories import at as at_hour
from tests.support.integrity import FULL, size, write_down

from .conftest import make_exercise, make_template

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

EXAMPLES = size(9, 200)
STEPS = size(35, 60)
ROUNDS = 6
# Stories in which none of it happened would prove nothing.
HAPPENS = (
    "made", "refused", "added", "changed", "taken out", "pause", "go on", "end", "done", "let be", "taken back",
    "checked", "deleted while used", "erased", "press refused", "held back",
)  # fmt: skip
PICKS = st.integers(0, 10_000)
DONE, SKIPPED = ExerciseDay.Outcome.DONE, ExerciseDay.Outcome.SKIPPED
#: Health questions that exercises are not for.
QUESTIONS = ("blood_thinners", "everyday_conditions", "of_another_version")
Word = tuple[str, int, int | None]


class ProgramStory(RuleBasedStateMachine):
    world: World
    staff: User
    counts: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.around = transaction.atomic()
        self.around.__enter__()
        self.now = LONG_AGO
        self.number = 0
        self.words: dict[tuple[int, date], Word] = {}
        # Clients' exercises as they were last seen.
        self.copies: dict[int, tuple[Any, ...]] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.around.__exit__(None, None, None)
        self.counts["stories"] += 1

    @property
    def act(self) -> StaffAct:
        return StaffAct(self.now, self.staff)

    # A client, and the library ---------------------------------------------------------------------------

    @initialize(
        day=st.sampled_from(clock_changes(2026, 2030)),
        days_before=st.integers(0, 20),
        hour=st.integers(0, 23),
    )
    def begin(self, day: date, days_before: int, hour: int) -> None:
        """A change of the clock lies within the first weeks."""
        self.now = at_hour(hour, day=day - timedelta(days=days_before))
        make_template(
            (make_exercise("Bridge"), 1, 8),
            (make_exercise("Calf stretch", days_a_week=3), 2, 8),
            (make_exercise("Plank", days_a_week=4, not_for=["blood_thinners"]), 1, 4),
            (make_exercise("Hinge", not_for=["of_another_version"]), 1, 8),
        )
        make_exercise("Row", days_a_week=2, not_for=["everyday_conditions", "blood_thinners"])
        self.somebody_comes()
        self.is_made([0, 1, 3], 0)

    def somebody_comes(self) -> None:
        """A visit of a new client, confirmed, a week from now or a day more."""
        self.number += 1
        day = local(self.now).date() + timedelta(days=7)
        day += timedelta(days=day.weekday() == 6)
        booking = self.world.book(
            now=self.now, starts_at=at_hour(10, day=day), email=f"client{self.number}@example.com",
            phone=f"+1213555{self.number:04}", street=f"{self.number} Sample Street",
        )  # fmt: skip
        visits.confirm_booking(booking=booking, actor=self.staff, now=self.now)
        self.visit = Booking.objects.select_related("client", "service").get(pk=booking.pk)
        self.graver: set[str] = set()

    def refused(self, exercise: Exercise) -> bool:
        asked = set(CLEAR_ANSWERS) - self.graver
        return not asked.issuperset(exercise.not_for)

    @rule(hours=st.sampled_from([1, 5, 9, 24]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(question=st.sampled_from(QUESTIONS[:2]), answer=st.sampled_from(["yes", "yes", "no"]))
    def health_is_asked_again(self, question: str, answer: str) -> None:
        """What the graver ones speak against is held back; milder ones take nothing back."""
        version = ScreeningVersion.objects.get()
        ScreeningRecheck.objects.create(
            booking=self.visit, version=version, answers={**CLEAR_ANSWERS, question: answer}, tier="caution",
            new_tier="caution", evaluated_at=self.now,
        )  # fmt: skip
        listeners.tell(listeners.VisitChanged(booking=self.visit, kind=EventKind.RECHECKED, at=self.now))
        if answer == "yes":
            self.graver.add(question)
            today = local(self.now).date()
            standing = ProgramExercise.objects.standing().filter(program__ended_at=None)
            for row in standing.select_related("program", "exercise"):
                against = {*row.not_for, *(row.exercise.not_for if row.exercise else ())}
                if question in against and not row.program.is_over_on(today):
                    assert row.held_at is not None
                    self.counts["held back"] += 1

    @rule(pick=PICKS, what=st.sampled_from(["words", "amount", "not approved", "deleted", "not for"]))
    def owner_edits_an_exercise(self, pick: int, what: str) -> None:
        """What a client has of it is a copy."""
        library = list(Exercise.objects.order_by("pk"))
        if what == "deleted" and pick % 5:
            copied = ProgramExercise.objects.order_by().values("exercise")
            library = list(Exercise.objects.filter(pk__in=copied).order_by("pk")) or library
        if not library:
            return
        exercise = library[pick % len(library)]
        if what == "deleted":
            TemplateExercise.objects.filter(exercise=exercise).delete()
            used = ProgramExercise.objects.filter(exercise=exercise).exists()
            exercise.delete()
            self.counts["deleted while used" if used else "deleted"] += 1
            return
        exercise.steps = "Other words." if what == "words" else exercise.steps
        exercise.sets = 9 if what == "amount" else exercise.sets
        exercise.approved_by = "" if what == "not approved" else "A. Sample"
        exercise.not_for = ["blood_thinners"] if what == "not for" else exercise.not_for
        exercise.save()

    # Staff -----------------------------------------------------------------------------------------------

    @precondition(lambda self: Program.objects.count() < 3)
    @rule(picks=st.lists(st.integers(0, 3), min_size=1, max_size=4), days=st.integers(-1, 3))
    def is_made(self, picks: list[int], days: int) -> None:
        """A program, or the next one beside it."""
        template = ProgramTemplate.objects.get()
        rows = operations.choices_of(template)
        if not rows:
            return
        chosen = {rows[pick % len(rows)].exercise_id: rows[pick % len(rows)].exercise for pick in picks}
        before = Program.objects.count()
        first, key = local(self.now).date() + timedelta(days=days), uuid.uuid4()
        made = []
        try:
            for _twice in range(2):
                made.append(
                    operations.make_program(
                        booking=self.visit,
                        template=template,
                        chosen=list(chosen),
                        started_on=first,
                        key=key,
                        act=self.act,
                    )
                )
        except BookingError as error:
            self.counts["refused"] += isinstance(error, operations.NotForHealth)
        if not made:
            assert days < 0 or any(self.refused(exercise) for exercise in chosen.values())
            assert Program.objects.count() == before
            return
        assert not any(self.refused(exercise) for exercise in chosen.values())
        assert made[0] == made[1]
        assert Program.objects.count() == before + 1
        self.counts["made"] += 1

    @rule(pick=PICKS, exercise=PICKS, week=st.integers(0, 9))
    def is_added(self, pick: int, exercise: int, week: int) -> None:
        program, library = self.program(pick), list(Exercise.objects.offered().order_by("pk"))
        if program is None or not library:
            return
        wanted = library[exercise % len(library)]
        rows = ProgramExercise.objects.filter(program=program)
        before = rows.count()
        try:
            operations.add_exercise(program=program, exercise=wanted, from_week=week, act=self.act)
        except BookingError as error:
            self.counts["refused"] += isinstance(error, operations.NotForHealth)
        if rows.count() == before:
            return
        assert not self.refused(wanted)
        self.counts["added"] += 1

    @rule(
        pick=PICKS,
        sets=st.integers(1, 10),
        days=st.integers(1, 7),
        last=st.integers(1, 9),
        takes_out=st.booleans(),
    )
    def is_changed(self, pick: int, sets: int, days: int, last: int, takes_out: bool) -> None:
        exercise = self.exercise(pick)
        if exercise is None:
            return
        amounts = {"sets": sets, "amount": 12, "days_a_week": days, "from_week": 1, "to_week": last}
        try:
            operations.change_exercise(exercise=exercise, amounts={} if takes_out else amounts, act=self.act)
        except BookingError:
            return
        self.counts["taken out" if takes_out else "changed"] += 1

    @rule(pick=PICKS, what=st.sampled_from(["pause or go on"] * 5 + ["end", "note", "link"]))
    def staff_press(self, pick: int, what: str) -> None:
        program = self.program(pick)
        if program is None:
            return
        if what == "pause or go on":
            what = "pause" if program.paused_on is None else "go on"
        press: dict[str, Any] = {
            "pause": operations.pause,
            "go on": operations.resume,
            "end": operations.end,
            "link": client_link.send_link,
        }
        try:
            if what == "note":
                operations.write_note(program=program, text="Slowly, please.", act=self.act)
            else:
                press[what](program=program, act=self.act)
        except ChangedMeanwhile:
            assert program.ended_at is not None
            return
        assert program.ended_at is None
        self.counts[what] += 1

    @precondition(lambda self: self.now > self.visit.starts_at + timedelta(days=1))
    @rule()
    def is_erased(self) -> None:
        """Nothing is left of the client, and another one comes."""
        client = self.visit.client
        visits.complete_booking(booking=self.visit, actor=self.staff, now=self.now)
        erasure.erase_client(client=client, actor=self.staff, now=self.now)
        for model in (Program, ProgramExercise, ExerciseDay, WeekCheck):
            assert not model._default_manager.exists()
        self.words, self.copies = {}, {}
        self.counts["erased"] += 1
        self.somebody_comes()

    # The client ------------------------------------------------------------------------------------------

    @rule(days=st.integers(1, 9), seed=PICKS)
    def days_pass(self, days: int, seed: int) -> None:
        """On each of them something is pressed: done or not, hours ago or now, once or again."""
        chance = random.Random(seed)
        for _day in range(days):
            self.now += timedelta(days=1)
            rows = list(ProgramExercise.objects.select_related("program").order_by("pk"))
            for exercise in chance.sample(rows, min(4, len(rows))):
                self.is_pressed(exercise, chance)

    def is_pressed(self, exercise: ProgramExercise, chance: random.Random) -> None:
        """Also one that was taken out: another page may still show it."""
        outcome = chance.choice([DONE, DONE, DONE, SKIPPED])
        at, key = self.now - timedelta(hours=chance.choice([0, 0, 0, 2, 14, 23, 30])), uuid.uuid4()
        day, is_same = local(at).date(), chance.random() < 0.5
        for _again in range(chance.choice([1, 1, 2])):
            pain = chance.choice([None, 0, 3, 6, 7, 9]) if outcome == DONE else None
            pressed = presses.Pressed(outcome, at, key if is_same else uuid.uuid4(), pain)
            program = Program.objects.get(pk=exercise.program_id)
            try:
                word = presses.press(exercise=exercise, pressed=pressed, now=self.now)
            except BookingError:
                self.counts["press refused"] += 1
                return
            # Nothing is written down that was not asked for by then.
            assert exercise.added_at <= at <= self.now
            assert exercise.held_at is None or at < exercise.held_at
            assert program.paused_on is None or day < program.paused_on
            assert word.day == day
            before = self.words.get((exercise.pk, day))
            hurts_more = (
                before is not None and (pain or 0) >= presses.HURTS_MUCH and (pain or 0) > (before[2] or 0)
            )
            # A word stands, but for "not that day", and for less pain where it hurts much.
            if before is None or (before[0] == SKIPPED and not (is_same and word.key != key)) or hurts_more:
                week = before[1] if before else program.week_of(day)
                self.words[exercise.pk, day] = (outcome, week, pain)
        self.counts["done" if outcome == DONE else "let be"] += 1

    @rule(pick=PICKS)
    def is_taken_back(self, pick: int) -> None:
        exercise = self.exercise(pick, on=local(self.now).date())
        if exercise is None:
            return
        try:
            presses.take_back(exercise=exercise, now=self.now)
        except presses.NotRunning:
            return
        # Today's alone.
        del self.words[exercise.pk, local(self.now).date()]
        self.counts["taken back"] += 1

    @rule(pick=PICKS, pain=st.integers(0, 10))
    def week_is_checked(self, pick: int, pain: int) -> None:
        program = self.program(pick)
        if program is None:
            return
        week = presses.week_to_check(program, now=self.now)
        before = {
            check.week: check.answers for check in WeekCheck.objects.filter(program=program).order_by("pk")
        }
        said = {"at_rest": pain, "moving": pain, "ease": "right", "posture": "same", "words": ""}
        try:
            presses.check_week(program=program, week=week or 1, answers=said, now=self.now)
        except presses.NotRunning:
            assert week is None
            said = {}
        after = {
            check.week: check.answers for check in WeekCheck.objects.filter(program=program).order_by("pk")
        }
        # The first answers stand.
        assert after == ({week: said} if said else {}) | before
        self.counts["checked"] += bool(said)

    def program(self, pick: int) -> Program | None:
        """One that has not ended, mostly."""
        rows = Program.objects.select_related("booking", "link").order_by("pk")
        found = list(rows.filter(ended_at=None) if pick % 5 else rows)
        return found[pick % len(found)] if found else None

    def exercise(self, pick: int, *, on: date | None = None) -> ProgramExercise | None:
        """Also one that was taken out: another page may still show it. With `on`, mostly one with that day's word."""
        rows = ProgramExercise.objects.select_related("program").order_by("ended_at", "pk")
        said = rows.filter(pk__in=[pk for pk, day in self.words if day == on])
        found = list(said if pick % 5 else rows) or list(rows)
        return found[pick % len(found)] if found else None

    # What must never be false ----------------------------------------------------------------------------

    @invariant()
    def what_was_done_stands(self) -> None:
        """Word for word as it was pressed: whatever was changed, paused, ended or deleted since."""
        rows = ExerciseDay.objects.order_by("pk")
        assert {(row.exercise_id, row.day): (row.outcome, row.week, row.pain) for row in rows} == self.words

    @invariant()
    def done_once_a_day(self) -> None:
        twice = (
            ExerciseDay.objects.values("exercise", "day")
            .order_by()
            .annotate(rows=Count("pk"))
            .filter(rows__gt=1)
        )
        assert not twice.exists()

    @invariant()
    def what_was_asked_stands(self) -> None:
        """A copy never changes but to end, and an end stays."""
        rows = ProgramExercise.objects.order_by("pk")
        now = {
            row.pk: (row.program_id, row.name, row.steps, row.sets, row.days_a_week, row.from_week, row.to_week,
                     row.added_at, row.ended_at)
            for row in rows
        }  # fmt: skip
        for pk, before in self.copies.items():
            assert now[pk][:-1] == before[:-1]
            assert before[-1] in (None, now[pk][-1])
        self.copies = now
        for program in Program.objects.order_by("pk"):
            standing = [row for row in rows if row.program_id == program.pk and row.ended_at is None]
            assert len(standing) <= MOST_EXERCISES
            assert all(1 <= row.from_week <= row.to_week <= program.weeks for row in standing)

    @invariant()
    def the_page_shows_what_stands(self) -> None:
        """What is asked for today and nothing else: none that was taken out, or that was refused."""
        today = local(self.now).date()
        names = {name for _program, name, *_rest in self.copies.values()}
        with time_machine.travel(self.now, tick=False):
            for program in Program.objects.select_related("link").order_by("-pk")[:1]:
                response = Client().get(f"/program/{client_link.token_of(program)}/")
                assert response.status_code in (200, 404)
                if response.status_code == 404:
                    assert presses.program_of(client_link.token_of(program), now=self.now) is None
                    continue
                shown = [each["row"].name for each in response.context["asked"]]
                held = {row.name for row in response.context["held"]}
                rows = ProgramExercise.objects.filter(program=program, ended_at=None).order_by(
                    "from_week", "pk"
                )
                assert shown == [row.name for row in rows if is_asked_on(row, program, today)]
                assert held.isdisjoint(shown)
                said = text(response)
                if not response.context["is_running"]:
                    shown = []
                for name in names - held - set(shown):
                    assert name not in said


def test_any_order_of_events_rewrites_nothing(world: World, staff: User) -> None:
    TermsVersion.objects.update(published_at=LONG_AGO)
    ScreeningVersion.objects.update(published_at=LONG_AGO)
    Therapist.objects.update(certificate_expires_on=None)
    ProgramStory.world, ProgramStory.staff, ProgramStory.counts = world, staff, Counter()

    # Which stories are drawn changes with any line of the program: more of them, until each thing has happened.
    for number in range(ROUNDS):
        if not FULL:
            seed(number)(ProgramStory)
        run_state_machine_as_test(
            ProgramStory,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=not FULL,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        if all(ProgramStory.counts[happened] for happened in HAPPENS):
            break

    write_down("programs in any order of events", **dict(sorted(ProgramStory.counts.items())))
    for happened in HAPPENS:
        assert ProgramStory.counts[happened] > 0, happened
