"""The owner's plans: typed in forms, in versions, and offered only once somebody has approved them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from bookings.courses import planner, sample
from bookings.courses.models import Course, CoursePhase, CoursePlan
from services.models import Service, ServiceOption
from tests.factories import NOW, World

from .conftest import make_plan

pytestmark = pytest.mark.django_db
ADD = reverse("admin:courses_courseplan_add")


def typed(world: World, *phases: tuple[int, int, int, int], **changes: Any) -> dict[str, Any]:
    """The form of a plan as a browser sends it."""
    data: dict[str, Any] = {
        "name": "After liposuction", "option": world.option.pk, "counted_from": "surgery", "words": "",
        "approved_by": "A. Sample", "is_offered": "on",
        "phases-TOTAL_FORMS": len(phases), "phases-INITIAL_FORMS": 0, **changes,
    }  # fmt: skip
    for number, values in enumerate(phases):
        names = ("from_day", "to_day", "visits", "apart")
        data |= {f"phases-{number}-{name}": value for name, value in zip(names, values, strict=True)}
    return data


def problems(response: Any) -> str:
    """All that the page says is wrong with its phases."""
    assert response.status_code == 200
    (formset,) = response.context["inline_admin_formsets"]
    return " ".join([*formset.formset.non_form_errors(), str(formset.formset.errors)])


def test_owner_makes_a_plan_without_json(owner: Client, world: World) -> None:
    assert owner.post(ADD, typed(world, (3, 7, 3, 1), (8, 14, 3, 2))).status_code == 302

    plan = CoursePlan.objects.get()
    assert str(plan) == "After liposuction · v1"
    assert plan.as_phases() == (planner.Phase(3, 7, 3, 1), planner.Phase(8, 14, 3, 2))
    assert list(CoursePlan.objects.offered()) == [plan]


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ([], "at least one phase"),
        ([(3, 7, 3, 3)], "fit between these days"),
        ([(7, 3, 1, 1)], "fit between these days"),
        ([(3, 7, 1, 1), (7, 9, 1, 1)], "from day 7 begins before"),
        ([(3, 7, 1, 1), (3, 9, 1, 1)], "duplicate data for from_day"),
        ([(0, 30, 21, 1), (31, 60, 20, 1)], "at most 40 visits"),
        ([(3, 7, 0, 1)], "greater than or equal to 1"),
        ([(3, 7, 1, 0)], "greater than or equal to 1"),
        ([(3, 366, 1, 1)], "less than or equal to 365"),
        ([(10**30, 10**30, 1, 1)], "less than or equal to"),
    ],
)
def test_plans_that_can_not_be_planned(owner: Client, world: World, phases: Any, words: str) -> None:
    response = owner.post(ADD, typed(world, *phases))
    assert words in problems(response)
    assert not CoursePlan.objects.exists()


def test_database_keeps_phases_that_have_room(world: World) -> None:
    plan = make_plan(world)
    with pytest.raises(IntegrityError, match="coursephase_has_room"), transaction.atomic():
        CoursePhase.objects.create(plan=plan, from_day=30, to_day=33, visits=3, apart=2)


def test_new_version_starts_as_a_copy_and_takes_the_next_number(owner: Client, world: World) -> None:
    plan = make_plan(world, words="As your surgeon advises.")

    page = owner.get(f"{ADD}?copy={plan.pk}").content.decode()

    assert "As your surgeon advises." in page
    assert 'name="phases-2-from_day" value="15"' in page
    owner.post(f"{ADD}?copy={plan.pk}", typed(world, (3, 9, 2, 2), approved_by=""))
    second = CoursePlan.objects.get(number=2)
    # Not approved yet: the version before it is still the one that is offered.
    assert list(CoursePlan.objects.offered()) == [plan]
    CoursePlan.objects.filter(pk=second.pk).update(approved_by="A. Sample")
    assert list(CoursePlan.objects.offered()) == [second]


def kept(world: World, plan: CoursePlan, **changes: Any) -> dict[str, Any]:
    """The form of a plan that is there, as its page sends it."""
    phases = list(plan.phases.order_by("from_day"))
    rows = [(phase.from_day, phase.to_day, phase.visits, phase.apart) for phase in phases]
    keys: dict[str, Any] = {"phases-INITIAL_FORMS": len(phases)}
    for number, phase in enumerate(phases):
        keys |= {f"phases-{number}-id": phase.pk, f"phases-{number}-plan": plan.pk}
    return {**typed(world, *rows), **keys, **changes}


@pytest.mark.parametrize(
    ("changes", "approved_by"),
    [
        ({}, "A. Sample"),
        ({"words": "As your surgeon advises.", "is_offered": ""}, "A. Sample"),
        ({"phases-0-visits": "1"}, ""),
        ({"phases-2-DELETE": "on"}, ""),
        ({"counted_from": "first_visit"}, ""),
        ({"option": "90"}, ""),
        ({"phases-0-visits": "1", "approved_by": "B. Sample"}, "B. Sample"),
    ],
)
def test_approval_is_of_what_was_seen(
    owner: Client, world: World, changes: dict[str, str], approved_by: str
) -> None:
    plan = make_plan(world)
    if "option" in changes:
        changes = {"option": str(ServiceOption.objects.get(minutes=90).pk)}
    answer = owner.post(
        reverse("admin:courses_courseplan_change", args=[plan.pk]), kept(world, plan, **changes), follow=True
    )
    assert answer.redirect_chain
    plan.refresh_from_db()
    assert plan.approved_by == approved_by
    assert ("approved the plan as it was before" in answer.content.decode()) is (not approved_by)


@pytest.mark.parametrize("copy", ["0", "x", "9" * 30, "-1", ""])
def test_copy_of_nothing_is_an_empty_form(owner: Client, world: World, copy: str) -> None:
    assert owner.get(ADD, {"copy": copy}).status_code == 200


def test_what_is_off_is_not_offered(world: World) -> None:
    plan = make_plan(world)
    for model, changes in (
        (CoursePlan, {"is_offered": False}),
        (ServiceOption, {"is_active": False}),
        (Service, {"is_active": False}),
    ):
        with transaction.atomic():
            model._default_manager.update(**changes)
            assert not CoursePlan.objects.offered().exists()
            transaction.set_rollback(True)
    assert list(CoursePlan.objects.offered()) == [plan]


def test_front_desk_reads_plans(desk: Client, world: World) -> None:
    plan = make_plan(world)
    page = desk.get(reverse("admin:courses_courseplan_changelist")).content.decode()
    assert "2 visits in days 3 to 7; 2 visits in days 8 to 14; 1 visit in days 15 to 21" in page
    assert desk.get(reverse("admin:courses_courseplan_change", args=[plan.pk])).status_code == 200
    assert desk.get(ADD).status_code == 403


def test_a_phase_of_one_day_names_the_day(world: World) -> None:
    plan = make_plan(world, (0, 0, 1, 1), (3, 7, 2, 2))
    assert [str(phase) for phase in plan.phases.all()] == ["1 visit on day 0", "2 visits in days 3 to 7"]


def test_plans_of_the_sample_are_loaded_once_and_its_drafts_offered_to_nobody(world: World) -> None:
    for slug in ("in-home-relaxation-massage", "postural-correction-training"):
        service = Service.objects.create(
            category=world.service.category, name=slug, slug=slug, summary="-", description="<p>-</p>"
        )
        ServiceOption.objects.create(service=service, minutes=60, price_cents=12_000)

    sample.load(now=NOW)
    sample.load(now=NOW)

    plans = CoursePlan.objects.order_by("name").prefetch_related("phases")
    visits = {plan.name: sum(phase.visits for phase in plan.as_phases()) for plan in plans}
    assert visits == {
        "After a tummy tuck": 8, "After liposuction": 12, "Posture, eight weeks": 10, "Six weeks": 6,
    }  # fmt: skip
    assert [plan.name for plan in CoursePlan.objects.offered()] == ["After liposuction", "Six weeks"]


def test_plan_of_the_sample_is_told_until_somebody_has_approved_it(world: World) -> None:
    sample.load(now=NOW)
    (left,) = sample.left()
    assert "After liposuction" in left.words

    CoursePlan.objects.filter(name="After liposuction").update(approved_by="A. Sample")

    assert sample.left() == []
    sample.remove(now=NOW)
    assert [plan.name for plan in CoursePlan.objects.all()] == ["After liposuction"]


def test_plan_of_the_sample_that_a_course_follows_is_only_taken_off_the_site(world: World) -> None:
    sample.load(now=NOW)
    plan = CoursePlan.objects.get(name="After liposuction")
    Course.objects.create(plan=plan, dates={"day_zero": str(NOW.date()), "cleared_from": None}, booked_at=NOW)
    sample.remove(now=NOW)
    assert [(row.name, row.is_offered) for row in CoursePlan.objects.all()] == [("After liposuction", False)]


def test_plans_of_another_catalogue_are_left_out(world: World) -> None:
    ServiceOption.objects.filter(minutes=60).update(minutes=45)
    sample.load(now=NOW)
    assert not CoursePlan.objects.exists()
