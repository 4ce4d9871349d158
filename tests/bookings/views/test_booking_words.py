"""What the booking pages carry along and say in between, over HTTP and without JavaScript."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bookings.enums import BookingStatus
from bookings.forms import PressForm, ReviewForm
from bookings.models import Booking
from bookings.views.booking import named
from tests.bookings.views.flow import Flow
from tests.factories import World

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_zip_code_of_the_home_page_is_carried_to_the_price(flow: Flow) -> None:
    page = flow.client.get("/book/?zip=90026")
    assert "Yes, we come to Los Angeles, 90026." in text(page)
    assert f"?service={flow.world.service.slug}&amp;zip=90026" in page.content.decode()
    assert 'name="zip" value="90026"' in (
        flow.client.get(f"/book/?service={flow.world.service.slug}&zip=90026").content.decode()
    )

    assert flow.what(zip="90026").headers["Location"] == "/book/when/"
    assert "$140" in text(flow.client.get("/book/where/"))


def test_zip_code_outside_is_refused_before_anything_is_chosen(flow: Flow) -> None:
    assert "We don" in text(flow.client.get("/book/?zip=92101"))
    response = flow.what(zip="92101")
    assert response.headers["Location"] == "/book/where/?zip=92101"
    assert 'value="92101"' in flow.client.get("/book/where/?zip=92101").content.decode()
    assert "We don't drive to 92101 yet." in text(flow.client.get("/book/where/?zip=92101"))


@pytest.mark.parametrize("typed", ["", "9002", "abc", "9" * 300, '"><b>'])
def test_zip_code_that_makes_no_sense_does_not_stop_the_first_step(flow: Flow, typed: str) -> None:
    page = flow.client.get("/book/", {"zip": typed})
    assert page.status_code == 200
    assert "Yes, we come" not in text(page)
    assert '"><b>' not in page.content.decode()
    onward = flow.what(zip=typed).headers["Location"]
    assert ("Please look at this again" in text(flow.client.get(onward))) is bool(typed)


def test_doubt_about_urgent_signs_is_answered_before_the_request_is_sent(flow: Flow) -> None:
    flow.until("health").health(urgent_signs="unsure")
    flow.details()
    page = text(flow.client.get("/book/review/"))
    assert "please call 911 right away" in page

    flow.review()
    assert Booking.objects.get().status == BookingStatus.REQUESTED
    assert "One of your health answers needs a clinician's OK first." in text(flow.client.get("/book/done/"))


def test_clear_answers_are_not_met_with_a_warning(flow: Flow) -> None:
    flow.until("review")
    page = text(flow.client.get("/book/review/"))
    checked = page.split("Is everything right?")[1].split("The full price")[0]
    assert "911" not in checked
    assert "clinician" not in checked


def test_review_shows_the_phone_number_as_people_write_it(flow: Flow) -> None:
    page = text(flow.until("review").client.get("/book/review/"))
    assert "(213) 555-0123" in page
    assert "+12135550123" not in page


def test_health_answers_to_another_service_are_asked_for_again(flow: Flow, world: World) -> None:
    flow.until("review")
    other = world.service
    other.slug = "another-service"
    other.save()
    flow.what(service="another-service")
    flow.where()
    flow.when()
    response = flow.client.get("/book/review/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/book/health/"


def test_a_press_is_read_alike_after_one_for_somebody_else_and_one_that_says_nothing() -> None:
    sent = {
        "agree": "on",
        "submission_key": "00000000-0000-0000-0000-000000000005",
        "total_cents": "14000",
        "terms_version": "1",
    }
    words = ReviewForm().fields["agree"].label
    assert named(ReviewForm(), "Maria O'Brien").fields["agree"].label != words
    assert set(PressForm({}).errors) == set(sent)
    for form in (PressForm(sent), ReviewForm(sent)):
        assert form.is_valid()
        assert form.cleaned_data["total_cents"] == 14000
        assert form.fields["agree"].label == words
