"""The list of bookings, and what staff do with one or many."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.enums import BookingStatus, MessageKind, NoteScope, Tier
from bookings.models import (
    Booking,
    BookingEvent,
    ClinicianNote,
    HealthAccess,
    LateFee,
    Message,
    NoteTemplate,
    ScreeningRecord,
)
from bookings.staff.labels import local_when
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

LIST = reverse("admin:bookings_booking_changelist")
CLEARANCE_ANSWERS = {**CLEAR_ANSWERS, "pregnancy": "yes", "pregnancy_signs": "no"}


def page(booking: Booking) -> str:
    return reverse("admin:bookings_booking_change", args=[booking.pk])


def do(booking: Booking, action: str) -> str:
    return reverse("admin:bookings_booking_do", args=[booking.pk, action])


def said(response: Any) -> list[str]:
    """The messages on the page that came after."""
    return [str(message) for message in response.context["messages"]]


def chosen(action: str, *bookings: Booking) -> dict[str, Any]:
    return {"action": action, "_selected_action": [str(booking.pk) for booking in bookings]}


def act(client: Client, action: str, *bookings: Booking, reason: str = "") -> list[str]:
    """As on the list, with the question "are you sure?" answered where it is asked."""
    data = chosen(action, *bookings) | {"sure": "1", "reason": reason}
    return said(client.post(LIST, data, follow=True))


def make_many(world: World, numbers: range) -> None:
    """Bookings on days of their own, each of another client."""
    for number in numbers:
        booking = world.book(email=f"client{number}@example.com", phone=f"+1213555{1000 + number}")
        shift = timedelta(days=number + 1)
        Booking.objects.filter(pk=booking.pk).update(
            **{
                name: getattr(booking, name) + shift
                for name in ("starts_at", "ends_at", "blocked_from", "blocked_until")
            }
        )


# The list ------------------------------------------------------------------------------------------------------


def test_list_asks_as_many_queries_for_thirty_bookings_as_for_one(
    desk: Client, world: World, count_queries: Callable[..., Any]
) -> None:
    make_many(world, range(1))
    desk.get(LIST)
    with count_queries() as few:
        assert desk.get(LIST).status_code == 200
    make_many(world, range(1, 31))
    with count_queries() as many:
        response = desk.get(LIST)

    assert response.context["cl"].result_count == 31
    assert len(many) == len(few) <= 12


def test_list_decrypts_no_answers(desk: Client, world: World) -> None:
    booking = world.book()
    ScreeningRecord.objects.filter(booking=booking).update(tier=Tier.CAUTION)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE bookings_screeningrecord SET answers = 'not a token'")

    assert "Clear, with a note" in desk.get(LIST).content.decode()


def test_list_shows_los_angeles_time_with_its_zone(desk: Client, world: World) -> None:
    world.book(starts_at=at(10))

    text = desk.get(LIST).content.decode()

    assert "Mon, Dec 7, 2026" in text
    assert "10:00 AM PST" in text


@pytest.mark.parametrize(
    "query",
    [
        "+12135550123", "(213) 555-0123", "213.555.0123", "213 555 0123", "1-213-555-0123", "5550123", "555-0123",
        "0123", "٢١٣٥٥٥٠١٢٣", "O'Brien", "ana", "ana o'brien", "ANA@EXAMPLE.COM", "12 Sample", "sample street",
        "Ana (213) 555-0123", "90026", "ana 90026",
    ],
)  # fmt: skip
def test_search_finds(query: str, desk: Client, world: World) -> None:
    booking = world.book()

    results = desk.get(LIST, {"q": query}).context["cl"].queryset

    assert [row.pk for row in results] == [booking.pk]


def test_search_finds_a_reference_in_any_case_and_in_part(desk: Client, world: World) -> None:
    booking = world.book()

    for query in (booking.reference, booking.reference.lower(), booking.reference[3:]):
        assert [row.pk for row in desk.get(LIST, {"q": query}).context["cl"].queryset] == [booking.pk]


@pytest.mark.parametrize("query", ["(310) 555-0123", "Nobody", "Ana 5559999", "%", "_", "a" * 60_000, "\\"])
def test_search_finds_nothing_else(query: str, desk: Client, world: World) -> None:
    world.book()

    response = desk.get(LIST, {"q": query})

    assert response.status_code == 200
    assert not response.context["cl"].queryset


def test_list_begins_with_today_and_shows_the_past_when_asked(desk: Client, world: World) -> None:
    make_many(world, range(3))
    past, today, later = Booking.objects.order_by("starts_at")
    for booking, start in (
        (past, at(23, 30, NOW.date() - timedelta(days=1))),
        (today, at(1, 15, NOW.date())),
    ):
        names = ("starts_at", "ends_at", "blocked_from", "blocked_until")
        shift = start - booking.starts_at
        Booking.objects.filter(pk=booking.pk).update(**{n: getattr(booking, n) + shift for n in names})

    def shown(**query: str) -> list[int]:
        return [row.pk for row in desk.get(LIST, query).context["cl"].result_list]

    assert shown() == shown(q="") == shown(day="coming") == [today.pk, later.pk]
    assert (
        shown(day="any")
        == shown(q="ana")
        == shown(status__exact="requested")
        == [later.pk, today.pk, past.pk]
    )
    assert shown(o="-2") == [later.pk, today.pk]


def test_filters_narrow_the_list(desk: Client, world: World) -> None:
    booking = world.book()
    fits: list[dict[str, Any]] = [
        {"status__exact": "requested"}, {"day": "2026-12-07"}, {"day": "upcoming"}, {"day": "week"},
        {"zone": world.zone.pk}, {"screening": "clear"}, {"therapist__id__exact": world.therapist.pk},
        {"service__id__exact": world.service.pk}, {"client__id__exact": booking.client_id},
    ]  # fmt: skip
    misses: list[dict[str, Any]] = [
        {"status__exact": "confirmed"}, {"day": "2026-12-08"}, {"day": "today"}, {"day": "tomorrow"}, {"day": "past"},
        {"zone": world.far_zone.pk}, {"screening": "stop"}, {"day": "9999-12-31"}, {"day": "0001-01-01"},
    ]  # fmt: skip

    for given in fits:
        assert desk.get(LIST, given).context["cl"].result_count == 1, given
    for given in misses:
        assert desk.get(LIST, given).context["cl"].result_count == 0, given


@pytest.mark.parametrize(
    "query",
    [
        "p=99999999999", "p=abc", "day=nonsense", "zone=abc", "zone=" + "9" * 5000, "screening=worse", "o=99.-99",
        "therapist__id__exact=" + "9" * 5000, "therapist__id__exact=abc", "status__exact=%F0%9F%98%80", "e=1",
        "password=x",
    ],
)  # fmt: skip
def test_odd_addresses_give_no_server_error(query: str, desk: Client, world: World) -> None:
    world.book()

    response = desk.get(f"{LIST}?{query}")

    assert response.status_code in (200, 302, 400)


# One booking ---------------------------------------------------------------------------------------------------


def test_page_shows_who_where_when_what_for_and_the_access_notes(desk: Client, world: World) -> None:
    booking = world.book(
        starts_at=at(10), street="12 Sample Street", unit="Apt 4", recipient_name="Rosa", add_on_ids=(world.add_on.pk,),
        total_cents=16_500,
    )  # fmt: skip

    response = desk.get(page(booking))
    text = response.content.decode()

    for words in (
        booking.reference, "Rosa", "Ana O&#x27;Brien", "(213) 555-0123", "ana@example.com",
        "12 Sample Street, Apt 4, Los Angeles, CA 90026", "CANARY-GATE-4711", "Mon, Dec 7, 2026, 10:00 AM PST",
        "10:00 AM – 11:15 AM PST", "9:50 AM – 11:25 AM PST", "$120", "$25", "$165", "Neck and shoulders",
        "Requested", "Clear", "the client", "https://www.openstreetmap.org/search?query=12+Sample+Street",
    ):  # fmt: skip
        assert words in text, words
    assert "no-store" in response["Cache-Control"]


def test_page_shows_no_health_answer(desk: Client, world: World) -> None:
    booking = world.book(answers=CLEARANCE_ANSWERS)

    text = desk.get(page(booking)).content.decode().lower()

    assert "needs a look" in text
    assert "pregnan" not in text


def test_page_opens_when_the_keys_are_lost(desk: Client, world: World, settings: Any) -> None:
    booking = world.book()
    settings.HEALTH_KEYS = ["YW5vdGhlci1zYW1wbGUta2V5LWZvci10ZXN0cy0xMjM="]

    text = desk.get(page(booking)).content.decode()

    assert booking.reference in text
    assert "HEALTH_KEYS" in text
    assert "CANARY-GATE" not in text


def test_page_takes_no_post(desk: Client, world: World) -> None:
    booking = world.book()

    assert desk.post(page(booking), {"status": "confirmed", "_save": "Save"}).status_code == 405
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


@pytest.mark.parametrize("key", ["abc", "0", "9" * 30, "9" * 5000, "1e400", "-1"])
def test_unknown_booking_leads_back_to_the_list(key: str, desk: Client) -> None:
    response = desk.get(f"{LIST}{key}/change/")

    assert response.status_code in (302, 404)


def test_bookings_are_neither_added_nor_deleted(owner: Client, world: World) -> None:
    booking = world.book()

    assert owner.get(f"{LIST}add/").status_code == 403
    assert owner.post(f"{LIST}{booking.pk}/delete/", {"post": "yes"}).status_code == 403
    assert owner.post(LIST, {"action": "delete_selected", "_selected_action": [booking.pk]}).status_code in (
        200,
        302,
    )
    assert Booking.objects.filter(pk=booking.pk).exists()


# What staff do -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("confirm", BookingStatus.CONFIRMED, MessageKind.CONFIRMED),
        ("decline", BookingStatus.DECLINED, MessageKind.DECLINED),
        ("cancel", BookingStatus.CANCELED, MessageKind.CANCELED),
    ],
)
def test_staff_answer_a_request(
    action: str, status: BookingStatus, kind: MessageKind, desk: Client, world: World
) -> None:
    booking = world.book()

    response = desk.post(do(booking, action), {"reason": "Spoke with her"}, follow=True)

    booking.refresh_from_db()
    assert booking.status == status
    assert any(
        sentence.startswith(f"{booking.reference}: {status.label.lower()}") for sentence in said(response)
    )
    event = BookingEvent.objects.filter(booking=booking).last()
    assert event is not None
    assert (event.to_status, event.reason, event.actor.username) == (status, "Spoke with her", "desk")
    assert Message.objects.filter(booking=booking, kind=kind).count() == 1


def test_page_offers_what_the_status_allows(desk: Client, world: World) -> None:
    booking = world.book()

    text = desk.get(page(booking)).content.decode()
    assert do(booking, "confirm") in text
    assert do(booking, "no-show") not in text

    desk.post(do(booking, "confirm"))
    text = desk.get(page(booking)).content.decode()
    assert do(booking, "confirm") not in text
    assert do(booking, "cancel") in text
    assert re.findall(r">(Cancel[^<]*)</", text) == ["Cancel the visit…", "Cancel the visit"]
    assert do(booking, "complete") not in text

    with time_machine.travel(at(12), tick=False):
        text = desk.get(page(booking)).content.decode()
    assert do(booking, "complete") in text
    assert do(booking, "no-show") in text


def test_page_has_one_button_that_the_state_asks_for(desk: Client, world: World) -> None:
    def main(booking: Booking) -> tuple[str, list[str]]:
        response = desk.get(page(booking))
        html = re.sub(r"<span.*?</span>", "", response.content.decode(), flags=re.DOTALL)
        return response.context["main"], re.findall(r'class="button default"[^>]*>\s*([^<]*)', html)

    booking = world.book(answers=CLEARANCE_ANSWERS)
    assert main(booking) == ("note", ["Record the note"])
    clear = world.book(starts_at=at(15), key=uuid.uuid4())
    assert main(clear) == ("confirm", ["Confirm"])
    desk.post(do(clear, "confirm"))
    assert main(clear) == ("call", ["Call"])
    world.therapist.time_off.create(starts_at=at(14), ends_at=at(20))
    assert main(clear) == ("move", ["Move"])
    with time_machine.travel(at(18), tick=False):
        assert main(clear) == ("complete", ["Mark as completed"])
        desk.post(do(clear, "complete"))
        assert main(clear) == ("again", ["Same again"])


def test_page_of_a_visit_with_an_open_late_fee_leaves_the_accent_to_its_card(
    desk: Client, world: World
) -> None:
    booking = world.book()
    desk.post(do(booking, "confirm"))
    desk.post(do(booking, "cancel"))
    LateFee.objects.create(booking=booking, cents=6_000, named_at=NOW)

    response = desk.get(page(booking))

    assert response.context["main"] == "answer"
    assert response.content.decode().count('class="button default"') == 1


def test_visit_that_has_not_begun_is_not_completed(desk: Client, world: World) -> None:
    booking = world.book()
    desk.post(do(booking, "confirm"))

    sentences = said(desk.post(do(booking, "complete"), follow=True))

    assert any("has not started yet" in sentence for sentence in sentences)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED


def test_cancelling_twice_says_that_it_was_cancelled(desk: Client, world: World) -> None:
    booking = world.book()
    desk.post(do(booking, "cancel"))
    events = BookingEvent.objects.filter(booking=booking).count()

    sentences = said(desk.post(do(booking, "cancel"), follow=True))

    assert f"{booking.reference}: already canceled; nothing was changed." in sentences
    assert BookingEvent.objects.filter(booking=booking).count() == events


def test_time_that_the_therapist_lost_is_not_confirmed(desk: Client, world: World) -> None:
    booking = world.book()
    world.therapist.time_off.create(starts_at=at(8), ends_at=at(20))

    sentences = said(desk.post(do(booking, "confirm"), follow=True))

    assert any("time off" in sentence and booking.reference in sentence for sentence in sentences)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


def test_get_changes_nothing(desk: Client, world: World) -> None:
    booking = world.book()
    addresses = [do(booking, action) for action in ("confirm", "decline", "cancel", "complete", "no-show")]
    addresses += [reverse(f"admin:bookings_booking_{name}", args=[booking.pk]) for name in ("health", "note")]

    for address in addresses:
        response = desk.get(address)
        assert response.status_code == 405
        assert response["Allow"] == "POST"
        assert page(booking) in response.content.decode()

    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED
    assert not HealthAccess.objects.exists()


def test_unknown_verb_or_booking_is_not_found(desk: Client, world: World) -> None:
    booking = world.book()

    assert desk.post(do(booking, "delete")).status_code == 404
    for key in (999_999, 10**30):
        assert desk.post(reverse("admin:bookings_booking_do", args=[key, "confirm"])).status_code == 404


@pytest.mark.parametrize("reason", ["a\x00b", "two\nlines", "x" * 301, "\u200b"])
def test_reason_that_can_not_be_kept_changes_nothing(reason: str, desk: Client, world: World) -> None:
    booking = world.book()

    response = desk.post(do(booking, "cancel"), {"reason": reason}, follow=True)

    assert response.status_code == 200
    assert said(response)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


def test_change_needs_the_token(desk: Client, world: World) -> None:
    booking = world.book()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = desk.cookies

    assert strict.post(do(booking, "confirm")).status_code == 403
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


# Many at once --------------------------------------------------------------------------------------------------


def test_action_says_for_each_row_how_it_went(desk: Client, world: World) -> None:
    fine = world.book(starts_at=at(10))
    gone = world.book(starts_at=at(12, 30), key=uuid.uuid4())
    waits = world.book(starts_at=at(15), total_cents=14_000, answers=CLEARANCE_ANSWERS)
    desk.post(do(gone, "cancel"))

    sentences = act(desk, "confirm_selected", fine, gone, waits)

    assert f"{fine.reference}: confirmed." in sentences
    assert any(s.startswith(f"{gone.reference}: is canceled") for s in sentences)
    assert any(s.startswith(f"{waits.reference}: needs a clinician's note") for s in sentences)
    statuses = dict(Booking.objects.values_list("pk", "status"))
    assert statuses == {fine.pk: "confirmed", gone.pk: "canceled", waits.pk: "requested"}


@pytest.mark.parametrize(
    ("action", "status"),
    [("decline_selected", "declined"), ("cancel_selected", "canceled"), ("confirm_selected", "confirmed")],
)
def test_actions_reach_the_domain(action: str, status: str, desk: Client, world: World) -> None:
    booking = world.book()

    act(desk, action, booking)

    booking.refresh_from_db()
    assert booking.status == status
    assert BookingEvent.objects.filter(booking=booking, to_status=status).exists()


@pytest.mark.parametrize(
    ("action", "status"),
    [("decline_selected", "declined"), ("cancel_selected", "canceled"), ("no_show_selected", "no_show")],
)
def test_what_can_not_be_taken_back_is_asked_first(
    action: str, status: str, desk: Client, world: World
) -> None:
    first, second = world.book(starts_at=at(10)), world.book(starts_at=at(13))
    if action == "no_show_selected":
        act(desk, "confirm_selected", first, second)
    before = list(Booking.objects.values_list("status", flat=True))

    with time_machine.travel(at(15), tick=False):
        asked = desk.post(LIST, chosen(action, first, second))
        assert asked.status_code == 200
        text = asked.content.decode()
        for booking in (first, second):
            assert booking.reference in text
            assert f'name="_selected_action" value="{booking.pk}"' in text
        assert list(Booking.objects.values_list("status", flat=True)) == before

        act(desk, action, first, second, reason="The van broke down")

    assert set(Booking.objects.values_list("status", flat=True)) == {status}
    reasons = BookingEvent.objects.filter(to_status=status).values_list("reason", flat=True)
    assert list(reasons) == ["The van broke down"] * 2


def test_visits_that_took_place_are_marked_together(desk: Client, world: World) -> None:
    first, second = world.book(starts_at=at(10)), world.book(starts_at=at(13))
    act(desk, "confirm_selected", first, second)

    with time_machine.travel(at(15), tick=False):
        assert act(desk, "complete_selected", first) == [f"{first.reference}: completed."]
        assert act(desk, "no_show_selected", second) == [f"{second.reference}: marked as no-show."]


def test_too_many_rows_are_refused(desk: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.admin.bookings.MOST_AT_ONCE", 1)
    first, second = world.book(starts_at=at(10)), world.book(starts_at=at(13))

    sentences = act(desk, "cancel_selected", first, second)

    assert sentences == ["Choose at most 1 bookings at a time; nothing was changed."]
    assert set(Booking.objects.values_list("status", flat=True)) == {"requested"}


# Health --------------------------------------------------------------------------------------------------------


def health(booking: Booking) -> str:
    return reverse("admin:bookings_booking_health", args=[booking.pk])


def test_note_of_a_clinician_can_be_read_with_the_answers_only(desk: Client, world: World) -> None:
    booking = world.book(answers=CLEARANCE_ANSWERS)
    needed = "once a clinician’s note is on record"
    assert needed in desk.get(page(booking)).content.decode()
    note = reverse("admin:bookings_booking_note", args=[booking.pk])
    desk.post(note, {"note": "Dr Hale: light strokes only"})

    shown = desk.get(page(booking)).content.decode()
    assert needed not in shown
    assert "light strokes only" not in shown
    assert "light strokes only" in desk.post(health(booking), {"reason": "Planning"}).content.decode()


def test_the_note_of_another_visit_that_clears_this_one_can_be_read(desk: Client, world: World) -> None:
    first = world.book(answers=CLEARANCE_ANSWERS)
    operations.record_clinician_note(
        booking=first, actor=User.objects.get(username="desk"), note="Dr Hale: light strokes only", now=NOW,
        scope=NoteScope.SERVICE, until=DAY + timedelta(days=10),
    )  # fmt: skip
    second = world.book(answers=CLEARANCE_ANSWERS, starts_at=at(14))
    shown = desk.post(health(second), {"reason": "Planning"}).content.decode()
    assert "light strokes only" in shown
    looks = HealthAccess.objects.order_by("booking").values_list("booking", "reason")
    assert list(looks) == [(first.pk, "Planning"), (second.pk, "Planning")]


def test_look_at_health_answers_is_written_down_and_not_kept(desk: Client, world: World) -> None:
    booking = world.book(answers=CLEARANCE_ANSWERS)

    response = desk.post(health(booking), {"reason": "The therapist asked"})
    text = response.content.decode()

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    # Of which of a person's visits.
    assert booking.reference in text
    assert local_when(booking.starts_at) in text
    assert "regnan" in text
    assert ">Yes<" in text
    # What "any of these?" is about.
    assert "chest pain, or coughing up blood" in text
    access = HealthAccess.objects.get()
    assert (access.booking, access.user.username, access.reason, access.at) == (
        booking,
        "desk",
        "The therapist asked",
        NOW,
    )
    assert "The therapist asked" in desk.get(page(booking)).content.decode()


@pytest.mark.parametrize("reason", ["", "   ", "x" * 121, "a\x00b"])
def test_look_without_a_reason_shows_nothing(reason: str, desk: Client, world: World) -> None:
    booking = world.book(answers=CLEARANCE_ANSWERS)

    response = desk.post(health(booking), {"reason": reason}, follow=True)

    assert "regnan" not in response.content.decode()
    assert said(response)
    assert not HealthAccess.objects.exists()


def test_a_template_begins_a_clinicians_note(desk: Client, world: World) -> None:
    booking = world.book(answers=CLEARANCE_ANSWERS)
    template = NoteTemplate.objects.create(kind="clinician", name="On the phone", text="Who said it:")
    NoteTemplate.objects.create(kind="client", name="A call", text="Who called:")
    assert "On the phone</button>" in desk.get(page(booking)).content.decode()
    sent = {"note": "Dr. Lee", "scope": "service", "until": "2027-01-31", "template": template.pk}
    answer = desk.post(reverse("admin:bookings_booking_note", args=[booking.pk]), sent)
    form = answer.context["note_form"]
    assert (answer.status_code, form["note"].value(), form["until"].value()) == (
        200, "Dr. Lee\nWho said it:", "2027-01-31",
    )  # fmt: skip
    shown = answer.content.decode()
    assert "Who said it:</textarea>" in shown
    assert "A call</button>" not in shown
    assert not booking.clinician_notes.exists()


def test_clinicians_note_lets_the_request_be_confirmed(desk: Client, world: World) -> None:
    booking = world.book(answers=CLEARANCE_ANSWERS)
    assert any("clinician's note first" in s for s in said(desk.post(do(booking, "confirm"), follow=True)))

    address = reverse("admin:bookings_booking_note", args=[booking.pk])
    desk.post(address, {"note": "Dr Sample, by phone:\nmassage is fine."})
    desk.post(do(booking, "confirm"))

    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert ClinicianNote.objects.get().note == "Dr Sample, by phone:\nmassage is fine."
    assert "Dr Sample" not in desk.get(page(booking)).content.decode()


def test_a_note_for_a_service_says_until_when(desk: Client, world: World) -> None:
    booking = world.book(answers={**CLEAR_ANSWERS, "pregnancy": "unsure", "pregnancy_signs": "no"})
    address = reverse("admin:bookings_booking_note", args=[booking.pk])
    told = {"note": "Dr Sample: fine for eight weeks", "scope": "service"}
    for until, words in (
        ("", "Say until which day"),
        ("2026-12-01", "a year ahead at most"),
        ("2028-01-01", "a year ahead at most"),
        ("soon", "Type a day"),
    ):
        response = desk.post(address, {**told, "until": until})
        assert response.status_code == 422
        page = response.content.decode()
        assert words in page
        assert "Dr Sample: fine for eight weeks" in page
    assert not ClinicianNote.objects.exists()
    assert 'value="course"' not in page

    page = desk.post(address, {**told, "until": "2027-01-27"}, follow=True).content.decode()
    assert "Clears this service for this person until Wednesday, January 27, 2027" in page
    later = world.book(
        answers={**CLEAR_ANSWERS, "pregnancy": "unsure", "pregnancy_signs": "no"}, starts_at=at(14)
    )
    page = desk.get(reverse("admin:bookings_booking_change", args=[later.pk])).content.decode()
    assert "until Wednesday, January 27, 2027" in page
    assert "once a clinician’s note is on record" not in page
    front = desk.get(reverse("admin:index")).content.decode()
    assert reverse("admin:bookings_booking_do", args=[later.pk, "confirm"]) in front
    page = desk.get(reverse("admin:bookings_client_change", args=[booking.client_id])).content.decode()
    assert "until Wednesday, January 27, 2027" in page


def test_blank_note_is_refused_and_a_long_one_is_not_lost(desk: Client, world: World) -> None:
    booking = world.book(answers=CLEARANCE_ANSWERS)
    address = reverse("admin:bookings_booking_note", args=[booking.pk])

    assert desk.post(address, {"note": " "}).status_code == 422
    response = desk.post(address, {"note": "fine, " * 400})

    assert response.status_code == 422
    assert "fine, fine" in response.content.decode()
    assert not ClinicianNote.objects.exists()


def test_note_for_a_booking_that_waits_no_more_is_refused(desk: Client, world: World) -> None:
    booking = world.book(answers=CLEARANCE_ANSWERS)
    desk.post(do(booking, "decline"))

    desk.post(reverse("admin:bookings_booking_note", args=[booking.pk]), {"note": "Fine"})

    assert not ClinicianNote.objects.exists()
