"""The booking steps over HTTP, without JavaScript."""

from __future__ import annotations

import re
import uuid
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.enums import BookingStatus
from bookings.models import (
    Booking,
    BookingDraft,
    Hold,
    Message,
    ServiceArea,
    TermsVersion,
    Therapist,
    WorkingHours,
    Zone,
)
from bookings.views import booking as booking_views
from tests.bookings.views.flow import STEPS, Flow, begins
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at, fix_drives

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_visitor_books_a_visit_and_sees_its_reference(flow: Flow) -> None:
    response = flow.until("review").review()
    assert response.headers["Location"] == "/book/done/"

    booking = Booking.objects.get()
    assert booking.status == BookingStatus.REQUESTED
    assert booking.client.email == "ana@example.com"
    assert booking.client.phone.as_e164 == "+12135550123"
    done = flow.client.get("/book/done/")
    assert booking.reference in text(done)
    assert "Monday, December 7" in text(done)
    assert "10:00 AM PST" in text(done)
    assert done.headers["Cache-Control"] == "no-store"
    assert not BookingDraft.objects.exists()


def test_whole_price_is_shown_before_times_and_is_the_booked_one(flow: Flow) -> None:
    flow.until("when")
    where = text(flow.client.get("/book/where/"))
    assert "$140" in where
    assert "From 5 PM on it is $165" in where
    flow.when(starts_at=at(17).isoformat())
    flow.details()
    flow.health()
    assert "Total $165" in text(flow.client.get("/book/review/"))
    flow.review()
    assert Booking.objects.get().total_cents == 16_500


def test_times_are_los_angeles_times_with_their_zone(flow: Flow) -> None:
    page = text(flow.until("when").client.get(f"/book/when/?day={DAY}"))
    assert "Los Angeles time (PST)" in page
    assert "10:00 AM, with Sample Therapist One" in page
    # The therapist is at the door from 9:10 at the earliest, after the drive within working hours.
    assert "9:00 AM" not in page
    assert "Sunday, December 6: no times" in page


def test_taken_time_is_not_offered_to_the_next(flow: Flow, world: World) -> None:
    flow.until("review").review()
    other = Flow(Client(), world).until("when")
    page = other.client.get(f"/book/when/?day={DAY}").content.decode()
    assert f'value="{at(10).isoformat()} ' not in page
    assert f'value="{at(14).isoformat()} ' in page


def test_time_taken_meanwhile_gives_fresh_times_and_keeps_all_that_was_typed(
    flow: Flow, world: World
) -> None:
    flow.until("review")
    Hold.objects.update(expires_at=NOW)
    world.book(email="faster@example.com", phone="+12135550111")

    response = flow.review()

    assert response.headers["Location"] == "/book/when/"
    page = text(flow.client.get("/book/when/"))
    assert "That time has just gone" in page
    assert Booking.objects.count() == 1
    assert flow.when(starts_at=at(14).isoformat()).status_code == 302
    assert 'value="12 Sample Street"' in flow.client.get("/book/details/").content.decode()
    assert flow.review().headers["Location"] == "/book/done/"
    assert Booking.objects.count() == 2


def test_back_never_loses_an_answer(flow: Flow) -> None:
    flow.until("review")
    assert "checked" in flow.client.get("/book/?service=manual-lymphatic-drainage").content.decode()
    assert 'value="90026"' in flow.client.get("/book/where/").content.decode()
    details = flow.client.get("/book/details/").content.decode()
    for typed in ("Ana O&#x27;Brien", "12 Sample Street", "4B", "CANARY-GATE-4711", "CANARY-NOTE"):
        assert typed in details
    assert flow.client.get("/book/health/").content.decode().count("checked") == len(CLEAR_ANSWERS) + 4


def test_changing_the_length_asks_for_the_time_again(flow: Flow, world: World) -> None:
    flow.until("review")
    flow.what(option=world.longer.pk)
    assert flow.client.get("/book/review/").headers["Location"] == "/book/when/"


@pytest.mark.parametrize("step", STEPS[1:])
def test_skipped_step_leads_to_the_first_open_one(flow: Flow, step: str) -> None:
    response = flow.client.get(f"/book/{step}/")
    assert (response.status_code, response.headers["Location"]) == (302, "/book/")
    assert flow.client.post(f"/book/{step}/", {}).status_code == 302
    assert not Booking.objects.exists()


def test_pressed_twice_is_one_booking(flow: Flow) -> None:
    body = {**flow.until("review").hidden(), "agree": "on"}
    for _ in range(3):
        assert flow.client.post("/book/review/", body).headers["Location"] == "/book/done/"
    assert Booking.objects.count() == 1
    assert Message.objects.count() == 2


def test_press_whose_twin_books_meanwhile_is_led_to_the_same_visit(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A double click: the second request has read its session, and not yet its draft, when the first one is done."""
    body = {**flow.until("review").hidden(), "agree": "on"}
    load = booking_views.load_progress

    def load_late(request: HttpRequest) -> Any:
        monkeypatch.setattr(booking_views, "load_progress", load)
        twin = Client()
        twin.cookies = flow.client.cookies
        assert twin.post("/book/review/", body).headers["Location"] == "/book/done/"
        return load(request)

    monkeypatch.setattr(booking_views, "load_progress", load_late)
    assert flow.client.post("/book/review/", body).headers["Location"] == "/book/done/"
    assert Booking.objects.get().reference in text(flow.client.get("/book/done/"))


@pytest.mark.parametrize(
    "other", [{"total_cents": "1"}, {"terms_version": "2"}, {"agree": ""}, {"total_cents": "x"}]
)
def test_another_body_after_success_is_refused_with_409(flow: Flow, other: dict[str, str]) -> None:
    body = {**flow.until("review").hidden(), "agree": "on"}
    flow.client.post("/book/review/", body)
    response = flow.client.post("/book/review/", {**body, **other})
    assert response.status_code == 409
    assert "This is booked already" in text(response)
    assert Booking.objects.get().reference in text(response)
    assert Message.objects.count() == 2
    assert flow.client.post("/book/review/", body).headers["Location"] == "/book/done/"


def test_page_of_an_earlier_form_is_refused_with_409(flow: Flow) -> None:
    flow.until("review")
    response = flow.review(submission_key=str(uuid.uuid4()))
    assert response.status_code == 409
    assert "earlier visit to this form" in text(response)
    assert not Booking.objects.exists()


def test_price_changed_meanwhile_is_shown_and_not_booked(flow: Flow, world: World) -> None:
    hidden = flow.until("review").hidden()
    world.zone.travel_fee_cents = 3_000
    world.zone.save()
    response = flow.client.post("/book/review/", {**hidden, "agree": "on"})
    assert response.status_code == 409
    assert "$150" in text(response)
    assert not Booking.objects.exists()
    assert flow.review().status_code == 302
    assert Booking.objects.get().total_cents == 15_000


def test_tampered_price_is_refused(flow: Flow) -> None:
    assert flow.until("review").review(total_cents=1).status_code == 409
    assert not Booking.objects.exists()


def test_policy_changed_meanwhile_must_be_read_again(flow: Flow) -> None:
    hidden = flow.until("review").hidden()
    TermsVersion.objects.create(number=2, cancellation="NEW WORDS", consent="Yes.", published_at=NOW)
    response = flow.client.post("/book/review/", {**hidden, "agree": "on"})
    assert response.status_code == 409
    assert "NEW WORDS" in text(response)
    assert flow.review().status_code == 302


def test_without_agreement_nothing_is_booked(flow: Flow) -> None:
    response = flow.until("review").review(agree=None)
    assert response.status_code == 422
    assert "tick the box" in text(response)
    assert not Booking.objects.exists()


def test_emergency_and_stop_answers_end_online_with_the_phone_number(flow: Flow) -> None:
    flow.until("health")
    page = flow.health(urgent_signs="yes")
    assert "911" in text(page)
    assert 'href="tel:911"' in page.content.decode()
    assert flow.client.get("/book/review/").headers["Location"] == "/book/health/"
    page = flow.health(leg_or_clot="yes")
    assert "We can&#x27;t book this online" in page.content.decode() or "We can't book this online" in text(
        page
    )
    assert 'href="tel:+12135550142"' in page.content.decode()
    assert flow.client.post("/book/review/", {"agree": "on"}).headers["Location"] == "/book/health/"
    assert not Booking.objects.exists()


def test_stop_words_are_there_again_when_the_visitor_comes_back(flow: Flow) -> None:
    flow.until("health").health(urgent_signs="yes")
    page = flow.client.get("/book/health/")
    assert "Please call 911 now" in text(page)
    assert "One step is still open" not in text(flow.client.get("/book/review/", follow=True))
    assert flow.health().status_code == 302


def test_unsure_goes_on_as_a_request(flow: Flow) -> None:
    flow.until("health").health(pregnancy="unsure", pregnancy_signs="no")
    flow.details()
    flow.review()
    booking = Booking.objects.get()
    assert (booking.status, booking.screening.tier) == (BookingStatus.REQUESTED, "clearance")


def test_unanswered_question_is_asked_for_and_the_others_are_kept(flow: Flow) -> None:
    response = flow.until("health").health(cancer=None)
    assert response.status_code == 422
    assert response.content.decode().count("checked") == len(CLEAR_ANSWERS) - 1


def test_outside_the_area_is_a_kind_no_with_the_phone(flow: Flow) -> None:
    flow.what()
    response = flow.where(zip_code="92101")
    assert response.status_code == 422
    assert "We don" in text(response)
    assert "92101" in text(response)
    assert 'href="tel:+12135550142"' in response.content.decode()
    assert 'value="92101"' in response.content.decode()


def test_zip_plus_four_is_read_as_its_five_digits(flow: Flow) -> None:
    flow.what()
    assert flow.where(zip_code="90026-1234").status_code == 302
    assert flow.client.get("/book/when/").status_code == 200


def test_booked_for_another_person_names_both(flow: Flow) -> None:
    flow.until("details").details(for_other="on", recipient_name="Maria O'Brien")
    flow.review()
    booking = Booking.objects.get()
    assert (booking.contact_name, booking.recipient_name) == ("Ana O'Brien", "Maria O'Brien")


def test_booking_for_another_without_a_name_says_so_and_keeps_the_rest(flow: Flow) -> None:
    response = flow.until("details").details(for_other="on")
    assert response.status_code == 422
    assert "Type the name of the person we visit" in text(response)
    assert "12 Sample Street" in response.content.decode()


def test_preference_narrows_the_times(flow: Flow, world: World) -> None:
    other = world.add_therapist(gender="male")
    world.book(preference=f"therapist:{other.slug}", email="b@example.com", phone="+12135550111")
    flow.until("when")
    page = flow.client.get(f"/book/when/?who=therapist:{other.slug}&day={DAY}").content.decode()
    assert f'value="{at(10).isoformat()} ' not in page
    page = flow.client.get(f"/book/when/?who=any&day={DAY}").content.decode()
    assert f'value="{at(10).isoformat()} {world.therapist.slug}"' in page


def test_therapist_who_left_meanwhile_is_replaced_by_anyone(flow: Flow, world: World) -> None:
    other = world.add_therapist()
    flow.until("when")
    flow.when(who=f"therapist:{other.slug}", therapist=other.slug)
    Therapist.objects.filter(pk=other.pk).update(is_active=False)
    assert flow.client.get("/book/when/").status_code == 200
    assert flow.when().status_code == 302


def test_weeks_without_times_name_the_next_day_that_has_one(flow: Flow, world: World) -> None:
    world.rules.minimum_notice_minutes = 60 * 24 * 32
    world.rules.save()
    page = flow.until("when").client.get("/book/when/")
    assert "Monday, January 4" in text(page)


def test_when_page_asks_the_same_number_of_queries_however_much_is_stored(flow: Flow, world: World) -> None:
    flow.until("when")
    with CaptureQueriesContext(connection) as few:
        assert flow.client.get("/book/when/?from=2026-12-02").status_code == 200
    for number in range(4):
        therapist = world.add_therapist(f"Sample Therapist {number}")
        for day in range(5):
            world.book(
                preference=f"therapist:{therapist.slug}",
                starts_at=at(12, 0, DAY + timedelta(days=day)),
                email=f"{number}{day}@example.com",
                phone=f"+1213555{number}1{day}0",
            )
    with CaptureQueriesContext(connection) as many:
        flow.client.get("/book/when/?from=2026-12-02")
    assert len(many) == len(few)


def test_done_page_shows_nobody_elses_booking(flow: Flow, world: World) -> None:
    flow.until("review").review()
    assert Client().get("/book/done/").headers["Location"] == "/book/"


def test_start_over_forgets_what_was_typed(flow: Flow) -> None:
    flow.until("review")
    assert flow.client.get("/book/start-over/").status_code == 405
    flow.client.post("/book/start-over/")
    assert not BookingDraft.objects.exists()
    assert flow.client.get("/book/details/").headers["Location"] == "/book/"


def test_draft_holds_nothing_readable_in_the_database(flow: Flow) -> None:
    flow.until("review")
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM bookings_bookingdraft")
        stored = cursor.fetchone()[0]
    for canary in ("CANARY", "Sample Street", "ana@example.com", "pregnancy"):
        assert canary not in stored


def test_health_answers_and_access_notes_are_stored_encrypted(flow: Flow) -> None:
    flow.until("health").health(surgery="yes", surgery_date="2026-11-01")
    flow.details()
    flow.review()
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM bookings_screeningrecord")
        assert "2026-11-01" not in cursor.fetchone()[0]
        cursor.execute("SELECT notes FROM bookings_accessnotes")
        assert "CANARY" not in cursor.fetchone()[0]
    assert Booking.objects.get().screening.answers["surgery_date"] == "2026-11-01"


def test_zip_typed_on_the_home_page_is_carried_to_its_step(flow: Flow) -> None:
    page = flow.client.get("/book/?zip=90026").content.decode()
    assert "service=manual-lymphatic-drainage&amp;zip=90026" in page
    page = flow.client.get("/book/?service=manual-lymphatic-drainage&zip=90026").content.decode()
    assert 'name="zip" value="90026"' in page
    flow.what(zip="90026")
    assert "Yes, we come to Los Angeles, 90026" in text(flow.client.get("/book/where/"))


def test_good_fits_look_the_same_wherever_the_others_live(world: World) -> None:
    """The morning's visit in one part of the city or in another, equally far to drive: the page is the same."""
    WorkingHours.objects.update(ends_at=time(23))
    elsewhere = []
    for zip_code in ("91001", "90601"):
        zone = Zone.objects.create(name=f"CANARY-{zip_code}", travel_fee_cents=4_000)
        elsewhere.append(ServiceArea.objects.create(zip_code=zip_code, city="CANARY", zone=zone))
    areas = [world.area, world.far_area, *elsewhere]
    near = {world.far_area, *elsewhere}
    fix_drives(
        *(
            (a, b, 15 if {a, b} <= near or a == b else 45)
            for a in areas for b in areas
        )
    )  # fmt: skip
    pages = []
    for area in elsewhere:
        Booking.objects.all().delete()
        world.book(
            starts_at=at(11, 30), zip_code=area.zip_code, total_cents=16_000, street="5 CANARY Street",
            email="b@example.com", phone="+12135550111",
        )  # fmt: skip
        world.book(starts_at=at(16), email="c@example.com", phone="+12135550112")
        visitor = Flow(Client(), world)
        visitor.what()
        visitor.where(zip_code="91364")
        page = visitor.client.get(f"/book/when/?day={DAY}")
        times = page.content.decode().split('id="calendar"')[1].split("</section>")[0]
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", times))
    assert pages[0] == pages[1]
    assert "CANARY" not in pages[0]


def test_good_fits_are_the_soonest_after_the_very_first(flow: Flow, world: World) -> None:
    """A visit in the Valley in the morning and one on the Eastside in the afternoon: for a client in the Valley, the
    times between them cost us little driving, those of the evening a second way there and back."""
    WorkingHours.objects.update(ends_at=time(23))
    valley: dict[str, Any] = {"zip_code": "91364", "total_cents": 16_000}
    world.book(starts_at=at(11, 30), email="b@example.com", phone="+12135550111", **valley)
    world.book(starts_at=at(16), email="c@example.com", phone="+12135550112")
    flow.what()
    flow.where(zip_code="91364")

    calendar = flow.client.get(f"/book/when/?day={DAY}").context["calendar"]

    good = [start.starts_at for start in calendar.offer.by_day[DAY] if start.is_good_fit]
    first, *others = [begins(button) for button in calendar.soonest]
    assert first == min(start.starts_at for starts in calendar.offer.by_day.values() for start in starts)
    assert max(good) < at(16)
    assert len(others) == 2
