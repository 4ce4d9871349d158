"""“The surgery moves”: all visits of a course that lie ahead, by so many days, with one press and one email."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.courses.models import Course, CoursePlan
from bookings.courses.planner import Phase, moved_targets
from bookings.domain import operations
from bookings.domain.operations import Act, Move, NewTime, Shown, move_together
from bookings.enums import BookingStatus, DoorRule, EventKind, MessageKind
from bookings.exceptions import ChangedMeanwhile, LateChange, PriceChanged, SlotNotOffered
from bookings.models import (
    Booking,
    BookingEvent,
    BookingRules,
    Message,
    OwnConsent,
    ServiceArea,
    TimeOff,
)
from massagerx.lib.localtime import local
from tests.bookings.views.visits.browsers import address, hidden, said, signed_in, text
from tests.factories import NOW, World

from .conftest import PHASES
from .test_booking import SURGERY
from .test_rest import email_of, make_course, sent_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(world: World) -> Course:
    return make_course(world)


def page_of(course: Course) -> str:
    return reverse("admin:courses_course_move", args=[course.pk])


def shown(page: str) -> dict[str, str]:
    """What the page's press would send."""
    found = dict(re.findall(r'<input type="hidden" name="(days|shown-\d+)" value="([^"]*)"', page))
    for name, body in re.findall(r'<select[^>]* name="(visit-\d+)".*?>(.*?)</select>', page, re.DOTALL):
        picked = re.search(r'value="([^"]*)" selected', body)
        found[name] = picked[1] if picked else ""
    return found


def look(desk: Client, course: Course, days: int) -> dict[str, str]:
    return shown(desk.get(page_of(course), {"days": days}).content.decode())


def days_of(course: Course) -> list[int]:
    return [(local(visit.starts_at).date() - SURGERY).days for visit in course.visits]


def assert_shifted(found: list[int], before: list[int], days: int) -> None:
    """By so many days; on the day beside it where nobody works."""
    for new, old in zip(found, before, strict=True):
        is_sunday = (SURGERY + timedelta(days=old + days)).weekday() == 6
        assert abs(new - (old + days)) == is_sunday, (found, before)


@pytest.mark.parametrize("days", [5, 2, 1, -1])
def test_surgery_moves_and_all_visits_with_it(course: Course, desk: Client, days: int) -> None:
    """Also onto times that the course itself has now."""
    before = list(course.visits)
    hours = [local(visit.starts_at).time() for visit in before]
    old_days = days_of(course)
    answer = desk.post(page_of(course), look(desk, course, days), follow=True)
    assert "5 visits are moved. The client gets an email." in answer.content.decode()

    assert_shifted(days_of(course), old_days, days)
    assert [local(visit.starts_at).time() for visit in course.visits] == hours
    course.refresh_from_db()
    assert course.dates == {"day_zero": str(SURGERY + timedelta(days=days)), "cleared_from": None}
    told = Message.objects.filter(kind=MessageKind.TOGETHER).latest("pk")
    mail = email_of(told, NOW)
    assert mail.subject == "Moved: 5 visits, Manual lymphatic drainage"
    assert mail.text.count("before: ") == 5
    assert str(mail.calendar).count("BEGIN:VEVENT") == 5
    assert sent_at(NOW).count(MessageKind.TOGETHER) == 2
    assert MessageKind.MOVED not in sent_at(NOW)
    for visit, was in zip(course.visits, before, strict=True):
        event = visit.events.get(kind=EventKind.MOVED)
        assert (event.moved_from, event.by_client) == (was.starts_at, True)
        reminder = visit.messages.get(kind=MessageKind.REMINDER_FIRST, revision=visit.revision)
        assert reminder.due_at > NOW


@pytest.mark.parametrize("counted_from", ["surgery", "first_visit"])
def test_a_surgery_is_spoken_of_only_where_the_plan_counts_from_one(
    course: Course, desk: Client, counted_from: str
) -> None:
    CoursePlan.objects.update(counted_from=counted_from)
    client = signed_in()
    pages = (
        desk.get(reverse("admin:courses_course_change", args=[course.pk])).content.decode(),
        desk.get(page_of(course)).content.decode(),
        text(client.get(address(course.visits[0]))),
    )
    spoken_of = [re.search("[Tt]he surgery", page) is not None for page in pages]
    assert spoken_of == [counted_from == "surgery"] * 3
    assert ["All visits move" in page for page in pages[:2]] == [counted_from != "surgery"] * 2


def test_who_takes_a_visit_over_knows_what_holds_at_its_door(
    course: Course, world: World, desk: Client
) -> None:
    world.add_therapist()
    Booking.objects.filter(together=course.key).update(address_rule=DoorRule.TWO_PEOPLE)
    words = "knows what holds at the door: Two people only"
    # By whom all are anyway, nobody takes one over.
    assert words not in desk.get(page_of(course), {"days": 5}).content.decode()
    second = course.visits[1].starts_at + timedelta(days=5)
    TimeOff.objects.create(
        therapist=world.therapist, starts_at=second - timedelta(days=1), ends_at=second + timedelta(days=1)
    )
    page = desk.get(page_of(course), {"days": 5}).content.decode()
    assert words in page
    refused = desk.post(page_of(course), shown(page), follow=True).content.decode()
    assert "Nothing was moved: please say that whoever comes knows" in refused
    assert {visit.therapist for visit in course.visits} == {world.therapist}
    told = desk.post(page_of(course), {**shown(page), "door": DoorRule.TWO_PEOPLE}, follow=True)
    assert "5 visits are moved." in told.content.decode()
    assert course.visits[1].therapist != world.therapist


def test_what_is_over_stays(course: Course, desk: Client) -> None:
    first = course.visits[0]
    old = days_of(course)
    with time_machine.travel(first.ends_at, tick=False):
        answer = desk.post(page_of(course), look(desk, course, 3), follow=True)
        assert "4 visits are moved." in answer.content.decode()
    assert days_of(course)[0] == old[0]
    assert_shifted(days_of(course)[1:], old[1:], 3)


def test_canceled_visits_stay_canceled(course: Course, desk: Client) -> None:
    second = course.visits[1]
    operations.cancel_booking(booking=second, actor=None, now=NOW)
    desk.post(page_of(course), look(desk, course, 5))
    second.refresh_from_db()
    assert second.status == BookingStatus.CANCELED
    assert [visit.events.filter(kind="moved").count() for visit in course.visits].count(1) == 4


def test_each_new_time_can_be_changed(course: Course, desk: Client) -> None:
    page = desk.get(page_of(course), {"days": 5}).content.decode()
    sent = shown(page)
    select = page.partition('name="visit-5"')[2].partition("</select>")[0]
    other = next(o for o in re.findall(r'value="([^"]+)"', select) if o != sent["visit-5"])
    assert desk.post(page_of(course), {**sent, "visit-5": other}).status_code == 302
    assert course.visits[4].starts_at.isoformat() == other.split()[0]


def test_each_visit_is_planned_as_it_was_booked(course: Course, desk: Client, world: World) -> None:
    """One of them with another therapist, another at another door, and a longer one."""
    another = world.add_therapist("Sample Therapist Two")
    first, second, third, *_rest = course.visits
    Booking.objects.update(preference=f"therapist:{world.therapist.slug}")
    Booking.objects.filter(pk=second.pk).update(
        preference=f"therapist:{another.slug}", therapist=another, access_type=Booking.AccessType.STAIRS
    )
    elsewhere = ServiceArea.objects.exclude(pk=world.area.pk).order_by("pk").first()
    assert third.street not in desk.get(page_of(course), {"days": 5}).content.decode()
    Booking.objects.filter(pk=third.pk).update(area=elsewhere, street="4 Recovery Road")
    # Where there is more than one door the page says which is where.
    page = desk.get(page_of(course), {"days": 5}).content.decode()
    assert page.count("4 Recovery Road, 91364") == 1
    assert page.count(f"{third.street}, {third.area.zip_code}") == 4
    longer = timedelta(minutes=60)
    Booking.objects.filter(pk=first.pk).update(
        ends_at=first.ends_at + longer, blocked_until=first.blocked_until + longer
    )
    assert desk.post(page_of(course), look(desk, course, 5)).status_code == 302
    moved = list(course.visits.select_related("therapist"))
    assert {visit.events.filter(kind="moved").count() for visit in moved} == {1}
    assert [visit.therapist == another for visit in moved] == [False, True, False, False, False]
    assert moved[0].ends_at - moved[0].starts_at == timedelta(minutes=world.option.minutes) + longer


def other_price(desk: Client, course: Course, world: World) -> dict[str, str]:
    """What is sent to move by five days, with a time for the last visit that costs another price than was shown."""
    world.rules.evening_starts_at = time(10, 15)
    world.rules.save()
    page = desk.get(page_of(course), {"days": 5}).content.decode()
    assert "<s>" not in page
    select = page.partition('name="visit-5"')[2].partition("</select>")[0]
    evening = next(
        value
        for value in re.findall(r'value="([^"]+)"', select)
        if local(NOW.fromisoformat(value.split()[0])).time() > time(10, 15)
    )
    return {**shown(page), "visit-5": evening}


def test_price_that_changes_is_shown_before_it_moves(course: Course, desk: Client, world: World) -> None:
    sent = other_price(desk, course, world)
    asked = desk.post(page_of(course), sent)
    page = asked.content.decode()
    assert asked.status_code == 409
    assert re.search(r"<s>\$140</s>\s*<strong>\$165</strong>", page)
    assert re.search(r"<s>\$700</s>\s*<strong>\$725</strong>", page)
    assert {visit.total_cents for visit in course.visits} == {14_000}
    assert desk.post(page_of(course), shown(page)).status_code == 302
    assert [visit.total_cents for visit in course.visits] == [14_000] * 4 + [16_500]


def test_price_that_changed_meanwhile_moves_nothing(course: Course, desk: Client, world: World) -> None:
    sent = shown(desk.post(page_of(course), other_price(desk, course, world)).content.decode())
    world.rules.evening_fee_cents = 3_000
    world.rules.save()
    assert desk.post(page_of(course), sent).status_code == 409
    moves = [
        operations.Move(visit, visit.revision, visit.starts_at + timedelta(days=1), "sample-therapist-one", 1)
        for visit in course.visits.with_details()
    ]
    act = Act(NOW, User.objects.get(username="desk"))
    with pytest.raises(PriceChanged):
        operations.move_together(moves=moves, rules=world.rules.for_staff(), act=act)
    assert not Booking.objects.filter(revision__gt=course.visits[0].revision).exists()


def test_same_press_twice_moves_once(course: Course, desk: Client) -> None:
    sent = look(desk, course, 5)
    desk.post(page_of(course), sent)
    times = list(course.visits.values_list("starts_at", "revision"))
    again = desk.post(page_of(course), sent, follow=True)
    assert "5 visits are moved." in again.content.decode()
    assert list(course.visits.values_list("starts_at", "revision")) == times
    course.refresh_from_db()
    assert course.dates["day_zero"] == str(SURGERY + timedelta(days=5))
    assert sent_at(NOW).count(MessageKind.TOGETHER) == 2


def test_where_nothing_moves_the_surgery_stays(course: Course, desk: Client) -> None:
    sent = look(desk, course, -1)
    for number, visit in enumerate(course.visits.select_related("therapist"), start=1):
        sent[f"visit-{number}"] = f"{visit.starts_at.isoformat()} {visit.therapist.slug}"
    answer = desk.post(page_of(course), sent, follow=True)
    assert "All visits keep their times." in answer.content.decode()
    course.refresh_from_db()
    assert course.dates["day_zero"] == str(SURGERY)
    assert sent_at(NOW).count(MessageKind.TOGETHER) == 1


@pytest.mark.parametrize("what", ["taken", "moved", "canceled", "no time", "two at once", "nothing"])
def test_all_or_none(course: Course, desk: Client, world: World, what: str) -> None:
    sent = look(desk, course, 5)
    last = course.visits[4]
    if what == "taken":
        moment = sent["visit-5"].split()[0]
        world.book(
            starts_at=NOW.fromisoformat(moment), email="quick@example.com", phone="+12135550144",
            street="9 Other Road",
        )  # fmt: skip
    elif what == "moved":
        Booking.objects.filter(pk=last.pk).update(revision=7)
    elif what == "canceled":
        operations.cancel_booking(booking=last, actor=None, now=NOW)
    elif what == "no time":
        sent["visit-2"] = ""
    elif what == "two at once":
        sent["visit-2"] = sent["visit-1"]
    else:
        sent = {"days": "5"}
    before = list(course.visits.values("starts_at", "status", "revision"))
    answer = desk.post(page_of(course), sent)
    assert answer.status_code == 409
    assert "look again" in answer.content.decode()
    assert list(course.visits.values("starts_at", "status", "revision")) == before
    course.refresh_from_db()
    assert course.dates["day_zero"] == str(SURGERY)


def test_a_visit_that_changed_after_the_page_was_worked_out_is_not_moved(
    course: Course, django_user_model: Any
) -> None:
    first = course.visits[0]
    moves = [Move(first, first.revision - 1, first.starts_at + timedelta(days=1), first.therapist.slug, 1)]
    with pytest.raises(ChangedMeanwhile):
        move_together(
            moves=moves,
            rules=BookingRules.load().for_staff(),
            act=Act(NOW, django_user_model.objects.get(username="booker")),
        )


@pytest.mark.parametrize("days", ["", "0", "x", "9999", "1.5"])
def test_number_that_makes_no_sense(course: Course, desk: Client, days: str) -> None:
    answer = desk.get(page_of(course), {"days": days})
    assert answer.status_code == 422
    assert 'name="visit-1"' not in answer.content.decode()
    assert desk.post(page_of(course), {"days": days}).status_code == 422


def test_phase_that_can_not_be_met_then_is_told(course: Course, desk: Client, world: World) -> None:
    world.therapist.is_active = False
    world.therapist.save()
    answer = desk.get(page_of(course), {"days": 5}, follow=True)
    assert answer.status_code == 200
    assert 'name="visit-1"' not in answer.content.decode()


def test_nothing_lies_ahead(course: Course, desk: Client) -> None:
    operations.cancel_together(together=course.key, act=Act(NOW, by_client=True))
    answer = desk.get(page_of(course), follow=True)
    assert "No visit of this course is still to come." in answer.content.decode()
    assert desk.get(reverse("admin:courses_course_move", args=[10**9])).status_code == 302


def test_days_that_can_not_be_opened_are_told(course: Course, desk: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE courses_course SET dates = 'lost'")
    answer = desk.get(page_of(course), {"days": 5}, follow=True)
    assert "one by one" in answer.content.decode()


def test_moving_asks_as_much_for_five_visits_as_for_one(
    course: Course, desk: Client, count_queries: Any
) -> None:
    desk.get(page_of(course), {"days": 5})
    with count_queries() as of_five:
        desk.get(page_of(course), {"days": 5})
    keys = [visit.pk for visit in course.visits[1:]]
    Booking.objects.filter(pk__in=keys).update(status=BookingStatus.CANCELED)
    with count_queries() as of_one:
        desk.get(page_of(course), {"days": 5})
    assert len(of_five) == len(of_one)


def test_moved_targets_keep_their_phases() -> None:
    phases = tuple(Phase(*phase) for phase in PHASES)
    days = [SURGERY + timedelta(days=day) for day in (3, 7, 9, 14, 30)]
    found = moved_targets(days, phases, day_zero=SURGERY, by=4, not_before=date.min)
    assert [target.phase for target in found] == [0, 0, 1, 1, 2]
    assert [(target.ideal_day - SURGERY).days for target in found] == [7, 11, 13, 18, 34]
    assert [(target.first_day - SURGERY).days for target in found] == [7, 7, 12, 12, 19]
    # The last was moved out of its phase by hand: it may stay as far out.
    assert [(target.last_day - SURGERY).days for target in found] == [11, 11, 18, 18, 34]
    early = moved_targets(days, phases, day_zero=SURGERY, by=-9, not_before=SURGERY)
    assert all(target.first_day <= target.ideal_day <= target.last_day for target in early)
    assert min(target.first_day for target in early) == SURGERY


# The client ------------------------------------------------------------------------------------------------------


def ways(course: Course) -> tuple[Client, str]:
    return signed_in(), address(course.visits[0], "move-course")


def test_client_moves_the_course(course: Course) -> None:
    client, page = ways(course)
    before = days_of(course)
    assert "Move the whole course" in text(client.get(address(course.visits[0])))
    asked = client.get(page, {"days": 5})
    answer = client.post(page, shown(asked.content.decode()), follow=True)
    assert "5 visits are moved." in said(answer)
    assert_shifted(days_of(course), before, 5)
    course.refresh_from_db()
    assert course.dates["day_zero"] == str(SURGERY + timedelta(days=5))
    assert sent_at(NOW).count(MessageKind.TOGETHER) == 2
    alert = Message.objects.get(kind=MessageKind.STAFF_ALERT)
    assert "A client moved 5 visits" in email_of(alert, NOW).text
    # The same press once more.
    again = client.post(page, shown(asked.content.decode()), follow=True)
    assert "5 visits are moved." in said(again)
    assert sent_at(NOW).count(MessageKind.TOGETHER) == 2


def test_client_moves_the_course_to_nobody_who_was_not_told_of_the_door(course: Course, world: World) -> None:
    world.add_therapist()
    Booking.objects.filter(together=course.key).update(address_rule=DoorRule.TWO_PEOPLE)
    second = course.visits[1].starts_at + timedelta(days=5)
    TimeOff.objects.create(
        therapist=world.therapist, starts_at=second - timedelta(hours=2), ends_at=second + timedelta(hours=2)
    )
    client, page = ways(course)
    answer = client.post(page, shown(client.get(page, {"days": 5}).content.decode()), follow=True)
    assert "5 visits are moved." in said(answer)
    assert {visit.therapist for visit in course.visits} == {world.therapist}


def test_what_is_too_close_stays_where_it_is(course: Course) -> None:
    first = course.visits[0]
    before = days_of(course)
    with time_machine.travel(first.starts_at - timedelta(hours=10), tick=False):
        client = signed_in(now=first.starts_at - timedelta(hours=10))
        page = address(first, "move-course")
        asked = client.get(page, {"days": 3})
        assert "1 visit is too close to be moved for nothing" in text(asked)
        answer = client.post(page, shown(asked.content.decode()), follow=True)
        assert "4 visits are moved." in said(answer)
    assert days_of(course)[0] == before[0]
    assert_shifted(days_of(course)[1:], before[1:], 3)


@pytest.mark.parametrize("what", ["late", "another price", "moved", "nothing", "no number"])
def test_client_moves_all_as_they_were_shown_or_none(course: Course, what: str) -> None:
    client, page = ways(course)
    sent = shown(client.get(page, {"days": 5}).content.decode())
    first, now, status = course.visits[0], NOW, 409
    if what == "late":
        now = first.starts_at - timedelta(hours=10)
    elif what == "another price":
        sent["shown-1"] = sent["shown-1"].rpartition(":")[0] + ":1"
    elif what == "moved":
        Booking.objects.filter(pk=first.pk).update(revision=9)
    elif what == "nothing":
        sent = {"days": "5"}
    else:
        sent, status = {**sent, "days": "x"}, 422
    before = list(course.visits.values("starts_at", "status", "revision"))
    with time_machine.travel(now, tick=False):
        client = signed_in(now=now)
        assert client.post(page, sent).status_code == status
    assert list(course.visits.values("starts_at", "status", "revision")) == before


def test_late_move_of_several_is_refused_under_the_lock(course: Course, world: World) -> None:
    now = course.visits[0].starts_at - timedelta(hours=10)
    moves = [
        operations.Move(
            visit,
            visit.revision,
            visit.starts_at + timedelta(days=7),
            visit.therapist.slug,
            visit.total_cents,
        )
        for visit in course.visits.with_details()
    ]
    with pytest.raises(LateChange):
        operations.move_together_by_client(moves=moves, rules=world.rules, now=now)
    assert not BookingEvent.objects.filter(kind=EventKind.MOVED).exists()


def test_only_who_proved_the_mailbox_moves_the_course(course: Course) -> None:
    assert Client().get(address(course.visits[0], "move-course")).status_code == 404


def test_visit_stays_between_its_neighbors(course: Course) -> None:
    _first, second, third, fourth, *_rest = course.visits.select_related("therapist")
    client = signed_in()
    page = client.get(address(third, "move"))
    assert "It stays in its part of the plan, between the visit before and the visit after it." in text(page)
    offered = {
        date.fromisoformat(day)
        for day in re.findall(r'name="starts_at" value="(\d{4}-\d\d-\d\d)', page.content.decode())
    }
    assert offered
    assert operations.days_beside(third) == (
        local(second.starts_at).date() + timedelta(days=1),
        local(fourth.starts_at).date() - timedelta(days=1),
    )
    assert all(local(second.starts_at).date() < day < local(fourth.starts_at).date() for day in offered)

    def move(to: Any) -> Booking:
        there = NewTime(to, "any", third.therapist.slug, third.total_cents)
        return operations.move_by_client(booking=third, to=there, shown=Shown(third.revision), now=NOW)

    for neighbor in (second, fourth):
        with pytest.raises(SlotNotOffered, match="course"):
            move(neighbor.starts_at + timedelta(hours=4))
    assert move(third.starts_at + timedelta(hours=4)).starts_at == third.starts_at + timedelta(hours=4)


def test_day_that_the_plan_leaves_to_other_visits_says_so(course: Course) -> None:
    """It has times, and none for this visit: the nearest that it may have stand there instead."""
    _first, second, third, fourth, *_rest = course.visits
    client = signed_in()
    for beside in (second, fourth):
        day = local(beside.starts_at).date()
        page = client.get(address(third, "move"), {"day": str(day)})
        assert "or the day that your surgeon allows, leaves this visit other days. The nearest times" in text(
            page
        )
        assert "This day is full." not in text(page)
        offered = re.findall(r'name="starts_at" value="(\d{4}-\d\d-\d\d)', page.content.decode())
        assert offered
        first, last = operations.days_beside(third)
        assert all(str(first) <= day <= str(last) for day in offered)


def test_course_of_who_does_not_agree_is_not_moved(course: Course, world: World) -> None:
    course.visits.update(recipient_name="Maria O'Brien")
    visit = course.visits[0]
    OwnConsent.objects.create(
        client=visit.client, name="Maria O'Brien", taken_back_at=NOW, terms_version=world.agreed
    )
    client, page = ways(course)
    assert page not in client.get(address(visit)).content.decode()
    assert "so it can't be moved. You can cancel it, or call us." in text(client.get(page, follow=True))


def test_visit_alone_may_go_anywhere(world: World) -> None:
    assert operations.days_beside(world.book()) == (date.min, date.max)


def clear(course: Course, day: date) -> None:
    """The surgeon allows it from that day."""
    course.dates = {**course.dates, "cleared_from": str(day)}
    course.save()


@pytest.mark.parametrize("is_cleared", [True, False])
def test_client_moves_no_visit_before_the_day_that_is_allowed(course: Course, is_cleared: bool) -> None:
    first = course.visits.select_related("therapist")[0]
    allowed = local(first.starts_at).date() if is_cleared else SURGERY
    if is_cleared:
        clear(course, allowed)
    assert operations.days_beside(first)[0] == allowed
    days = (local(first.starts_at).date() - allowed).days + 1
    there = NewTime(first.starts_at - timedelta(days=days), "any", first.therapist.slug, first.total_cents)
    with pytest.raises(SlotNotOffered, match="course"):
        operations.move_by_client(booking=first, to=there, shown=Shown(first.revision), now=NOW)
    page = signed_in().get(address(first, "move")).content.decode()
    offered = re.findall(r'name="starts_at" value="(\d{4}-\d\d-\d\d)', page)
    assert offered
    assert min(offered) >= str(allowed)


def test_days_that_can_not_be_opened_keep_a_visit_from_coming_earlier(course: Course) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE courses_course SET dates = 'lost'")
    first = course.visits[0]
    assert operations.days_beside(first)[0] == local(first.starts_at).date()


def test_surgeons_day_comes_earlier_at_the_desk_alone(course: Course, desk: Client) -> None:
    client, page = ways(course)
    allowed = local(course.visits[0].starts_at).date()
    clear(course, allowed)
    answer = client.post(page, shown(client.get(page, {"days": -1}).content.decode()), follow=True)
    assert "are moved." in said(answer)
    course.refresh_from_db()
    assert course.dates == {"day_zero": str(SURGERY - timedelta(days=1)), "cleared_from": str(allowed)}
    assert local(course.visits[0].starts_at).date() == allowed
    assert desk.post(page_of(course), look(desk, course, -1)).status_code == 302
    course.refresh_from_db()
    assert course.dates["cleared_from"] == str(allowed - timedelta(days=1))


def on_page(client: Client, visit: Booking, starts_at: Any) -> Any:
    who = {"who": "any", "starts_at": f"{starts_at.isoformat()} {visit.therapist.slug}"}
    return client.get(address(visit, "move"), who)


def test_move_past_a_neighbor_is_refused_with_words(course: Course) -> None:
    """Staff move the next visit while the client looks at the page: the press says why nothing happens."""
    client, fourth = signed_in(), course.visits.select_related("therapist")[3]
    later = fourth.starts_at + timedelta(days=1)
    sent = hidden(on_page(client, fourth, later))
    assert sent["starts_at"].startswith(later.isoformat())
    fifth = course.visits[4]
    Booking.objects.filter(pk=fifth.pk).update(
        starts_at=later + timedelta(hours=4), ends_at=later + timedelta(hours=5),
        blocked_from=later + timedelta(hours=4), blocked_until=later + timedelta(hours=5),
    )  # fmt: skip
    for answer in (client.post(address(fourth, "move"), sent), on_page(client, fourth, later)):
        assert answer.status_code == 409
        assert "A visit of a course stays between the one before and the one after" in text(answer)
    fourth.refresh_from_db()
    assert fourth.starts_at < later


def test_weeks_after_the_days_of_a_visit_offer_no_time(course: Course) -> None:
    first = course.visits[0]
    page = signed_in().get(address(first, "move"), {"from": str(SURGERY + timedelta(days=40))})
    assert page.status_code == 200
    assert "or the day that your surgeon allows, leaves this visit other weeks. The nearest times" in text(
        page
    )
    offered = re.findall(r'name="starts_at" value="(\d{4}-\d\d-\d\d)', page.content.decode())
    assert offered
    assert max(offered) <= str(operations.days_beside(first)[1])


def test_visit_of_a_course_is_moved_as_far_ahead_as_it_was_planned(course: Course, world: World) -> None:
    world.rules.horizon_days = 10
    world.rules.save()
    last = course.visits.select_related("therapist")[4]
    assert local(last.starts_at).date() > local(NOW).date() + timedelta(days=10)
    client, there = signed_in(), last.starts_at + timedelta(hours=1)
    assert "10:" in text(client.get(address(last, "move")))
    client.post(address(last, "move"), hidden(on_page(client, last, there)))
    last.refresh_from_db()
    assert last.starts_at == there


def test_course_moves_no_farther_than_the_calendar_is_open(course: Course, world: World) -> None:
    client, page = ways(course)
    world.rules.horizon_days = 10
    world.rules.save()
    far = client.get(page, {"days": 9})
    assert far.status_code == 422
    assert "Our calendar is open until Sat, Dec 12." in text(far)
    # The others come as long after the first as now.
    answer = client.post(page, shown(client.get(page, {"days": 1}).content.decode()), follow=True)
    assert "5 visits are moved." in said(answer)


def test_last_visit_of_a_course_moves_no_farther_than_a_visit_alone(course: Course, world: World) -> None:
    client, page = ways(course)
    for visit in course.visits[1:]:
        operations.cancel_booking(booking=visit, actor=None, now=NOW)
    world.rules.horizon_days = 10
    world.rules.save()
    offered = client.get(page, {"days": 4}).content.decode()
    days = re.findall(r'<option value="(\d{4}-\d\d-\d\d)', offered)
    assert days
    assert max(days) <= "2026-12-12"


def test_client_moves_no_visit_out_of_its_phase(course: Course) -> None:
    """The last visit has nobody after it: its phase ends on day 21 all the same."""
    first, *_others, last = course.visits
    assert operations.days_beside(last)[1] == SURGERY + timedelta(days=21)
    assert operations.days_beside(first)[1] <= SURGERY + timedelta(days=7)
    shown = Shown(last.revision)
    with pytest.raises(SlotNotOffered):
        operations.move_by_client(
            booking=last,
            to=NewTime(last.starts_at + timedelta(days=7)),
            shown=shown,
            now=NOW,
        )
    # Where staff put it no phase of the plan is.
    Booking.objects.filter(pk=last.pk).update(
        **{
            name: getattr(last, name) + timedelta(days=14)
            for name in ("starts_at", "ends_at", "blocked_from", "blocked_until")
        }
    )
    last.refresh_from_db()
    assert operations.days_beside(last)[1] == date.max


def test_rescue_says_that_a_course_wants_the_same_therapist(
    course: Course, desk: Client, world: World
) -> None:
    first, words = course.visits[0], "Wants the same therapist at all visits of the course"
    alone = world.book(
        starts_at=first.ends_at + timedelta(hours=3), email="bo@example.com", phone="+12135550144"
    )
    there = reverse("admin:bookings_booking_rescue")
    asked: dict[str, Any] = {"therapist": first.therapist_id, "day": str(local(first.starts_at).date())}
    for same, count in (("preferred", 0), ("always", 1)):
        Course.objects.update(wishes={**course.wishes, "same": same})
        page = desk.get(there, asked).content.decode()
        assert alone.reference in page
        assert page.count(words) == count


def test_rescue_keeps_a_visit_within_its_course(desk: Client, world: World) -> None:
    """Where the next visit is a day later, no other day is left; the page says so."""
    course = make_course(world)
    third, fourth = course.visits[2], course.visits[3]
    day = local(third.starts_at).date()
    there = reverse("admin:bookings_booking_rescue") + f"?therapist={third.therapist_id}&day={day}"

    def ways() -> list[str]:
        page = desk.get(there).content.decode()
        assert "Visit of a course: it can be" in page
        return re.findall(r"<option value=\"[a-z-]+\|(\d{4}-\d\d-\d\d)T", page)

    assert ways()
    assert all(day < date.fromisoformat(one) < local(fourth.starts_at).date() for one in ways())
    later = timedelta(days=(local(fourth.starts_at).date() - day).days - 1)
    Booking.objects.filter(pk=fourth.pk).update(
        **{
            name: getattr(fourth, name) - later
            for name in ("starts_at", "ends_at", "blocked_from", "blocked_until")
        }
    )
    assert ways() == []
