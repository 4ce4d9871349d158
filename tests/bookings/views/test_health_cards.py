"""The health questions on four cards, for one person and two; without JavaScript."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from bookings.models import Booking, BookingDraft, Hold, ScreeningVersion
from bookings.screening import key_of, sample_rules_data
from tests.bookings.views.flow import Flow
from tests.factories import CLEAR_ANSWERS, NOW, World, at

pytestmark = pytest.mark.django_db

CARDS = ("today", "organs", "treatment", "everyday")
NONE = {f"card.{card}": "none" for card in CARDS} | {"adult": "yes"}
LINES = ("surgery", "open_wound", "cancer", "pregnancy", "blood_thinners")
SOME = {"card.treatment": "some"} | dict.fromkeys(LINES, "no")
SECOND = {f"p2-{name}": value for name, value in NONE.items()}


def send(flow: Flow, data: dict[str, str], **changes: Any) -> HttpResponse:
    return flow.post("/book/health/", data, changes)


def leads_to(response: Any) -> str:
    assert response.status_code == 302, response.content.decode()[:2000]
    return str(response.headers["Location"])


def text(response: Any) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def kept() -> dict[str, Any]:
    health: dict[str, Any] = BookingDraft.objects.get().answers["health"]
    return health


def test_none_of_these_is_an_explicit_no_to_each_question_of_the_card(flow: Flow) -> None:
    flow.until("health")
    page = flow.client.get("/book/health/")
    assert page.content.decode().count("data-card>") == 4
    assert "3 of 5 · Health" in text(page)
    assert leads_to(send(flow, NONE)) == "/book/details/"
    assert kept()["answers"] == CLEAR_ANSWERS
    assert kept()["bookable"] is True
    flow.details()
    flow.review()
    assert Booking.objects.get().screening.answers == CLEAR_ANSWERS
    assert Booking.objects.get().screening.tier == "clear"


@pytest.mark.parametrize("card", CARDS)
def test_a_card_without_an_answer_is_an_error_and_never_a_no(flow: Flow, card: str) -> None:
    flow.until("health")
    response = send(flow, NONE, **{f"card.{card}": None})
    assert response.status_code == 422
    assert text(response).count("This card has no answer yet.") == 2  # in the summary and at the card
    assert f'href="#div_id_card.{card}"' in response.content.decode()
    assert f'id="div_id_card.{card}"' in response.content.decode()
    assert "<title>Error: " in response.content.decode()
    assert kept()["bookable"] is False
    assert leads_to(flow.client.get("/book/details/")) == "/book/health/"
    # The other cards are as they were chosen, here and when the page is loaded again.
    assert response.content.decode().count('value="none"') - response.content.decode().count("checked") == 0
    assert leads_to(send(flow, NONE)) == "/book/details/"


def test_question_in_the_summary_is_not_followed_by_a_colon(flow: Flow) -> None:
    flow.until("health")
    said = text(send(flow, NONE, adult=None))
    assert said.count("18 or older? Choose an answer.") == 2  # in the summary and at the question


@pytest.mark.parametrize("line", LINES)
def test_yes_or_not_sure_asks_for_every_line(flow: Flow, line: str) -> None:
    flow.until("health")
    response = send(flow, NONE | SOME, **{line: None})
    assert response.status_code == 422
    assert "Choose an answer. “Not sure” is fine." in text(response)
    assert line not in kept()["answers"]
    assert leads_to(send(flow, NONE | SOME, **{line: "no"})) == "/book/details/"
    assert kept()["answers"] == CLEAR_ANSWERS


@pytest.mark.parametrize("answer", ["yes", "unsure", "perhaps"])
def test_none_of_these_beside_another_answer_asks_which_is_right(flow: Flow, answer: str) -> None:
    flow.until("health")
    response = send(flow, NONE, cancer=answer)
    assert response.status_code == 422
    assert "Which one is right?" in text(response)
    assert kept()["bookable"] is False
    assert "no" not in {kept()["answers"].get(line) for line in LINES}


def test_emergency_signs_lead_to_911_at_once_also_without_the_rest(flow: Flow) -> None:
    flow.until("health")
    page = send(flow, {"card.today": "some", "urgent_signs": "yes"})
    assert page.status_code == 200
    assert "Please call 911 now" in text(page)
    assert 'href="tel:911"' in page.content.decode()
    assert not Hold.objects.exists()
    assert leads_to(flow.client.get("/book/review/")) == "/book/health/"
    assert "Please call 911 now" in text(flow.client.get("/book/health/"))
    # A wrong press is mended on the page itself.
    assert 'href="/book/health/?change=yes"' in page.content.decode()
    again = flow.client.get("/book/health/?change=yes").content.decode()
    assert "data-card>" in again
    assert leads_to(send(flow, NONE)) == "/book/details/"
    assert Hold.objects.exists()


@pytest.mark.parametrize(
    "name", ["leg_or_clot", "fever_or_infection", "heart_or_lungs", "kidneys_or_swelling"]
)
def test_an_answer_that_stops_leads_to_the_safe_words_before_name_and_address(flow: Flow, name: str) -> None:
    flow.until("health")
    page = send(flow, {name: "yes"})
    assert "We can't book this online" in text(page)
    assert 'href="tel:+12135550142"' in page.content.decode()
    assert kept()["bookable"] is False
    assert "details" not in BookingDraft.objects.get().answers
    flow.client.post("/book/review/", {"agree": "on"})
    assert not Booking.objects.exists()


def test_what_is_said_to_answers_that_need_care_is_on_the_page(flow: Flow) -> None:
    flow.until("health")
    page = flow.client.get("/book/health/").content.decode()
    assert re.search(
        r'data-for="yes unsure" role="status" hidden>We&#x27;ll hold your time as a request', page
    )
    assert re.search(r'data-for="unsure" role="status" hidden>If any of these signs is there', page)
    # Of the line whose yes can't wait, the page knows; what it says then is the server's.
    assert page.count("data-urgent") == 1


def test_follow_ups_are_asked_when_they_apply_and_forgotten_when_not(flow: Flow) -> None:
    flow.until("health")
    assert send(flow, NONE | SOME, surgery="yes").status_code == 422
    date = {"surgery_date-month": "11", "surgery_date-day": "1", "surgery_date-year": "2026"}
    assert leads_to(send(flow, NONE | SOME, surgery="yes", **date)) == "/book/details/"
    assert kept()["answers"]["surgery_date"] == "2026-11-01"
    page = flow.client.get("/book/health/").content.decode()
    assert '<option value="11" selected>' in page
    assert leads_to(send(flow, NONE, **date)) == "/book/details/"
    assert "surgery_date" not in kept()["answers"]


@pytest.mark.parametrize(
    ("month", "day", "year", "kept_as"),
    [
        ("11", "", "2026", "2026-11"),
        ("03", "5", "2026", "2026-03-05"),
        ("", "", "2026", None),
        ("12", "31", "2026", None),
        ("02", "30", "2026", None),
        ("11", "", "", None),
        ("1" * 500, "x" * 500, "-" * 500, None),
    ],
)
def test_a_rough_date_is_a_month_and_a_year(
    flow: Flow, month: str, day: str, year: str, kept_as: str | None
) -> None:
    flow.until("health")
    date = {"surgery_date-month": month, "surgery_date-day": day, "surgery_date-year": year}
    response = send(flow, NONE | SOME, surgery="yes", **date)
    assert response.status_code == (302 if kept_as else 422)
    assert kept()["answers"].get("surgery_date") == kept_as


def test_not_sure_of_the_date_is_an_answer(flow: Flow) -> None:
    flow.until("health")
    assert (
        leads_to(send(flow, NONE | SOME, surgery="yes", **{"surgery_date-unsure": "yes"})) == "/book/details/"
    )
    assert kept()["answers"]["surgery_date"] == "unsure"


def test_addresses_and_titles_tell_no_question(flow: Flow) -> None:
    flow.until("health")
    title = flow.client.get("/book/health/").content.decode().split("<title>")[1].split("</title>")[0]
    assert title.startswith("A few health questions · ")
    assert "Step 3 of 5" in title


def test_answers_to_an_earlier_version_are_asked_for_again(flow: Flow) -> None:
    flow.until("health")
    send(flow, NONE)
    ScreeningVersion.objects.create(number=2, rules=sample_rules_data(), published_at=NOW)
    assert "checked" not in flow.client.get("/book/health/").content.decode()


def sheet(flow: Flow) -> str:
    found = re.search(r'name="sheet" value="([^"]+)"', flow.client.get("/book/health/").content.decode())
    assert found is not None
    return found[1]


def test_a_page_of_an_earlier_version_answers_no_question_of_the_next(flow: Flow) -> None:
    flow.until("health")
    old = sheet(flow)
    ScreeningVersion.objects.create(number=2, rules=sample_rules_data(), published_at=NOW)
    response = flow.client.post("/book/health/", {**NONE, "sheet": old}, follow=True)
    assert "Our health questions have changed." in text(response)
    assert "health" not in BookingDraft.objects.get().answers
    assert leads_to(send(flow, NONE, sheet=sheet(flow))) == "/book/details/"


def test_answers_given_belong_to_this_visitor(flow: Flow, world: World) -> None:
    flow.until("health")
    send(flow, NONE)
    other = Flow(Client(), world).until("when")
    other.when(starts_at=at(14).isoformat())
    assert "checked" not in other.client.get("/book/health/").content.decode()


# Two people ----------------------------------------------------------------------------------------------------------


def for_two(flow: Flow) -> Flow:
    flow.world.service.max_people = 2
    flow.world.service.save()
    flow.what(people=2)
    flow.where()
    flow.when()
    return flow


def test_two_people_answer_each_for_themselves(flow: Flow) -> None:
    for_two(flow)
    page = flow.client.get("/book/health/")
    assert page.content.decode().count("data-card>") == 8
    assert "The second person" in text(page)
    response = send(flow, NONE)
    assert response.status_code == 422
    assert text(response).count("This card has no answer yet.") == 8
    assert "The second person: Right now: This card has no answer yet." in text(response)
    some = {f"p2-{name}": value for name, value in (SOME | {"cancer": "yes"}).items()}
    assert leads_to(send(flow, NONE | SECOND | some)) == "/book/details/"
    flow.details()
    flow.review()
    record = Booking.objects.get().screening
    assert record.tier == "clearance"
    assert record.answers["cancer"] == "no"
    assert record.answers[key_of("cancer", 2)] == "yes"


@pytest.mark.parametrize("mark", ["", "p2-"])
def test_a_stop_of_either_person_stops(flow: Flow, mark: str) -> None:
    for_two(flow)
    assert "We can't book this online" in text(
        send(
            flow,
            NONE | SECOND,
            **{
                f"{mark}card.today": "some",
                f"{mark}leg_or_clot": "yes",
                f"{mark}urgent_signs": "no",
                f"{mark}fever_or_infection": "no",
            },
        )
    )


def test_answers_of_one_person_do_not_count_for_two(flow: Flow) -> None:
    flow.world.service.max_people = 2
    flow.world.service.save()
    flow.until("health")
    of_one = sheet(flow)
    send(flow, NONE)
    for_two(flow)
    assert "health" not in BookingDraft.objects.get().answers
    # Nor does a page that asked one person, left open in another tab.
    send(flow, NONE | SECOND, sheet=of_one)
    assert "health" not in BookingDraft.objects.get().answers
    send(flow, NONE | SECOND)
    # Of two, the first is left when only one is visited, and nothing of the other is kept.
    flow.what(people=1)
    flow.where()
    flow.when()
    flow.details()
    flow.review()
    assert Booking.objects.get().screening.answers == CLEAR_ANSWERS
