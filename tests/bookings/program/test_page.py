"""A client's page about their program."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from bookings.domain.operations import Act
from bookings.models import Booking
from bookings.program import operations
from bookings.program.models import ExerciseDay, Program, ProgramTemplate, WeekCheck
from tests.bookings.views.visits.browsers import text
from tests.factories import NOW, World

from .conftest import confirmed, exercise_of, make, make_exercise, make_template, page_of

pytestmark = pytest.mark.django_db
Queries = Callable[[int], AbstractContextManager[Any]]


def pressed(**changes: Any) -> dict[str, Any]:
    return {"key": uuid.uuid4(), "outcome": "done", **changes}


def test_today_s_exercises_come_one_at_a_time(client: Client, program: Program, staff: User) -> None:
    operations.write_note(program=program, text="Slowly, please.", act=Act(NOW, staff))
    page = page_of(program)
    response = client.get(page)
    said = text(response)
    for words in (
        "For runners", "Week 1 of 8", "Exercise 1 of 1 today", "Bridge", "2 sets of 10", "Lift your hips.",
        "Stop and call us: It hurts.", "(213) 555-0142", "Slowly, please.", "0 of 1",
    ):  # fmt: skip
        assert words in said, words
    assert "Calf stretch" not in said
    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("no-store", "noindex")
    assert len(response.content) < 40_000

    done = client.post(f"{page}{exercise_of(program).pk}/", pressed(pain=2), follow=True)
    assert done.redirect_chain == [(page, 302)]
    said = text(done)
    assert "Well done." in said
    assert "That is all for today." in said
    assert "1 of 1" in said
    assert ExerciseDay.objects.get().pain == 2
    # It stays there to be looked at, and undone.
    shown = text(client.get(f"{page}?exercise={exercise_of(program).pk}"))
    assert "Done today." in shown
    client.post(f"{page}{exercise_of(program).pk}/", {"undo": "1"})
    assert not ExerciseDay.objects.exists()


def test_not_today_and_too_much_pain(client: Client, program: Program) -> None:
    page, address = page_of(program), f"{page_of(program)}{exercise_of(program).pk}/"
    assert "Rest is part of it." in text(client.post(address, pressed(outcome="skipped"), follow=True))
    said = text(client.post(address, pressed(pain=8), follow=True))
    assert "leave this exercise out for now, and call us" in said
    program.refresh_from_db()
    assert program.hurts_since == NOW
    # How much it hurt stands nowhere on the page.
    shown = re.sub(r"of 8\b", "", text(client.get(f"{page}?exercise={exercise_of(program).pk}")))
    assert "Done today." in shown
    assert not re.search(r"(?<!\d)8(?!\d)", shown)


@pytest.mark.parametrize(
    "sent",
    [{"pain": 11}, {"pain": "a lot"}, {"key": "x"}, {"outcome": "slept"}, {"age": -1}, {"age": 10**9}],
    ids=str,
)
def test_bad_input_is_told_kindly_and_nothing_is_written(
    client: Client, program: Program, sent: dict[str, Any]
) -> None:
    response = client.post(
        f"{page_of(program)}{exercise_of(program).pk}/", pressed(**sent), headers={"X-Press": "1"}
    )
    assert (response.status_code, response.json()["done"]) == (409, False)
    said = response.json()["said"]
    assert ("more than a day ago" if sent.get("age") == 10**9 else "once more") in said
    assert "Bridge" in said
    assert not ExerciseDay.objects.exists()


def test_a_press_that_was_kept_is_answered_for_the_script(client: Client, program: Program) -> None:
    address, sent = f"{page_of(program)}{exercise_of(program).pk}/", pressed(pain=0, age=3600)
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        for _again in range(2):
            response = client.post(address, sent, headers={"X-Press": "1"})
            assert (response.status_code, response.json()["done"]) == (200, True)
    word = ExerciseDay.objects.get()
    assert (word.at, word.pain) == (NOW + timedelta(hours=1), 0)


def test_pain_is_noted_though_the_press_comes_too_late(client: Client, program: Program, staff: User) -> None:
    address = f"{page_of(program)}{exercise_of(program).pk}/"
    operations.pause(program=program, act=Act(NOW, staff))
    assert "Nothing was changed." in text(client.post(address, pressed(pain=6), follow=True))
    program.refresh_from_db()
    assert program.hurts_since is None
    said = text(client.post(address, pressed(pain=7), follow=True))
    assert "that it hurt is noted. Please leave it out for now, and call us." in said
    program.refresh_from_db()
    assert program.hurts_since == NOW
    assert not ExerciseDay.objects.exists()


def test_ten_thousand_presses_are_one_row_and_then_refused(
    client: Client, program: Program, settings: Any
) -> None:
    settings.RATELIMIT_ENABLE = True
    address = f"{page_of(program)}{exercise_of(program).pk}/"
    statuses = [client.post(address, pressed()).status_code for _press in range(61)]
    assert statuses == [302] * 60 + [429]
    assert ExerciseDay.objects.count() == 1


def test_nobody_else_s(client: Client, world: World, program: Program, template: ProgramTemplate) -> None:
    other = make(
        confirmed(world, program.made_by, email="bo@example.com", phone="+12135550188",
                  starts_at=NOW + timedelta(days=8)),
        template, program.made_by,
    )  # fmt: skip
    theirs, mine = exercise_of(other), page_of(program)
    assert client.post(f"{mine}{theirs.pk}/", pressed()).status_code == 404
    assert client.get(f"{mine}?exercise={theirs.pk}").status_code == 200
    for token in ("x", "x" * 500, page_of(program)[9:-2]):
        response = client.get(f"/program/{token}/")
        assert response.status_code == 404
        assert "This address opens nothing" in text(response)
    assert client.get(f"{mine}{theirs.pk}/").status_code == 405
    assert not ExerciseDay.objects.exists()


def test_before_paused_ended_and_over(client: Client, program: Program, staff: User) -> None:
    page, act = page_of(program), Act(NOW, staff)
    Program.objects.update(started_on=program.started_on + timedelta(days=3))
    assert "Your program begins on Saturday, December 5." in text(client.get(page))
    Program.objects.update(started_on=program.started_on)
    operations.pause(program=program, act=act)
    assert "Your program is paused." in text(client.get(page))
    operations.resume(program=program, act=act)
    with time_machine.travel(NOW + timedelta(days=56), tick=False):
        assert "This program has ended." in text(client.get(page))
    # Paused before its last day, it has not ended after it.
    operations.pause(program=program, act=Act(NOW + timedelta(days=40), staff))
    with time_machine.travel(NOW + timedelta(days=60), tick=False):
        assert "Your program is paused." in text(client.get(page))
    operations.end(program=program, act=act)
    assert "This program has ended." in text(client.get(page))


def test_a_day_of_rest(client: Client, visit: Booking, staff: User) -> None:
    program = make(visit, make_template((make_exercise(days_a_week=1), 1, 8)), staff)
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert "Today is a day of rest." in text(client.get(page_of(program)))


def test_a_full_page_is_light_and_asks_as_little_as_a_short_one(
    client: Client, visit: Booking, staff: User, django_assert_max_num_queries: Queries
) -> None:
    longest = {"steps": "A step of some length, with what to mind.\n" * 20, "watch_out": "x " * 200}
    rows = [(make_exercise(f"Exercise {n}", **longest), 1, 8) for n in range(16)]
    program = make(visit, make_template(*rows), staff)
    for number in range(7):
        for exercise in program.exercises.all():
            ExerciseDay.objects.create(
                exercise=exercise,
                day=program.started_on - timedelta(days=number),
                week=1,
                outcome="done",
                at=NOW,
            )
    page = page_of(program)
    client.get(page)  # the business is kept
    with django_assert_max_num_queries(6):
        response = client.get(page)
    assert response.status_code == 200
    assert len(response.content) < 40_000


def test_an_unreadable_note_costs_a_line(client: Client, program: Program, settings: Any) -> None:
    from cryptography.fernet import Fernet

    page = page_of(program)
    settings.HEALTH_KEYS = [Fernet.generate_key().decode()]
    assert "Bridge" in text(client.get(page))


def test_a_week_in_five_questions(client: Client, program: Program) -> None:
    page = page_of(program)
    assert "in five questions" not in text(client.get(page))
    answers = {
        "week": 1,
        "at_rest": 2,
        "moving": 4,
        "ease": "right",
        "posture": "better",
        "words": "My left knee.",
    }
    with time_machine.travel(NOW + timedelta(days=6), tick=False):
        assert "Week 1 in five questions" in text(client.get(page))
        wrong: list[dict[str, Any]] = [
            {"at_rest": 11}, {"moving": ""}, {"ease": "x"}, {"words": "x" * 501}, {"week": "x"}, {"week": 99},
        ]  # fmt: skip
        for changes in wrong:
            response = client.post(f"{page}week/", {**answers, **changes})
            assert response.status_code == 422, changes
            # Nothing typed is lost.
            assert "words" in changes or "My left knee." in response.content.decode()
        said = text(client.post(f"{page}week/", {**answers, "week": 2}, follow=True))
        assert "Nothing was changed." in said
        assert not WeekCheck.objects.exists()
        said = text(client.post(f"{page}week/", answers, follow=True))
        assert "It is kept for your therapist." in said
        assert "in five questions" not in said
    assert WeekCheck.objects.get().answers["moving"] == 4
    assert client.post("/program/x/week/", answers).status_code == 404


def test_reminders_are_turned_on_and_off(client: Client, program: Program) -> None:
    page = page_of(program)
    for press, on, words in (("on", True, "We remind you when"), ("off", False, "no more reminders")):
        assert words in text(client.post(f"{page}reminders/", {"press": press}, follow=True))
        program.refresh_from_db()
        assert program.reminds is on
    assert client.post("/program/x/reminders/", {"press": "on"}).status_code == 404


def test_how_it_went_is_opened_by_a_press(client: Client, program: Program) -> None:
    page = page_of(program)
    so_far = f"{page}so-far/"
    assert "Nothing yet. Your first press begins it." in text(client.post(so_far))
    for number, pain in enumerate((2, 3, None)):
        with time_machine.travel(NOW + timedelta(days=number), tick=False):
            client.post(f"{page}{exercise_of(program).pk}/", pressed(pain="" if pain is None else pain))
    assert client.get(so_far).headers["Location"] == page
    response = client.post(so_far)
    assert "Week Done Not that day Pain, on average 1 3 0 2.5" in text(response)
    assert '<svg class="program-plot"' in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert client.post(f"{page[:-3]}xx/so-far/").status_code == 404


def test_how_it_went_is_closed_where_no_key_opens_it(client: Client, program: Program) -> None:
    page = page_of(program)
    client.post(f"{page}{exercise_of(program).pk}/", pressed(pain=2))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE program_exerciseday SET pain = 'x'")
    assert "can’t be opened right now" in text(client.post(f"{page}so-far/", follow=True))
