"""The home page's answer to a ZIP code: in place for scripts, on the page for everybody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from blog import models as blog
from tests.factories import NOW, World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def ask(client: Client, query: str, **headers: str) -> str:
    with time_machine.travel(NOW, tick=False):
        response = client.get(f"/?{query}", headers=headers or None)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    return response.content.decode()


def test_yes_comes_with_the_next_time_the_price_and_both_choices_kept(client: Client, world: World) -> None:
    html = ask(client, "zip=90026&service=manual-lymphatic-drainage")
    assert "Yes, we come to Los Angeles, 90026." in html
    assert '<time datetime="2026-12-0' in html
    assert '<span class="price">$140</span> in all' in html
    way = f"/book/?service=manual-lymphatic-drainage&amp;option={world.option.pk}&amp;zip=90026"
    assert f'href="{way}"' in html
    booking = client.get(way.replace("&amp;", "&")).content.decode()
    assert re.search(rf'value="{world.option.pk}"[^>]* checked', booking)
    assert 'name="zip" value="90026"' in booking


def without_tokens(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_script_gets_the_answer_alone(client: Client, world: World) -> None:
    part = without_tokens(ask(client, "zip=90026", **{"x-part": "area"}))
    assert "Yes, we come" in part
    assert "<html" not in part
    assert part.strip() in without_tokens(ask(client, "zip=90026"))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Type the five digits"),
        ("9002", "has five digits"),
        ("90026-12", "has five digits"),
        ("<script>", "has five digits"),
        ("٩٠٠٢٦", "has five digits"),
        ("00000", "can&#x27;t find that ZIP code"),
        ("92101", "We don't drive to 92101 yet."),
        ("90026-1234", "Yes, we come to Los Angeles, 90026."),
        (" 90026 ", "Yes, we come to Los Angeles, 90026."),
    ],
)
def test_each_thing_typed_is_answered_kindly(client: Client, world: World, typed: str, words: str) -> None:
    with time_machine.travel(NOW, tick=False):
        html = client.get("/", {"zip": typed}).content.decode()
    assert words in html
    assert "<script>" not in html


def test_outside_names_a_way_to_ask(client: Client, world: World) -> None:
    html = ask(client, "zip=92101", **{"x-part": "area"})
    assert 'href="tel:+12135550142"' in html


def test_nul_is_refused_without_a_fault(client: Client, world: World) -> None:
    assert client.get("/?zip=90026&service=%00").status_code == 400


def test_asking_is_limited_and_reading_is_not(client: Client, world: World, settings: Any) -> None:
    settings.RATELIMIT_ENABLE = True
    with time_machine.travel(NOW, tick=False):
        statuses = [client.get("/?zip=9").status_code for _ in range(22)]
        assert statuses == [200] * 20 + [429] * 2
        assert client.get("/").status_code == 200


def test_answer_costs_few_queries(client: Client, world: World, count_queries: Any) -> None:
    with count_queries() as queries:
        ask(client, "zip=90026", **{"x-part": "area"})
    assert len(queries) <= 8


def test_home_shows_what_people_said_only_with_their_consent(client: Client, world: World) -> None:
    assert "<blockquote" not in client.get("/").content.decode()
    for words, has_consent in (("Shown words.", True), ("Kept words.", False)):
        blog.Testimonial.objects.create(words=words, name="Sample", has_consent=has_consent)
    html = client.get("/").content.decode()
    assert "Shown words." in html
    assert "Kept words." not in html
