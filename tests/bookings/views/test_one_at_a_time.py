"""The details part by part, and the health questions one after another; without JavaScript."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from bookings.models import Booking, BookingDraft, Hold, ScreeningVersion
from bookings.screening import sample_rules_data
from tests.bookings.views.flow import DETAILS, Flow
from tests.factories import CLEAR_ANSWERS, NOW, World, at

pytestmark = pytest.mark.django_db

PARTS = {
    "who": {"name": DETAILS["name"]},
    "contact": {"email": DETAILS["email"], "phone": DETAILS["phone"]},
    "address": {"street": DETAILS["street"], "unit": DETAILS["unit"]},
    "access": {"access_type": "stairs", "gate_code": DETAILS["gate_code"], "notes": DETAILS["notes"]},
}


def part(name: str) -> str:
    return f"/book/details/{name}/"


def send(flow: Flow, name: str, /, **changes: Any) -> HttpResponse:
    return flow.post(part(name), PARTS[name], changes)


def leads_to(response: Any) -> str:
    assert response.status_code == 302, response.content.decode()[:2000]
    return response.headers["Location"].removesuffix("#step-title")


def text(response: Any) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def asked(flow: Flow, number: int) -> str:
    """The id of the question at a number."""
    page = flow.client.get(f"/book/health/{number}/")
    found = re.search(r'name="question" value="(\w+)"', page.content.decode())
    assert found is not None
    return found[1]


def answer(flow: Flow, name: str, value: str, number: int = 1) -> HttpResponse:
    return flow.client.post(f"/book/health/{number}/", {"question": name, "answer": value})  # type: ignore[return-value]


def answer_all(flow: Flow, **given: str) -> str:
    """Answers one question after another; returns where the last one leads."""
    address = leads_to(flow.client.get("/book/health/"))
    for _ in range(30):
        if not (found := re.fullmatch(r"/book/health/(\d+)/", address)):
            return address
        name = asked(flow, int(found[1]))
        address = leads_to(answer(flow, name, {**CLEAR_ANSWERS, **given}[name], int(found[1])))
    raise AssertionError("the questions have no end")


def draft() -> dict[str, Any]:
    answers: dict[str, Any] = BookingDraft.objects.get().answers
    return answers


# Details -------------------------------------------------------------------------------------------------------------


def test_a_visit_is_booked_part_by_part_and_question_by_question(flow: Flow) -> None:
    flow.until("details")
    assert leads_to(flow.client.get("/book/details/")) == part("who")
    assert "Part 1 of 4" in text(flow.client.get(part("who")))
    assert leads_to(send(flow, "who")) == part("contact")
    assert leads_to(send(flow, "contact")) == part("address")
    assert leads_to(send(flow, "address")) == part("access")
    assert "details" not in draft()
    assert leads_to(send(flow, "access")) == "/book/health/"
    assert draft()["details"]["phone"] == "+12135550123"
    assert answer_all(flow) == "/book/review/"
    assert flow.review().headers["Location"] == "/book/done/"
    booking = Booking.objects.get()
    assert (booking.contact_name, booking.street, booking.access_type) == (
        "Ana O'Brien",
        "12 Sample Street",
        "stairs",
    )
    assert booking.access.notes == {"gate_code": "CANARY-GATE-4711", "notes": "CANARY-NOTE"}
    assert booking.screening.tier == "clear"


def test_going_back_keeps_what_was_typed_finished_or_not(flow: Flow) -> None:
    flow.until("details")
    send(flow, "who", for_other="on", recipient_name="Maria O'Brien")
    assert leads_to(send(flow, "contact", phone="", back="yes")) == part("who")
    assert flow.client.get(part("contact")).status_code == 200
    back = send(flow, "contact", email="ana@", phone="12", back="yes")
    assert leads_to(back) == part("who")
    page = flow.client.get(part("who")).content.decode()
    assert "checked" in page
    assert 'value="Maria O&#x27;Brien"' in page
    assert leads_to(send(flow, "who", name="", back="yes")) == "/book/when/"
    # The time is still chosen, and the first open part is where the name is missing.
    assert leads_to(flow.when()) == "/book/details/"
    assert leads_to(flow.client.get("/book/details/")) == part("who")
    assert leads_to(send(flow, "who")) == part("contact")
    page = flow.client.get(part("contact")).content.decode()
    assert 'value="ana@"' in page
    assert 'value="12"' in page
    for name in ("contact", "address", "access"):
        send(flow, name)
    assert draft()["details"]["recipient_name"] == ""


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("who", {"name": ""}, "Type your name."),
        ("who", {"for_other": "on"}, "Type the name of the person we visit."),
        ("contact", {"email": "ana@"}, "Type an email address like name@example.com."),
        ("contact", {"phone": ""}, "Type a phone number where we can reach you."),
        ("address", {"street": "win at evil.example.com"}, "without a web or email address"),
        ("access", {"access_type": "roof"}, "Choose one of these."),
        ("access", {"pets": "x" * 121}, "at most 120 characters"),
        ("who", {"website": "x"}, "filled in a field"),
    ],
)
def test_each_part_says_what_is_wrong_with_it_alone(
    flow: Flow, name: str, changes: dict[str, Any], words: str
) -> None:
    flow.until("details")
    response = send(flow, name, **changes)
    assert response.status_code == 422
    assert words in text(response)
    assert "<title>Error: " in response.content.decode()
    assert "Step 4 of 6" in response.content.decode().split("</title>")[0]
    # Of other parts nothing is said.
    assert response.content.decode().count('class="invalid-feedback"') <= 1
    assert "details_so_far" not in draft()


def test_who_told_us_before_gets_all_of_it_on_one_page(flow: Flow) -> None:
    flow.until("health")
    page = flow.client.get("/book/details/").content.decode()
    for typed in ('value="12 Sample Street"', 'value="(213) 555-0123"', "CANARY-NOTE"):
        assert typed in page
    # Who corrects one thing goes straight on to what is open.
    assert leads_to(send(flow, "address", street="5 Other Street")) == "/book/health/"
    flow.health()
    assert leads_to(send(flow, "address", street="6 Other Street")) == "/book/review/"
    assert leads_to(flow.when(starts_at=at(14).isoformat())) == "/book/review/"
    flow.review()
    assert Booking.objects.get().street == "6 Other Street"


def test_all_on_one_page_is_there_for_who_asks(flow: Flow) -> None:
    flow.until("details")
    send(flow, "who")
    page = flow.client.get("/book/details/?all=yes").content.decode()
    assert "Ana O&#x27;Brien" in page
    assert 'name="street"' in page
    flow.details()
    assert flow.client.get("/book/health/?all=yes").content.decode().count("<legend>") > 10


@pytest.mark.parametrize("address", ["/book/details/cellar/", "/book/details/who/more/"])
def test_a_part_that_does_not_exist_is_not_found(flow: Flow, address: str) -> None:
    flow.until("details")
    assert flow.client.get(address).status_code == 404
    assert flow.client.post(address, {}).status_code == 404


def test_parts_and_questions_need_the_steps_before_them(flow: Flow) -> None:
    for address in (part("who"), "/book/health/1/"):
        assert flow.client.get(address).headers["Location"] == "/book/"
        assert (
            flow.client.post(address, {"question": "adult", "answer": "yes"}).headers["Location"] == "/book/"
        )
    flow.until("details")
    assert flow.client.get("/book/health/1/").headers["Location"] == "/book/details/"
    # Another tab opened an earlier step again: what is typed here is kept.
    flow.client.post("/book/where/", {"zip_code": "91364"})
    assert leads_to(send(flow, "who")) == "/book/when/"
    assert draft()["details_so_far"]["name"] == "Ana O'Brien"


def test_hostile_parts_leave_nothing_but_what_was_typed(flow: Flow) -> None:
    flow.until("details")
    response = send(
        flow, "access", access_type="' OR 1=1 --", gate_code="a\x00b", notes="x" * 50_000, back="yes"
    )
    assert leads_to(response) == part("address")
    page = flow.client.get(part("access"))
    assert page.status_code == 200
    assert flow.client.get("/book/when/").status_code == 200
    assert len(draft()["details_so_far"]["notes"]) < 5_000
    assert send(flow, "access", notes="x" * 50_000).status_code == 422


# Health --------------------------------------------------------------------------------------------------------------


def test_emergency_signs_are_asked_first_and_lead_to_911_at_once(flow: Flow) -> None:
    flow.until("health")
    assert leads_to(flow.client.get("/book/health/")) == "/book/health/1/"
    first = asked(flow, 1)
    assert first == "urgent_signs"
    assert leads_to(answer(flow, first, "yes")) == "/book/health/"
    page = flow.client.get("/book/health/")
    assert "Please call 911 now" in text(page)
    assert 'href="tel:911"' in page.content.decode()
    assert not Hold.objects.exists()
    assert flow.client.get("/book/review/").headers["Location"] == "/book/health/"
    # A wrong press is mended there, and the rest of the questions follow.
    assert 'href="/book/health/1/#step-title"' in page.content.decode()
    assert leads_to(answer(flow, first, "no")) == "/book/health/2/"
    assert Hold.objects.exists()
    assert answer_all(flow) == "/book/review/"


@pytest.mark.parametrize("name", ["leg_or_clot", "fever_or_infection", "heart_or_lungs"])
def test_an_answer_that_stops_leads_to_the_safe_words_before_the_next_question(flow: Flow, name: str) -> None:
    flow.until("health")
    assert answer_all(flow, **{name: "yes"}) == "/book/health/"
    page = flow.client.get("/book/health/")
    assert "We can't book this online" in text(page)
    assert 'href="tel:+12135550142"' in page.content.decode()
    assert draft()["health"]["bookable"] is False
    assert "cancer" not in draft()["health"]["answers"]
    flow.client.post("/book/review/", {"agree": "on"})
    assert not Booking.objects.exists()


def test_doubt_about_an_emergency_sign_is_answered_on_the_very_next_page(flow: Flow) -> None:
    flow.until("health")
    answer(flow, "urgent_signs", "unsure")
    assert "please call 911 right away" in text(flow.client.get("/book/health/2/"))
    assert "911 right away" not in text(flow.client.get("/book/health/1/"))
    assert answer_all(flow, urgent_signs="unsure") == "/book/review/"
    flow.review()
    assert Booking.objects.get().screening.tier == "clearance"


def test_follow_ups_are_asked_when_they_apply_and_forgotten_when_not(flow: Flow) -> None:
    flow.until("health")
    assert answer_all(flow, surgery="yes", surgery_date="2026-11-01") == "/book/review/"
    assert draft()["health"]["answers"]["surgery_date"] == "2026-11-01"
    # Changed afterwards: back to review at once, and the date is gone.
    assert leads_to(answer(flow, "surgery", "no")) == "/book/review/"
    assert "surgery_date" not in draft()["health"]["answers"]
    address = leads_to(answer(flow, "surgery", "yes"))
    assert asked(flow, int(address.split("/")[3])) == "surgery_date"
    assert flow.client.get("/book/review/").headers["Location"] == "/book/health/"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("urgent_signs", "", "Choose an answer."),
        ("urgent_signs", "perhaps", "Choose one of these answers."),
        ("surgery_date", "", "Give a date."),
        ("surgery_date", "2027-01-01", "Give a day that has passed"),
        ("surgery_date", "2026-02-30", "Give a day that has passed"),
    ],
)
def test_an_answer_that_makes_no_sense_is_asked_for_again(
    flow: Flow, name: str, value: str, words: str
) -> None:
    flow.until("health")
    answer(flow, "surgery", "yes")
    response = answer(flow, name, value)
    assert response.status_code == 422
    assert words in text(response)
    assert "<title>Error: Health question" in response.content.decode()
    assert name not in draft()["health_so_far"]["answers"]


@pytest.mark.parametrize("name", ["", "guardian", "nonsense", "adult\x00"])
def test_an_answer_to_a_question_that_is_not_asked_changes_nothing(flow: Flow, name: str) -> None:
    flow.until("health")
    assert leads_to(answer(flow, name, "yes")) == "/book/health/"
    assert "health_so_far" not in draft()


@pytest.mark.parametrize("number", [0, 2, 99, 10**30])
def test_a_question_out_of_turn_leads_to_the_open_one(flow: Flow, number: int) -> None:
    flow.until("health")
    assert (
        flow.client.get(f"/book/health/{number}/", follow=True)
        .redirect_chain[-1][0]
        .startswith("/book/health/1/")
    )


def test_addresses_and_titles_tell_no_question(flow: Flow) -> None:
    flow.until("health")
    page = flow.client.get("/book/health/1/").content.decode()
    title = page.split("<title>")[1].split("</title>")[0]
    assert title.startswith("Health question 1 of ")
    assert "Step 5 of 6" in title
    assert "signs" not in title


def test_answers_to_an_earlier_version_or_another_service_are_asked_for_again(
    flow: Flow, world: World
) -> None:
    flow.until("health")
    answer(flow, "urgent_signs", "no")
    ScreeningVersion.objects.create(number=2, rules=sample_rules_data(), published_at=NOW)
    assert leads_to(flow.client.get("/book/health/")) == "/book/health/1/"
    assert answer_all(flow) == "/book/review/"
    assert draft()["health"]["version"] == 2


def test_answers_given_so_far_belong_to_this_visitor(flow: Flow, world: World) -> None:
    flow.until("health")
    answer(flow, "urgent_signs", "no")
    other = Flow(Client(), world).until("when")
    other.when(starts_at=at(14).isoformat())
    other.details()
    assert leads_to(other.client.get("/book/health/")) == "/book/health/1/"


def test_starting_again_forgets_what_was_told_so_far(flow: Flow) -> None:
    flow.until("health")
    answer(flow, "urgent_signs", "no")
    flow.client.post("/book/start-over/")
    assert not BookingDraft.objects.exists()


# Whose answers they are ----------------------------------------------------------------------------------------------


def sheet(flow: Flow, address: str) -> str:
    """What the page's form is sent with to say which questions it asked."""
    found = re.search(r'name="sheet" value="([^"]+)"', flow.client.get(address).content.decode())
    assert found is not None
    return found[1]


@pytest.mark.parametrize("address", ["/book/health/1/", "/book/health/?all=yes"])
def test_a_page_of_an_earlier_version_answers_no_question_of_the_next(flow: Flow, address: str) -> None:
    flow.until("health")
    sent = {"sheet": sheet(flow, address), "question": "urgent_signs", "answer": "no", **CLEAR_ANSWERS}
    ScreeningVersion.objects.create(number=2, rules=sample_rules_data(), published_at=NOW)
    response = flow.client.post(address.partition("?")[0], sent, follow=True)
    assert "Our health questions have changed." in text(response)
    assert not draft().keys() & {"health", "health_so_far"}
    # The page as it is now is taken.
    sent["sheet"] = sheet(flow, address)
    assert flow.client.post(address.partition("?")[0], sent).status_code == 302
    assert draft().keys() & {"health", "health_so_far"}


def test_answers_of_one_person_do_not_count_for_two(flow: Flow, world: World) -> None:
    world.service.max_people = 2
    world.service.save()
    flow.until("health")
    of_one = sheet(flow, "/book/health/1/")
    assert answer_all(flow) == "/book/review/"
    flow.what(people=2)
    assert "health" not in draft()
    flow.where()
    flow.when()
    assert leads_to(flow.client.get("/book/review/")) == "/book/health/"
    # Nor does a page that asked one person, left open in another tab.
    flow.client.post("/book/health/1/", {"sheet": of_one, "question": "urgent_signs", "answer": "no"})
    assert "health_so_far" not in draft()
    assert answer_all(flow) == "/book/review/"
    # What both have answered still holds for one of them.
    flow.what(people=1)
    assert "health" in draft()


@pytest.mark.parametrize("whole", [True, False])
def test_answers_do_not_count_for_another_person(flow: Flow, whole: bool) -> None:
    flow.until("review")
    other = {"for_other": "on", "recipient_name": "Maria O'Brien"}
    response = flow.details(**other) if whole else send(flow, "who", **other)
    assert leads_to(response) == "/book/health/"
    assert "Your health answers were for other people." in text(flow.client.get("/book/health/1/"))
    assert "health" not in draft()
    assert answer_all(flow) == "/book/review/"
    # Another spelling of the name is no other person.
    send(flow, "who", **{**other, "recipient_name": "María O'Brien"})
    assert "health" in draft()
