"""Outside our area: a kind no, and a form to be told when we can come."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client, override_settings

from bookings.models import AreaRequest, Booking, ServiceArea, WorkingHours, Zone
from tests.bookings.views.flow import Flow
from tests.factories import NOW, World

pytestmark = pytest.mark.django_db
OUTSIDE = "/book/outside/"
TYPED = {
    "zip_code": "92101", "name": "Ana O'Brien", "email": "Ana@Example.com", "phone": "(213) 555-0123",
    "note": "Mondays\nor Fridays", "consent": "on",
}  # fmt: skip


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def sent(client: Client, **changes: Any) -> Any:
    merged = {name: value for name, value in {**TYPED, **changes}.items() if value is not None}
    return client.post(OUTSIDE, merged)


def test_request_is_left_from_the_step_that_asks_where(flow: Flow, world: World) -> None:
    flow.what()
    page = flow.where(zip_code="92101").content.decode()
    form = next(form for form in re.findall(r"<form.*?</form>", page, re.S) if f'action="{OUTSIDE}"' in form)
    assert 'name="zip_code" value="92101"' in form
    names = set(re.findall(r'name="(\w+)"', form)) - {"csrfmiddlewaretoken", "website"}
    assert names == set(TYPED)
    assert "checked" not in form

    response = sent(flow.client)

    assert response.headers["Location"] == "/book/where/"
    row = AreaRequest.objects.get()
    assert (row.name, row.email, row.phone.as_e164, row.zip_code, row.service, row.note) == (
        "Ana O'Brien", "ana@example.com", "+12135550123", "92101", world.service, "Mondays\nor Fridays",
    )  # fmt: skip
    assert (row.agreed_at, row.created_at, row.is_answered) == (NOW, NOW, False)
    assert "Thank you, we have your request for 92101" in text(flow.client.get("/book/where/"))


def test_a_draft_in_a_zone_that_nobody_visits_any_more_is_told_so(flow: Flow, world: World) -> None:
    flow.what()
    flow.where()
    desert = Zone.objects.create(name="Desert")
    for hours in WorkingHours.objects.all():
        hours.zones.add(desert)
    assert flow.client.get("/book/when/").headers["Location"] == "/book/where/"
    page = flow.client.get("/book/where/").content.decode()
    assert f'action="{OUTSIDE}"' in page
    assert "drive to 90026 yet" in page


def test_first_step_leads_to_the_form_too(flow: Flow, world: World) -> None:
    page = flow.client.get("/book/?zip=92101").content.decode()
    assert f'href="{OUTSIDE}?zip=92101#area-request"' in page
    page = flow.client.get(f"{OUTSIDE}?zip=92101").content.decode()
    assert 'id="area-request"' in page
    assert "We don&#x27;t drive to 92101 yet" in page or "We don't drive to 92101 yet" in page
    assert sent(flow.client).headers["Location"] == "/book/"
    assert AreaRequest.objects.get().service is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": None}, "Type your name."),
        ({"name": "..."}, "A name needs at least one letter."),
        ({"name": "Ana\nBcc: x@example.com"}, "Use one line only"),
        ({"email": "nobody"}, "Type an email address like"),
        ({"email": "ana@exämple.com"}, "plain letters"),
        ({"email": None, "phone": None}, "Type an email address or a phone number"),
        ({"phone": "12"}, "Type a phone number with its area code"),
        ({"note": "x" * 501}, "500 characters at most. This has 501."),
        ({"note": "a\x00b"}, "read"),
        ({"consent": None}, "Please tick the box, so that we may answer you."),
        ({"website": "http://spam.example"}, "filled in a field"),
    ],
    ids=str,
)
def test_odd_requests_are_told_with_all_typed_kept(
    changes: dict[str, Any], words: str, flow: Flow, world: World
) -> None:
    flow.what()
    response = sent(flow.client, **changes)
    assert response.status_code == 422
    assert words in text(response).replace("&#x27;", "'") or "Null characters" in text(response)
    assert not AreaRequest.objects.exists()
    page = response.content.decode()
    for name in ("name", "email", "phone"):
        if name not in changes:
            typed = {"name": "Ana O&#x27;Brien", "email": "Ana@Example.com", "phone": "(213) 555-0123"}[name]
            assert f'value="{typed}"' in page
    assert len(re.findall(r'id="id_area_zip_code"', page)) == 1
    assert len(re.findall(r'id="id_zip_code"', page)) == 1


@pytest.mark.parametrize("told", ["email", "phone"])
def test_one_way_to_answer_is_enough(told: str, flow: Flow, world: World) -> None:
    other = {"email": "phone", "phone": "email"}[told]
    sent(flow.client, **{other: None})
    assert AreaRequest.objects.count() == 1


@pytest.mark.parametrize("zip_code", ["", "x", "00000", "9210", "\x00", "9" * 5000])
def test_zip_code_that_makes_no_sense_is_asked_for_again(zip_code: str, flow: Flow, world: World) -> None:
    assert sent(flow.client, zip_code=zip_code).headers["Location"] == "/book/where/"
    asked = flow.client.get(OUTSIDE, {"zip": zip_code})
    assert asked.status_code == 400 if "\x00" in zip_code else asked.headers["Location"] == "/book/where/"
    assert not AreaRequest.objects.exists()


def test_zip_code_that_we_drive_to_by_now_leads_on(flow: Flow, world: World) -> None:
    assert sent(flow.client, zip_code="90026").headers["Location"] == "/book/where/?zip=90026"
    assert not AreaRequest.objects.exists()


def test_several_open_ones_are_answered_kindly(flow: Flow, world: World) -> None:
    for zip_code in ("92101", "92102", "92103", "92104", "92105"):
        assert sent(flow.client, zip_code=zip_code).status_code == 302
    response = sent(flow.client, zip_code="92106")
    assert response.status_code == 409
    assert "several requests of yours already" in text(response)


def test_one_address_sends_few(flow: Flow, world: World) -> None:
    with override_settings(RATELIMIT_ENABLE=True):
        answers = [
            sent(flow.client, email=f"{number}@example.com", phone=None).status_code for number in range(11)
        ]
    assert answers == [302] * 10 + [429]


def test_zip_code_taken_out_meanwhile_says_so(flow: Flow, world: World) -> None:
    flow.until("review")
    ServiceArea.objects.filter(zip_code="90026").update(is_active=False)
    assert flow.client.get("/book/review/").headers["Location"] == "/book/where/"
    page = flow.client.get("/book/where/").content.decode()
    assert 'id="area-request"' in page
    assert 'name="zip_code" value="90026"' in page
    assert not Booking.objects.exists()
