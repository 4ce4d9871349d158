"""What the pages promise: an answer, what the press does, one way for a note, how to pay."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from blog.sample import PAGES
from bookings.domain import operations
from bookings.enums import BookingStatus
from bookings.models import Booking
from bookings.models import Client as BookingClient
from bookings.screening import sample_rules_data
from massagerx.lib.content_files import read_documents
from services.models import Business
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

from .flow import Flow, press
from .visits.browsers import address, with_link

pytestmark = pytest.mark.django_db
TEMPLATES = Path(__file__).parents[3] / "templates"
NIGHT = at(22, 0, DAY - timedelta(days=1))
PAYING = "You pay after the visit.\n\nTips are welcome."


@pytest.fixture
def flow(client: Client, world: World) -> Flow:
    return Flow(client, world)


def page(client: Client, path: str) -> str:
    """The words of a page, on one line."""
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def to_review(flow: Flow, **answers: str) -> str:
    """To the last page."""
    for step in (flow.what, flow.where, flow.when, flow.details):
        step()
    flow.health(**answers)
    return page(flow.client, "/book/review/")


def test_the_button_says_what_its_press_does(flow: Flow, world: World) -> None:
    with time_machine.travel(NOW, tick=False):
        shown = to_review(flow)
        assert "Send my request" in shown
        assert "Book it" not in shown
        kept = world.book(email="ana@example.com", phone="+12135550123", starts_at=at(14))
        Booking.objects.filter(pk=kept.pk).update(status=BookingStatus.COMPLETED)
        shown = page(flow.client, "/book/review/")
        assert "Book it" in shown
        assert "Send my request" not in shown
        flow.health(neck="yes")
        assert "Send my request" in page(flow.client, "/book/review/")


@pytest.mark.parametrize(
    ("is_blocked", "name", "door", "at_once"),
    [
        (False, "Ana", "9 Other Road", True),
        (False, "Bo", "12 Sample Street", True),
        (False, "Bo", "9 Other Road", False),
        (True, "Ana", "12 Sample Street", False),
    ],
    ids=["the same name", "the same door", "a new name at a new door", "blocked"],
)
def test_the_button_says_it_for_whoever_has_a_known_email_and_phone(
    flow: Flow, world: World, is_blocked: bool, name: str, door: str, at_once: bool
) -> None:
    with time_machine.travel(NOW, tick=False):
        kept = world.book(name="Ana", street="12 Sample Street", starts_at=at(14))
        Booking.objects.filter(pk=kept.pk).update(status=BookingStatus.COMPLETED)
        BookingClient.objects.update(is_blocked=is_blocked)
        flow.until("details")
        flow.details(name=name, street=door, unit="", email="ana@example.com", phone="213 555 0123")
        shown = page(flow.client, "/book/review/")
        assert ("Book it" in shown, "Send my request" in shown) == (at_once, not at_once)
        flow.review()
    booked = Booking.objects.exclude(pk=kept.pk).get()
    assert booked.status == (BookingStatus.CONFIRMED if at_once else BookingStatus.REQUESTED)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (at(9, 30, DAY - timedelta(days=1)), "You'll hear from us by Sunday, December 6, 8:00 PM PST."),
        (NOW, "You'll hear from us by Thursday, December 3, 12:00 PM PST."),
    ],
)
def test_the_promise_is_the_same_on_both_to_review(flow: Flow, now: datetime, words: str) -> None:
    with time_machine.travel(now, tick=False):
        to_review(flow)
        assert flow.review().status_code == 302
        booking = Booking.objects.get()
        paths = ("/book/done/", f"/visits/v/{booking.reference}/")
        for path in paths:
            assert "hear from us" not in page(flow.client, path), "the next word is the client's"
        operations.prove_mailbox(booking=booking, now=now)
        for path in paths:
            assert words in page(flow.client, path)


def test_a_visit_that_is_soon_is_promised_a_call(flow: Flow) -> None:
    with time_machine.travel(at(8), tick=False):
        for step in (flow.what, flow.where):
            step()
        flow.when(starts_at=at(12).isoformat())
        flow.details()
        flow.health()
        assert flow.review().status_code == 302
        operations.prove_mailbox(booking=Booking.objects.get(), now=at(8))
        assert "We'll call you within the hour." in page(flow.client, "/book/done/")


def test_at_night_times_too_soon_for_an_answer_are_not_offered(flow: Flow) -> None:
    with time_machine.travel(NIGHT, tick=False):
        flow.what()
        flow.where()
        shown = flow.client.get("/book/when/", {"day": str(DAY)}).content.decode()
        assert f'value="{at(12, 30).isoformat()} ' not in shown
        assert f'value="{at(13).isoformat()} ' in shown


@pytest.mark.parametrize(("status", "too_soon"), [("requested", False), ("confirmed", True)])
def test_a_request_is_not_moved_to_a_time_too_soon_for_an_answer(
    world: World, status: str, too_soon: bool
) -> None:
    booking = world.book(starts_at=at(16, day=DAY + timedelta(days=2)))
    Booking.objects.filter(pk=booking.pk).update(status=status)
    with time_machine.travel(NIGHT, tick=False):
        client = with_link(booking, now=NIGHT)
        shown = client.get(address(booking, "move"), {"day": str(DAY)}).content.decode()
        assert (f'value="{at(12, 30).isoformat()} ' in shown) is too_soon
        assert f'value="{at(13).isoformat()} ' in shown
        pressed = client.get(address(booking, "move"), press(at(12, 30)))
        assert (pressed.status_code == 200) is too_soon


def test_who_holds_a_time_when_the_desk_closes_may_still_ask_for_it(flow: Flow) -> None:
    evening = at(19, 55, DAY - timedelta(days=1))
    with time_machine.travel(evening, tick=False) as clock:
        flow.what()
        flow.where()
        flow.when(starts_at=at(10).isoformat())
        clock.shift(timedelta(minutes=6))
        flow.details()
        flow.health()
        assert flow.review().status_code == 302
    assert Booking.objects.get().starts_at == at(10)


# A clinician's note ---------------------------------------------------------------------------------------------

# On a page that knows the visit a link goes before it, on all others the way there comes in between.
WAY = ("a photo of your clinician’s note, or a PDF", "We keep it encrypted. Please don’t send it by email.")


def test_the_first_health_page_says_which_answers_need_a_clinician_and_how(flow: Flow) -> None:
    with time_machine.travel(NOW, tick=False):
        for step in (flow.what, flow.where, flow.when):
            step()
        shown = page(flow.client, "/book/health/").replace("&#x27;", "'")
        assert "Surgery not long ago, cancer" in shown
        assert all(part in shown for part in WAY)


def test_a_note_is_asked_for_in_the_same_words_on_every_page(flow: Flow) -> None:
    with time_machine.travel(NOW, tick=False):
        shown = to_review(flow, cancer="yes")
        assert flow.review().status_code == 302
        reference = Booking.objects.get().reference
        shown_pages = [shown, page(flow.client, "/book/done/"), page(flow.client, f"/visits/v/{reference}/")]
    for words in shown_pages:
        assert all(part in words.replace("&#x27;", "'") for part in WAY)


def test_no_text_names_another_way_for_a_note() -> None:
    """Whatever speaks of handing a note in leads to the visit's page."""
    other = re.compile(
        r"(?i)(reply to this|answer this email|attach|fax|email us|send us|text us|contact\s+page)"
    )
    texts = [path.read_text() for path in TEMPLATES.rglob("*.html") if "email" not in path.parts]
    texts += [page_file.html for page_file in read_documents(PAGES)]
    texts += [json.dumps(sample_rules_data())]
    texts += [path.read_text() for path in TEMPLATES.parent.glob("*/sample_data/*.toml")]
    texts += [path.read_text() for path in (TEMPLATES / "email").rglob("*") if path.is_file()]
    for text in texts:
        for sentence in re.split(r"(?<=[.?!])\s", text):
            if re.search(r"(?i)\b(clinician|doctor)\b.*\bnote\b|\bnote\b.*\b(clinician|doctor)\b", sentence):
                assert not other.search(sentence), sentence


# Paying ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def paying(world: World) -> None:
    business = Business.load()
    business.payment_words = PAYING
    business.save()


@pytest.mark.usefixtures("paying")
def test_how_to_pay_is_said_where_people_look_for_it(flow: Flow) -> None:
    with time_machine.travel(NOW, tick=False):
        for path in (flow.world.service.get_absolute_url(), "/faq/"):
            shown = page(flow.client, path)
            assert "You pay after the visit. Tips are welcome." in shown, path
        assert "You pay after the visit. Tips are welcome." in to_review(flow)


def test_without_the_owners_words_nothing_is_said_about_paying(flow: Flow) -> None:
    with time_machine.travel(NOW, tick=False):
        assert "How and when do I pay?" not in page(flow.client, "/faq/")
        assert "Paying" not in to_review(flow)


@pytest.mark.parametrize(("people", "said"), [(1, False), (2, True)])
def test_two_people_are_told_that_the_drive_is_charged_once(flow: Flow, people: int, said: bool) -> None:
    flow.world.service.max_people = 2
    flow.world.service.save()
    with time_machine.travel(NOW, tick=False):
        flow.what(people=people)
        for step in (flow.where, flow.when, flow.details):
            step()
        flow.health(**{f"p2-{name}": answer for name, answer in CLEAR_ANSWERS.items()} if people == 2 else {})
        shown = page(flow.client, "/book/review/")
    assert ("travel and the evening fee are charged once" in shown) is said


# Consent --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "words", "not_words"),
    [("", "I agree.", "They know and agree."), ("Maria", "They know and agree.", "I agree.")],
)
def test_who_books_for_another_agrees_for_another(flow: Flow, other: str, words: str, not_words: str) -> None:
    with time_machine.travel(NOW, tick=False):
        for step in (flow.what, flow.where, flow.when):
            step()
        flow.details(**({"for_other": "on", "recipient_name": other} if other else {}))
        flow.health()
        shown = page(flow.client, "/book/review/")
    assert words in shown
    assert not_words not in shown
    assert ("Maria knows about this visit and agrees to it too." in shown) is bool(other)
