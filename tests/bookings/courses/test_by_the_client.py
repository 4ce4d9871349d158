"""A client plans and books a whole course: as one request, one email, one alert, and one press in the mailbox."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client

from bookings.courses import checking
from bookings.courses.forms import PLACE
from bookings.courses.models import Course, CoursePlan
from bookings.courses.operations import book_course
from bookings.domain import export, links, operations
from bookings.domain.operations import Act, NewTime, Shown
from bookings.enums import BookingStatus, MessageKind
from bookings.exceptions import SlotTaken, TooManyRequests, TooManyUnproved
from bookings.models import Booking, Hold, Message, ServiceArea, Zone
from massagerx.lib.localtime import local
from services.models import ServiceOption
from tests.bookings.views.flow import Flow
from tests.bookings.views.visits.browsers import signed_in, text
from tests.factories import NOW, World, at

from .conftest import make_plan
from .test_booking import (
    CHECK,
    COURSE,
    SURGERY,
    asked_for,
    hidden,
    pressed,
    shown,
    take,
    to_the_end,
    what_is_sent,
)
from .test_rest import email_of

pytestmark = pytest.mark.django_db
REMINDERS = ["reminder_first", "reminder_last", "recheck", "thanks"]


@pytest.fixture
def plan(world: World) -> CoursePlan:
    return make_plan(world)


@pytest.fixture
def flow(world: World, plan: CoursePlan) -> Flow:
    return Flow(Client(), world).until("when")


def book(flow: Flow, plan: CoursePlan, **changes: Any) -> Any:
    take(flow, plan, **changes)
    page = to_the_end(flow).content.decode()
    return flow.client.post(CHECK, {**hidden(page), "agree": "on"}, follow=True)


def told() -> list[Message]:
    return list(Message.objects.exclude(kind__in=REMINDERS).order_by("kind"))


def test_new_client_books_a_course_and_proves_the_mailbox_once(flow: Flow, plan: CoursePlan) -> None:
    page = book(flow, plan)
    assert page.redirect_chain[-1][0] == "/book/done/"
    assert "That is the first of 5 visits." in text(page)
    course = Course.objects.get()
    assert course.booked_by is None
    visits = list(course.visits)
    assert {visit.status for visit in visits} == {BookingStatus.REQUESTED}
    (by,) = {visit.prove_by for visit in visits}
    assert by == NOW + timedelta(hours=1)
    alert, email = told()
    assert (alert.kind, email.kind) == (MessageKind.STAFF_ALERT, MessageKind.TOGETHER)
    assert email.booking == alert.booking == visits[0]
    assert "Confirm your email to hold your times" in email_of(email, NOW).text
    assert email_of(email, NOW).text.count("with Sample Therapist One") == 5
    assert "A request for 5 visits is waiting for an answer" in email_of(alert, NOW).text

    browser = Client()
    browser.get(f"/visits/{links.visit_token(visits[0], now=NOW)}/")
    opened = browser.post("/visits/open/", follow=True)
    assert "Your email address is confirmed" in text(opened)
    assert not Booking.objects.unproved().exists()
    # The link of that email opens all that the email tells of.
    for visit in visits:
        assert browser.get(f"/visits/v/{visit.reference}/").status_code == 200


def test_staff_who_confirm_one_vouch_for_all_of_it(flow: Flow, plan: CoursePlan) -> None:
    book(flow, plan)
    second = Course.objects.get().visits[1]
    operations.confirm_booking(booking=second, actor=None, now=NOW)
    assert not Booking.objects.unproved().exists()
    assert operations.expire_requests(now=NOW + timedelta(hours=1)) == 0


def test_link_of_a_visit_that_is_answered_still_keeps_the_others(flow: Flow, plan: CoursePlan) -> None:
    book(flow, plan)
    first = Course.objects.get().visits[0]
    operations.decline_booking(booking=first, actor=None, now=NOW)
    link = f"/visits/{links.visit_token(first, now=NOW)}/"
    browser = signed_in()
    assert browser.get(link)["Location"] == "/visits/open/"
    assert "Hold my time" in text(browser.get("/visits/open/"))
    browser.post("/visits/open/")
    assert not Booking.objects.unproved().exists()
    assert browser.get(link)["Location"] == f"/visits/v/{first.reference}/"


def test_times_are_held_while_one_looks_at_them(flow: Flow, plan: CoursePlan, world: World) -> None:
    flow.client.post(COURSE, asked_for(plan))
    assert not Hold.objects.exists()
    page = flow.client.get(COURSE)
    times = shown(page.content.decode())
    assert "We’re holding your times" in text(page)
    held = [hold.starts_at.isoformat() for hold in Hold.objects.order_by("number")]
    assert held == [value.split()[0] for value in times.values()]
    with pytest.raises(SlotTaken):
        world.book(starts_at=at(0).fromisoformat(held[2]), email="quick@example.com", phone="+12135550144")
    assert flow.client.post("/book/keep/").json()["seconds"] == 600
    # Another number of weekdays, other times: these are held then, and no others.
    flow.client.post(COURSE, asked_for(plan, hour="15:00"))
    assert not Hold.objects.exists()
    later = shown(flow.client.get(COURSE).content.decode())
    assert set(later.values()).isdisjoint(times.values())
    assert [hold.starts_at.isoformat() for hold in Hold.objects.order_by("number")] == [
        value.split()[0] for value in later.values()
    ]


def test_each_step_keeps_the_times_longer(flow: Flow, plan: CoursePlan) -> None:
    take(flow, plan)
    with time_machine.travel(NOW + timedelta(minutes=8), tick=False):
        page = flow.client.get("/book/health/")
        assert "We’re holding your times" in text(page)
        flow.health()
    assert {hold.expires_at for hold in Hold.objects.order_by("pk")} == {NOW + timedelta(minutes=18)}
    with time_machine.travel(NOW + timedelta(minutes=20), tick=False):
        flow.details()
        assert not Hold.objects.live(NOW + timedelta(minutes=20)).exists()
        page = flow.client.get(CHECK)
        assert "We’re holding your times" in text(page)
        assert Hold.objects.live(NOW + timedelta(minutes=20)).count() == 5
        flow.client.post(CHECK, {**hidden(page.content.decode()), "agree": "on"})
    assert Course.objects.get().visits.count() == 5
    assert not Hold.objects.exists()


def test_another_way_to_the_door_holds_other_minutes(flow: Flow, plan: CoursePlan, world: World) -> None:
    take(flow, plan)
    flow.health()
    first = Hold.objects.order_by("number")[0]
    flow.details(access_type=Booking.AccessType.STAIRS)
    flow.client.get(CHECK)
    again = Hold.objects.order_by("number")[0]
    assert again.blocked_from < first.blocked_from
    assert (again.starts_at, again.held_since) == (first.starts_at, first.held_since)


@pytest.mark.parametrize("way", ["one time", "another service", "left"])
def test_times_are_let_go_with_the_choice(flow: Flow, plan: CoursePlan, world: World, way: str) -> None:
    flow.client.post(COURSE, asked_for(plan))
    flow.client.get(COURSE)
    if way == "one time":
        flow.when()
        assert Hold.objects.get().number == 1
        return
    if way == "another service":
        longer = ServiceOption.objects.create(service=world.service, minutes=120, price_cents=20_000)
        flow.client.post(
            "/book/", {"service": world.service.slug, "option": longer.pk, "people": 1, "zip": "90026"}
        )
    else:
        flow.client.post("/book/start-over/")
    assert not Hold.objects.exists()


def test_time_that_goes_while_it_is_planned_is_marked(
    flow: Flow, plan: CoursePlan, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.client.post(COURSE, asked_for(plan))
    hold_times = operations.hold_times

    def somebody_is_quicker(*, wishes: Any, **rest: Any) -> Any:
        if not Booking.objects.exists():
            world.book(starts_at=wishes[2].starts_at, email="quick@example.com", phone="+12135550144")
        return hold_times(wishes=wishes, **rest)

    monkeypatch.setattr(operations, "hold_times", somebody_is_quicker)
    page = text(flow.client.get(COURSE))
    assert page.count("this one is new") == 1


def test_looking_again_holds_nothing_anew(flow: Flow, plan: CoursePlan, count_queries: Any) -> None:
    flow.client.post(COURSE, asked_for(plan))
    with count_queries() as of_first:
        flow.client.get(COURSE)
    with count_queries() as of_second:
        flow.client.get(COURSE)
    assert len(of_second) < len(of_first) - 10


@pytest.fixture
def daughters(world: World) -> ServiceArea:
    """A third ZIP code, with a fee of its own."""
    zone = Zone.objects.create(name="Hollywood", travel_fee_cents=3_000)
    return ServiceArea.objects.create(
        zip_code="90029", city="Los Angeles", zone=zone, latitude=34.09, longitude=-118.2944
    )


def placed(number: int, *values: object) -> dict[str, str]:
    """An address of some visits, as the form sends it: from which to which, ZIP code, street, unit."""
    return {f"place_{number}_{name}": str(value) for name, value in zip(PLACE, values, strict=False)}


def test_each_phase_is_at_its_own_address(
    flow: Flow, plan: CoursePlan, world: World, daughters: ServiceArea
) -> None:
    house, home = world.far_area, world.area
    # In whatever order they are typed.
    there = {
        **placed(1, 3, 4, daughters.zip_code, "7 Family Lane"),
        **placed(2, 1, 2, house.zip_code, "4 Recovery Road", "Room 2"),
    }
    flow.client.post(COURSE, asked_for(plan, **there))
    preview = text(flow.client.get(COURSE))
    for words, count in (
        ("4 Recovery Road, Room 2, 91364", 2),
        ("7 Family Lane, 90029", 2),
        ("ZIP code 90026", 1),
    ):
        assert preview.count(words) == count, words
    take(flow, plan, **there)
    assert [hold.area for hold in Hold.objects.order_by("number")] == [
        house,
        house,
        daughters,
        daughters,
        home,
    ]
    assert "4 Recovery Road" in flow.client.get(COURSE).content.decode()
    page = to_the_end(flow)
    assert "Visits 1 to 2: 4 Recovery Road, Room 2, CA 91364 Visits 3 to 4: 7 Family Lane, CA 90029" in text(
        page
    )
    assert "The others: 12 Sample Street" in text(page)
    assert text(page).count("12 Sample Street, 4B, 90026") == 1
    flow.client.post(CHECK, {**hidden(page.content.decode()), "agree": "on"})

    course = Course.objects.get()
    visits = list(course.visits.select_related("area__zone", "access"))
    streets = ["4 Recovery Road"] * 2 + ["7 Family Lane"] * 2 + ["12 Sample Street"]
    assert [visit.street for visit in visits] == streets
    assert [visit.unit for visit in visits] == ["Room 2"] * 2 + [""] * 2 + ["4B"]
    # Each with the travel to its own door, and only the client's own with the way to it.
    assert [visit.travel_cents for visit in visits] == [4_000, 4_000, 3_000, 3_000, 2_000]
    assert sum(visit.total_cents for visit in visits) == 5 * 12_000 + 16_000
    assert [visit.access_type for visit in visits] == ["ground"] * 4 + ["stairs"]
    assert [bool(visit.access.notes) for visit in visits] == [False] * 4 + [True]
    mail = email_of(Message.objects.get(kind=MessageKind.TOGETHER), NOW)
    assert [mail.text.count(street) for street in dict.fromkeys(streets)] == [2, 2, 1]
    # All of them are among the client's own data.
    own = str(export.as_data(export.all_about(visits[0].client)))
    assert all(street in own for street in streets)


def test_phase_in_the_middle_is_elsewhere(flow: Flow, plan: CoursePlan, world: World) -> None:
    """One visit alone is a number once."""
    take(flow, plan, **placed(1, 3, "", world.far_area.zip_code, "7 Family Lane"))
    assert "Visit 3: 7 Family Lane, CA 91364" in text(to_the_end(flow))
    areas = [hold.area for hold in Hold.objects.order_by("number")]
    assert areas == [world.area, world.area, world.far_area, world.area, world.area]


def test_page_asks_for_as_many_addresses_as_phases(flow: Flow, plan: CoursePlan) -> None:
    """The usual one is among them; and says which visits are of which phase."""
    page = flow.client.get(COURSE)
    words = "After liposuction Visits 1 to 2 in days 3 to 7 Visits 3 to 4 in days 8 to 14 Visit 5 in days 15 to 21"
    assert words in text(page)
    assert "One more address (2)" in text(page)
    assert set(re.findall(r'name="place_(\d)_', page.content.decode())) == {"1", "2"}
    plan.phases.filter(from_day__gt=3).delete()
    plan.phases.update(from_day=3, to_day=3, visits=1)
    page = flow.client.get(COURSE)
    assert "Visit 1 on day 3" in text(page)
    assert set(re.findall(r'name="place_(\d)_', page.content.decode())) == {"1"}


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (placed(1, 1, 2), "please give this too"),
        (placed(1, "", "", "90026", "4 Recovery Road"), "please give this too"),
        (placed(1, "", "", "", "", "4B"), "“From visit”: please give this too"),
        (placed(2, 9, "", "", "", "4B"), "“ZIP code there (2)”: please give this too"),
        (placed(1, 1, 5, "90026", "4 Road"), "no visit is left for it"),
        (placed(1, 2, 6, "90026", "4 Road"), "There are only 5 visits"),
        (placed(1, 3, 2, "90026", "4 Road"), "before the first of them"),
        (placed(1, 2, 2, "10001", "4 Road"), "don’t come to that"),
        (placed(1, 2, 2, "9", "4 Road"), "five digits"),
        (placed(1, 2, 2, "90026", "PO Box 7"), "We come to a door"),
        (placed(1, 2, 2, "90026", "4 Road", "www.example.com"), "without a web"),
        (placed(1, 0, 2, "90026", "4 Road"), "greater than or equal"),
        (placed(1, "two", 2, "90026", "4 Road"), "the number of a visit"),
        (
            placed(1, 1, 2, "90026", "4 Road") | placed(2, 2, 3, "90026", "5 Road"),
            "at another of the addresses already",
        ),
        (
            placed(1, 1, 2, "90026", "4 Road") | placed(2, 3, 5, "90026", "5 Road"),
            "no visit is left for it",
        ),
    ],
)
def test_other_address_is_whole_or_left_out(
    flow: Flow, plan: CoursePlan, there: dict[str, str], words: str
) -> None:
    answer = flow.client.post(COURSE, asked_for(plan, **there))
    assert answer.status_code == 422
    assert words in text(answer)
    # Nothing that was typed is lost, and it stands open.
    page = answer.content.decode()
    typed = dict(re.findall(r'name="(place_\w+)" value="([^"]*)"', page))
    assert typed == {name: value for name, value in there.items() if value}
    assert re.search(r"<details[^>]* open>\s*<summary>Some visits are at another address", page)


def test_place_that_we_no_longer_drive_to_is_asked_for_again(
    flow: Flow, plan: CoursePlan, world: World
) -> None:
    take(flow, plan, **placed(1, 1, 2, world.far_area.zip_code, "4 Recovery Road"))
    world.far_area.delete()
    assert flow.client.get(CHECK)["Location"] != CHECK
    page = flow.client.get(COURSE)
    assert shown(page.content.decode()) == {}
    assert "4 Recovery Road" in page.content.decode()
    assert f"We don’t come to {world.far_area.zip_code} anymore." in text(page)


def test_link_still_keeps_all_times_after_the_first_visit_moved(flow: Flow, plan: CoursePlan) -> None:
    book(flow, plan)
    first = Course.objects.get().visits.select_related("therapist")[0]
    sent = f"/visits/{links.visit_token(first, now=NOW)}/"
    operations.move_by_client(
        booking=first,
        to=NewTime(
            first.starts_at + timedelta(days=1, hours=1),
            preference="any",
            therapist=first.therapist.slug,
            total_cents=first.total_cents,
        ),
        shown=Shown(first.revision),
        now=NOW,
    )
    mail = email_of(Message.objects.get(kind=MessageKind.MOVED), NOW)
    assert "Please press the button by" in mail.text
    assert "Hold my time: " in mail.text
    browser = Client()
    assert browser.get(sent)["Location"] == "/visits/open/"
    browser.post("/visits/open/")
    assert not Booking.objects.unproved().exists()
    # From now on a move ends the links of before.
    operations.move_booking(booking=first, to=NewTime(first.starts_at), act=Act(NOW, by_client=True))
    assert Client().get(sent).status_code == 404


def test_mailbox_is_proved_under_the_locks_of_everybody(
    flow: Flow, plan: CoursePlan, spelled_out: None, django_assert_max_num_queries: Any
) -> None:
    book(flow, plan)
    with django_assert_max_num_queries(40) as asked:
        operations.prove_mailbox(booking=Course.objects.get().visits[0], now=NOW)
    locks = [query["sql"] for query in asked.captured_queries if "FOR NO KEY UPDATE" in query["sql"]]
    assert 'FROM "bookings_therapist"' in locks[0]
    assert 'ORDER BY "bookings_booking"."starts_at" ASC' in locks[1]


def test_press_that_waits_in_vain_is_asked_for_once_more(
    flow: Flow, plan: CoursePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(flow, plan)
    browser = Client()
    browser.get(f"/visits/{links.visit_token(Course.objects.get().visits[0], now=NOW)}/")

    class Locked(Exception):
        pgcode = "40P01"

    def lock(*_args: object, **_rest: object) -> None:
        raise OperationalError("deadlock detected") from Locked()

    with monkeypatch.context() as patched:
        patched.setattr(Booking, "save", lock)
        again = browser.post("/visits/open/", follow=True)
    assert "Please press once more." in text(again)
    assert "Hold my time" in text(again)
    assert "Your email address is confirmed" in text(browser.post("/visits/open/", follow=True))


def test_nobody_proves_the_mailbox_and_all_of_it_ends_without_a_word(flow: Flow, plan: CoursePlan) -> None:
    book(flow, plan)
    later = NOW + timedelta(hours=1)
    assert operations.expire_requests(now=later) == 5
    assert not Message.objects.filter(created_at=later).exists()


def test_known_client_is_confirmed_at_once(flow: Flow, plan: CoursePlan, world: World) -> None:
    world.rules.confirm_known_clients = True
    world.rules.save()
    before = world.book(starts_at=at(14))
    Booking.objects.filter(pk=before.pk).update(status=BookingStatus.COMPLETED, prove_by=None)
    page = book(flow, plan)
    assert "Your visit is booked." in text(page)
    assert {visit.status for visit in Course.objects.get().visits} == {BookingStatus.CONFIRMED}


def test_page_says_whose_word_counts(flow: Flow, plan: CoursePlan) -> None:
    page = text(flow.client.get(COURSE))
    assert "as your surgeon advises" in page
    assert "We never open or drain incisions" in page
    assert "owner makes them in the admin" not in page


def test_way_leads_from_the_services_page_to_the_plan(world: World, plan: CoursePlan) -> None:
    client = Client()
    service = client.get(world.service.get_absolute_url()).content.decode()
    assert "course=yes" in service
    what = {"service": world.service.slug, "option": world.option.pk, "people": 1, "zip": "90026"}
    assert client.post("/book/", {**what, "course": "yes"})["Location"] == COURSE
    one = client.post("/book/", {**what, "course": ""})
    assert one["Location"] == "/book/when/"
    start = f"/book/?service={world.service.slug}"
    assert "Plan a whole course" in client.get(start).content.decode()
    CoursePlan.objects.update(approved_by="")
    assert "course=yes" not in client.get(world.service.get_absolute_url()).content.decode()
    assert "Plan a whole course" not in client.get(start).content.decode()
    assert client.get(COURSE)["Location"] == "/book/when/"


def test_same_press_twice_is_one_course(flow: Flow, plan: CoursePlan) -> None:
    take(flow, plan)
    page = to_the_end(flow).content.decode()
    press = {**hidden(page), "agree": "on"}
    first, second = (flow.client.post(CHECK, press) for _ in range(2))
    assert first["Location"] == second["Location"] == "/book/done/"
    assert flow.client.post(CHECK, {**press, "total_cents": "1"}).status_code == 409
    assert (Course.objects.count(), Booking.objects.count()) == (1, 5)


def test_press_whose_twin_books_meanwhile_is_led_to_the_same_course(
    flow: Flow, plan: CoursePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(flow, plan)
    press = {**hidden(to_the_end(flow).content.decode()), "agree": "on"}
    load = checking.load_progress

    def load_late(request: HttpRequest) -> Any:
        monkeypatch.setattr(checking, "load_progress", load)
        twin = Client()
        twin.cookies = flow.client.cookies
        assert twin.post(CHECK, press)["Location"] == "/book/done/"
        return load(request)

    monkeypatch.setattr(checking, "load_progress", load_late)
    assert flow.client.post(CHECK, press)["Location"] == "/book/done/"
    assert (Course.objects.count(), Booking.objects.count()) == (1, 5)


def test_course_that_begins_in_the_calendar_is_planned_to_its_end(
    flow: Flow, plan: CoursePlan, world: World
) -> None:
    world.rules.horizon_days = (SURGERY - local(NOW).date()).days
    world.rules.save()
    times = take(flow, plan)
    assert len(times) == 5
    late = flow.client.post(COURSE, asked_for(plan, day_zero=str(SURGERY + timedelta(days=1))))
    assert late.status_code == 422
    opens = local(NOW).date() + timedelta(days=1)
    assert f"can be booked on {opens:%a, %b} {opens.day}" in text(late)


def test_notice_is_kept(flow: Flow, plan: CoursePlan) -> None:
    """What clients can't book as one visit they can't book in a course."""
    today = local(NOW).date()
    flow.client.post(COURSE, asked_for(plan, day_zero=str(today - timedelta(days=3))))
    times = shown(flow.client.get(COURSE).content.decode())
    first = next(value for value in times.values() if value)
    assert date.fromisoformat(first[:10]) > today


def test_course_counts_as_one_request(flow: Flow, plan: CoursePlan, world: World) -> None:
    world.rules.open_requests_per_client = 2
    world.rules.unproved_per_address = 2
    world.rules.save()
    book(flow, plan)
    world.book(starts_at=at(14), email="ana@example.com", phone="+12135550123")
    with pytest.raises(TooManyRequests) as refusal:
        world.book(starts_at=at(16), email="ana@example.com", phone="+12135550123")
    assert not isinstance(refusal.value, TooManyUnproved)


def test_too_many_requests_are_told_and_nothing_typed_is_lost(
    flow: Flow, plan: CoursePlan, world: World
) -> None:
    take(flow, plan)
    page = to_the_end(flow).content.decode()
    world.rules.open_requests_per_client = 0
    world.rules.save()
    answer = flow.client.post(CHECK, {**hidden(page), "agree": "on"})
    assert answer.status_code == 409
    assert "still waiting for our answer" in text(answer)
    assert not Booking.objects.exists()
    world.rules.open_requests_per_client = 6
    world.rules.save()
    assert flow.client.post(CHECK, {**hidden(page), "agree": "on"})["Location"] == "/book/done/"


def test_unproved_courses_count_as_one_each(flow: Flow, plan: CoursePlan, world: World) -> None:
    world.rules.unproved_in_all = 2
    world.rules.save()
    book(flow, plan)
    world.book(proved=False, starts_at=at(14), email="bo@example.com", phone="+12135550144")
    with pytest.raises(TooManyUnproved):
        world.book(proved=False, starts_at=at(16), email="cy@example.com", phone="+12135550145")


def made_up(world: World, plan: CoursePlan, number: int, source: str) -> Course:
    """A course of somebody whose mailbox nobody has proved, four weeks after the one before."""
    like, visits, found = what_is_sent(world, plan, SURGERY + timedelta(days=28 * number))
    like = replace(like, email=f"made-up{number}@example.com", phone=f"+121355501{number:02}")
    return book_course(**pressed(plan, (like, visits, found), source=source))


def test_one_unproved_course_waits_from_one_address(world: World, plan: CoursePlan) -> None:
    first = made_up(world, plan, 0, "here").visits[0]
    with pytest.raises(TooManyUnproved):
        made_up(world, plan, 1, "here")
    made_up(world, plan, 1, "there")
    operations.prove_mailbox(booking=first, now=NOW)
    made_up(world, plan, 2, "here")


def test_unproved_visits_of_courses_are_counted_in_all(world: World, plan: CoursePlan) -> None:
    world.rules.unproved_in_all = 6
    world.rules.save()
    first = made_up(world, plan, 0, "here").visits[0]
    made_up(world, plan, 1, "there")
    with pytest.raises(TooManyUnproved):
        made_up(world, plan, 2, "elsewhere")
    # Who asks for one visit is not kept out by them, nor is anybody whose mailbox is proved.
    world.book(proved=False, starts_at=at(14), email="bo@example.com", phone="+12135550144")
    operations.prove_mailbox(booking=first, now=NOW)
    first.client.bookings.update(status=BookingStatus.CANCELED)
    world.rules.unproved_in_all = 1
    world.rules.save()
    assert not made_up(world, plan, 0, "here").visits[0].is_unproved


def test_clients_page_shows_the_whole_course(flow: Flow, plan: CoursePlan) -> None:
    book(flow, plan)
    second = Course.objects.get().visits[1]
    page = text(signed_in().get(f"/visits/v/{second.reference}/"))
    assert "Visit 2 of 5" in page
    assert "The whole course" in page
    assert page.count("Sample Therapist One") == 6  # of each visit, and who comes to this one


def test_times_that_have_gone_are_marked_for_a_client_too(flow: Flow, plan: CoursePlan, world: World) -> None:
    times = take(flow, plan)
    page = to_the_end(flow).content.decode()
    moment = times["visit-3"].split()[0]
    Hold.objects.all().delete()  # whoever left the page open for too long
    world.book(
        starts_at=at(0).fromisoformat(moment),
        email="quick@example.com", phone="+12135550144", street="9 Other Road",
    )  # fmt: skip
    answer = flow.client.post(CHECK, {**hidden(page), "agree": "on"}, follow=True)
    assert answer.content.decode().count("this one is new") == 1
    assert not Course.objects.exists()


@pytest.mark.parametrize("counted_from", ["first_visit", "surgery"])
def test_a_surgeon_is_spoken_of_only_where_a_plan_is_counted_from_a_surgery(
    world: World, counted_from: str
) -> None:
    plan = make_plan(world, (0, 20, 3, 5), counted_from=counted_from)
    flow = Flow(Client(), world).until("when")
    page = flow.client.get(COURSE).content.decode()
    assert ("surge" in page.partition("<main")[2].partition("</main")[0]) is (counted_from == "surgery")
    assert ("cleared_from" in page) is (counted_from == "surgery")
    book(flow, plan)
    assert Course.objects.get().visits.count() == 3
