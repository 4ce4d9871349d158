"""Two people at the same time, from the first step to the visits' own pages."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from bookings.domain import operations
from bookings.enums import BookingStatus, DoorRule, Gender
from bookings.exceptions import SlotTaken
from bookings.models import (
    Booking,
    BookingDraft,
    ChangeRequest,
    Hold,
    Message,
    OwnConsent,
    Therapist,
    TimeOff,
)
from bookings.notifications.registry import SiteSettings
from bookings.notifications.render import render
from bookings.refusals import refusal_words
from tests.bookings.courses.conftest import staff_client
from tests.bookings.views.flow import DETAILS, ONE, Flow
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

pytestmark = pytest.mark.django_db

TWO = "sample-therapist-two"
BOTH_ANSWERS = CLEAR_ANSWERS | {f"p2-{name}": value for name, value in CLEAR_ANSWERS.items()}
SECOND = {"second_name": "Ben Second"}


@pytest.fixture(autouse=True)
def two_therapists(world: World) -> None:
    world.add_therapist()


def words(response: Any) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def until(flow: Flow, step: str, **health: str) -> None:
    for name, press in {
        "where": lambda: flow.what(people="both"),
        "when": flow.where,
        "health": lambda: flow.when(therapist=f"{ONE}+{TWO}", second="any"),
        "details": lambda: flow.health(**BOTH_ANSWERS | health),
        "review": lambda: flow.details(**SECOND),
    }.items():
        response = press()
        assert response.status_code == 302, (name, response.content[:3000])
        if name == step:
            return


def booked(flow: Flow, **health: str) -> list[Booking]:
    until(flow, "review", **health)
    assert flow.review()["Location"] == "/book/done/"
    Booking.objects.update(prove_by=None)
    return list(Booking.objects.order_by("pk"))


def test_it_is_offered_where_two_can_come(flow: Flow, world: World) -> None:
    page = flow.client.get(f"/book/?service={world.service.slug}")
    assert "Two people at the same time, with two therapists" in words(page)
    world.service.therapists.first().services.clear()

    page = flow.client.get(f"/book/?service={world.service.slug}")
    assert "one after the other" in words(page)
    assert "at the same time" not in words(page)
    assert flow.what(people="both").status_code == 422


def test_calendar_names_both_and_the_whole_price(flow: Flow) -> None:
    until(flow, "when")
    page = words(flow.client.get(f"/book/when/?day={DAY}"))

    assert "with Sample Therapist One and Sample Therapist Two" in page
    assert "$280" in page
    assert "Who should come to the first person?" in page
    assert "And to the second?" in page


def test_calendar_has_only_times_at_which_two_can_be_there(flow: Flow, world: World) -> None:
    world.book(therapist=TWO, starts_at=at(10), email="o@example.com", phone="+12135550177")
    until(flow, "when")
    page = flow.client.get(f"/book/when/?day={DAY}").content.decode()

    assert f"{at(10).isoformat()} " not in page
    assert f"{at(14).isoformat()} {ONE}+{TWO}" in page
    refused = flow.when(therapist=f"{ONE}+{TWO}")
    assert refused.status_code == 409
    assert not Hold.objects.exists()


def test_day_on_which_no_two_are_free_says_so_with_the_nearest(flow: Flow, world: World) -> None:
    world.service.therapists.get(slug=TWO).working_hours.filter(weekday=DAY.weekday()).delete()
    until(flow, "when")
    page = words(flow.client.get(f"/book/when/?day={DAY}"))

    assert "Then no two of us are free at the same time." in page
    assert "Tuesday, December 8" in page


def test_both_times_are_held_and_the_draft_keeps_who_comes(flow: Flow) -> None:
    until(flow, "health")

    assert [hold.therapist.slug for hold in Hold.objects.order_by("number")] == [ONE, TWO]
    answers = BookingDraft.objects.get().answers
    assert (answers["therapist"], answers["second_therapist"]) == (ONE, TWO)
    # A press for one alone, where two are visited, is no time of this page.
    assert flow.when(therapist=ONE).status_code == 409


def test_each_answers_and_the_second_has_a_name(flow: Flow) -> None:
    until(flow, "health")
    assert "The second person" in words(flow.client.get("/book/health/"))
    assert flow.health().status_code == 422
    assert flow.health(**BOTH_ANSWERS).status_code == 302
    refused = flow.details()
    assert refused.status_code == 422
    assert "Type the name of the second person." in words(refused)


def test_health_answers_about_another_second_person_are_asked_again(flow: Flow) -> None:
    until(flow, "review")
    flow.details(second_name="Cleo Third")
    assert "health" not in BookingDraft.objects.get().answers


def test_review_says_who_comes_to_whom_and_one_press_books_both(flow: Flow) -> None:
    until(flow, "review")
    page = words(flow.client.get("/book/review/"))
    assert "Sample Therapist One comes to Ana O'Brien" in page
    assert "Sample Therapist Two comes to Ben Second" in page
    assert "$280" in page
    assert "I agree. They know and agree." in page
    assert "Ben Second knows about this visit and agrees to it too." in page

    one, two = booked(flow)

    assert [one.visit_for, two.visit_for] == ["Ana O'Brien", "Ben Second"]
    assert {one.starts_at, two.starts_at} == {at(10)}
    assert one.together == two.together != None  # noqa: E711
    assert two.screening.answers == CLEAR_ANSWERS
    done = words(flow.client.get("/book/done/"))
    assert (
        "Sample Therapist One comes to Ana O'Brien, and at the same time Sample Therapist Two to Ben" in done
    )
    assert not Hold.objects.exists()


def test_time_of_one_that_has_gone_books_none_and_keeps_all_that_was_typed(flow: Flow, world: World) -> None:
    until(flow, "review")
    sent = flow.hidden()
    Hold.objects.all().delete()
    world.book(therapist=TWO, starts_at=at(10), email="o@example.com", phone="+12135550177")

    response = flow.post("/book/review/", {**sent, "agree": "on"}, {})

    assert response["Location"] == "/book/when/"
    assert Booking.objects.count() == 1
    assert BookingDraft.objects.get().answers["details"]["second_name"] == "Ben Second"


def test_the_same_press_twice_books_two_visits(flow: Flow) -> None:
    until(flow, "review")
    sent = {**flow.hidden(), "agree": "on"}
    for _press in range(2):
        assert flow.post("/book/review/", sent, {})["Location"] == "/book/done/"
    assert Booking.objects.count() == 2


def test_back_to_one_person_books_one(flow: Flow) -> None:
    until(flow, "review")
    flow.what(people=1)
    flow.when()
    flow.details()
    assert flow.review()["Location"] == "/book/done/"
    booking = Booking.objects.get()
    assert (booking.people, booking.total_cents, booking.together) == (1, 14_000, None)


def test_page_of_one_names_the_other(flow: Flow) -> None:
    one, two = booked(flow)
    page = words(flow.client.get(f"/visits/v/{one.reference}/"))

    assert "At the same time" in page
    assert "Sample Therapist Two, for Ben Second" in page
    assert "Cancel both visits" in page
    assert "course" not in page.lower()
    again = flow.client.get(f"/visits/v/{two.reference}/cancel/")
    assert "Sample Therapist One still comes to Ana O'Brien." in words(again)


def hidden(response: Any) -> dict[str, str]:
    page = response.content.decode()
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))


def test_client_moves_both_by_one_press(flow: Flow, world: World) -> None:
    _one, two = booked(flow)
    path = f"/visits/v/{two.reference}/move/"
    times = flow.client.get(path, {"day": str(DAY)})
    pressed = {"who": "any", "second": "any", "starts_at": f"{at(10, 30).isoformat()} {ONE}+{TWO}"}
    assert html.escape(pressed["starts_at"]) in times.content.decode()
    check = flow.client.get(path, pressed)
    assert check.status_code == 200
    assert "The total of both stays $280." in words(check)
    sent = {name: html.unescape(value) for name, value in hidden(check).items()}

    for _press in range(2):
        moved = flow.client.post(path, sent)
        assert moved["Location"] == f"/visits/v/{two.reference}/"

    assert set(Booking.objects.values_list("starts_at", flat=True)) == {at(10, 30)}
    assert set(Booking.objects.values_list("revision", flat=True)) == {1}
    assert "Both visits are moved." in words(flow.client.get(moved["Location"]))


def test_move_of_both_that_is_not_as_it_was_shown_moves_none(flow: Flow, world: World) -> None:
    one, _two = booked(flow)
    path = f"/visits/v/{one.reference}/move/"
    pressed = {"who": "any", "second": "any", "starts_at": f"{at(14).isoformat()} {ONE}+{TWO}"}
    sent = {name: html.unescape(value) for name, value in hidden(flow.client.get(path, pressed)).items()}

    assert flow.client.post(path, {**sent, "total_cents": "1"}).status_code == 409
    assert flow.client.post(path, {**sent, "second_revision": "7"}).status_code == 409
    assert flow.client.post(path, {**sent, "starts_at": "x"}).status_code == 422
    world.book(therapist=TWO, starts_at=at(14), email="o@example.com", phone="+12135550177")
    assert flow.client.post(path, sent).status_code == 409
    assert set(Booking.objects.filter(together=one.together).values_list("starts_at", flat=True)) == {at(10)}


@pytest.mark.parametrize("why", ["refused", "nobody"])
def test_two_that_nobody_can_move_show_no_times(flow: Flow, world: World, why: str) -> None:
    """Either of them doesn't agree any more, or nobody gives the service."""
    one, two = booked(flow)
    said = "so it can't be moved. You can cancel it, or call us."
    if why == "refused":
        OwnConsent.objects.create(
            client=two.client, name=two.recipient_name, taken_back_at=NOW, terms_version=world.agreed
        )
    else:
        Therapist.objects.update(is_active=False)
        said = "We can’t move this visit online right now. Please call us, and we’ll find a time together."
    for visit in (one, two):
        page = flow.client.get(f"/visits/v/{visit.reference}/move/", follow=True)
        assert page.redirect_chain == [(f"/visits/v/{visit.reference}/", 302)]
        assert said in words(page)


NEAR = at(10) - timedelta(hours=3)


@pytest.fixture
def confirmed(flow: Flow, world: World) -> list[Booking]:
    world.agree_to(cancel_notice_hours=24, late_fee_percent=50)
    both = booked(flow)
    Booking.objects.update(status=BookingStatus.CONFIRMED, confirmed_at=NOW)
    return both


def chosen_late(flow: Flow, both: list[Booking]) -> tuple[str, dict[str, str]]:
    """Three hours before they start: where they are moved, and the press that asks for 2 PM."""
    flow.client.get(f"/visits/v/{both[0].reference}/")
    session = flow.client.session
    session["visits"] = session["visits"] | {"seen": NEAR.timestamp()}
    session["visits"]["links"] = dict.fromkeys(session["visits"]["links"], NEAR.timestamp())
    session.save()
    path = f"/visits/v/{both[1].reference}/move/"
    times = flow.client.get(path)
    chosen = {"who": "any", "second": "any", "starts_at": f"{at(14).isoformat()} {ONE}+{TWO}"}
    check = flow.client.get(path, chosen)
    for page in (words(times), words(check)):
        assert (
            "Your visit is less than 24 hours away, so one of us has to agree to another time first." in page
        )
        assert "Late fee: up to $120. We may waive it" in page
        assert "The late fee is of both visits together." in page
        assert "Cancel instead" in page
    assert "Ask to move both visits?" in words(check)
    return path, {name: html.unescape(value) for name, value in hidden(check).items()}


@pytest.mark.parametrize("answer", ["accept-with-fee", "accept", "refuse", "withdrawn"])
def test_late_move_of_both_is_asked_for_once_and_answered_once(
    flow: Flow, confirmed: list[Booking], answer: str
) -> None:
    both = confirmed
    with time_machine.travel(NEAR, tick=False):
        path, sent = chosen_late(flow, both)
        assert flow.client.post(path, {**sent, "fee_cents": "1"}).status_code == 409
        assert not ChangeRequest.objects.exists()
        Message.objects.all().delete()
        for _press in range(2):
            asked = flow.client.post(path, {**sent, "reason": "The dog is ill."})
            assert asked["Location"] == f"/visits/v/{both[1].reference}/"

        assert list(ChangeRequest.objects.order_by("booking_id").values_list("booking", "fee_cents")) == [
            (both[0].pk, 6_000), (both[1].pk, 6_000),
        ]  # fmt: skip
        assert set(Booking.objects.values_list("starts_at", flat=True)) == {at(10)}
        assert list(Message.objects.values_list("kind", flat=True)) == ["change_alert"]
        for visit in both:
            page = words(flow.client.get(f"/visits/v/{visit.reference}/"))
            assert "You asked us to move both visits to Monday, December 7, 2:00 PM PST." in page
        assert "You have already asked us" in words(flow.client.get(path, follow=True))

        staff = staff_client("desk", "Front desk")
        assert "1 late move asked for" in words(staff.get("/admin/"))
        if answer == "withdrawn":
            flow.client.post(f"/visits/v/{both[0].reference}/withdraw/")
            assert set(ChangeRequest.objects.values_list("state", flat=True)) == {"withdrawn"}
            return
        change = ChangeRequest.objects.get(booking=both[1])
        shown = words(staff.get(f"/admin/bookings/booking/{both[1].pk}/change/"))
        assert "Move both to Mon, Dec 7, 2026, 2:00 PM PST" in shown
        assert "Accept, with the fee of $120" in shown
        done = staff.post(f"/admin/bookings/changerequest/{change.pk}/answer/{answer}/", follow=True)
        assert f"{both[0].reference} and {both[1].reference}: " in words(done)
        state, start, fee = {
            "accept-with-fee": ("accepted", at(14), 6_000),
            "accept": ("accepted", at(14), 0),
            "refuse": ("refused", at(10), 0),
        }[answer]
        assert set(ChangeRequest.objects.values_list("state", flat=True)) == {state}
        assert set(Booking.objects.values_list("starts_at", "late_fee_cents")) == {(start, fee)}
        told = (
            Message.objects.exclude(kind__startswith="reminder")
            .exclude(kind="change_alert")
            .exclude(kind="recheck")
        )
        message = told.get(kind__in=["together", "change_refused", "moved"])
        assert message.booking is not None
        text = render(message, message.booking, SiteSettings.load(), now=NEAR).text
        assert {
            "accept-with-fee": "The late fee for both visits is $120.",
            "accept": "You pay no late fee.",
            "refuse": "You asked to move both visits to",
        }[answer] in " ".join(text.split())


def test_list_answers_both_once_and_a_visit_that_stands_alone_by_itself(
    flow: Flow, confirmed: list[Booking]
) -> None:
    both = confirmed
    with time_machine.travel(NEAR, tick=False):
        path, sent = chosen_late(flow, both)
        flow.client.post(path, sent)
        staff = staff_client("desk", "Front desk")
        rows = list(ChangeRequest.objects.order_by("pk").values_list("pk", flat=True))
        flow.client.post(f"/visits/v/{both[0].reference}/cancel/", {"revision": 0, "fee_cents": 6_000})
        assert dict(ChangeRequest.objects.values_list("booking", "state")) == {
            both[0].pk: "withdrawn", both[1].pk: "open",
        }  # fmt: skip
        done = words(staff.post(
            "/admin/bookings/changerequest/", {"action": "accept_selected", "_selected_action": rows[1:]}, follow=True
        ))  # fmt: skip
        assert f"{both[1].reference}: moved." in done
        assert f"{both[0].reference} and" not in done


@pytest.mark.parametrize("both", [True, False])
def test_desk_declines_both_or_one_and_reads_which(flow: Flow, both: bool) -> None:
    one, two = booked(flow)
    Booking.objects.update(prove_by=None)
    desk = staff_client("desk", "Front desk")
    page = words(desk.get(f"/admin/bookings/booking/{one.pk}/change/"))
    assert "Also the visit for Ben Second at the same time" in page
    assert "Without it the visit for Ben Second waits on." in page

    press = {"reason": "", **({"both": "on"} if both else {})}
    said = words(desk.post(f"/admin/bookings/booking/{one.pk}/do/decline/", press, follow=True))

    one.refresh_from_db()
    two.refresh_from_db()
    assert one.status == BookingStatus.DECLINED
    assert two.status == (BookingStatus.DECLINED if both else BookingStatus.REQUESTED)
    assert (f"{one.reference} and {two.reference}: declined." in said) is both
    told = list(Message.objects.filter(state="due", kind__in=["declined", "together"]).order_by("-pk"))
    if both:
        mail = render(told[0], one, SiteSettings.load(), now=NOW)
        assert mail.subject == "We can’t take your request: 2 visits, Manual lymphatic drainage"
        assert "You owe nothing." in mail.text
        assert "canceled" not in mail.text
        assert "for Ben Second" in mail.text
    assert told[0].kind == ("together" if both else "declined")


def test_desk_confirms_moves_and_cancels_both(flow: Flow, world: World) -> None:
    one, two = booked(flow)
    desk = staff_client("desk", "Front desk")
    page = words(desk.get(f"/admin/bookings/booking/{one.pk}/change/"))
    assert "Side by side with Ben Second, Sample Therapist Two comes" in page

    desk.post(f"/admin/bookings/booking/{one.pk}/do/confirm/")
    assert set(Booking.objects.values_list("status", flat=True)) == {BookingStatus.CONFIRMED}

    move = f"/admin/bookings/booking/{one.pk}/move/"
    sent = {"day": str(DAY), "start": "14:00", "therapist": f"therapist:{ONE}", "both": "on", "reason": ""}
    asked = desk.get(move, sent)
    assert "Sample Therapist One and Sample Therapist Two" in words(asked)
    assert desk.post(move, {**sent, "total_cents": "1"}).status_code == 422
    assert desk.post(move, {**sent, "total_cents": "28000"}).status_code == 302
    assert set(Booking.objects.values_list("starts_at", flat=True)) == {at(14)}
    alone = {**sent, "start": "10:00", "therapist": "any"}
    del alone["both"]
    assert desk.post(move, {**alone, "total_cents": "14000"}).status_code == 302
    assert set(Booking.objects.values_list("starts_at", flat=True)) == {at(14), at(10)}
    desk.post(move, {**sent, "both": "", "total_cents": "14000"})

    desk.post(f"/admin/bookings/booking/{two.pk}/do/cancel/", {"both": "on", "by_client": "on"})
    assert set(Booking.objects.values_list("status", flat=True)) == {BookingStatus.CANCELED}


def test_desk_books_both_with_the_caller_on_the_line(world: World) -> None:
    desk = staff_client("desk", "Front desk")
    desk.post("/book/for-a-client/", {})
    flow = Flow(desk, world)
    until(flow, "details")
    assert "Send them to the client" not in words(desk.get("/book/health/"))
    flow.details(**SECOND)
    assert flow.review().status_code == 302
    assert set(Booking.objects.values_list("status", flat=True)) == {BookingStatus.CONFIRMED}


NEEDS_NOTE = {"p2-pregnancy": "yes", "p2-pregnancy_signs": "no"}


def test_page_after_booking_says_who_needs_a_note(flow: Flow) -> None:
    _one, two = booked(flow, **NEEDS_NOTE)
    done = flow.client.get("/book/done/")
    assert "One of the health answers of Ben Second needs a clinician's OK first." in words(done)
    assert f"/visits/v/{two.reference}/clinician-note/" in done.content.decode()


def test_desk_reads_whose_note_is_missing_and_that_both_are_confirmed(flow: Flow) -> None:
    one, two = booked(flow, **NEEDS_NOTE)
    desk = staff_client("desk", "Front desk")
    confirm = f"/admin/bookings/booking/{one.pk}/do/confirm/"
    assert f"{two.reference}: needs a clinician’s note" in words(desk.post(confirm, follow=True)).replace(
        "'", "’"
    )

    operations.record_clinician_note(booking=two, actor=None, note="Yes.", now=NOW)
    said = words(desk.post(confirm, follow=True))
    assert f"{one.reference} and {two.reference}: confirmed." in said


def test_desk_confirms_both_in_the_list_and_reads_of_no_error(flow: Flow) -> None:
    one, two = booked(flow)
    desk = staff_client("desk", "Front desk")
    ticked = {"action": "confirm_selected", "_selected_action": [one.pk, two.pk]}
    page = desk.post("/admin/bookings/booking/", ticked, follow=True)
    (message,) = page.context["messages"]
    assert message.level_tag == "success"
    assert set(Booking.objects.values_list("status", flat=True)) == {BookingStatus.CONFIRMED}


def test_both_that_staff_part_are_no_course_to_the_client(flow: Flow) -> None:
    one, two = booked(flow)
    act = operations.Act(NOW, User.objects.create_user("d"))
    operations.move_booking(booking=two, to=operations.NewTime(at(14)), act=act)
    open_pages = [f"/visits/v/{visit.reference}/{page}" for visit in (one, two) for page in ("", "cancel/")]
    for page in open_pages:
        assert "course" not in words(flow.client.get(page)).lower()
    times = flow.client.get(f"/visits/v/{two.reference}/move/", {"day": str(DAY)})
    assert "course" not in words(times).lower()
    assert at(10).isoformat() in times.content.decode()


def proved(flow: Flow, visit: Booking) -> None:
    session = flow.client.session
    session["visits"] = session["visits"] | {"proved": {visit.client.email: NOW.timestamp()}}
    session.save()


def test_client_corrects_the_address_of_both(flow: Flow) -> None:
    one, two = booked(flow)
    proved(flow, one)
    path = f"/visits/v/{one.reference}/address/"
    page = flow.client.get(path)
    assert "This is for both visits at that time, also the one for Ben Second." in words(page)
    sent = hidden(page)
    assert sent["total_cents"] == "28000"
    hotel = {"street": "9 Hotel Road", "zip_code": "90026", "access_type": "ground", "gate_code": "77"}

    saved = flow.client.post(path, {**sent, **hotel}, follow=True)

    assert "Saved for both visits." in words(saved)
    assert set(Booking.objects.values_list("street", flat=True)) == {"9 Hotel Road"}
    assert [visit.access.notes["gate_code"] for visit in (one, two)] == ["77", "77"]


def test_refused_move_of_both_says_why(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _two = booked(flow)
    path = f"/visits/v/{one.reference}/move/"
    pressed = {"who": "any", "second": "any", "starts_at": f"{at(14).isoformat()} {ONE}+{TWO}"}
    sent = {name: html.unescape(value) for name, value in hidden(flow.client.get(path, pressed)).items()}

    def refuse(**_press: Any) -> None:
        raise SlotTaken

    monkeypatch.setattr(operations, "move_together_by_client", refuse)
    answer = flow.client.post(path, sent)
    assert answer.status_code == 409
    assert [str(message) for message in answer.context["messages"]] == [refusal_words(SlotTaken())]


def test_client_moves_both_to_nobody_who_was_not_told_of_the_door(flow: Flow, world: World) -> None:
    one, two = booked(flow)
    world.add_therapist("Sample Therapist Zoe")
    Booking.objects.update(status=BookingStatus.CONFIRMED, confirmed_at=NOW, address_rule=DoorRule.TWO_PEOPLE)
    TimeOff.objects.create(therapist=two.therapist, starts_at=at(12), ends_at=at(15, 30))
    path = f"/visits/v/{one.reference}/move/"
    page = flow.client.get(path, {"day": str(DAY)}).content.decode()
    assert f"{at(14).isoformat()} " not in page
    assert f"{at(17).isoformat()} {ONE}+{TWO}" in page
    asked = {"who": "any", "second": "any"}
    gone = flow.client.get(path, asked | {"starts_at": f"{at(14).isoformat()} {ONE}+sample-therapist-zoe"})
    assert gone.status_code == 409
    assert "Zoe" not in words(gone)
    shown = flow.client.get(path, asked | {"starts_at": f"{at(17).isoformat()} {ONE}+{TWO}"})
    sent = {name: html.unescape(value) for name, value in hidden(shown).items()}
    assert "Both visits are moved." in words(flow.client.post(path, sent, follow=True))


def test_desk_moves_both_to_whom_the_second_asked_for(flow: Flow, world: World) -> None:
    one, two = booked(flow)
    Therapist.objects.filter(slug=TWO).update(gender=Gender.MALE)
    world.add_therapist("Sample Therapist Zoe")
    Booking.objects.filter(pk=two.pk).update(preference=f"gender:{Gender.FEMALE}")
    desk = staff_client("desk", "Front desk")
    move = f"/admin/bookings/booking/{one.pk}/move/"
    sent = {"day": str(DAY), "start": "14:00", "therapist": f"therapist:{ONE}", "both": "on", "reason": ""}
    assert "Sample Therapist One and Sample Therapist Zoe" in words(desk.get(move, sent))
    desk.post(move, {**sent, "total_cents": "28000"})
    two.refresh_from_db()
    assert two.therapist.slug == "sample-therapist-zoe"


def test_client_books_both_again(flow: Flow) -> None:
    _one, two = booked(flow)
    proved(flow, two)
    Booking.objects.filter(pk=two.pk).update(recipient_phone="+12135550177", recipient_language="Spanish")

    flow.client.post(f"/visits/v/{two.reference}/again/")

    answers = BookingDraft.objects.get().answers
    assert answers["side_by_side"] is True
    assert (answers["details"]["name"], answers["details"]["second_name"]) == (DETAILS["name"], "Ben Second")
    assert (answers["details"]["second_phone"], answers["details"]["second_language"]) == (
        "+12135550177",
        "Spanish",
    )
    assert not answers["details"]["recipient_name"]
    # To each the one who came, whichever of the two visits is booked again.
    assert (answers["preference"], answers["second_preference"]) == (f"therapist:{ONE}", f"therapist:{TWO}")
    _words, starts = flow.client.get("/book/when/").context["calendar"].proposed
    assert {start.who for start in starts} == {"with Sample Therapist One and Sample Therapist Two"}


def test_query_count_of_the_calendar_is_that_of_one(
    client: Client, world: World, django_assert_max_num_queries: Any
) -> None:
    flow = Flow(client, world)
    until(flow, "when")
    with django_assert_max_num_queries(16):
        assert flow.client.get(f"/book/when/?day={DAY}").status_code == 200
