"""Booking for a client on the phone: the site's own steps, answered for by staff."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.alternatives import same_weekday_ahead
from bookings.domain.operations import Sender
from bookings.enums import BookingStatus, DoorRule, LookedAt, MessageKind
from bookings.models import Booking, BookingDraft, BookingEvent, HealthAccess, Message
from bookings.models import Client as BookingClient
from bookings.models.booking import make_address_key
from bookings.views import visitor_draft
from tests.bookings.admin.conftest import DESK_RIGHTS, signed_in, staff_user
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

from .flow import DETAILS, Flow, press

BEGIN = "/book/for-a-client/"
FIND = "/admin/bookings/booking/book/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(world: World) -> Client:
    return signed_in(staff_user("desk", *DESK_RIGHTS))


@pytest.mark.parametrize(
    "asked", ["ana", "O'Brien", "ana@example.com", "(213) 555-0123", "213.555.0123", "5550123"]
)
def test_a_client_is_found_as_they_say_who_they_are(world: World, desk: Client, asked: str) -> None:
    world.book()
    world.book(
        name="Bo Sample",
        email="bo@example.com",
        phone="+12135550177",
        starts_at=at(14),
        street="9 Other Road",
    )
    page = desk.get(FIND, {"q": asked}, headers={"X-Part": "found"}).content.decode()
    assert "12 Sample Street" in page
    assert "Bo Sample" not in page
    assert "<html" not in page


@pytest.mark.parametrize("asked", ["", "x", "nobody at all", "%", "'; --", "9" * 500, "\u202e"])
def test_anything_may_be_asked(world: World, desk: Client, asked: str) -> None:
    world.book()
    assert desk.get(FIND, {"q": asked}).status_code == 200


def test_finding_costs_the_same_for_one_and_for_twelve(world: World, desk: Client, count_queries) -> None:
    world.book()
    desk.get(FIND, {"q": "sample"})
    with count_queries() as one:
        desk.get(FIND, {"q": "example.com"})
    BookingClient.objects.create(name="Client", email="c@example.com", phone="+12135550233", created_at=NOW)
    with count_queries() as few:
        desk.get(FIND, {"q": "example.com"})
    BookingClient.objects.bulk_create(
        BookingClient(
            name=f"Client {n}", email=f"c{n}@example.com", phone=f"+121355502{n:02}", created_at=NOW
        )
        for n in range(20)
    )
    with count_queries() as many:
        page = desk.get(FIND, {"q": "example.com"}).content.decode()
    assert page.count('name="client"') == 12
    # Those who have been seen before come first, on every database.
    assert page.index("12 Sample Street") < page.index("Client 1")
    assert len(few) == len(many)
    # One alone gets times for the same again.
    assert len(one) - len(few) == 6


def test_only_staff_who_may_change_bookings_book_for_others(world: World) -> None:
    known = world.book().client
    assert Client().post(BEGIN, {"client": known.pk}).status_code == 302
    for rights in ([], ["view_booking"]):
        client = signed_in(staff_user(f"writer{len(rights)}", *rights))
        assert client.post(BEGIN, {"client": known.pk}).status_code == 403
        assert client.get(FIND, {"q": "ana"}).status_code == 403
    assert Client().get(BEGIN).status_code == 405


@pytest.mark.parametrize("key", ["abc", "-1", "9" * 30, "999999"])
def test_a_client_who_does_not_exist_is_not_found(world: World, desk: Client, key: str) -> None:
    assert desk.post(BEGIN, {"client": key}).status_code == 404


def test_a_known_clients_booking_starts_at_the_times_with_all_else_filled_in(
    world: World, desk: Client
) -> None:
    known = world.book().client
    assert desk.post(BEGIN, {"client": known.pk})["Location"] == reverse("bookings:when")
    page = desk.get(reverse("bookings:when")).content.decode()
    assert "on the phone, as desk" in page


def test_nothing_that_a_draft_said_before_is_in_one_begun_anew(world: World, desk: Client) -> None:
    known = world.book().client
    desk.post(BEGIN)
    draft = BookingDraft.objects.get()
    everything = (
        visitor_draft.CAME_BY_MAIL,
        visitor_draft.SO_FAR,
        visitor_draft.REFERRAL,
        "health",
        "missed",
        "told by a step of tomorrow",
    )
    draft.answers |= {key: {"email": "another@example.com"} for key in everything}
    draft.save()
    desk.post(BEGIN, {"client": known.pk})
    assert not set(everything) & set(BookingDraft.objects.get().answers)
    desk.post(BEGIN)
    assert set(BookingDraft.objects.get().answers) == {visitor_draft.STAFF_BOOKING}


def test_a_visit_booked_by_phone_is_confirmed_and_says_who_booked_it(world: World, desk: Client) -> None:
    flow = Flow(desk, world)
    desk.post(BEGIN)
    body = {**flow.until("review").hidden(), "agree": "on"}
    response = desk.post("/book/review/", body)
    booking = Booking.objects.get()
    assert response["Location"] == reverse("admin:bookings_booking_change", args=[booking.pk])
    # Sent twice, it leads to the same.
    assert desk.post("/book/review/", body)["Location"] == response["Location"]
    assert booking.status == BookingStatus.CONFIRMED
    assert f"{booking.reference} is booked." in desk.get(response["Location"]).content.decode()
    first = booking.events.first()
    assert first is not None
    assert (first.actor.username, first.by_client) == ("desk", False)
    kinds = set(Message.objects.filter(booking=booking).values_list("kind", flat=True))
    assert MessageKind.CONFIRMED in kinds
    assert MessageKind.STAFF_ALERT not in kinds


def test_only_who_pressed_is_led_to_what_a_lost_session_booked(world: World, desk: Client) -> None:
    desk.post(BEGIN)
    body = {**Flow(desk, world).until("review").hidden(), "agree": "on"}
    there = desk.post("/book/review/", body)["Location"]
    session = desk.session
    del session["finished_bookings"]
    session.save()
    assert desk.post("/book/review/", body)["Location"] == there
    BookingEvent.objects.update(actor=None)
    assert desk.post("/book/review/", body)["Location"] == "/book/"


@pytest.mark.parametrize("other", [{"total_cents": "1"}, {"terms_version": "2"}, {"agree": ""}])
def test_another_body_after_success_is_refused_with_409_and_links_to_the_visit(
    world: World, desk: Client, other: dict[str, str]
) -> None:
    desk.post(BEGIN)
    body = {**Flow(desk, world).until("review").hidden(), "agree": "on"}
    there = desk.post("/book/review/", body)["Location"]
    sent = Message.objects.count()
    refused = desk.post("/book/review/", {**body, **other})
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "This is booked already." in page
    assert Booking.objects.get().reference in page
    assert f'href="{there}"' in page
    assert Message.objects.count() == sent


def test_what_waits_for_a_look_is_called_a_request(world: World, desk: Client) -> None:
    flow = Flow(desk, world)
    desk.post(BEGIN)
    flow.until("health")
    flow.health(pregnancy="yes", pregnancy_signs="no")
    flow.details()
    response = flow.review()
    booking = Booking.objects.get()
    assert booking.status == BookingStatus.REQUESTED
    text = desk.get(response["Location"]).content.decode()
    assert f"{booking.reference} is a request" in text
    assert "is booked." not in text


def test_answers_that_need_a_look_still_wait_for_one(world: World) -> None:
    staff = staff_user("desk", *DESK_RIGHTS)
    submission = world.submission(answers={**CLEAR_ANSWERS, "pregnancy": "yes", "pregnancy_signs": "no"})
    booking = operations.request_booking(submission=submission, now=NOW, sender=Sender(actor=staff))
    assert booking.status == BookingStatus.REQUESTED


@pytest.mark.parametrize("said", ["", DoorRule.NOT_ALONE, DoorRule.TWO_PEOPLE, "armed"])
def test_staff_say_that_whoever_comes_knows_what_holds_at_the_door(
    world: World, desk: Client, said: str
) -> None:
    """Or it waits as a request, as one waits that is confirmed by health answers."""
    staff, flow = User.objects.get(username="desk"), Flow(desk, world)
    address_key = make_address_key(DETAILS["street"], DETAILS["unit"], world.area.zip_code)
    operations.write_address_rule(address_key=address_key, rule=DoorRule.TWO_PEOPLE, actor=staff, now=NOW)
    desk.post(BEGIN)
    flow.until("review")
    page = " ".join(desk.get("/book/review/").content.decode().split())
    assert "At the door: <strong>Two people only</strong>" in page
    assert 'name="door" value="two_people"' in page
    response = flow.review(door=said)
    booking = Booking.objects.get()
    is_told = said == DoorRule.TWO_PEOPLE
    assert booking.status == (BookingStatus.CONFIRMED if is_told else BookingStatus.REQUESTED)
    told = desk.get(response["Location"]).content.decode()
    assert ("is booked." in told, "is a request: please confirm it." in told) == (is_told, not is_told)


def test_who_is_logged_out_meanwhile_is_a_visitor_like_others(world: World, desk: Client) -> None:
    flow = Flow(desk, world)
    desk.post(BEGIN)
    flow.until("review")
    session = desk.session
    for key in ("_auth_user_id", "_auth_user_hash", "_auth_user_backend"):
        del session[key]
    session.save()
    flow.review()
    booking = Booking.objects.get()
    assert booking.status == BookingStatus.REQUESTED
    assert booking.events.first().by_client


def test_stopping_books_nothing_and_forgets_the_client(world: World, desk: Client) -> None:
    known = world.book().client
    desk.post(BEGIN, {"client": known.pk})
    assert desk.post("/book/for-a-client/leave/")["Location"] == reverse("admin:index")
    assert "on the phone" not in desk.get(reverse("bookings:start")).content.decode()
    assert Booking.objects.count() == 1


def test_the_same_again_is_with_the_same_therapist_a_week_later(world: World, desk: Client) -> None:
    other = world.add_therapist()
    visit = world.book(preference=f"therapist:{other.slug}")
    Booking.objects.filter(pk=visit.pk).update(preference="any")
    flow = Flow(desk, world)

    assert desk.post(BEGIN, {"visit": visit.pk})["Location"] == reverse("bookings:when")
    page = desk.get(reverse("bookings:when")).content.decode()

    assert "Monday, December 14" in page
    assert f'name="who" value="therapist:{other.slug}"' in page
    desk.post(
        reverse("bookings:when"),
        press(at(10, day=DAY + timedelta(days=7)), other.slug, who=f"therapist:{other.slug}"),
    )
    flow.health()
    assert "12 Sample Street" in desk.get(reverse("bookings:details")).content.decode()
    desk.post(reverse("bookings:details"), DETAILS)
    flow.review()
    again = Booking.objects.exclude(pk=visit.pk).get()
    assert (again.therapist, again.option, again.status) == (other, visit.option, BookingStatus.CONFIRMED)


def test_the_same_again_takes_over_health_answers_that_staff_never_see(world: World, desk: Client) -> None:
    visit = world.book(purpose="CANARY-PURPOSE")
    desk.post(BEGIN, {"visit": visit.pk})
    desk.post(reverse("bookings:when"), press(at(10, day=DAY + timedelta(days=7))))
    asked = desk.get(reverse("bookings:health")).content.decode()
    assert "Please read out:" in asked
    assert "data-card" not in asked
    assert not HealthAccess.objects.exists()
    for _ in range(2):
        assert desk.post(reverse("bookings:health"), {"still": "yes"})["Location"] == reverse(
            "bookings:review"
        )
    # What they come to is told, so it is written down, once.
    look = HealthAccess.objects.get()
    assert (look.booking, look.user.username, look.what) == (visit, "desk", LookedAt.ANSWERS)
    assert look.reason == "Taken over for a new visit, told by phone that nothing has changed"
    for step in ("health", "details", "review"):
        page = desk.get(reverse(f"bookings:{step}")).content.decode()
        assert "CANARY-PURPOSE" not in page, step
    assert " checked" not in desk.get(reverse("bookings:health")).content.decode()
    Flow(desk, world).review()
    again = Booking.objects.exclude(pk=visit.pk).get()
    assert again.screening.answers == visit.screening.answers
    assert again.status == BookingStatus.CONFIRMED


@pytest.mark.parametrize("changed", [{"name": "Bea Brown"}, {"for_other": "on", "recipient_name": "Rosa"}])
def test_answers_by_phone_are_taken_over_for_the_same_person_alone(
    world: World, desk: Client, changed: dict[str, str]
) -> None:
    visit = world.book()
    desk.post(BEGIN, {"visit": visit.pk})
    desk.post(reverse("bookings:when"), press(at(10, day=DAY + timedelta(days=7))))
    desk.post(reverse("bookings:details"), {**DETAILS, **changed})
    assert "Please read out:" not in desk.get(reverse("bookings:health")).content.decode()
    answer = desk.post(reverse("bookings:health"), {"still": "yes"})
    assert answer["Location"] == f"{reverse('bookings:health')}?change=yes"
    assert not HealthAccess.objects.exists()


def test_who_is_logged_out_meanwhile_takes_over_nothing(world: World, desk: Client) -> None:
    visit = world.book()
    desk.post(BEGIN, {"visit": visit.pk})
    desk.post(reverse("bookings:when"), press(at(10, day=DAY + timedelta(days=7))))
    session = desk.session
    for key in ("_auth_user_id", "_auth_user_hash", "_auth_user_backend"):
        del session[key]
    session.save()
    assert "Still true?" not in desk.get(reverse("bookings:health")).content.decode()
    answer = desk.post(reverse("bookings:health"), {"still": "yes"})
    assert answer["Location"] == f"{reverse('bookings:health')}?change=yes"


def test_one_who_is_found_is_offered_the_same_again_at_the_usual_hour(world: World, desk: Client) -> None:
    other = world.add_therapist()
    visit = world.book(preference=f"therapist:{other.slug}", starts_at=at(14))
    world.book(preference=f"therapist:{other.slug}", starts_at=at(14, day=DAY + timedelta(days=14)),
               name="Bo Sample", email="bo@example.com", phone="+12135550177")  # fmt: skip
    found = desk.get(FIND, {"q": "213 555 0123"}, headers={"X-Part": "found"}).context["found"]
    assert [time["when"] for time in found[0]["times"]][::2] == [
        "Mon, Dec 14, 2:00 PM",
        "Mon, Dec 28, 2:00 PM",
    ]
    taken = found[0]["times"][1]["when"]
    assert taken.startswith("Mon, Dec 21, ")
    assert taken != "Mon, Dec 21, 2:00 PM"

    time = found[0]["times"][0]
    answer = desk.post(BEGIN, {"visit": visit.pk, "who": time["who"], "starts_at": time["value"]})
    assert answer["Location"] == reverse("bookings:health")
    desk.post(reverse("bookings:health"), {"still": "yes"})
    Flow(desk, world).review()
    again = Booking.objects.latest("pk")
    assert (again.therapist, again.starts_at) == (other, at(14, day=DAY + timedelta(days=7)))


def test_a_usual_time_that_has_gone_leads_to_those_that_are_left(world: World, desk: Client) -> None:
    visit = world.book(starts_at=at(14))
    time = desk.get(FIND, {"q": "213 555 0123"}).context["found"][0]["times"][0]
    world.book(starts_at=at(14, day=DAY + timedelta(days=7)),
               name="Bo Sample", email="bo@example.com", phone="+12135550177")  # fmt: skip
    answer = desk.post(
        BEGIN, {"visit": visit.pk, "who": time["who"], "starts_at": time["value"]}, follow=True
    )
    assert answer.redirect_chain[-1][0] == reverse("bookings:when")
    assert "Nearest to the time you chose" in answer.content.decode()


@pytest.mark.parametrize("sent", ["", "x", "2026-12-14T22:00:00+00:00", "9" * 500, "x sample-therapist"])
def test_a_usual_time_that_makes_no_sense_leads_to_the_times(world: World, desk: Client, sent: str) -> None:
    visit = world.book()
    answer = desk.post(BEGIN, {"visit": visit.pk, "starts_at": sent})
    assert answer["Location"] == reverse("bookings:when")
    assert desk.get(answer["Location"]).status_code == 200


def test_a_new_booking_at_the_desk_takes_over_nothing(world: World, desk: Client) -> None:
    visit = world.book()
    desk.post(BEGIN, {"visit": visit.pk})
    draft = BookingDraft.objects.get()
    draft.answers = {**draft.answers, visitor_draft.AGAIN_OF: visit.pk}
    draft.save()
    desk.post(BEGIN, {})
    assert BookingDraft.objects.get().answers == {
        visitor_draft.STAFF_BOOKING: int(desk.session["_auth_user_id"])
    }


@pytest.mark.parametrize(
    ("day", "today", "expected"),
    [("2026-11-17", "2026-11-22", "2026-11-24"), ("2026-11-15", "2026-11-22", "2026-11-29"),
     ("2026-11-22", "2026-11-22", "2026-11-29"), ("2026-12-01", "2026-11-22", "2026-12-08")],
)  # fmt: skip
def test_a_week_later_is_never_over(day: str, today: str, expected: str) -> None:
    found = same_weekday_ahead(date.fromisoformat(day), date.fromisoformat(today))
    assert str(found) == expected


def test_a_booking_from_the_board_begins_at_its_day_and_therapist(world: World, desk: Client) -> None:
    known = world.book().client
    other = world.add_therapist()
    day = DAY + timedelta(days=2)
    desk.post(BEGIN, {"client": known.pk, "day": str(day), "therapist": other.slug})
    response = desk.get(reverse("bookings:when"))
    page = response.content.decode()
    assert response.context["calendar"].selected == day
    assert f'name="who" value="therapist:{other.slug}"' in page
    # Another begun without them knows nothing of them.
    desk.post(BEGIN, {"client": known.pk, "day": "tomorrow", "therapist": ""})
    response = desk.get(reverse("bookings:when"))
    page = response.content.decode()
    assert response.context["calendar"].selected != day
    assert f'name="who" value="therapist:{other.slug}"' not in page


@pytest.mark.parametrize(
    ("asked", "field"), [("Bo Sample", "name"), ("(213) 555-0188", "phone"), ("bo@example.com", "email")]
)
def test_what_nobody_was_found_by_need_not_be_typed_again(
    world: World, desk: Client, asked: str, field: str
) -> None:
    page = desk.get(FIND, {"q": asked}).content.decode()
    assert f'name="asked" value="{asked}"' in page
    flow = Flow(desk, world)
    desk.post(BEGIN, {"asked": asked})
    flow.until("details")
    details = desk.get(reverse("bookings:details"))
    assert details.context["form"][field].value() == asked


@pytest.mark.parametrize("key", ["", "abc", "-1", "9" * 30, "999999"])
def test_a_visit_that_does_not_exist_is_not_found(world: World, desk: Client, key: str) -> None:
    assert desk.post(BEGIN, {"visit": key}).status_code == 404


def test_on_the_phone_a_card_is_said_in_one_breath_and_a_visitor_reads_its_lines(
    world: World, desk: Client, client: Client
) -> None:
    said = "Any heart or kidney disease, fluid on the lungs, a past clot, or unexplained swelling?"
    line = "Kidney failure, or swelling that no clinician has explained"
    desk.post(BEGIN)
    for who, hour, is_said in ((desk, 10, True), (client, 14, False)):
        flow = Flow(who, world).until("when")
        flow.when(starts_at=at(hour).isoformat())
        page = who.get("/book/health/").content.decode()
        assert (said in page) is is_said
        assert line in page
    # A service that is asked only some of a card's lines has them read one by one.
    world.service.slug = "another-service"
    world.service.save()
    desk.post(BEGIN)
    flow = Flow(desk, world).until("when")
    flow.when(starts_at=at(12).isoformat())
    page = desk.get("/book/health/").content.decode()
    assert said in page
    assert "Thyroid, heartbeat or neck artery trouble" not in page
    assert "Asthma, low blood pressure, or diabetes" in page
