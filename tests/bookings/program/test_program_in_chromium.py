"""A runner's program on a phone: its eight weeks by the clock, a lost connection, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from playwright.sync_api import expect

from bookings.domain.operations import Act
from bookings.program import client_link
from bookings.program.models import ExerciseDay, Program, ProgramExercise
from tests.factories import NOW, World, make_world
from tests.support.browser import accessibility_violations, sideways_overflow

from .conftest import confirmed, make, make_exercise, make_template, page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock() -> Iterator[Any]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True) as travel:
        yield travel


@pytest.fixture
def program(clock: Any) -> Program:
    world: World = make_world()
    staff = User.objects.create_user("hands", is_staff=True)
    template = make_template(
        (make_exercise(days_a_week=1), 1, 8), (make_exercise("Calf raise", days_a_week=1), 3, 8)
    )
    return make(confirmed(world, staff), template, staff)


def test_eight_weeks_with_one_lost_connection(
    live_server: Any, clock: Any, program: Program, new_page: Any
) -> None:
    page = new_page(width=390)
    new_page.allow("ERR_INTERNET_DISCONNECTED")
    address = page_of(program)
    for week in range(1, 9):
        clock.move_to(NOW + timedelta(days=7 * (week - 1)))
        page.goto(address)
        expect(page.get_by_text(f"Week {week} of 8")).to_be_visible()
        if week == 1:
            assert accessibility_violations(page) == []
            for width in (320, 1280, 390):
                page.set_viewport_size({"width": width, "height": 800})
                assert not sideways_overflow(page), width
        names = ["Bridge"] if week < 3 else ["Bridge", "Calf raise"]
        for name in names:
            expect(page.get_by_role("heading", name=name)).to_be_visible()
            page.locator("[name=pain][value='3']").check()
            lost = week == 4 and name == "Bridge"
            if lost:
                page.context.set_offline(True)
            page.get_by_role("button", name="Done").click()
            if lost:
                expect(page.get_by_text("Not sent yet, and kept on this phone")).to_be_visible()
                assert ExerciseDay.objects.filter(week=4).count() == 0
                page.context.set_offline(False)
            if name == names[-1]:
                expect(page.get_by_text("That is all for today.")).to_be_visible()
        expect(page.get_by_text(f"{len(names)} of {len(names)}", exact=True)).to_be_visible()
    clock.move_to(NOW + timedelta(days=56))
    page.goto(address)
    expect(page.get_by_text("This program has ended.")).to_be_visible()
    words = ExerciseDay.objects.order_by("day", "pk")
    assert [row.week for row in words] == [1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8]
    assert {row.pain for row in words} == {3}
    assert page.evaluate("Object.keys(localStorage).filter((key) => localStorage[key] !== '[]')") == []


def test_without_scripts(live_server: Any, clock: Any, program: Program, new_page: Any) -> None:
    page = new_page(width=390, javascript=False)
    page.goto(page_of(program))
    page.get_by_role("button", name="Not today").click()
    expect(page.get_by_text("Rest is part of it.")).to_be_visible()
    page.get_by_role("link", name="Bridge").click()
    expect(page.get_by_text("Not today.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert not ExerciseDay.objects.exists()


def test_a_kept_press_goes_to_the_address_that_the_page_has_by_now(
    live_server: Any, program: Program, new_page: Any
) -> None:
    page = new_page(width=390)
    for noise in ("404", "429"):
        new_page.allow(noise)
    page.goto(page_of(program))
    # Too many presses at this address: it waits.
    page.route("**/program/*/*/", lambda route: route.fulfill(status=429, body="Too many."))
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Not sent yet, and kept on this phone")).to_be_visible()
    page.unroute("**/program/*/*/")
    client_link.send_link(program=program, act=Act(NOW, program.made_by))
    # At the address of before it is kept.
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("Open your link again to send them.")).to_be_visible()
    page.goto(page_of(program))
    expect(page.get_by_text("That is all for today.")).to_be_visible()
    assert ExerciseDay.objects.get().outcome == "done"


def test_timer_video_and_how_it_went_in_dark(
    live_server: Any, clock: Any, program: Program, new_page: Any
) -> None:
    ProgramExercise.objects.filter(program=program).update(
        unit="seconds", amount=30, video_url="https://youtu.be/abc_DEF-123"
    )
    frame = "https://www.youtube-nocookie.com/embed/abc_DEF-123"
    page = new_page(width=390)
    new_page.allow(frame)
    page.emulate_media(color_scheme="dark")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("?")[0]))
    video = {"body": "<title>A video</title>", "content_type": "text/html"}
    page.route("https://www.youtube-nocookie.com/**", lambda route: route.fulfill(**video))
    page.clock.install(time=NOW)
    page.goto(page_of(program))
    page.clock.pause_at(NOW + timedelta(hours=1))

    left, said = page.locator("[data-left]"), page.locator("[data-timer] [role=status]")
    for press, seconds, rest in (("Start the timer", 10, "20"), ("Pause", 10, "20"), ("Continue", 19, "1")):
        page.get_by_role("button", name=press).click()
        page.clock.run_for(1000 * seconds)
        expect(left).to_have_text(rest)
        expect(said).to_be_empty()
    page.clock.run_for(1000)
    expect(said).to_have_text("Time is up.")
    expect(left).to_have_text("30")
    expect(page.get_by_role("button", name="Start the timer")).to_be_visible()
    page.clock.resume()

    assert frame not in asked
    page.get_by_role("link", name="Watch the video").click()
    expect(page.frame_locator("iframe").locator("body")).to_be_attached()
    assert asked.count(frame) == 1

    page.locator("[name=pain][value='3']").check()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("That is all for today.")).to_be_visible()
    page.get_by_role("button", name="How it went so far").click()
    expect(page.get_by_role("heading", name="How it went so far")).to_be_visible()
    expect(page.get_by_role("cell", name="3")).to_be_visible()
    assert accessibility_violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert not sideways_overflow(page)
