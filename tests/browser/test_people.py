"""The pages of people, courses and surgeons' offices, for clients and for the desk: on a phone in light, and at 320
pixels with twice the text in dark, nothing sticks out and axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.courses.models import Course, CoursePlan
from bookings.domain import links, operations
from bookings.enums import NoteScope
from bookings.referrals.models import Referral
from tests.bookings.admin.test_admin_in_chromium import sign_in
from tests.bookings.courses.conftest import make_plan
from tests.bookings.courses.test_rest import make_course
from tests.bookings.referrals.conftest import link_of, make_office, make_referral, page_of
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at, make_world
from tests.support.browser import (
    PHONE,
    PageMaker,
    accessibility_violations,
    sideways_overflow,
    with_large_text,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MARIA = "Maria Magdalena O'Brien-Featherstonehaugh"
looks = pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (320, "dark")])
Look = Callable[[str], None]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """It ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def course(world: World) -> Course:
    """Of Maria, for whom Ana books; she has had a visit that a clinician has cleared."""
    maria: dict[str, Any] = {"recipient_name": MARIA, "recipient_phone": "+12135550177", "unit": "Apt 4"}
    before = world.book(starts_at=at(16), answers={**CLEAR_ANSWERS, "pregnancy": "yes"}, **maria)
    operations.record_clinician_note(
        booking=before, actor=None, note="Dr. Sample says yes.", now=timezone.now(),
        scope=NoteScope.SERVICE, until=DAY + timedelta(days=60),
    )  # fmt: skip
    return make_course(world, make_plan(world), **maria)


@pytest.fixture
def referral(course: Course) -> Referral:
    return make_referral(make_office(), CoursePlan.objects.get())


@pytest.fixture
def page(new_page: PageMaker, width: int, scheme: str) -> Page:
    is_large = width < PHONE
    made = new_page(width=width, color_scheme=scheme, bypass_csp=is_large)
    return with_large_text(made) if is_large else made


@pytest.fixture
def faults(page: Page) -> Iterator[list[str]]:
    """What is wrong on the pages that `look` was called on; the test fails when there is anything."""
    found: list[str] = []
    yield found
    assert found == [], "\n".join(found)


@pytest.fixture
def look(page: Page, faults: list[str]) -> Look:
    def look(name: str) -> None:
        if over := sideways_overflow(page):
            faults.append(f"{name}: {over} px too wide")
        faults.extend(f"{name}: {violation}" for violation in accessibility_violations(page))

    return look


@pytest.fixture
def visit(page: Page, look: Look) -> Callable[..., None]:
    """Opens these addresses and looks at each."""

    def visit(*addresses: str) -> None:
        for address in addresses:
            response = page.goto(address)
            assert response is not None
            assert response.status == 200, address
            look(address)

    return visit


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@looks
def test_client_reads_all_pages_of_people_and_courses(
    live_server: object, page: Page, course: Course, visit: Callable[..., None], look: Look
) -> None:
    page.goto(f"/visits/sign-in/{links.token_of(links.sign_in_link(email='ana@example.com', now=NOW))}/")
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("My visits")
    second = course.visits.select_related("therapist")[1]
    own = reverse("visits:visit", args=[second.reference])
    later = second.starts_at + timedelta(hours=1)
    chosen = urlencode({"who": "any", "starts_at": f"{later.isoformat()} {second.therapist.slug}"})
    visit(
        "/visits/",
        own,
        *(
            f"{own}{name}/"
            for name in ("person", "move", "cancel", "cancel-rest", "address", "health", "clinician-note")
        ),
        f"{own}move/?day={course.visits[2].starts_at:%Y-%m-%d}",
        f"{own}move/?{chosen}",
        f"{own}move-course/",
        f"{own}move-course/?days=5",
        f"{own}pause/",
    )
    page.goto(f"{own}person/")
    press(page, "Make a link for them")
    expect(page.locator("input[value*='/agree/']")).to_be_visible()
    look("the link to agree")

    # Maria's own page, and what Ana reads once she has refused.
    visit(f"/agree/{links.token_of(links.consent_link(second, now=NOW))}/")
    press(page, "I agree")
    expect(page.get_by_text("You agreed on")).to_be_visible()
    look("agreed")
    press(page, "I no longer agree")
    expect(page.get_by_text("that you don’t agree")).to_be_visible()
    look("refused")
    page.goto(f"{own}move/")
    expect(page.get_by_text("so it can't be moved.")).to_be_visible()
    look("a move that can't be had")
    visit(f"{own}person/")


@looks
def test_office_and_patient_read_their_pages(
    live_server: object, page: Page, referral: Referral, visit: Callable[..., None], look: Look
) -> None:
    visit(page_of(referral.office), link_of(referral))
    page.get_by_label("ZIP code of the visit").fill("90026")
    press(page, "See my visits")
    expect(page.get_by_role("heading", name="5 visits")).to_be_visible()
    look("planned for the patient")
    press(page, "Take these times")
    expect(page.get_by_role("heading", level=1, name="health")).to_be_visible()
    look("the patient's health")


@looks
def test_desk_reads_all_pages_of_people_courses_and_offices(
    live_server: object,
    page: Page,
    course: Course,
    referral: Referral,
    visit: Callable[..., None],
    look: Look,
) -> None:
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    sign_in(page)
    booking = course.visits[1]
    keys = {
        "bookings_client": booking.client_id,
        "courses_course": course.pk,
        "courses_courseplan": course.plan_id,
        "referrals_referraloffice": referral.office_id,
        "referrals_referral": referral.pk,
    }
    visit(
        *(reverse(f"admin:{name}_changelist") for name in keys),
        *(reverse(f"admin:{name}_change", args=[key]) for name, key in keys.items()),
        *(reverse(f"admin:{name}_history", args=[key]) for name, key in keys.items()),
        *(reverse(f"admin:{name}_add") for name in ("courses_courseplan", "referrals_referraloffice")),
        *(
            reverse(f"admin:bookings_client_{name}", args=[booking.client_id])
            for name in ("merge", "export", "erase")
        ),
        *(
            reverse(f"admin:bookings_booking_{name}", args=[booking.pk])
            for name in ("change", "person", "correct", "move")
        ),
        reverse("admin:courses_course_move", args=[course.pk]),
        f"{reverse('admin:courses_course_move', args=[course.pk])}?days=5",
        reverse("admin:referrals_referraloffice_address", args=[referral.office_id]),
    )

    page.goto(reverse("admin:referrals_referral_change", args=[referral.pk]))
    press(page, "Open it")
    expect(page.get_by_text("CANARY-LIMITS")).to_be_visible()
    look("what the office entered")
    page.goto(reverse("admin:bookings_booking_change", args=[booking.pk]))
    page.locator("#content details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    look("a visit with all that it can tell")
    page.locator("#id_look_reason").fill("To see them.")
    press(page, "Look at them")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Health answers of")
    look("health answers")
    person = reverse("admin:bookings_booking_person", args=[booking.pk])
    page.goto(person)
    press(page, "Make a link for them")
    expect(page.locator("#agree-link")).to_be_visible()
    look("the link to agree")
    page.get_by_text("They don’t agree…").click()
    look("before they don't agree")
    press(page, "They told us that they don’t agree")
    expect(page.get_by_text("is kept. Who booked is told")).to_be_visible()
    look("a visit that can't be kept")
    visit(person, reverse("admin:bookings_client_change", args=[booking.client_id]))
