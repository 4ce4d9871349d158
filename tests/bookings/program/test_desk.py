"""Staff make a program at a visit, change it, and see how it is followed."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.domain import operations as visits
from bookings.domain.operations import Act
from bookings.enums import LookedAt
from bookings.models import Booking, HealthAccess
from bookings.program import desk as pages
from bookings.program import operations
from bookings.program.body import REGIONS, VIEWS
from bookings.program.models import (
    Assessment,
    ExerciseDay,
    Program,
    ProgramExercise,
    ProgramTemplate,
    WeekCheck,
)
from massagerx.lib.localtime import local
from tests.bookings.views.visits.browsers import text
from tests.factories import CLEAR_ANSWERS, NOW, World, at

from .conftest import (
    TODAY,
    confirmed,
    exercise_of,
    make,
    make_exercise,
    make_template,
    page_of,
    staff_client,
    therapist_client,
)

pytestmark = pytest.mark.django_db


def make_address(visit: Booking) -> str:
    return reverse("admin:program_program_make", args=[visit.pk])


def address(program: Program, what: str = "") -> str:
    if not what:
        return reverse("admin:program_program_change", args=[program.pk])
    if what == "open":
        return reverse("admin:program_program_open", args=[program.pk])
    return reverse("admin:program_program_do", args=[program.pk, what])


def test_a_therapist_makes_one_at_their_visit(
    world: World, visit: Booking, template: ProgramTemplate
) -> None:
    hands = therapist_client(world)
    assert "For runners" in text(hands.get(make_address(visit)))
    # Nothing was looked at so far.
    assert not HealthAccess.objects.exists()
    chosen = hands.post(make_address(visit), {"template": template.pk})
    page = chosen.content.decode()
    assert HealthAccess.objects.get().what == LookedAt.PROGRAM
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    boxes = re.findall(r'name="exercises" value="(\d+)" checked', page)
    assert len(boxes) == 2
    sent = {
        "template": template.pk,
        "exercises": boxes,
        "started_on": str(TODAY),
        "key": key[1],
        "press": "make",
    }
    done = hands.post(make_address(visit), sent, follow=True)
    program = Program.objects.get()
    assert done.redirect_chain[-1][0] == address(program)
    assert "gets a link to it by email" in text(done)
    assert (program.made_by.username, program.booking) == ("therapist", visit)
    # From the visit one gets there.
    assert (
        make_address(visit)
        in hands.get(reverse("admin:bookings_booking_change", args=[visit.pk])).content.decode()
    )
    assert "For runners" in text(hands.get(make_address(visit)))


def test_the_reason_stands_beside_what_is_refused(world: World, desk: Client, staff: User) -> None:
    visit = world.book(answers={**CLEAR_ANSWERS, "blood_thinners": "yes"})
    if visits.needs_clinician_note(visit):
        visits.record_clinician_note(booking=visit, actor=staff, note="Fine.", now=NOW)
    visits.confirm_booking(booking=visit, actor=staff, now=NOW)
    plank, bridge = make_exercise("Plank", not_for=["blood_thinners"]), make_exercise()
    template = make_template((plank, 1, 8), (bridge, 1, 8), (make_exercise("Draft", approved_by=""), 1, 8))
    page = desk.post(make_address(visit), {"template": template.pk})
    assert "Plank: not with what was answered to “Taking a blood thinner”." in text(page)
    assert "1 exercise of this template is left out" in text(page)
    sent = {"template": template.pk, "exercises": [plank.pk, bridge.pk], "started_on": str(TODAY),
            "key": uuid.uuid4(), "press": "make"}  # fmt: skip
    refused = desk.post(make_address(visit), sent)
    assert refused.status_code == 409
    assert not Program.objects.exists()
    wrong: list[dict[str, Any]] = [
        {"exercises": []},
        {"exercises": ["x"]},
        {"started_on": "soon"},
        {"key": "x"},
        {"template": "x"},
    ]
    for changes in wrong:
        assert desk.post(make_address(visit), {**sent, **changes}).status_code == 422
    # What was typed is still there.
    assert f'value="{TODAY}"' in desk.post(make_address(visit), {**sent, "exercises": []}).content.decode()


def test_no_program_without_a_visit(world: World, desk: Client, template: ProgramTemplate) -> None:
    asked = world.book()
    assert "confirmed or took place" in text(desk.get(make_address(asked)))
    sent = {"template": template.pk, "exercises": [row.exercise_id for row in template.exercises.all()],
            "started_on": str(TODAY), "key": uuid.uuid4(), "press": "make"}  # fmt: skip
    assert desk.post(make_address(asked), sent).status_code == 409
    assert desk.get(reverse("admin:program_program_make", args=[10**9])).status_code == 404


def test_every_button_does_what_it_says(desk: Client, program: Program) -> None:
    bridge = exercise_of(program)
    amounts = {"exercise": bridge.pk, "sets": 3, "amount": 8, "days_a_week": 2, "from_week": 1, "to_week": 4}
    extra = make_exercise("Plank")
    before = page_of(program)
    for what, sent, words in (
        ("change", amounts, "Bridge is changed."),
        ("change", amounts, "Somebody was quicker"),
        ("change", {**amounts, "exercise": "x"}, "isn’t in the program any more"),
        ("change", {**amounts, "exercise": exercise_of(program, "Calf stretch").pk, "sets": 0}, "Sets: "),
        ("add", {"exercise": extra.pk, "from_week": 1}, "Plank is added."),
        ("take-out", {"exercise": exercise_of(program, "Calf stretch").pk}, "Calf stretch is taken out."),
        ("note", {"note": "Slowly."}, "Your word stands"),
        ("pause", {}, "The program is paused."),
        ("pause", {}, "Somebody was quicker"),
        ("resume", {}, "goes on where it was paused"),
        ("link", {}, "There is a new link."),
        ("end", {}, "The program has ended."),
        ("note", {"note": "Too late."}, "nothing was changed"),
    ):
        assert words in text(desk.post(address(program, what), sent, follow=True)), what
    assert desk.post(address(program, "fly"), {}).status_code == 404
    assert desk.get(address(program, "end")).status_code == 302
    standing = ProgramExercise.objects.filter(program=program, ended_at=None)
    assert {(row.name, row.sets, row.to_week) for row in standing} == {("Bridge", 3, 4), ("Plank", 2, 8)}
    assert desk.get(before).status_code == 404


def test_how_much_it_hurts_is_opened_by_a_press(desk: Client, program: Program) -> None:
    bridge = exercise_of(program)
    for number, pain in enumerate((1, 1, 7)):
        ExerciseDay.objects.create(
            exercise=bridge, day=TODAY + timedelta(days=3 * number), week=1 + (3 * number) // 7, outcome="done",
            pain=pain, at=NOW + timedelta(days=3 * number),
        )  # fmt: skip
    Program.objects.update(hurts_since=NOW)
    WeekCheck.objects.create(
        program=program, week=1, at=NOW,
        answers={"at_rest": 1, "moving": 4, "ease": "hard", "posture": "same", "words": "My knee."},
    )  # fmt: skip
    HealthAccess.objects.all().delete()
    shut = text(desk.get(address(program)))
    assert "pain 7 of 10" not in shut
    assert "Please look" in shut
    assert not HealthAccess.objects.exists()
    opened = text(desk.post(address(program, "open")))
    assert "pain 7 of 10" in opened
    for words in ("Too hard", "My knee.", "How were the exercises?"):
        assert words in opened
    assert HealthAccess.objects.get().what == LookedAt.PROGRAM
    program.refresh_from_db()
    assert program.hurts_since is None


def test_the_front_page_tells_who_hurts_and_who_has_stopped(
    desk: Client, world: World, program: Program, staff: User, template: ProgramTemplate
) -> None:
    user = User.objects.get(username="desk")
    assert pages.waiting(user, NOW) == []
    later = NOW + timedelta(days=8)
    (stopped,) = pages.waiting(user, later)
    assert "Nothing was done of the program for a week" in stopped["what"]
    assert stopped["due"] <= later
    Program.objects.update(last_press_at=later - timedelta(days=1))
    assert pages.waiting(user, later) == []
    Program.objects.update(hurts_since=later)
    (hurts,) = pages.waiting(user, later)
    assert hurts["is_urgent"]
    assert "hurts" in hurts["what"]
    Program.objects.update(hurts_since=None, last_press_at=None)
    assert pages.waiting(user, NOW + timedelta(days=57)) == []
    Program.objects.update(paused_on=TODAY)
    assert pages.waiting(user, later) == []
    # Pressed by then, and heard of after it.
    Program.objects.update(hurts_since=later)
    assert [row["is_urgent"] for row in pages.waiting(user, later)] == [True]
    assert pages.waiting(User.objects.create_user("writer", is_staff=True), later) == []


def test_programs_that_are_over_or_silent_hide_nobody_who_hurts(
    desk: Client, visit: Booking, staff: User, template: ProgramTemplate
) -> None:
    user = User.objects.get(username="desk")
    for _number in range(20):
        make(visit, template, staff)
    ago = timedelta(days=63)
    Program.objects.update(started_on=TODAY - ago, made_at=NOW - ago)
    ProgramExercise.objects.update(added_at=NOW - ago)
    hurts = make(visit, template, staff)
    Program.objects.filter(pk=hurts.pk).update(hurts_since=NOW)
    assert [row["url"] for row in pages.waiting(user, NOW)] == [address(hurts)]
    # Twenty that still run, and are silent.
    Program.objects.exclude(pk=hurts.pk).update(started_on=TODAY - timedelta(days=20))
    found = pages.waiting(user, NOW)
    assert (len(found), found[0]["url"]) == (20, address(hurts))


def test_nobody_is_asked_about_days_that_asked_for_nothing(
    desk: Client, program: Program, staff: User
) -> None:
    user = User.objects.get(username="desk")
    ProgramExercise.objects.filter(name="Bridge").update(days_a_week=1)
    Program.objects.update(last_press_at=NOW)
    late = timedelta(hours=1)
    assert pages.waiting(user, NOW + timedelta(days=7) + late) == []
    assert len(pages.waiting(user, NOW + timedelta(days=8))) == 1
    # Nor about those of a pause.
    operations.pause(program=program, act=Act(NOW + timedelta(days=2), staff))
    on = NOW + timedelta(days=19)
    operations.resume(program=program, act=Act(on, staff))
    assert pages.waiting(user, on + late) == []
    (row,) = pages.waiting(user, on + timedelta(days=9))
    assert row["due"] == on + timedelta(days=8)


def test_a_pause_is_not_called_the_end(desk: Client, program: Program, staff: User) -> None:
    Program.objects.update(weeks=1)
    operations.pause(program=program, act=Act(NOW + timedelta(days=2), staff))
    for days, words in ((9, "Paused since"), (9, "Paused")):
        with time_machine.travel(NOW + timedelta(days=days), tick=False):
            where = address(program) if "since" in words else reverse("admin:program_program_changelist")
            said = text(desk.get(where))
        assert words in said
        assert "Ended" not in said


def test_a_corrected_email_gets_the_link(desk: Client, program: Program) -> None:
    person, before = program.booking.client, page_of(program)
    sent = {"name": person.name, "email": "ana@right.example.com", "phone": str(person.phone)}
    desk.post(reverse("admin:bookings_client_change", args=[person.pk]), sent)
    program = Program.objects.select_related("link").get()
    assert program.link is not None
    assert program.link.email == "ana@right.example.com"
    assert desk.get(before).status_code == 404
    assert desk.get(page_of(program)).status_code == 200


def test_only_who_may_open_health_answers_adds_an_exercise(program: Program, visit: Booking) -> None:
    plank = make_exercise("Plank", not_for=["of_another_version"])
    user = User.objects.create_user("half", is_staff=True)
    rights = ["view_booking", "change_booking", "view_program", "change_program"]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    half = Client()
    half.force_login(user)
    assert address(program, "add") not in half.get(address(program)).content.decode()
    refused = half.post(address(program, "add"), {"exercise": plank.pk, "from_week": 1})
    assert refused.status_code == 403
    assert "The program is paused." in text(half.post(address(program, "pause"), follow=True))


def test_a_therapist_sees_their_own_alone(
    world: World, program: Program, staff: User, template: ProgramTemplate
) -> None:
    second = world.add_therapist()
    other = make(
        confirmed(world, staff, preference=f"therapist:{second.slug}", name="Other Canary", email="bo@example.com",
                  phone="+12135550188", starts_at=at(14)),
        template, staff,
    )  # fmt: skip
    hands = therapist_client(world)
    assert "Bridge" in text(hands.get(address(program)))
    listed = text(hands.get(reverse("admin:program_program_changelist")))
    assert "Ana" in listed
    assert "Canary" not in listed
    assert "There is no such program." in text(hands.get(address(other), follow=True))
    assert hands.post(address(other, "open")).status_code == 404
    assert hands.post(address(other, "end")).status_code == 404
    assert hands.get(make_address(other.booking)).status_code == 404
    other.refresh_from_db()
    assert other.ended_at is None


def test_who_takes_over_sees_the_program_and_is_written_down(
    world: World, program: Program, staff: User
) -> None:
    second = world.add_therapist()
    hands = staff_client("second", "Therapist")
    second.user = User.objects.get(username="second")
    second.save()
    assert "There is no such program." in text(hands.get(address(program), follow=True))
    # Another person of the same mailbox opens nothing; the person's own next visit does.
    theirs: dict[str, Any] = {"preference": f"therapist:{second.slug}"}
    confirmed(world, staff, starts_at=at(14), recipient_name="Rose", **theirs)
    assert hands.post(address(program, "open")).status_code == 404
    taken_over = world.book(starts_at=at(10, day=TODAY + timedelta(days=12)), **theirs)
    # Asked for is not taken over, nor was who came before the program was made.
    assert hands.post(address(program, "open")).status_code == 404
    visits.confirm_booking(booking=taken_over, actor=staff, now=NOW)
    Program.objects.filter(pk=program.pk).update(made_at=taken_over.starts_at + timedelta(hours=1))
    assert hands.post(address(program, "open")).status_code == 404
    Program.objects.filter(pk=program.pk).update(made_at=NOW)
    assert "Bridge" in text(hands.get(address(program)))
    assert "Ana" in text(hands.get(reverse("admin:program_program_changelist")))
    assert not HealthAccess.objects.filter(user=second.user, what=LookedAt.PROGRAM).exists()
    assert "Nothing yet." in text(hands.post(address(program, "open")))
    assert HealthAccess.objects.filter(user=second.user, what=LookedAt.PROGRAM).exists()


def test_a_client_without_email_is_given_the_address(
    world: World, desk: Client, staff: User, template: ProgramTemplate
) -> None:
    program = make(confirmed(world, staff), template, staff)
    assert page_of(program) not in desk.get(address(program)).content.decode()
    program.booking.client.email = ""
    program.booking.client.save()
    assert page_of(program) in desk.get(address(program)).content.decode()
    assert local(NOW).date() == TODAY


FOUND = {
    "regions": ["left_knee", "lower_back"], "pain": 4, "sport": "running", "goal": "CANARY-GOAL", "sitting": 9,
    "training": 3, "posture": "CANARY-POSTURE", "measures": "Chin to wall 4 cm.",
}  # fmt: skip


def test_an_assessment_is_kept_shut_and_opened_by_a_press(world: World, visit: Booking) -> None:
    hands = therapist_client(world)
    page = reverse("admin:program_assessment", args=[visit.pk])
    shown = hands.get(page).content.decode()
    # The list says what the chart says.
    for region in REGIONS:
        assert f'data-region="{region.key}"' in shown
        assert f'name="regions" value="{region.key}"' in shown
    # Fifty are a long way on a phone: they stand folded by view, and open where one is chosen.
    view = '<details class="body-chart__view"'
    assert (shown.count(f"{view}>"), shown.count(f"{view} open>")) == (3, 0)
    assert "Open the last one" not in shown
    kept = hands.post(page, FOUND, follow=True)
    assert "The assessment is kept." in text(kept)
    row = Assessment.objects.get()
    assert (row.findings, row.by.username) == (FOUND, "therapist")
    with connection.cursor() as cursor:
        cursor.execute("SELECT findings FROM program_assessment")
        assert cursor.fetchone()[0].startswith("gAAAAA")

    assert "CANARY" not in hands.get(page).content.decode()
    assert not HealthAccess.objects.exists()
    opened = hands.post(page, {"press": "open"}).content.decode()
    assert "CANARY-GOAL" in opened
    assert 'value="left_knee" checked' in opened
    assert "is-chosen" in opened
    assert (opened.count(f"{view}>"), opened.count(f"{view} open>")) == (1, 2)
    assert HealthAccess.objects.get().what == LookedAt.PROGRAM
    # Another one is added; none is written over.
    hands.post(page, {**FOUND, "pain": 2})
    assert [row.findings["pain"] for row in Assessment.objects.order_by("pk")] == [4, 2]


def test_bad_input_to_an_assessment_is_told(world: World, desk: Client, visit: Booking) -> None:
    page = reverse("admin:program_assessment", args=[visit.pk])
    wrong: list[dict[str, Any]] = [
        {"regions": ["left_ear"]}, {"pain": 11}, {"sitting": 25}, {"sport": "chess"}, {"posture": "x" * 1001},
    ]  # fmt: skip
    for changes in wrong:
        response = desk.post(page, {**FOUND, **changes})
        assert response.status_code == 422, changes
        assert "CANARY-GOAL" in response.content.decode()
    assert "Nothing is filled in yet." in text(desk.post(page, {}))
    asked = world.book(email="bo@example.com", phone="+12135550188", starts_at=at(16))
    response = desk.post(reverse("admin:program_assessment", args=[asked.pk]), FOUND)
    assert response.status_code == 409
    assert "CANARY-GOAL" in response.content.decode()
    assert not Assessment.objects.exists()


def test_the_chart_is_whole_and_no_region_covers_another() -> None:
    assert len({region.key for region in REGIONS}) == len(REGIONS) == 50
    assert sorted(one.key for _name, regions in VIEWS for one in regions) == sorted(
        one.key for one in REGIONS
    )
    for one in REGIONS:
        assert 0 < one.x - one.wide < one.x + one.wide < 200
        assert 0 < one.y - one.high < one.y + one.high <= 372
        for other in REGIONS:
            if one.key < other.key:
                apart = (
                    abs(one.x - other.x) >= one.wide + other.wide
                    or abs(one.y - other.y) >= one.high + other.high
                )
                assert apart, (one.key, other.key)
