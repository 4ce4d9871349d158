"""Correcting a visit from its page: what changes is shown first, and nothing that was typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.operations import Act, Correction, VisitAddress
from bookings.models import AccessNotes, Booking, Message, SecondThought
from bookings.models import Client as Person
from tests.factories import NOW, World, at

from .conftest import DESK_RIGHTS, signed_in, staff_user
from .test_visit import page, said

pytestmark = pytest.mark.integrity


@pytest.fixture
def visit(world: World) -> Booking:
    return operations.confirm_booking(booking=world.book(), actor=None, now=NOW)


def address(visit: Booking) -> str:
    return reverse("admin:bookings_booking_correct", args=[visit.pk])


def typed(visit: Booking, world: World, **changes: Any) -> dict[str, Any]:
    return {
        "street": "12 Sample Street", "unit": "", "zip_code": "90026", "access_type": "ground",
        "gate_code": "CANARY-GATE-4711", "option": world.option.pk, "people": "1", "recipient_name": "",
        "discount": "", "reason": "", "tells": "on", "event": visit.events.last().pk,
        "phone_shown": "+12135550123", **changes,
    }  # fmt: skip


def shown(response: Any) -> dict[str, str]:
    """What the page's button sends beside what was typed."""
    text = response.content.decode()
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', text)[1]  # type: ignore[index]
        for name in ("seen", "total_cents")
    } | {"save": "1"}


def test_what_changes_is_shown_and_then_done(desk: Client, visit: Booking, world: World) -> None:
    assert address(visit) in desk.get(page(visit)).content.decode()
    opened = desk.get(address(visit)).content.decode()
    assert "CANARY-GATE-4711" in opened
    assert visit.reference in opened
    sent = typed(visit, world, option=world.longer.pk, discount="20", reason="late last time", gate_code="99")

    looked = desk.post(address(visit), sent)

    text = looked.content.decode()
    for words in (
        "10:00 AM – 11:00 AM PST",
        "10:00 AM – 11:30 AM PST",
        "$140",
        "$170",
        "Way in",
        "Nothing is saved yet",
    ):
        assert words in text, words
    visit.refresh_from_db()
    assert visit.ends_at == at(11)

    done = desk.post(address(visit), sent | shown(looked), follow=True)

    assert said(done) == [f"{visit.reference}: corrected. The client gets an email."]
    visit.refresh_from_db()
    assert (visit.ends_at, visit.discount_cents, visit.total_cents) == (at(11, 30), 2_000, 17_000)
    assert AccessNotes.objects.get(booking=visit).notes == {"gate_code": "99"}
    assert "late last time" in done.content.decode()
    assert "Undo" in done.content.decode()


def test_what_was_typed_after_the_look_is_shown_before_it_is_done(
    desk: Client, visit: Booking, world: World
) -> None:
    looked = desk.post(address(visit), typed(visit, world, unit="5"))
    again = desk.post(address(visit), typed(visit, world, unit="6") | shown(looked))
    assert "Nothing is saved yet" in again.content.decode()
    visit.refresh_from_db()
    assert visit.unit == ""


@pytest.mark.parametrize("by_client", [False, True])
def test_what_was_changed_without_a_word_after_the_look_is_not_written_over(
    desk: Client, visit: Booking, world: World, by_client: bool
) -> None:
    sent = typed(visit, world, unit="5")
    looked = desk.post(address(visit), sent)
    there = VisitAddress(
        street="12 Sample Street",
        unit="",
        zip_code="90026",
        access_type="ground",
        access={"gate_code": "99"} if by_client else None,
    )
    operations.correct_visit(
        booking=visit,
        correction=Correction(address=there, discount_cents=None if by_client else 2_000),
        act=Act(NOW, None if by_client else staff_user("other"), by_client),
        tells=False,
    )
    before = Booking.objects.values().get(pk=visit.pk), AccessNotes.objects.get(booking=visit).notes
    refused = desk.post(address(visit), sent | shown(looked))
    assert refused.status_code == 422
    assert "changed" in said(refused)[0]
    assert (Booking.objects.values().get(pk=visit.pk), AccessNotes.objects.get(booking=visit).notes) == before


def test_who_is_not_to_be_told_is_not(desk: Client, visit: Booking, world: World) -> None:
    looked = desk.post(address(visit), typed(visit, world, unit="5"))
    sent = typed(visit, world, unit="5") | shown(looked)
    del sent["tells"]
    done = desk.post(address(visit), sent, follow=True)
    assert said(done) == [f"{visit.reference}: corrected. The client is not told."]
    assert not Message.objects.filter(kind="moved").exists()


def test_what_can_not_be_keeps_all_that_was_typed(desk: Client, visit: Booking, world: World) -> None:
    refused = desk.post(address(visit), typed(visit, world, zip_code="99501", street="1 Far Road"))
    assert refused.status_code == 422
    assert "1 Far Road" in refused.content.decode()
    for changes, words in (
        ({"discount": "5"}, "Say in a few words why the price is lower."),
        ({"discount": "x"}, "Type an amount in dollars"),
        ({"discount": "5000", "reason": "why not"}, "the discount is more than the price"),
        ({"people": "3"}, "less than or equal"),
        ({"option": "0"}, "Select a valid choice"),
        ({"event": str(visit.events.last().pk + 1)}, "changed"),
        ({"street": "PO Box 7"}, "not a PO box"),
    ):
        answer = desk.post(address(visit), typed(visit, world, **changes))
        assert answer.status_code == 422, changes
        assert words in answer.content.decode(), words
    visit.refresh_from_db()
    assert visit.street == "12 Sample Street"


def test_who_may_not_see_the_way_in_leaves_it_as_it_is(world: World, visit: Booking) -> None:
    limited = signed_in(staff_user("limited", "view_booking", "change_booking"))
    text = limited.get(address(visit)).content.decode()
    assert "CANARY-GATE" not in text
    assert "gate_code" not in text
    looked = limited.post(address(visit), typed(visit, world, unit="5", gate_code="evil"))
    limited.post(address(visit), typed(visit, world, unit="5", gate_code="evil") | shown(looked))
    visit.refresh_from_db()
    assert visit.unit == "5"
    assert AccessNotes.objects.get(booking=visit).notes == {"gate_code": "CANARY-GATE-4711"}


def test_only_those_who_may_change_visits(world: World, visit: Booking) -> None:
    reader = signed_in(staff_user("reader", "view_booking"))
    assert reader.get(address(visit)).status_code == 403
    assert reader.post(address(visit), typed(visit, world)).status_code == 403


@pytest.fixture
def front(world: World) -> Client:
    """Who may correct clients' records, too."""
    return signed_in(staff_user("front", *DESK_RIGHTS, "change_client"))


def test_the_clients_phone_is_corrected_with_the_visit(front: Client, visit: Booking, world: World) -> None:
    sent = typed(visit, world, phone="(213) 555-0177", unit="5")
    looked = front.post(address(visit), sent)
    assert "(213) 555-0177" in looked.content.decode()
    visit.client.refresh_from_db()
    assert visit.client.phone == "+12135550123"
    front.post(address(visit), sent | shown(looked))
    visit.client.refresh_from_db()
    assert visit.client.phone == "+12135550177"
    # And it can be taken back, as all of it.
    press = SecondThought.objects.get().press
    operations.undo(press=press, actor=User.objects.get(username="front"), now=NOW)
    visit.client.refresh_from_db()
    assert visit.client.phone == "+12135550123"


def test_a_phone_of_another_client_is_refused(front: Client, visit: Booking, world: World) -> None:
    Person.objects.create(name="Twin", email=visit.client.email, phone="+12135550177", created_at=NOW)
    answer = front.post(address(visit), typed(visit, world, phone="213 555 0177"))
    assert any("merge the two records" in words for words in said(answer))
    assert 'value="(213) 555-0177"' in answer.content.decode()
    visit.client.refresh_from_db()
    assert visit.client.phone == "+12135550123"


@pytest.mark.parametrize("phone", ["", "12", "555 0177", "a\x00b"])
def test_what_is_no_phone_is_said(front: Client, visit: Booking, world: World, phone: str) -> None:
    assert front.post(address(visit), typed(visit, world, phone=phone)).status_code in (400, 422)


def test_who_may_not_correct_clients_leaves_the_phone(desk: Client, visit: Booking, world: World) -> None:
    assert "Client’s phone" not in desk.get(address(visit)).content.decode()
    sent = typed(visit, world, phone="213 555 0177", gate_code="99")
    desk.post(address(visit), sent | shown(desk.post(address(visit), sent)))
    visit.client.refresh_from_db()
    assert visit.client.phone == "+12135550123"
    assert AccessNotes.objects.get(booking=visit).notes["gate_code"] == "99"


def test_a_phone_that_was_put_right_elsewhere_is_not_written_over(
    front: Client, visit: Booking, world: World
) -> None:
    assert 'name="phone_shown" value="+12135550123"' in front.get(address(visit)).content.decode()
    sent = typed(visit, world, unit="5", phone="(213) 555-0123")
    looked = front.post(address(visit), sent)
    Person.objects.update(phone="+12135550188")
    front.post(address(visit), sent | shown(looked))
    visit.refresh_from_db()
    assert (visit.unit, visit.client.phone) == ("5", "+12135550188")
    # Typed otherwise than it was shown, it is to be looked at again.
    refused = front.post(address(visit), typed(visit, world, unit="6", phone="(213) 555-0177"))
    assert refused.status_code == 422
    assert "changed" in said(refused)[-1]
    visit.client.refresh_from_db()
    assert visit.client.phone == "+12135550188"


def test_of_a_phone_alone_nobody_says_that_the_client_is_told(
    front: Client, visit: Booking, world: World
) -> None:
    sent = typed(visit, world, phone="(213) 555-0177")
    done = front.post(address(visit), sent | shown(front.post(address(visit), sent)), follow=True)
    assert said(done) == [f"{visit.reference}: corrected. The client is not told."]
    visit.client.refresh_from_db()
    assert visit.client.phone == "+12135550177"
