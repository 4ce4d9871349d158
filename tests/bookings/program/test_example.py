"""What the home page and the service's page show of training programs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client

from blog.models import HomeBlock
from bookings.program.example import SERVICE, example_of
from bookings.program.models import ProgramTemplate
from services.models import Service
from tests.bookings.views.visits.browsers import text
from tests.factories import World

from .conftest import make_exercise, make_template

pytestmark = pytest.mark.django_db
TITLE = "A program of your own"


@pytest.fixture
def service(world: World) -> Service:
    """The world's, as the one at whose visits programs are made."""
    world.service.slug = SERVICE
    world.service.save()
    return world.service


def test_the_pages_show_how_it_goes_and_where_to_begin(
    client: Client, service: Service, template: ProgramTemplate
) -> None:
    make_template((make_exercise("Row", approved_by=""), 1, 8), name="For swimmers")
    for page in ("/?new", service.get_absolute_url()):
        response = client.get(page)
        said = text(response)
        for words in (
            TITLE,
            "A visit We look at how you stand and move",
            "Made for: Running",
            "Begin with a visit",
        ):
            assert words in said, (page, words)
        assert f"/book/?service={SERVICE}" in response.content.decode()
    # A week of the first phase: the stretch comes later, and the row is nobody's before it is approved.
    assert "A sample week: For runners" in said
    assert "Monday Bridge Tuesday Bridge" in said
    assert "Calf stretch" not in said
    assert "Row" not in said
    assert "no medical treatment" in said


def test_a_week_has_its_days_of_rest(service: Service) -> None:
    make_template((make_exercise("Hinge", days_a_week=2), 1, 4), (make_exercise("Row", days_a_week=1), 1, 4))
    example = example_of([service])
    assert example is not None
    names = [[exercise.name for exercise in exercises] for _day, exercises in example.days]
    assert names == [["Hinge", "Row"], [], [], ["Hinge"], [], [], []]
    assert [f"{day:%a}" for day, _exercises in example.days] == [
        "Mon",
        "Tue",
        "Wed",
        "Thu",
        "Fri",
        "Sat",
        "Sun",
    ]


def test_nothing_is_shown_before_there_is_something(
    client: Client, world: World, template: ProgramTemplate
) -> None:
    """Of another service, or while nothing is approved."""
    assert TITLE not in text(client.get("/?new"))
    assert TITLE not in text(client.get(world.service.get_absolute_url()))
    world.service.slug = SERVICE
    world.service.save()
    template.exercises.model._default_manager.order_by("pk").delete()
    assert example_of([world.service]) is None
    assert TITLE not in text(client.get("/?new"))


def test_the_words_are_the_owners(client: Client, service: Service, template: ProgramTemplate) -> None:
    HomeBlock.objects.create(
        slug="program", title="Train at home", lines="Come: We look.\nDo: You train.\nAgain"
    )
    for page in ("/?new", service.get_absolute_url()):
        said = text(client.get(page))
        assert "Train at home" in said
        assert "Come We look. Do You train. Again" in said
        assert TITLE not in said


def test_it_costs_one_query(
    service: Service,
    template: ProgramTemplate,
    django_assert_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    with django_assert_num_queries(1):
        assert example_of([service])
    with django_assert_num_queries(0):
        assert example_of([]) is None
