"""A course booked at the desk: planned by phases, looked at, and booked with one press, all or nothing."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.courses import operations as course_operations
from bookings.courses import planning
from bookings.courses.models import Course, CoursePlan
from bookings.courses.personal_data import section_of
from bookings.courses.planner import targets
from bookings.courses.planning import Asked, Chosen, rules_of_desk, wishes_of
from bookings.domain import erasure, export, intake, operations
from bookings.domain.operations import LookedUp, Sender
from bookings.domain.visit_request import VisitRequest, load_treatment
from bookings.enums import BookingStatus, DoorRule, MessageKind, MessageState
from bookings.exceptions import InvalidTransition, ScreeningNotCleared, SlotTaken
from bookings.models import Booking, ClinicianNote, HealthAccess, Hold, Message, TimeOff
from bookings.notifications.registry import STANDING, SiteSettings, load_target, obsolete_reason
from bookings.notifications.render import Email, render
from massagerx.lib.localtime import local
from tests.bookings.views.flow import Flow
from tests.factories import CLEAR_ANSWERS, NOW, World, at, make_roles

from .conftest import make_plan

pytestmark = pytest.mark.django_db

SURGERY = date(2026, 12, 4)
COURSE, CHECK = "/book/course/", "/book/course/check/"
NEEDS_NOTE = {**CLEAR_ANSWERS, "pregnancy": "yes", "pregnancy_signs": "no"}


def asked_for(plan: CoursePlan, /, **changes: Any) -> dict[str, Any]:
    return {
        "press": "plan", "plan": plan.pk, "day_zero": str(SURGERY), "cleared_from": "", "hour": "10:00",
        "preference": "any", "same": "preferred", **changes,
    }  # fmt: skip


def shown(page: str) -> dict[str, str]:
    """The time of each visit as the page has it chosen."""
    found = {}
    for name, body in re.findall(r'<select[^>]*name="(visit-\d+)">(.*?)</select>', page, re.DOTALL):
        picked = re.search(r'value="([^"]*)" selected', body)
        found[name] = picked[1] if picked else ""
    return found


def hidden(page: str) -> dict[str, str]:
    pattern = r'<input type="hidden" name="(submission_key|total_cents|terms_version)" value="([^"]*)"'
    return dict(re.findall(pattern, page))


@pytest.fixture
def plan(world: World) -> CoursePlan:
    return make_plan(world)


@pytest.fixture
def flow(desk: Client, world: World, plan: CoursePlan) -> Flow:
    """At the step that asks for a time, for a client on the phone."""
    desk.post("/book/for-a-client/")
    return Flow(desk, world).until("when")


def take(flow: Flow, plan: CoursePlan, **changes: Any) -> dict[str, str]:
    """Plans the course and takes its times over; those times."""
    assert flow.client.post(COURSE, asked_for(plan, **changes)).status_code == 302
    times = shown(flow.client.get(COURSE).content.decode())
    answer = flow.client.post(COURSE, {"press": "take", **times})
    assert (answer.status_code, answer["Location"]) == (302, "/book/health/")
    return times


def to_the_end(flow: Flow, **health: Any) -> Any:
    flow.health(**health)
    assert flow.details()["Location"] == "/book/review/"
    assert flow.client.get("/book/review/")["Location"] == CHECK
    return flow.client.get(CHECK)


# The way of the desk -------------------------------------------------------------------------------------------------


def test_desk_books_a_course_with_one_press(flow: Flow, plan: CoursePlan, world: World) -> None:
    times = take(flow, plan)
    page = to_the_end(flow).content.decode()
    assert "$700" in page  # five visits of $140

    answer = flow.client.post(CHECK, {**hidden(page), "agree": "on"})

    course = Course.objects.get()
    assert answer["Location"] == reverse("admin:courses_course_change", args=[course.pk])
    visits = list(course.visits)
    assert [visit.starts_at.isoformat() for visit in visits] == [time.split()[0] for time in times.values()]
    assert {visit.status for visit in visits} == {BookingStatus.CONFIRMED}
    days = [(local(visit.starts_at).date() - SURGERY).days for visit in visits]
    assert all(
        first <= day <= last
        for day, (first, last) in zip(days, [(3, 7)] * 2 + [(8, 14)] * 2 + [(15, 21)], strict=True)
    )
    assert course.dates == {"day_zero": "2026-12-04", "cleared_from": None}
    # One email for all, with reminders of each.
    told = Message.objects.exclude(kind__in=["reminder_first", "reminder_last", "recheck", "thanks"])
    assert [message.kind for message in told.order_by("pk")] == [MessageKind.TOGETHER]
    assert Message.objects.filter(kind=MessageKind.REMINDER_FIRST).count() == 5
    assert "5 visits are booked" in flow.client.get(answer["Location"]).content.decode()


def test_beside_the_steps_of_a_course_no_price_of_one_visit_passes_for_all(
    flow: Flow, plan: CoursePlan
) -> None:
    take(flow, plan)
    page = " ".join(flow.client.get("/book/health/").content.decode().split())
    assert "Your course</h2>" in page
    assert "<dt>Visits</dt><dd>5</dd>" in page
    assert "<dt>Each visit</dt><dd>$140</dd>" in page
    assert "<dt>Total</dt>" not in page
    assert "Your visit" not in page


def test_health_questions_left_for_later_are_asked_for_a_course(flow: Flow, plan: CoursePlan) -> None:
    """Also where they were left for later while it was one visit."""
    assert flow.when().status_code == 302
    assert flow.client.post("/book/health/", {"later": "yes"}).status_code == 302
    flow.details()
    flow.client.post(COURSE, asked_for(plan))
    times = shown(flow.client.get(COURSE).content.decode())
    answer = flow.client.post(COURSE, {"press": "take", **times}, follow=True)
    assert answer.redirect_chain[-1][0] == "/book/health/"
    assert "A course is booked with its health answers" in answer.content.decode()
    assert flow.client.get(CHECK)["Location"] == "/book/health/"
    flow.health()
    page = flow.client.get(CHECK).content.decode()
    flow.client.post(CHECK, {**hidden(page), "agree": "on"})
    assert not Booking.objects.filter(screening=None).exists()


def test_same_press_twice_is_one_course(flow: Flow, plan: CoursePlan) -> None:
    take(flow, plan)
    to_the_end(flow)
    actor = User.objects.get(username="desk")
    press = pressed(plan, what_is_sent(flow.world, plan), actor=actor)
    first = course_operations.book_course(**press)
    assert course_operations.book_course(**press) == first
    assert Booking.objects.count() == 5
    assert Message.objects.filter(kind=MessageKind.TOGETHER).count() == 1


def test_time_that_has_gone_is_planned_anew_and_marked(flow: Flow, plan: CoursePlan, world: World) -> None:
    times = take(flow, plan)
    page = to_the_end(flow).content.decode()
    gone = times["visit-3"].split()[0]
    moment = Chosen(planning.datetime.fromisoformat(gone), "").starts_at
    Hold.objects.all().delete()  # whoever left the page open for too long
    world.book(starts_at=moment, email="quick@example.com", phone="+12135550144", street="9 Other Road")

    answer = flow.client.post(CHECK, {**hidden(page), "agree": "on"}, follow=True)

    assert not Course.objects.exists()
    assert Booking.objects.count() == 1
    text = answer.content.decode()
    assert text.count("this one is new") == 1
    after = shown(text)
    assert after["visit-3"] != times["visit-3"]
    assert {name: value for name, value in after.items() if name != "visit-3"} == {
        name: value for name, value in times.items() if name != "visit-3"
    }
    # Nothing typed is lost: take the new times, and book.
    assert flow.client.post(COURSE, {"press": "take", **after})["Location"] == "/book/review/"
    page = flow.client.get(CHECK).content.decode()
    assert flow.client.post(CHECK, {**hidden(page), "agree": "on"}).status_code == 302
    assert Course.objects.get().visits.count() == 5


def test_visit_that_nobody_was_shown_is_not_booked(flow: Flow, plan: CoursePlan) -> None:
    take(flow, plan)
    page = to_the_end(flow).content.decode()
    plan.phases.filter(visits=1).update(visits=2)
    assert flow.client.get(CHECK)["Location"] == COURSE
    assert flow.client.post(CHECK, {**hidden(page), "agree": "on"})["Location"] == COURSE
    assert not Course.objects.exists()


def test_each_time_can_be_changed_within_its_phase(flow: Flow, plan: CoursePlan) -> None:
    flow.client.post(COURSE, asked_for(plan))
    page = flow.client.get(COURSE).content.decode()
    times = shown(page)
    select = page.partition('name="visit-5">')[2].partition("</select>")[0]
    options = re.findall(r'<option value="([^"]+)"', select)
    days = {(local(planning.datetime.fromisoformat(o.split()[0])).date() - SURGERY).days for o in options}
    assert days <= set(range(15, 22))
    other = next(option for option in options if option != times["visit-5"])

    answer = flow.client.post(COURSE, {"press": "take", **times, "visit-5": other})

    assert answer["Location"] == "/book/health/"
    page = to_the_end(flow).content.decode()
    flow.client.post(CHECK, {**hidden(page), "agree": "on"})
    assert Course.objects.get().visits.last().starts_at.isoformat() == other.split()[0]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"visit-1": "never one"},
        {"visit-1": "2026-12-07T18:00:00 sample-therapist-one"},
        {"visit-1": "9999-12-31T23:59:59-14:00 sample-therapist-one"},
        {"visit-1": f"{at(3).isoformat()} sample-therapist-one"},
        {"visit-1": f"{at(10).isoformat()} nobody"},
        {"visit-1": f"{at(10, day=SURGERY + timedelta(days=30)).isoformat()} sample-therapist-one"},
        {"visit-99": f"{at(10).isoformat()} sample-therapist-one"},
        {"visit-1": "\0" * 500},
    ],
)
def test_times_that_can_not_be_had_are_refused_and_marked(
    flow: Flow, plan: CoursePlan, sent: dict[str, str]
) -> None:
    flow.client.post(COURSE, asked_for(plan))
    times = shown(flow.client.get(COURSE).content.decode())
    answer = flow.client.post(COURSE, {"press": "take", **({**times, **sent} if "visit-1" in sent else sent)})
    assert answer.status_code == 409
    assert "look again" in answer.content.decode()


def test_two_visits_of_one_day_are_refused(flow: Flow, plan: CoursePlan) -> None:
    flow.client.post(COURSE, asked_for(plan))
    times = shown(flow.client.get(COURSE).content.decode())
    answer = flow.client.post(COURSE, {"press": "take", **times, "visit-2": times["visit-1"]})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plan": ""}, "Choose a plan."),
        ({"plan": "999999"}, "Choose one of these plans."),
        ({"day_zero": ""}, "Give the day."),
        ({"day_zero": "2062-12-04"}, "more than a year away"),
        ({"day_zero": "0001-01-01"}, "more than a year away"),
        ({"cleared_from": "9999-12-31"}, "more than a year away"),
        ({"weekdays": ["9"]}, "Choose from these days."),
        ({"hour": "25:00"}, "Type a time such as"),
        ({"preference": "therapist:nobody"}, "Choose one of these."),
        ({"same": "x"}, "Choose one of these."),
    ],
)
def test_what_can_not_be_planned_by_is_told_and_kept(
    flow: Flow, plan: CoursePlan, changes: dict[str, Any], words: str
) -> None:
    answer = flow.client.post(COURSE, asked_for(plan, **changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_phase_that_can_not_be_met_says_which_visit_and_why(
    flow: Flow, plan: CoursePlan, world: World
) -> None:
    TimeOff.objects.create(
        therapist=world.therapist,
        starts_at=at(0, day=SURGERY + timedelta(days=15)),
        ends_at=at(0, day=SURGERY + timedelta(days=22)),
        reason="-",
    )
    flow.client.post(COURSE, asked_for(plan))
    text = flow.client.get(COURSE).content.decode()
    assert "No time fits visit 5." in text
    assert "the therapist has time off" in text
    assert "The nearest day with a time is" in text
    assert "Take these times" not in text


def test_never_before_the_surgeon_allows_it(flow: Flow, plan: CoursePlan) -> None:
    flow.client.post(COURSE, asked_for(plan, cleared_from=str(SURGERY + timedelta(days=5))))
    times = shown(flow.client.get(COURSE).content.decode())
    first = local(planning.datetime.fromisoformat(times["visit-1"].split()[0])).date()
    assert first == SURGERY + timedelta(days=5)


def test_longer_than_the_calendar_of_clients(flow: Flow, world: World) -> None:
    """The desk plans further ahead than clients may book."""
    world.rules.horizon_days = 10
    world.rules.save()
    make_plan(world, (0, 13, 2, 2), (14, 40, 3, 4), name="Long")
    long = CoursePlan.objects.get(name="Long")
    take(flow, long)


def test_service_without_an_approved_plan(flow: Flow, plan: CoursePlan) -> None:
    times = flow.client.get(reverse("bookings:when")).content.decode()
    assert "Plan a whole course instead" in times
    # Who books on the phone is not told to call.
    assert "Call or write to us" not in times
    CoursePlan.objects.update(approved_by="")
    assert "Plan a whole course instead" not in flow.client.get(reverse("bookings:when")).content.decode()
    assert "no approved plan" in flow.client.get(COURSE, follow=True).content.decode()


def test_choosing_one_time_ends_the_course(flow: Flow, plan: CoursePlan) -> None:
    take(flow, plan)
    flow.when()
    flow.health()
    flow.details()
    assert flow.client.get("/book/review/").status_code == 200
    flow.review()
    assert Booking.objects.count() == 1
    assert Booking.objects.get().together is None


def test_used_version_never_changes(flow: Flow, plan: CoursePlan, owner: Client) -> None:
    book(flow, plan)
    address = reverse("admin:courses_courseplan_change", args=[plan.pk])
    owner.post(
        address,
        {
            "name": "Another", "option": plan.option_id, "counted_from": "first_visit", "approved_by": "",
            "phases-TOTAL_FORMS": 1, "phases-INITIAL_FORMS": 0,
            "phases-0-from_day": 40, "phases-0-to_day": 50, "phases-0-visits": 1, "phases-0-apart": 1,
        },
    )  # fmt: skip
    plan.refresh_from_db()
    assert (plan.name, plan.counted_from, plan.approved_by) == ("After liposuction", "surgery", "A. Sample")
    assert len(plan.as_phases()) == 3
    assert not plan.is_offered  # that much may be changed


@pytest.mark.parametrize("again", [False, True], ids=["anew", "the same again"])
def test_what_was_asked_for_one_client_is_not_shown_for_the_next(
    flow: Flow, plan: CoursePlan, world: World, again: bool
) -> None:
    earlier = world.book(starts_at=at(14), email="bo@example.com")
    take(flow, plan)

    flow.client.post("/book/for-a-client/", {"visit": earlier.pk} if again else {})
    if not again:
        flow.until("when")

    page = flow.client.get(COURSE)
    assert page.status_code == 200
    assert str(SURGERY) not in page.content.decode()
    assert shown(page.content.decode()) == {}


def test_same_press_again_leads_to_the_course(flow: Flow, plan: CoursePlan) -> None:
    take(flow, plan)
    sent = {**hidden(to_the_end(flow).content.decode()), "agree": "on"}
    there = flow.client.post(CHECK, sent)["Location"]
    assert there == reverse("admin:courses_course_change", args=[Course.objects.get().pk])

    assert flow.client.post(CHECK, sent)["Location"] == there
    assert Course.objects.count() == 1
    # A press of somebody else, or none that makes sense, leads nowhere.
    assert flow.client.post(CHECK, {**sent, "submission_key": "x"})["Location"] == "/book/"
    Course.objects.update(booked_by=User.objects.create_user("another"))
    assert flow.client.post(CHECK, sent)["Location"] == "/book/"
    assert Client().post(CHECK, sent, follow=True).redirect_chain[-1] == ("/book/", 302)


@pytest.mark.parametrize("other", [{"total_cents": "69999"}, {"terms_version": "99"}, {"total_cents": ""}])
def test_same_press_with_other_figures_is_told(flow: Flow, plan: CoursePlan, other: dict[str, str]) -> None:
    take(flow, plan)
    sent = {**hidden(to_the_end(flow).content.decode()), "agree": "on"}
    there = flow.client.post(CHECK, sent)["Location"]
    answer = flow.client.post(CHECK, {**sent, **other})
    assert answer.status_code == 409
    assert "What was sent now differs from what stands there" in answer.content.decode()
    assert there in answer.content.decode()
    assert Booking.objects.count() == 5
    assert flow.client.post(CHECK, sent)["Location"] == there


def book(flow: Flow, plan: CoursePlan, **health: Any) -> Course:
    take(flow, plan)
    page = to_the_end(flow, **health).content.decode()
    flow.client.post(CHECK, {**hidden(page), "agree": "on"})
    return Course.objects.get()


# Clearance ------------------------------------------------------------------------------------------------------------


def test_one_note_clears_and_confirms_the_whole_course(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan, pregnancy="yes", pregnancy_signs="no")
    assert {visit.status for visit in course.visits} == {BookingStatus.REQUESTED}
    page = reverse("admin:courses_course_change", args=[course.pk])
    assert "5 visits wait to be confirmed" in flow.client.get(page).content.decode()
    confirm = reverse("admin:courses_course_confirm", args=[course.pk])

    refused = flow.client.post(confirm, {"note": ""})
    assert refused.status_code == 409
    assert "clinician" in refused.content.decode()
    assert not ClinicianNote.objects.exists()
    # Nor is it while somebody would come who doesn't know what holds at one of the doors.
    Booking.objects.filter(pk=course.visits.last().pk).update(address_rule=DoorRule.TWO_PEOPLE)
    assert "knows what holds at the door: Two people only" in flow.client.get(page).content.decode()
    sent = {"note": "Dr. Sample, by phone: all of it."}
    assert flow.client.post(confirm, sent).status_code == 409
    assert not ClinicianNote.objects.exists()
    assert flow.client.post(confirm, sent | {"door": DoorRule.TWO_PEOPLE})["Location"] == page

    assert {visit.status for visit in course.visits} == {BookingStatus.CONFIRMED}
    note = ClinicianNote.objects.get()
    assert (note.note, note.scope) == ("Dr. Sample, by phone: all of it.", "course")
    assert not operations.any_needs_clinician_note(list(course.visits))
    told = Message.objects.exclude(kind__in=["reminder_first", "reminder_last", "recheck", "thanks"])
    assert [(m.kind, m.revision) for m in told.order_by("pk")] == [("together", 0), ("together", 1)]
    with pytest.raises(InvalidTransition):
        operations.confirm_together(together=course.key, actor=User.objects.get(username="desk"), now=NOW)


def test_nothing_is_confirmed_when_one_can_not_be(flow: Flow, plan: CoursePlan, world: World) -> None:
    course = book(flow, plan, pregnancy="yes", pregnancy_signs="no")
    last = course.visits.last()
    TimeOff.objects.create(
        therapist=world.therapist, starts_at=last.blocked_from, ends_at=last.blocked_until, reason="-"
    )
    confirm = reverse("admin:courses_course_confirm", args=[course.pk])
    answer = flow.client.post(confirm, {"note": "Dr. Sample said yes."})
    assert answer.status_code == 409
    assert "Dr. Sample said yes." in answer.content.decode()
    assert {visit.status for visit in course.visits} == {BookingStatus.REQUESTED}
    assert not ClinicianNote.objects.exists()


def test_note_is_asked_for_even_of_who_forgets_it(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan, pregnancy="yes", pregnancy_signs="no")
    with pytest.raises(ScreeningNotCleared):
        operations.confirm_together(together=course.key, actor=User.objects.get(username="desk"), now=NOW)


# One email tells of all -----------------------------------------------------------------------------------------------


def clear(visit: Booking) -> None:
    """A note for this visit alone, and it is confirmed."""
    actor = User.objects.get(username="desk")
    operations.record_clinician_note(booking=visit, actor=actor, note="Yes.", now=NOW)
    operations.confirm_booking(booking=visit, actor=actor, now=NOW)


def why_not_sent(message: Message) -> str:
    return obsolete_reason(message, load_target(message), SiteSettings.load(), now=NOW)


def email_of(message: Message) -> Email:
    return render(message, load_target(message), SiteSettings.load(), now=NOW, preview=True)


@pytest.mark.parametrize("status", BookingStatus.values)
def test_email_about_all_leaves_whatever_became_of_the_first(
    flow: Flow, plan: CoursePlan, status: str
) -> None:
    course = book(flow, plan, pregnancy="yes", pregnancy_signs="no")
    Booking.objects.filter(pk=course.visits.first().pk).update(status=status)
    message = Message.objects.get(kind=MessageKind.TOGETHER)
    assert why_not_sent(message) == ""
    assert email_of(message).text.count("with Sample Therapist One") == (5 if status in STANDING else 4)


def test_calendar_holds_the_confirmed_whether_or_not_the_first_is_one(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan, pregnancy="yes", pregnancy_signs="no")
    message = Message.objects.get(kind=MessageKind.TOGETHER)
    first, second = course.visits[:2]
    assert (email_of(message).calendar, email_of(message).calendar_method) == (None, None)

    clear(first)
    operations.cancel_booking(booking=first, actor=None, now=NOW + timedelta(minutes=1))
    # What was in a calendar is not told of any more, and of the others none is sure.
    assert (email_of(message).calendar, email_of(message).calendar_method) == (None, None)

    clear(second)
    mail = email_of(message)
    assert (str(mail.calendar).count("BEGIN:VEVENT"), mail.calendar_method) == (1, "PUBLISH")


def test_of_two_emails_about_all_that_wait_the_later_leaves(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan, pregnancy="yes", pregnancy_signs="no")
    later = NOW + timedelta(minutes=1)
    actor = User.objects.get(username="desk")
    operations.confirm_together(together=course.key, actor=actor, note="Yes.", now=later)
    first, second = Message.objects.filter(kind=MessageKind.TOGETHER).order_by("pk")
    assert (why_not_sent(first), why_not_sent(second)) == ("a later message tells of the same visits", "")
    # One that did not arrive tells nothing.
    Message.objects.filter(pk=second.pk).update(state=MessageState.FAILED)
    assert why_not_sent(first) == ""


# The rest ------------------------------------------------------------------------------------------------------------


def test_rest_is_canceled_with_one_press_and_one_email(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan)
    first = course.visits.first()
    Booking.objects.filter(pk=first.pk).update(status=BookingStatus.COMPLETED)
    page = reverse("admin:courses_course_change", args=[course.pk])
    cancel = reverse("admin:courses_course_cancel_rest", args=[course.pk])
    assert flow.client.post(cancel, {"whose": ""}).status_code == 422
    with time_machine.travel(first.ends_at, tick=False):
        assert "Cancel 4 visits" in flow.client.get(page).content.decode()
        answer = flow.client.post(cancel, {"whose": "ours", "reason": "We move away."}, follow=True)
        assert "4 visits are canceled" in answer.content.decode()
        assert flow.client.post(cancel, {"whose": "ours"}).status_code == 409

    assert [visit.status for visit in course.visits] == ["completed", *["canceled"] * 4]
    told = Message.objects.filter(created_at=first.ends_at)
    assert [(message.kind, message.booking.status) for message in told.order_by("pk")] == [
        ("together", "canceled")
    ]
    reasons = {event.reason for visit in course.visits[1:] for event in visit.events.filter(kind="canceled")}
    assert reasons == {"We move away."}


# All or nothing ----------------------------------------------------------------------------------------------------


def what_is_sent(
    world: World, plan: CoursePlan, day_zero: date = SURGERY
) -> tuple[Any, list[course_operations.Priced], LookedUp]:
    """The submission of a course, its times with totals, and what was looked up for it."""
    treatment = load_treatment(service_slug=world.service.slug, option_id=plan.option_id)
    rules = rules_of_desk(world.rules)
    asked = Asked(
        targets=targets(plan.as_phases(), day_zero=day_zero, not_before=day_zero),
        wishes=wishes_of(weekdays=[], minute=600, same="preferred"),
    )  # fmt: skip
    visit_request = VisitRequest(treatment=treatment, area=world.area, preference="any").read(
        local(NOW).date()
    )
    visits = planning.plan_course(asked, [visit_request] * len(asked.targets), rules=rules, now=NOW)
    chosen = [
        course_operations.Priced(Chosen(visit.time.starts_at, visit.therapist), 14_000)
        for visit in visits
        if visit.time
    ]
    like = world.submission(
        key=uuid.uuid4(), starts_at=chosen[0][0].starts_at, therapist=chosen[0][0].therapist
    )
    found = LookedUp(
        rules=rules, treatment=treatment, area=world.area, agreed=world.agreed,
        screening=intake.current_screening(now=NOW),
    )  # fmt: skip
    return like, chosen, found


def pressed(
    plan: CoursePlan, sent: tuple[Any, Any, Any], dates: dict[str, Any] | None = None, **sender: Any
) -> dict[str, Any]:
    """The arguments of the press that books what `what_is_sent` made."""
    like, visits, found = sent
    return {
        "course": Course(key=like.key, plan=plan, dates=dates or {}, wishes={}),
        "submissions": course_operations.submissions_of(like, visits),
        "looked_up": found,
        "sender": Sender(**sender),
        "now": NOW,
    }


def test_one_time_that_has_gone_undoes_the_whole(world: World, plan: CoursePlan) -> None:
    make_roles()
    actor = User.objects.create_user("desk")
    sent = what_is_sent(world, plan)
    world.book(
        starts_at=sent[1][-1][0].starts_at,
        email="quick@example.com",
        phone="+12135550144",
        street="9 Other Road",
    )
    with pytest.raises(SlotTaken):
        course_operations.book_course(**pressed(plan, sent, actor=actor))
    assert Booking.objects.count() == 1
    assert not Course.objects.exists()


def test_planning_asks_few_questions(world: World, plan: CoursePlan, count_queries: Any) -> None:
    for number in range(4):
        world.add_therapist(f"Sample Therapist {number}")
    treatment = load_treatment(service_slug=world.service.slug, option_id=plan.option_id)
    phases = CoursePlan.objects.prefetch_related("phases").get().as_phases()
    asked = Asked(
        targets=targets(phases, day_zero=SURGERY, not_before=SURGERY),
        wishes=wishes_of(weekdays=[], minute=None, same="always"),
    )
    rules = rules_of_desk(world.rules)
    with count_queries() as queries:
        request = VisitRequest(treatment=treatment, area=world.area, preference="any").read(local(NOW).date())
        visits = planning.plan_course(asked, [request] * len(asked.targets), rules=rules, now=NOW)
    assert all(visit.time for visit in visits)
    assert len(queries) <= 6


# What is held about people ------------------------------------------------------------------------------------------


def test_course_is_in_a_clients_own_data(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan)
    client = course.visits.first().client
    user = User.objects.get(username="desk")
    export.log_health_access(client=client, user=user, reason="asked for it", now=NOW)
    data = export.as_data(export.all_about(client))
    (told,) = data["courses"]
    assert told["dates"] == {"day_zero": "2026-12-04", "cleared_from": None}
    assert len(told["visits"]) == 5
    assert HealthAccess.objects.count() == 5


def test_wishes_are_told_in_words(flow: Flow, plan: CoursePlan) -> None:
    take(flow, plan, weekdays=["0", "2"], hour="13:30", preference=f"therapist:{flow.world.therapist.slug}")
    flow.client.post(CHECK, {**hidden(to_the_end(flow).content.decode()), "agree": "on"})
    visits = list(Booking.objects.select_related("client").order_by("pk"))
    lines = section_of(visits[0].client, visits).records[0]
    (wishes,) = (line for line in lines if line.key == "wishes")
    assert wishes.shown == (
        "Days: Monday, Wednesday; At about 1:30 PM; Who should come: Sample Therapist One; "
        "The same therapist: If possible"
    )
    assert wishes.value == Course.objects.get().wishes


def test_a_course_that_waits_is_shown_with_as_many_queries(
    flow: Flow, plan: CoursePlan, count_queries: Any
) -> None:
    course = book(flow, plan, pregnancy="yes", pregnancy_signs="no")
    actor = User.objects.get(username="desk")
    page = reverse("admin:courses_course_change", args=[course.pk])
    for visit in course.visits:
        operations.record_clinician_note(booking=visit, actor=actor, note="Yes.", now=NOW)
    flow.client.get(page)
    with count_queries() as of_five:
        assert "5 visits wait" in flow.client.get(page).content.decode()
    Booking.objects.filter(pk__in=[visit.pk for visit in course.visits[1:]]).update(
        status=BookingStatus.DECLINED
    )
    with count_queries() as of_one:
        assert "1 visit waits" in flow.client.get(page).content.decode()
    assert len(of_five) == len(of_one)


def test_surgery_is_stored_encrypted(flow: Flow, plan: CoursePlan) -> None:
    from django.db import connection

    book(flow, plan)
    with connection.cursor() as cursor:
        cursor.execute("SELECT dates FROM courses_course")
        ((stored,),) = cursor.fetchall()
    assert "2026" not in stored


def test_erasing_a_client_erases_the_course(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan)
    client, user = course.visits.first().client, User.objects.get(username="desk")
    for visit in course.visits:
        operations.cancel_booking(booking=visit, actor=user, now=NOW)
    erasure.erase_client(client=client, actor=user, now=NOW)
    assert not Course.objects.exists()
    assert Booking.objects.count() == 5


def test_course_goes_with_the_health_answers(flow: Flow, plan: CoursePlan) -> None:
    book(flow, plan)
    assert intake.purge_health_answers(now=NOW) == 0
    assert Course.objects.exists()
    assert intake.purge_health_answers(now=NOW + timedelta(days=900)) == 5
    assert not Course.objects.exists()


def test_list_shows_progress_and_the_next_visit(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan)
    first, second = course.visits[:2]
    Booking.objects.filter(pk=first.pk).update(status=BookingStatus.COMPLETED)
    page = flow.client.get(reverse("admin:courses_course_changelist")).content.decode()
    assert "1 of 5" in page
    assert "Ana O&#x27;Brien" in page
    assert f"{local(second.starts_at):%b} {local(second.starts_at).day}" in page


def test_each_visit_says_which_of_how_many_it_is(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan)
    first, second, *_rest = course.visits
    operations.cancel_booking(booking=first, actor=User.objects.get(username="desk"), now=NOW)
    page = flow.client.get(reverse("admin:bookings_booking_change", args=[second.pk])).content.decode()
    assert "Visit 1 of 4" in page
    there = reverse("admin:courses_course_change", args=[course.key])
    assert there in page
    assert flow.client.get(there).status_code == 200


@pytest.mark.parametrize("key", ["0", "abc", "9" * 30])
def test_course_that_is_not_there(desk: Client, key: str) -> None:
    answer = desk.get(f"/admin/courses/course/{key}/change/", follow=True)
    assert "There is no such course." in answer.content.decode()


def test_copies_of_a_press_differ_in_key_time_and_total(world: World, plan: CoursePlan) -> None:
    like, visits, _found = what_is_sent(world, plan)
    sent = course_operations.submissions_of(like, visits)
    assert len({one.key for one in sent}) == 5
    assert [one.starts_at for one in sent] == [chosen.starts_at for chosen, *_rest in visits]
    assert sent == [
        replace(
            like, key=one.key, starts_at=one.starts_at, therapist=one.therapist, total_cents=one.total_cents
        )
        for one in sent
    ]
