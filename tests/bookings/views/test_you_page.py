"""Who and where on one page; nothing typed is lost, and health answers stay with the person they are about."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from bookings.models import BookingDraft
from tests.bookings.views.flow import Flow
from tests.factories import at

pytestmark = pytest.mark.django_db

MOTHER = {"for_other": "on", "recipient_name": "Maria O'Brien"}


def leads_to(response: Any) -> str:
    assert response.status_code == 302, response.content.decode()[:2000]
    return str(response.headers["Location"])


def text(response: Any) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def draft() -> dict[str, Any]:
    answers: dict[str, Any] = BookingDraft.objects.get().answers
    return answers


def test_all_of_it_is_asked_on_one_page(flow: Flow) -> None:
    flow.until("details")
    page = flow.client.get("/book/details/")
    assert page.content.decode().count("<fieldset") >= 4
    assert "4 of 5 · You" in text(page)
    assert leads_to(flow.details()) == "/book/review/"
    assert draft()["details"]["phone"] == "+12135550123"
    assert 'value="(213) 555-0123"' in flow.client.get("/book/details/").content.decode()
    # Who corrects one thing goes straight on.
    assert leads_to(flow.when(starts_at=at(14).isoformat())) == "/book/review/"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Type your name."),
        ({"for_other": "on"}, "Type the name of the person we visit."),
        ({"email": "ana@"}, "Type an email address like name@example.com."),
        ({"phone": ""}, "Type a phone number where we can reach you."),
        ({"street": "win at evil.example.com"}, "without a web or email address"),
        ({"access_type": "roof"}, "Choose one of these."),
        ({"pets": "x" * 121}, "Please use 120 characters at most."),
        ({"website": "x"}, "filled in a field"),
    ],
)
def test_the_page_says_what_is_wrong_and_keeps_the_rest(
    flow: Flow, changes: dict[str, Any], words: str
) -> None:
    flow.until("details")
    response = flow.details(**changes)
    assert response.status_code == 422
    assert words in text(response)
    assert "<title>Error: " in response.content.decode()
    assert "details" not in draft()
    assert "CANARY-NOTE" in flow.client.get("/book/details/").content.decode()


def test_going_back_keeps_what_was_typed_finished_or_not(flow: Flow) -> None:
    flow.until("details")
    assert leads_to(flow.details(**MOTHER, email="ana@", phone="12", back="yes")) == "/book/health/"
    page = flow.client.get("/book/details/").content.decode()
    for typed in ('value="ana@"', 'value="12"', 'value="Maria O&#x27;Brien"'):
        assert typed in page
    assert leads_to(flow.details()) == "/book/review/"
    assert draft()["details"]["recipient_name"] == ""
    assert "details_so_far" not in draft()


def test_hostile_details_leave_nothing_but_what_was_typed(flow: Flow) -> None:
    flow.until("details")
    hostile = {"access_type": "' OR 1=1 --", "gate_code": "a\x00b", "notes": "x" * 50_000}
    assert leads_to(flow.details(**hostile, back="yes")) == "/book/health/"
    assert flow.client.get("/book/details/").status_code == 200
    assert len(draft()["details_so_far"]["notes"]) < 5_000
    assert flow.details(**hostile).status_code == 422


def test_health_answers_are_about_whoever_is_named_after_them(flow: Flow) -> None:
    flow.until("details")
    assert flow.details(**MOTHER, phone="").status_code == 422
    assert leads_to(flow.details(**MOTHER)) == "/book/review/"
    # Another spelling of the name is no other person.
    assert leads_to(flow.details(**MOTHER | {"recipient_name": " maría  O'BRIEN"})) == "/book/review/"


@pytest.mark.parametrize("other", [{"for_other": "on", "recipient_name": "Aunt Rosa"}, {}])
@pytest.mark.parametrize("detour", [False, True])
def test_another_person_is_asked_anew(flow: Flow, other: dict[str, str], detour: bool) -> None:
    flow.until("details")
    flow.details(**MOTHER)
    if detour:
        assert flow.details(**MOTHER, phone="").status_code == 422
    assert leads_to(flow.details(**other)) == "/book/health/"
    page = flow.client.get("/book/health/")
    assert "Your health answers were for other people." in text(page)
    assert "checked" not in page.content.decode()
    assert leads_to(flow.health()) == "/book/review/"
    assert leads_to(flow.details(**other)) == "/book/review/"
    assert leads_to(flow.details(**MOTHER)) == "/book/health/"
