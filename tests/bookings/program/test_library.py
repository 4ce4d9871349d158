"""The owner's exercises and templates, and the drafts that an installation begins with."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from bookings.program import drawings, sample
from bookings.program.models import DESCRIBED, Exercise, ProgramTemplate, Sport, TemplateExercise
from bookings.screening import sample_rules_data
from tests.bookings.views.visits.browsers import text
from tests.factories import NOW

from .conftest import make_exercise, make_template

pytestmark = pytest.mark.django_db


def test_drafts_wait_for_approval_and_fit_together(db: None) -> None:
    for _twice in range(2):
        sample.load(now=NOW)
    exercises = list(Exercise.objects.order_by("name"))
    assert len(exercises) == 24
    assert not Exercise.objects.offered().exists()
    questions = {question["id"] for question in sample_rules_data()["questions"]}  # type: ignore[attr-defined]
    for exercise in exercises:
        exercise.full_clean()
        assert set(exercise.not_for) <= questions, exercise
        assert exercise.drawing in drawings.POSES
        assert len(exercise.steps.splitlines()) >= 2
        assert exercise.stop_when
    assert len({exercise.drawing for exercise in exercises}) == 24
    assert set(ProgramTemplate.objects.order_by().values_list("sport", flat=True)) == set(Sport.values)
    for row in TemplateExercise.objects.order_by("pk").select_related("template"):
        assert row.to_week <= row.template.weeks
    assert TemplateExercise.objects.count() == 45
    assert sample.left() == []


@pytest.mark.parametrize("key", drawings.POSES)
def test_a_drawing_is_small_and_takes_its_colors_from_the_page(key: str) -> None:
    drawn = render_to_string("components/exercise_drawing.html", {"parts": drawings.parts_of(key)})
    assert len(drawn.encode()) < 2048
    assert not re.search(r"#[0-9a-f]{3}|\b(?:fill|stroke|color)=|rgb|<(?:image|text|style|use)", drawn)
    numbers = [
        int(number)
        for part in drawings.parts_of(key)
        for number in re.findall(r"\d+", f"{part.path} {part.x} {part.y}")
    ]
    assert numbers
    assert all(0 <= number <= 96 for number in numbers)


@pytest.mark.parametrize("pose", ["x 1 2", "b 1", "b 1 a", "h 1 2 3", "b"])
def test_a_pose_that_cannot_be_read_is_refused(pose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(drawings.POSES, "odd", pose)
    drawings.parts_of.cache_clear()
    with pytest.raises(ValueError, match="not a part of a pose"):
        drawings.parts_of("odd")
    drawings.parts_of.cache_clear()


def sent(exercise: Exercise, **changes: Any) -> dict[str, Any]:
    values = {name: getattr(exercise, name) for name in DESCRIBED if name != "picture_id"}
    more = {
        "picture": exercise.picture_id or "",
        "areas": exercise.areas,
        "sports": exercise.sports,
        "not_for": exercise.not_for,
    }
    return {**values, **more, "approved_by": exercise.approved_by, **changes}


def test_an_approval_is_of_the_words_that_were_approved(owner: Client) -> None:
    exercise = make_exercise(areas=["hips"], sports=["running"], not_for=["pregnancy", "older_question"])
    page = reverse("admin:program_exercise_change", args=[exercise.pk])
    assert "older_question" in owner.get(page).content.decode()
    response = owner.post(page, sent(exercise, steps="Other."), follow=True)
    assert "A. Sample approved the exercise as it was before" in text(response)
    exercise.refresh_from_db()
    assert (exercise.approved_by, exercise.steps) == ("", "Other.")
    assert exercise.not_for == ["pregnancy", "older_question"]
    owner.post(page, sent(exercise, approved_by="B. Sample"))
    exercise.refresh_from_db()
    assert exercise.approved_by == "B. Sample"
    assert list(Exercise.objects.offered()) == [exercise]


@pytest.mark.parametrize(
    "changes",
    [{"sets": 0}, {"amount": 601}, {"days_a_week": 8}, {"steps": ""}, {"stop_when": ""}, {"areas": ["ears"]},
     {"video_url": "http://example.com/v"}, {"video_url": "javascript:alert(1)"}, {"drawing": "none"},
     {"not_for": ["nobody asked"]}, {"name": "x" * 81}],
    ids=str,
)  # fmt: skip
def test_bad_input_is_told_and_nothing_is_saved(owner: Client, changes: dict[str, Any]) -> None:
    exercise = make_exercise()
    page = reverse("admin:program_exercise_change", args=[exercise.pk])
    response = owner.post(page, sent(exercise, **changes))
    assert response.status_code == 200
    assert "errornote" in response.content.decode()
    exercise.refresh_from_db()
    assert exercise.approved_by == "A. Sample"


def rows(*chosen: tuple[int, int, int]) -> dict[str, Any]:
    data: dict[str, Any] = {"name": "New", "sport": "golf", "area": "", "weeks": 6}
    data |= {"exercises-TOTAL_FORMS": len(chosen), "exercises-INITIAL_FORMS": 0}
    for number, (exercise, first, last) in enumerate(chosen):
        data |= {
            f"exercises-{number}-exercise": exercise,
            f"exercises-{number}-from_week": first,
            f"exercises-{number}-to_week": last,
        }
    return data


def test_a_template_has_exercises_in_weeks_that_it_has(owner: Client) -> None:
    bridge = make_exercise()
    page = reverse("admin:program_programtemplate_add")
    for chosen in ((), ((bridge.pk, 1, 7),), ((bridge.pk, 4, 3),), ((bridge.pk, 1, 2), (bridge.pk, 1, 3))):
        assert owner.post(page, rows(*chosen)).status_code == 200
        assert not ProgramTemplate.objects.exists()
    assert owner.post(page, rows((bridge.pk, 1, 6))).status_code == 302
    assert ProgramTemplate.objects.get().weeks == 6
    listed = text(owner.get(reverse("admin:program_programtemplate_changelist")))
    assert "all approved" in listed
    Exercise.objects.update(approved_by="")
    assert "1 not approved yet" in text(owner.get(reverse("admin:program_programtemplate_changelist")))


def test_an_exercise_of_a_template_is_not_deleted(owner: Client) -> None:
    bridge, alone = make_exercise(), make_exercise("Alone")
    make_template((bridge, 1, 8))
    for exercise in (bridge, alone):
        owner.post(reverse("admin:program_exercise_delete", args=[exercise.pk]), {"post": "yes"})
    assert list(Exercise.objects.order_by("pk")) == [bridge]
