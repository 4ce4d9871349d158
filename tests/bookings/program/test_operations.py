"""Making a program, changing it, doing it, and what becomes of it."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from bookings.domain import clients, erasure, export, intake, links, message_copies
from bookings.domain import operations as visits
from bookings.domain.operations import StaffAct
from bookings.enums import LookedAt, MessageKind
from bookings.exceptions import ChangedMeanwhile, NoLongerOffered, SubmissionReused, TooLate
from bookings.models import Booking, BookingRules, HealthAccess, Link, Message
from bookings.notifications import delivery
from bookings.program import assessments, client_link, operations, presses, reminders
from bookings.program.models import (
    Exercise,
    ExerciseDay,
    Program,
    ProgramExercise,
    ProgramTemplate,
    TemplateExercise,
    WeekCheck,
)
from tests.bookings.views.visits.browsers import text
from tests.factories import CLEAR_ANSWERS, NOW, World
from tests.factories import at as at_hour

from .conftest import TODAY, confirmed, day_of, exercise_of, make, make_exercise, make_template, page_of

pytestmark = pytest.mark.django_db
DONE, SKIPPED = ExerciseDay.Outcome.DONE, ExerciseDay.Outcome.SKIPPED
DAY = timedelta(days=1)


def press(
    exercise: ProgramExercise,
    at: datetime = NOW,
    outcome: ExerciseDay.Outcome = DONE,
    pain: int | None = None,
    **more: Any,
) -> ExerciseDay:
    pressed = presses.Pressed(outcome, at, more.pop("key", uuid.uuid4()), pain)
    return presses.press(exercise=exercise, pressed=pressed, now=more.pop("now", at))


def test_a_program_is_a_copy_and_the_client_gets_a_link(
    visit: Booking, template: ProgramTemplate, staff: User
) -> None:
    program = make(visit, template, staff)
    assert (program.name, program.sport, program.weeks) == ("For runners", "running", 8)
    bridge = exercise_of(program)
    assert (bridge.from_week, bridge.to_week, bridge.sets, bridge.steps) == (
        1, 8, 2, "Lie down.\nLift your hips.",
    )  # fmt: skip
    message = Message.objects.get(kind=MessageKind.PROGRAM)
    assert message.link is not None
    assert message.link.email == "ana@example.com"
    found = presses.program_of(client_link.token_of(program), now=NOW)
    assert found == program

    # What the owner changes or deletes later is nothing to who is on it.
    Exercise.objects.filter(name="Bridge").update(steps="Other", sets=9)
    template.exercises.all().delete()
    Exercise.objects.order_by("pk").delete()
    bridge = exercise_of(program)
    assert (bridge.exercise, bridge.sets, bridge.steps) == (None, 2, "Lie down.\nLift your hips.")


def test_the_same_press_makes_one_program(visit: Booking, template: ProgramTemplate, staff: User) -> None:
    key = uuid.uuid4()
    assert make(visit, template, staff, key=key) == make(visit, template, staff, key=key)
    assert Program.objects.count() == Message.objects.filter(kind=MessageKind.PROGRAM).count() == 1
    with pytest.raises(SubmissionReused):
        make(visit, template, staff, key=key, started_on=TODAY + DAY)


@pytest.mark.parametrize(
    ("answers", "refused"),
    [({}, None), ({"pregnancy": "yes", "pregnancy_signs": "no"}, False), ({"pregnancy": "unsure"}, False),
     ({"cancer": "yes"}, None)],
)  # fmt: skip
def test_an_exercise_is_refused_by_what_was_answered(
    world: World, staff: User, answers: dict[str, str], refused: bool | None
) -> None:
    visit = world.book(answers={**CLEAR_ANSWERS, **answers})
    if visits.needs_clinician_note(visit):
        visits.record_clinician_note(booking=visit, actor=staff, note="Fine.", now=NOW)
    visits.confirm_booking(booking=visit, actor=staff, now=NOW)
    template = make_template((make_exercise(not_for=["pregnancy"]), 1, 8))
    if refused is None:
        assert make(visit, template, staff)
    else:
        with pytest.raises(operations.NotForHealth) as error:
            make(visit, template, staff)
        assert (error.value.question, error.value.is_unknown) == ("pregnancy", refused)
        assert not Program.objects.exists()
    # Either way somebody has looked.
    look = HealthAccess.objects.get(what=LookedAt.PROGRAM)
    assert (look.booking, look.user) == (visit, staff)


def test_what_was_not_asked_speaks_against_an_exercise_too(visit: Booking, staff: User) -> None:
    template = make_template((make_exercise(not_for=["of_another_version"]), 1, 8))
    with pytest.raises(operations.NotForHealth) as error:
        make(visit, template, staff)
    assert error.value.is_unknown


def test_milder_answers_given_again_take_nothing_back(world: World, staff: User) -> None:
    from bookings.models import ScreeningRecheck

    visit = confirmed(world, staff)
    for answer in ("yes", "no"):
        ScreeningRecheck.objects.create(
            booking=visit, version=world.screening, answers={**CLEAR_ANSWERS, "blood_thinners": answer},
            tier="clear", new_tier="clear", evaluated_at=NOW,
        )  # fmt: skip
    facts = intake.read_facts(booking=visit, user=staff, now=NOW)
    assert facts.graver == {"blood_thinners"}
    assert "cancer" in facts.clear
    # Read again within the hours it is one look.
    intake.read_facts(booking=visit, user=staff, now=NOW + timedelta(hours=11))
    assert HealthAccess.objects.filter(what=LookedAt.PROGRAM).count() == 1


def test_bad_input_makes_no_program(world: World, visit: Booking, staff: User) -> None:
    waits = world.book(email="bo@example.com", phone="+12135550188", starts_at=NOW + timedelta(days=8))
    unapproved = make_exercise("Plank", approved_by="")
    bridge = make_exercise()
    template = make_template((bridge, 1, 8), (unapproved, 1, 8))
    late = make_template((bridge, 9, 9), name="Without a week")
    for error, of, made_from, changes in (
        (operations.NoVisit, waits, template, {}),
        (NoLongerOffered, visit, template, {"chosen": [unapproved.pk]}),
        (NoLongerOffered, visit, template, {"chosen": [bridge.pk, 10**9]}),
        (operations.NothingToDo, visit, template, {"chosen": []}),
        (operations.NothingToDo, visit, late, {}),
        (TooLate, visit, template, {"started_on": TODAY - DAY}),
        (TooLate, visit, template, {"started_on": TODAY + timedelta(days=61)}),
    ):
        with pytest.raises(error):
            make(of, made_from, staff, **changes)
    assert not Program.objects.exists()
    assert not Link.objects.filter(purpose="program").exists()


def test_a_day_has_one_word_and_the_first_stands(program: Program) -> None:
    bridge = exercise_of(program)
    word = press(bridge, pain=2)
    again = press(bridge, pain=5)
    assert word == again
    assert ExerciseDay.objects.get().pain == 2
    # Not that day, and then done after all.
    skipped = press(bridge, NOW + DAY, SKIPPED)
    done = press(bridge, NOW + DAY, DONE, 3)
    assert skipped.pk == done.pk
    assert (done.outcome, done.pain) == (DONE, 3)
    # The same press, sent again after it was taken back, stands as it was told.
    presses.take_back(exercise=bridge, now=NOW + DAY)
    with pytest.raises(presses.NotRunning):
        presses.take_back(exercise=bridge, now=NOW + DAY)
    assert ExerciseDay.objects.count() == 1


def test_a_press_counts_on_the_day_on_which_it_was_made(program: Program) -> None:
    """Kept on a phone overnight; and a clock in another zone changes nothing, since it sends its age."""
    bridge = exercise_of(program)
    word = press(bridge, NOW + timedelta(hours=11), now=NOW + timedelta(hours=20))
    assert word.day == TODAY
    for at, now in ((NOW, NOW + timedelta(hours=25)), (NOW + timedelta(hours=1), NOW)):
        with pytest.raises(TooLate):
            press(bridge, at, now=now)


def test_presses_outside_of_the_program_are_refused(program: Program, staff: User) -> None:
    bridge, stretch = exercise_of(program), exercise_of(program, "Calf stretch")
    week = timedelta(days=7)
    for exercise, at in ((stretch, NOW), (bridge, NOW + 8 * week)):
        with pytest.raises(presses.NotRunning):
            press(exercise, at)
    assert press(stretch, NOW + 2 * week).week == 3
    operations.end(program=program, act=StaffAct(NOW + 3 * week, staff))
    with pytest.raises(presses.NotRunning):
        press(bridge, NOW + 3 * week + DAY)
    # Made before the end, and sent after it.
    assert press(bridge, NOW + 3 * week - timedelta(hours=1), now=NOW + 3 * week)


def test_what_was_done_stays_beside_what_was_asked(program: Program, staff: User) -> None:
    bridge = exercise_of(program)
    word = press(bridge)
    amounts = {"sets": 3, "amount": 12, "days_a_week": 4, "from_week": 1, "to_week": 6}
    later = StaffAct(NOW + DAY, staff)
    changed = operations.change_exercise(exercise=bridge, amounts=amounts, act=later)
    assert changed is not None
    assert (changed.sets, changed.steps, changed.to_week) == (3, bridge.steps, 6)
    word.refresh_from_db()
    assert (word.exercise.sets, word.exercise.ended_at) == (2, NOW + DAY)
    with pytest.raises(ChangedMeanwhile):
        operations.change_exercise(exercise=bridge, amounts=amounts, act=later)
    with pytest.raises(operations.NothingToDo):
        operations.change_exercise(exercise=changed, amounts={**amounts, "to_week": 9}, act=later)
    assert operations.change_exercise(exercise=changed, amounts={}, act=later) is None
    assert ProgramExercise.objects.filter(program=program, ended_at=None).count() == 1
    with pytest.raises(presses.NotRunning):
        press(changed, NOW + 2 * DAY)


def test_an_exercise_is_added_by_the_same_rules(program: Program, staff: User) -> None:
    act = StaffAct(NOW, staff)
    plank = make_exercise("Plank")
    added = operations.add_exercise(program=program, exercise=plank, from_week=2, act=act)
    assert (added.from_week, added.to_week, added.exercise) == (2, 8, plank)
    for error, exercise, week in (
        (ChangedMeanwhile, plank, 3),
        (operations.NothingToDo, make_exercise("Hinge"), 9),
        (operations.NotForHealth, make_exercise("Row", not_for=["unknown"]), 1),
        (NoLongerOffered, make_exercise("Draft", approved_by=""), 1),
    ):
        with pytest.raises(error):
            operations.add_exercise(program=program, exercise=exercise, from_week=week, act=act)


def test_a_pause_moves_the_rest(program: Program, staff: User) -> None:
    bridge = exercise_of(program)
    word = press(bridge, NOW + 8 * DAY)
    assert word.week == 2
    operations.pause(program=program, act=StaffAct(NOW + 9 * DAY, staff))
    with pytest.raises(presses.NotRunning):
        press(bridge, NOW + 9 * DAY)
    with pytest.raises(ChangedMeanwhile):
        operations.pause(program=program, act=StaffAct(NOW + 9 * DAY, staff))
    operations.resume(program=program, act=StaffAct(NOW + 19 * DAY, staff))
    program.refresh_from_db()
    assert (program.started_on, program.paused_on) == (TODAY + 10 * DAY, None)
    assert press(bridge, NOW + 19 * DAY).week == 2
    word.refresh_from_db()
    assert word.week == 2
    with pytest.raises(ChangedMeanwhile):
        operations.resume(program=program, act=StaffAct(NOW + 19 * DAY, staff))


@pytest.mark.parametrize(
    ("pains", "hurts"),
    [([2, 2, 2, 2, 3, 3], False), ([1, 1, 1, 3, 3, 3], True), ([7], True), ([6, 6, 6], False), ([None], False),
     ([4, 4, 4, 1, 1, 1], False)],
)  # fmt: skip
def test_somebody_is_asked_to_look_when_it_hurts_more(
    program: Program, pains: list[int | None], hurts: bool
) -> None:
    bridge = exercise_of(program)
    for number, pain in enumerate(pains):
        press(bridge, NOW + number * DAY, pain=pain)
    program.refresh_from_db()
    assert (program.hurts_since is not None) is hurts
    operations.look_at(program=program, user=program.made_by, now=NOW)
    program.refresh_from_db()
    assert program.hurts_since is None


@pytest.mark.parametrize("same_key", [False, True])
def test_a_second_word_that_hurts_much_is_written_down(program: Program, same_key: bool) -> None:
    bridge, key = exercise_of(program), uuid.uuid4()
    press(bridge, NOW, pain=2, key=key)
    second: dict[str, Any] = {"key": key if same_key else uuid.uuid4()}
    for _again in range(2):
        assert press(bridge, NOW + timedelta(minutes=1), pain=9, **second).pain == 9
        program.refresh_from_db()
        assert program.hurts_since == NOW + timedelta(minutes=1)
    assert ExerciseDay.objects.get().pain == 9
    # Sent again after somebody has looked, it is the same word.
    operations.look_at(program=program, user=program.made_by, now=NOW)
    press(bridge, NOW + timedelta(minutes=1), pain=9, **second)
    program.refresh_from_db()
    assert program.hurts_since is None


def test_a_kept_press_that_hurts_is_told_though_a_later_one_came_first(program: Program) -> None:
    plank = make_exercise("Plank")
    added = operations.add_exercise(
        program=program, exercise=plank, from_week=1, act=StaffAct(NOW, program.made_by)
    )
    late = NOW + timedelta(hours=2)
    press(exercise_of(program), late, pain=2)
    press(added, late - timedelta(hours=1), pain=9, now=late)
    program.refresh_from_db()
    assert program.hurts_since == late


def test_what_is_pressed_while_somebody_looks_is_not_taken_for_seen(program: Program) -> None:
    """Presses take the program's row, and so does the look, before it reads."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        operations.look_at(program=program, user=program.made_by, now=NOW)
    words = [query["sql"] for query in asked]
    first = next(number for number, sql in enumerate(words) if "program_exerciseday" in sql)
    held = [
        number for number, sql in enumerate(words) if "program_program" in sql and "FOR NO KEY UPDATE" in sql
    ]
    if connection.features.has_select_for_no_key_update:
        assert held[0] < first
    assert "UPDATE" in words[-2] + words[-1]


def test_words_that_no_key_opens_say_nothing(program: Program, settings: Any) -> None:
    from cryptography.fernet import Fernet

    bridge = exercise_of(program)
    operations.write_note(program=program, text="Slowly.", act=StaffAct(NOW, program.made_by))
    for day in range(6):
        press(bridge, NOW + day * DAY, pain=1)
    settings.HEALTH_KEYS = [Fernet.generate_key().decode()]
    for day in range(6, 10):
        press(bridge, NOW + day * DAY, pain=4)
    assert press(bridge, NOW + 5 * DAY, pain=8, now=NOW + 5 * DAY).pain == 8
    assert Program.objects.values_list("hurts_since", flat=True).get() is not None
    # Neither mail shows the therapist's word.
    delivery.send_due(clock=lambda: NOW)
    assert Message.objects.get(kind=MessageKind.PROGRAM).state == "sent"


def test_a_new_link_ends_the_one_before_and_so_does_another_mailbox(program: Program, staff: User) -> None:
    before = client_link.token_of(Program.objects.get())
    client_link.send_link(program=program, act=StaffAct(NOW, staff))
    program = Program.objects.get()
    after = client_link.token_of(program)
    assert presses.program_of(before, now=NOW) is None
    assert presses.program_of(after, now=NOW) == program
    assert presses.program_of("nonsense", now=NOW) is None
    links.revoke_links_of_client(program.booking.client, now=NOW)
    assert presses.program_of(after, now=NOW) is None
    ends = day_of(program, 9)
    assert program.link is not None
    assert (program.link.expires_at.date() - ends).days in (58, 59, 60)


def test_what_hurt_and_the_note_are_encrypted_and_looks_are_logged(program: Program, staff: User) -> None:
    from django.db import connection

    operations.write_note(program=program, text="CANARY-WORD", act=StaffAct(NOW, staff))
    press(exercise_of(program), pain=4)
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM program_program")
        note = cursor.fetchone()[0]
        cursor.execute("SELECT pain FROM program_exerciseday")
        pain = cursor.fetchone()[0]
    assert "CANARY" not in note
    assert note.startswith("gAAAAA")
    assert pain.startswith("gAAAAA")
    HealthAccess.objects.filter(what=LookedAt.PROGRAM).delete()
    (day,) = operations.open_days(program=program, user=staff, now=NOW)
    assert day.pain == 4
    assert HealthAccess.objects.filter(what=LookedAt.PROGRAM, user=staff).count() == 1


def test_a_mail_says_nothing_of_health(program: Program) -> None:
    delivery.send_due(clock=lambda: NOW)
    message = Message.objects.get(kind=MessageKind.PROGRAM)
    assert message.state == "sent"
    text = (message_copies.copy_of(message) or {})["text"]
    assert "Hello Ana." in text
    assert "8 weeks" in text
    assert "Bridge" not in text


ANSWERS = {"at_rest": 2, "moving": 3, "ease": "right", "posture": "better", "words": "CANARY"}


def test_a_week_is_asked_about_once_and_in_its_days(program: Program, staff: User) -> None:
    def asked(day: int) -> int | None:
        return presses.week_to_check(program, now=NOW + day * DAY)

    assert [asked(day) for day in (0, 4, 5, 11, 12, 54, 60, 61)] == [None, None, 1, 1, 2, 8, 8, None]
    at = NOW + 5 * DAY
    presses.check_week(program=program, week=1, answers=ANSWERS, now=at)
    presses.check_week(program=program, week=1, answers={**ANSWERS, "moving": 9}, now=at)
    (check,) = operations.open_checks(program=program, user=staff, now=at)
    assert (check.week, check.answers) == (1, ANSWERS)
    program.refresh_from_db()
    assert program.hurts_since is None
    for week in (0, 2, 8):
        with pytest.raises(presses.NotRunning):
            presses.check_week(program=program, week=week, answers=ANSWERS, now=at)
    presses.check_week(program=program, week=2, answers={**ANSWERS, "at_rest": 7}, now=at + 7 * DAY)
    program.refresh_from_db()
    assert program.hurts_since == at + 7 * DAY
    operations.pause(program=program, act=StaffAct(NOW, staff))
    program.refresh_from_db()
    assert asked(20) is None


def written() -> int:
    return Message.objects.filter(kind=MessageKind.PROGRAM_REMINDER).count()


def test_reminders_are_wished_for_limited_and_off_at_once(program: Program, staff: User) -> None:
    at = NOW + 3 * DAY
    assert reminders.write_reminders(now=at) == 0
    reminders.wish_for_reminders(program=program, wanted=True)
    assert reminders.write_reminders(now=at - DAY) == 0
    # Noon in Los Angeles; none at night.
    assert reminders.write_reminders(now=at + timedelta(hours=8)) == 0
    assert reminders.write_reminders(now=at) == 1
    assert reminders.write_reminders(now=at) == 0
    assert reminders.write_reminders(now=at + 2 * DAY) == 0
    press(exercise_of(program), at + 2 * DAY)
    assert reminders.write_reminders(now=at + 4 * DAY) == 0
    # Two days were missed so far.
    assert reminders.write_reminders(now=at + 5 * DAY) == 0
    assert reminders.write_reminders(now=at + 6 * DAY) == 1
    for number in range(10):
        reminders.write_reminders(now=at + timedelta(days=8 + 3 * number))
    assert written() == reminders.MOST_REMINDERS == 6

    # With a No what waits is not sent.
    reminders.wish_for_reminders(program=program, wanted=False)
    rows = Message.objects.filter(kind=MessageKind.PROGRAM_REMINDER)
    assert set(rows.order_by().values_list("state", flat=True)) == {"dropped"}


@pytest.mark.parametrize("why", ["off", "paused", "ended", "over", "not begun", "no link", "no email"])
def test_no_reminder(program: Program, staff: User, why: str) -> None:
    reminders.wish_for_reminders(program=program, wanted=why != "off")
    at = NOW + 4 * DAY
    if why == "paused":
        operations.pause(program=program, act=StaffAct(NOW, staff))
    elif why == "ended":
        operations.end(program=program, act=StaffAct(NOW, staff))
    elif why == "over":
        at = NOW + 56 * DAY
    elif why == "not begun":
        Program.objects.update(started_on=TODAY + 2 * DAY)
    elif why == "no link":
        Link.objects.filter(purpose="program").update(revoked_at=NOW)
    elif why == "no email":
        Link.objects.filter(purpose="program").update(email="")
    assert reminders.write_reminders(now=at) == written() == 0


def test_days_of_rest_are_not_missed(visit: Booking, staff: User) -> None:
    program = make(visit, make_template((make_exercise(days_a_week=1), 1, 8)), staff)
    reminders.wish_for_reminders(program=program, wanted=True)
    press(exercise_of(program))
    # It is asked for on each seventh day: missed on days 7, 14 and 21, and told on the next of them.
    assert [day for day in range(1, 30) if reminders.write_reminders(now=NOW + day * DAY)] == [28]


def test_nothing_is_missed_before_the_first_week_that_asks(visit: Booking, staff: User) -> None:
    program = make(visit, make_template((make_exercise(days_a_week=7), 3, 8)), staff)
    reminders.wish_for_reminders(program=program, wanted=True)
    assert [day for day in range(1, 19) if reminders.write_reminders(now=NOW + day * DAY)] == [17]


def test_days_of_a_pause_are_not_missed(program: Program, staff: User) -> None:
    reminders.wish_for_reminders(program=program, wanted=True)
    press(exercise_of(program), NOW + 8 * DAY)
    operations.pause(program=program, act=StaffAct(NOW + 9 * DAY, staff))
    operations.resume(program=program, act=StaffAct(NOW + 19 * DAY, staff))
    assert [day for day in range(19, 24) if reminders.write_reminders(now=NOW + day * DAY)] == [22]


@pytest.mark.parametrize("why", ["off", "ended", "paused", "pressed", "night", ""])
def test_a_reminder_is_looked_at_again_when_it_leaves(program: Program, staff: User, why: str) -> None:
    at = NOW + 3 * DAY
    reminders.wish_for_reminders(program=program, wanted=True)
    assert reminders.write_reminders(now=at) == 1
    # The mail server was away.
    Message.objects.filter(kind=MessageKind.PROGRAM_REMINDER).update(attempts=1)
    if why == "off":
        reminders.wish_for_reminders(program=program, wanted=False)
    elif why == "ended":
        operations.end(program=program, act=StaffAct(at, staff))
    elif why == "paused":
        operations.pause(program=program, act=StaffAct(at, staff))
    elif why == "pressed":
        press(exercise_of(program), at)
    leaves = at + timedelta(hours=12 if why == "night" else 1)
    delivery.send_due(clock=lambda: leaves)
    state = Message.objects.get(kind=MessageKind.PROGRAM_REMINDER).state
    assert state == ("dropped" if why else "sent")
    # The link itself is of no use for a program that has ended.
    assert Message.objects.get(kind=MessageKind.PROGRAM).state == ("dropped" if why == "ended" else "sent")


def test_who_goes_on_after_a_long_pause_gets_a_link_again(program: Program, staff: User) -> None:
    operations.pause(program=program, act=StaffAct(NOW + DAY, staff))
    late = NOW + 200 * DAY
    links.purge_links(now=late)
    operations.resume(program=program, act=StaffAct(late, staff))
    program = Program.objects.select_related("link").get()
    assert presses.program_of(client_link.token_of(program), now=late + 110 * DAY) == program
    assert Message.objects.filter(kind=MessageKind.PROGRAM, link=program.link).count() == 1


def test_graver_answers_at_a_later_visit_count(world: World, program: Program, staff: User) -> None:
    plank = make_exercise("Plank", not_for=["blood_thinners"])
    graver, later = {**CLEAR_ANSWERS, "blood_thinners": "yes"}, NOW + DAY
    world.book(
        starts_at=at_hour(10, day=date(2026, 12, 14)), recipient_name="Rose", answers=graver, now=later
    )
    act = StaffAct(later, staff)
    added = operations.add_exercise(program=program, exercise=plank, from_week=1, act=act)
    # Until here it was said of another person.
    assert operations.refused_now(program=program, user=staff, now=later) == []
    operations.change_exercise(exercise=added, amounts={}, act=act)
    own = world.book(starts_at=at_hour(14, day=date(2026, 12, 14)), answers=graver, now=later)
    for write in (
        lambda: operations.add_exercise(program=program, exercise=plank, from_week=1, act=act),
        lambda: make(
            program.booking, make_template((plank, 1, 8), name="Core"), staff, act=act, started_on=TODAY + DAY
        ),
    ):
        with pytest.raises(operations.NotForHealth) as error:
            write()
        assert (error.value.question, error.value.is_unknown) == ("blood_thinners", False)
    assert HealthAccess.objects.filter(what=LookedAt.PROGRAM, booking=own, user=staff).exists()
    # What stands is spoken of.
    Exercise.objects.filter(name="Bridge").update(not_for=["blood_thinners"])
    (refused,) = operations.refused_now(program=program, user=staff, now=later)
    assert refused.exercise.name == "Bridge"


def test_an_assessment_is_of_one_person(world: World, visit: Booking, staff: User) -> None:
    assessments.write_assessment(booking=visit, findings={"pain": 8}, act=StaffAct(NOW, staff))
    rose, again = (
        confirmed(world, staff, starts_at=at_hour(hour, day=date(2026, 12, 14)), **changes)
        for hour, changes in ((10, {"recipient_name": "Rose"}), (14, {}))
    )
    HealthAccess.objects.all().delete()
    assert assessments.last_assessment(rose) is None
    assert assessments.open_assessment(booking=rose, user=staff, now=NOW) is None
    assert not HealthAccess.objects.exists()
    found = assessments.open_assessment(booking=again, user=staff, now=NOW)
    assert found is not None
    assert found.findings == {"pain": 8}
    # The look is at the visit of which it is.
    assert HealthAccess.objects.get().booking == visit
    # One of a later visit is none of this one's.
    assessments.write_assessment(booking=again, findings={"pain": 3}, act=StaffAct(NOW, staff))
    assert assessments.last_assessment(visit) == found


def test_another_mailbox_gets_a_new_link(world: World, program: Program, staff: User) -> None:
    before = client_link.token_of(program)
    keep = world.book(email="ana@home.example.com", starts_at=at_hour(10, day=date(2026, 12, 14))).client
    clients.merge_clients(keep=keep, other=program.booking.client, actor=staff, now=NOW)
    program = Program.objects.select_related("link").get()
    assert program.link is not None
    assert program.link.email == "ana@home.example.com"
    assert presses.program_of(before, now=NOW) is None
    assert presses.program_of(client_link.token_of(program), now=NOW) == program
    assert Message.objects.filter(kind=MessageKind.PROGRAM, link=program.link).count() == 1


def test_export_tells_all_and_erasure_leaves_nothing(program: Program, staff: User) -> None:
    press(exercise_of(program), pain=4)
    presses.check_week(program=program, week=1, answers=ANSWERS, now=NOW + 5 * DAY)
    client = program.booking.client
    data = export.as_data(export.all_about(client))["program"]
    assert data[0]["name"] == "For runners"
    assert data[0]["days"] == [{"day": str(TODAY), "exercise": "Bridge", "outcome": "done", "pain": 4}]
    assert data[0]["checks"][0]["answers"] == ANSWERS
    visits.complete_booking(booking=program.booking, actor=staff, now=NOW + timedelta(days=30))
    erasure.erase_client(client=client, actor=staff, now=NOW + timedelta(days=31))
    for model in (Program, ProgramExercise, ExerciseDay, WeekCheck):
        assert not model.objects.exists()
    assert not Link.objects.filter(purpose="program").exists()


def test_it_goes_with_the_health_answers(program: Program) -> None:
    press(exercise_of(program), pain=4)
    months = BookingRules.load().health_kept_months
    intake.purge_health_answers(now=NOW + timedelta(days=30 * months - 40))
    assert Program.objects.exists()
    intake.purge_health_answers(now=NOW + timedelta(days=31 * months + 40))
    assert not Program.objects.exists()
    assert not ExerciseDay.objects.exists()


@pytest.mark.parametrize("how", ["again", "next visit"])
def test_an_exercise_that_later_answers_speak_against_is_held_back(
    client: Client, desk: Client, world: World, visit: Booking, staff: User, how: str
) -> None:
    plank, row = make_exercise("Plank", not_for=["blood_thinners"]), make_exercise("Row")
    program = make(visit, make_template((plank, 1, 8), (row, 1, 8)), staff)
    copy, later = exercise_of(program, "Plank"), NOW + timedelta(hours=2)
    # The copy knows whom it isn't for, also where the library has lost it.
    TemplateExercise.objects.all().delete()
    plank.delete()
    # Since the program was made, it isn't for some by the library.
    Exercise.objects.filter(pk=row.pk).update(not_for=["pregnancy"])
    answers, soon = {**CLEAR_ANSWERS, "blood_thinners": "yes"}, at_hour(10, day=date(2026, 12, 14))

    world.book(answers=answers, now=later, starts_at=soon - DAY * 2, recipient_name="Rose")
    if how == "again":
        number = world.screening.number
        visits.recheck_screening(booking=visit, version_number=number, answers=answers, now=later)
    else:
        world.book(answers=answers, now=later, starts_at=soon)
    assert ProgramExercise.objects.get(held_at=later) == copy

    # It was asked for until then.
    assert press(copy, later - timedelta(hours=1)).pk
    with pytest.raises(presses.NotRunning):
        press(copy, later + DAY)
    with time_machine.travel(later + DAY, tick=False):
        page = text(client.get(page_of(program)))
        assert "“Plank” rests for now: please ask your therapist before you do it again." in page
        assert "Exercise 1 of 1 today Row" in page
        assert "Lift your hips." in page
        told = text(desk.get("/admin/"))
        assert "A health answer speaks against an exercise of the program: please look, and call." in told
        opened = text(desk.post(f"/admin/program/program/{program.pk}/open/"))
        assert "Held back A later health answer speaks against it" in opened
        assert "Plank: not with what was answered to" in opened
        assert "speaks against an exercise" not in text(desk.get("/admin/"))
        # Staff who have looked and asked let it go on, until it is said once more.
        sent = {"exercise": copy.pk}
        for seen_at in ("", "2026-99-99T00:00:00Z", NOW.isoformat(), (later + DAY).isoformat()):
            copy.refresh_from_db()
            assert copy.held_at == later
            let = desk.post(f"/admin/program/program/{program.pk}/do/go-on/", {**sent, "seen_at": seen_at})
            assert let.status_code == 302
        copy.refresh_from_db()
        assert copy.held_at is None
        assert "Exercise 1 of 2 today" in text(client.get(page_of(program)))
        log = LogEntry.objects.get(object_id=str(program.pk), content_type__model="program")
        assert "Plank goes on, though a health answer speaks against it." in log.get_change_message()
        number = world.screening.number
        visits.recheck_screening(booking=visit, version_number=number, answers=answers, now=later + DAY)
    copy.refresh_from_db()
    later += DAY
    assert copy.held_at == later
    # Changed in its amounts it is still held back.
    changed = operations.change_exercise(exercise=copy, amounts={"sets": 1}, act=StaffAct(later, staff))
    assert changed is not None
    assert changed.held_at == later


def test_answers_of_nobody_hold_back_nothing_until_the_mailbox_is_proved(
    world: World, visit: Booking, staff: User
) -> None:
    """As where the client's own requests were never proved: whoever asks next may be anybody."""
    plank = make_exercise("Plank", not_for=["blood_thinners"])
    program = make(visit, make_template((plank, 1, 8)), staff)
    Booking.objects.filter(pk=visit.pk).update(prove_by=NOW)
    answers, soon = {**CLEAR_ANSWERS, "blood_thinners": "yes"}, at_hour(10, day=date(2026, 12, 14))
    asked = world.book(answers=answers, now=NOW + DAY, starts_at=soon, proved=False)
    assert asked.is_unproved
    assert exercise_of(program, "Plank").held_at is None
    assert "blood_thinners" in intake.read_facts(booking=visit, user=staff, now=NOW + DAY).clear
    visits.prove_mailbox(booking=asked, now=NOW + DAY)
    assert exercise_of(program, "Plank").held_at == NOW + DAY
    assert "blood_thinners" in intake.read_facts(booking=visit, user=staff, now=NOW + DAY).graver


@pytest.mark.parametrize("what", ["made", "added"])
def test_answers_that_come_while_an_exercise_is_put_in_are_heeded(
    world: World, visit: Booking, staff: User, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    plank = make_exercise("Plank", not_for=["blood_thinners"])
    program = make(visit, make_template((make_exercise("Row"), 1, 8)), staff) if what == "added" else None
    template, read = make_template((plank, 1, 8), name="Other"), intake.read_facts
    answers, soon = {**CLEAR_ANSWERS, "blood_thinners": "yes"}, at_hour(10, day=date(2026, 12, 14))

    def read_and_be_late(**of: Any) -> intake.Facts:
        facts = read(**of)
        monkeypatch.setattr(intake, "read_facts", read)
        world.book(answers=answers, now=NOW + timedelta(hours=1), starts_at=soon)
        return facts

    monkeypatch.setattr(intake, "read_facts", read_and_be_late)

    def put_in() -> Any:
        if program is None:
            return make(visit, template, staff)
        return operations.add_exercise(program=program, exercise=plank, from_week=1, act=StaffAct(NOW, staff))

    with pytest.raises(ChangedMeanwhile):
        put_in()
    assert not ProgramExercise.objects.filter(name="Plank").exists()
