"""What a patient does with the course that an office prepared, and what the office's word clears."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.courses.models import Course, CoursePlan
from bookings.domain import erasure, export, intake, operations
from bookings.domain.operations.clearance import has_grave_answers
from bookings.enums import BookingStatus, EventKind, MessageKind, NoteScope
from bookings.exceptions import SlotNotOffered
from bookings.models import (
    Booking,
    BookingEvent,
    BookingRules,
    ClinicianNote,
    Link,
    Message,
    ScreeningRecheck,
)
from bookings.referrals import operations as referrals
from bookings.referrals.models import Referral, ReferralLook, ReferralOffice
from massagerx.lib.localtime import local
from tests.bookings.courses.conftest import make_plan
from tests.bookings.courses.test_booking import CHECK, COURSE, hidden, shown
from tests.bookings.views.flow import Flow
from tests.bookings.views.visits.browsers import text
from tests.factories import CLEAR_ANSWERS, LA, NOW, World, at

from .conftest import begin, link_of, make_office, make_referral, page_of

pytestmark = pytest.mark.django_db
AFTER_SURGERY = {"surgery": "yes", "surgery_date": "2026-12-01"}


@pytest.fixture
def referral(plan: CoursePlan, office: ReferralOffice) -> Referral:
    return make_referral(office, plan)


@pytest.fixture
def flow(world: World) -> Flow:
    return Flow(Client(), world)


def book(flow: Flow, *, health: dict[str, Any] | None = None, **details: Any) -> Any:
    """From the visits of the course to the last press."""
    times = shown(flow.client.get(COURSE).content.decode())
    flow.client.post(COURSE, {"press": "take", **times})
    flow.health(**(AFTER_SURGERY if health is None else health))
    flow.details(**details)
    flow.page = flow.client.get(CHECK)  # type: ignore[attr-defined]
    return flow.client.post(CHECK, {**hidden(text_of(flow)), "agree": "on"}, follow=True)


def text_of(flow: Flow) -> str:
    return flow.page.content.decode()  # type: ignore[attr-defined]


def test_patient_books_the_course_in_few_presses_and_it_is_cleared(flow: Flow, referral: Referral) -> None:
    page = text(flow.client.get(link_of(referral)))
    assert "Dr. Lee’s office has told us what we need" in page
    assert "After liposuction" in page
    assert "December 1, 2026" in page
    assert "December 5, 2026" in page
    assert begin(flow.client, referral)["Location"] == COURSE
    planned = text(flow.client.get(COURSE))
    assert "5 visits" in planned
    details = flow.client.get("/book/details/", follow=True)
    done = book(flow)
    assert "no other note is needed" in text(flow.page)  # type: ignore[attr-defined]
    assert "photo of your clinician" not in text(flow.page)  # type: ignore[attr-defined]
    assert done.redirect_chain[-1][0] == "/book/done/"
    assert "clinician's OK" not in done.content.decode()
    assert details.status_code == 200

    course = Course.objects.get()
    referral.refresh_from_db()
    assert referral.course == course
    visits = list(course.visits)
    assert min(local(visit.starts_at).date() for visit in visits) >= referral.cleared_from
    assert {visit.status for visit in visits} == {BookingStatus.REQUESTED}
    # The link went to the patient's mailbox, so that no press in another email is asked for.
    assert {visit.prove_by for visit in visits} == {None}
    assert not any(operations.needs_clinician_note(visit) for visit in visits)
    note = ClinicianNote.objects.get()
    assert (note.booking, note.scope, note.recorded_by) == (visits[0], NoteScope.COURSE, None)
    assert note.note == (
        "Dr. Lee’s office, entered by Kim Canary: CANARY-PROCEDURE on 2026-12-01, cleared from Sat, Dec 5 on. "
        "Limits: CANARY-LIMITS"
    )
    assert BookingEvent.objects.filter(kind=EventKind.CLEARED, booking=visits[0], actor=None).count() == 1


def test_what_the_office_knows_is_filled_in(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    times = shown(flow.client.get(COURSE).content.decode())
    flow.client.post(COURSE, {"press": "take", **times})
    flow.health(**AFTER_SURGERY)
    page = flow.client.get("/book/details/").content.decode()
    assert 'value="Ana O&#x27;Brien"' in page
    assert 'value="ana@example.com"' in page


def test_staff_confirm_without_another_note_and_read_the_offices(
    flow: Flow, referral: Referral, desk: Client
) -> None:
    begin(flow.client, referral)
    book(flow)
    course = Course.objects.get()
    page = text(desk.get(reverse("admin:courses_course_change", args=[course.pk])))
    assert "Health answers ask for" not in page
    desk.post(reverse("admin:courses_course_confirm", args=[course.pk]), {"note": ""})
    assert {visit.status for visit in course.visits} == {BookingStatus.CONFIRMED}
    first = course.visits[0]
    visit_page = text(desk.get(reverse("admin:bookings_booking_change", args=[first.pk])))
    assert "a surgeon’s office" in visit_page
    answers = desk.post(reverse("admin:bookings_booking_health", args=[first.pk]), {"reason": "before"})
    assert "CANARY-LIMITS" in text(answers)
    entry = text(desk.get(reverse("admin:referrals_referral_change", args=[referral.pk])))
    assert reverse("admin:courses_course_change", args=[course.pk]) not in entry  # `text` has no links
    assert "Take it back" not in entry


@pytest.mark.parametrize(
    "worse",
    [
        {"open_wound": "yes"},
        {"cancer": "yes"},
        {"pregnancy": "yes", "pregnancy_signs": "no"},
        {"heart_or_lungs": "unsure"},
    ],
    ids=lambda answers: next(iter(answers)),
)  # fmt: skip
def test_office_clears_the_surgery_and_no_other_illness(
    flow: Flow, referral: Referral, worse: dict[str, str]
) -> None:
    begin(flow.client, referral)
    book(flow, health={**AFTER_SURGERY, **worse})
    assert "photo of your clinician" in text(flow.page)  # type: ignore[attr-defined]
    visits = list(Course.objects.get().visits)
    assert all(operations.needs_clinician_note(visit) for visit in visits)
    assert not ClinicianNote.objects.exists()
    # Staff still find what the office said.
    assert Referral.objects.get().course == Course.objects.get()


def recheck(visit: Booking, answers: dict[str, str], *, minutes: int = 1) -> None:
    operations.recheck_screening(
        booking=visit,
        version_number=visit.screening.version.number,
        answers={**CLEAR_ANSWERS, **answers},
        now=NOW + timedelta(minutes=minutes),
    )


def test_surgery_that_was_ahead_is_cleared_once_it_is_told(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    book(flow, health={})
    assert not ClinicianNote.objects.exists()
    visit, other = Course.objects.get().visits[:2]
    assert not operations.needs_clinician_note(visit)
    recheck(visit, AFTER_SURGERY)
    assert not operations.needs_clinician_note(visit)
    assert not has_grave_answers(visit)
    assert ClinicianNote.objects.get().booking == visit
    assert not Message.objects.filter(kind=MessageKind.RECHECK_ALERT).exists()

    recheck(other, {**AFTER_SURGERY, "open_wound": "yes"})
    assert has_grave_answers(other)
    assert Message.objects.get(kind=MessageKind.RECHECK_ALERT).booking == other
    # Milder answers take nothing back.
    recheck(other, AFTER_SURGERY, minutes=60)
    assert has_grave_answers(other)
    assert ClinicianNote.objects.count() == 1


def test_worse_answers_later_end_it(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    book(flow)
    visit = Course.objects.get().visits[2]
    ScreeningRecheck.objects.create(
        booking=visit,
        version=visit.screening.version,
        answers={},
        tier="clearance",
        new_tier="clearance",
        evaluated_at=NOW + timedelta(minutes=1),
    )
    assert operations.needs_clinician_note(visit)


@pytest.mark.parametrize(
    "details",
    [
        {"name": "Bo O'Brien"},
        {"name": "Ana R. O'Brien"},
        {"for_other": "on", "recipient_name": "Bo O'Brien"},
        {"email": "bo@example.com"},
    ],
    ids=["another name", "a middle initial", "for another person", "another mailbox"],
)
def test_word_for_one_person_clears_no_other(flow: Flow, referral: Referral, details: dict[str, Any]) -> None:
    begin(flow.client, referral)
    book(flow, **details)
    visit = Course.objects.get().visits[0]
    assert operations.needs_clinician_note(visit)
    assert not ClinicianNote.objects.exists()
    assert "no other note is needed" not in text(flow.page)  # type: ignore[attr-defined]
    assert "photo of your clinician" in text(flow.page)  # type: ignore[attr-defined]
    if "email" in details:
        assert Referral.objects.get().course is None
        assert visit.prove_by is not None


def test_accents_and_spaces_make_nobody_another(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    book(flow, name="Aná  o'brien")
    assert "no other note is needed" in text(flow.page)  # type: ignore[attr-defined]
    assert not operations.needs_clinician_note(Course.objects.get().visits[0])


def test_entry_taken_back_meanwhile_promises_nothing(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    referrals.take_back(referral=referral, now=NOW)
    book(flow)
    assert "no other note is needed" not in text(flow.page)  # type: ignore[attr-defined]
    assert operations.needs_clinician_note(Course.objects.get().visits[0])


def test_client_moves_no_visit_before_the_cleared_day(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    book(flow)
    visit = Course.objects.get().visits[0]
    earlier = operations.NewTime(datetime(2026, 12, 4, 14, tzinfo=LA))
    with pytest.raises(SlotNotOffered) as refused:
        operations.move_by_client(booking=visit, to=earlier, shown=operations.Shown(visit.revision), now=NOW)
    assert refused.value.reason == "course"
    # Staff may, with the surgeon's word.
    act = operations.Act(NOW, User.objects.create_user("staff", is_staff=True))
    assert operations.move_booking(booking=visit, to=earlier, act=act).starts_at == earlier.starts_at


def test_daughter_books_for_her_mother(world: World, office: ReferralOffice, plan: CoursePlan) -> None:
    """The office knows the mother by name, and the daughter's mailbox."""
    flow, mother = Flow(Client(), world), make_referral(office, plan, name="Mama O'Brien")
    begin(flow.client, mother)
    book(flow, for_other="on", recipient_name="Mama O'Brien")
    assert not operations.needs_clinician_note(Course.objects.get().visits[0])


def test_day_before_the_one_that_is_cleared_is_refused(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    asked = {
        "press": "plan", "plan": referral.plan_id, "day_zero": "2026-12-01", "cleared_from": "2026-12-04",
        "preference": "any", "same": "preferred",
    }  # fmt: skip
    answer = flow.client.post(COURSE, asked)
    assert answer.status_code == 422
    assert "The office has cleared you from Sat, Dec 5 on." in text(answer)
    # Blank is the office's day, and not the plan's.
    flow.client.post(COURSE, {**asked, "cleared_from": ""})
    first = next(iter(shown(flow.client.get(COURSE).content.decode()).values()))
    assert first >= "2026-12-05"


def test_visit_before_the_cleared_day_is_not_cleared(world: World, referral: Referral) -> None:
    visit = world.book()
    referral.health = {**referral.health, "cleared_from": "2026-12-08"}
    assert local(visit.starts_at).date().isoformat() == "2026-12-07"
    assert not referrals._speaks_of(referral, [visit])
    referral.health = {**referral.health, "cleared_from": "2026-12-07"}
    assert referrals._speaks_of(referral, [visit])


def test_office_sees_how_many_visits_only_if_the_patient_agrees(
    flow: Flow, referral: Referral, office: ReferralOffice
) -> None:
    begin(flow.client, referral)
    book(flow)
    assert "Ana" not in text(Client().get(page_of(office)))
    link = link_of(referral)
    page = flow.client.get(link).content.decode()
    assert "may see how many" in page
    assert "checked" not in page
    flow.client.post(link, {"may_see": "on"})
    first = Course.objects.get().visits[0]
    Booking.objects.filter(pk=first.pk).update(status=BookingStatus.COMPLETED)
    seen = text(Client().get(page_of(office)))
    assert "Ana O." in seen
    assert "1 of 5 done" in seen
    assert "Brien" not in seen
    assert "Ana O." not in text(Client().get(page_of(make_office("Dr. Wu’s office"))))
    flow.client.post(link, {})
    assert "Ana O." not in text(Client().get(page_of(office)))


def test_agreeing_with_the_first_press_is_kept(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral, may_see="on")
    referral.refresh_from_db()
    assert referral.may_see


def test_progress_takes_two_queries_for_forty_patients(
    office: ReferralOffice, plan: CoursePlan, django_assert_num_queries: Any
) -> None:
    for number in range(40):
        course = Course.objects.create(plan=plan, dates={}, booked_at=NOW)
        row = make_referral(office, plan, email=f"patient{number}@example.com")
        Referral.objects.filter(pk=row.pk).update(
            course=course, may_see=True, entered_at=NOW - timedelta(days=number)
        )
    with django_assert_num_queries(2):
        assert len(referrals.seen_by(office)) == 40


def test_looking_at_the_link_changes_nothing(referral: Referral) -> None:
    browser = Client()
    browser.get(link_of(referral))
    browser.head(link_of(referral))
    assert "booking_draft" not in browser.session


@pytest.mark.parametrize(
    ("zip_code", "words"), [("", "five digits of your ZIP code"), ("90210", "ZIP code"), ("\x00", "ZIP code")]
)
def test_place_that_we_dont_come_to_is_told(referral: Referral, zip_code: str, words: str) -> None:
    browser = Client()
    answer = browser.post(link_of(referral), {"zip_code": zip_code, "may_see": "on"})
    assert answer.status_code == 422
    assert words in text(answer)
    assert " checked" in answer.content.decode()
    assert "booking_draft" not in browser.session


def test_who_comes_back_goes_on_where_they_were(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    times = shown(flow.client.get(COURSE).content.decode())
    flow.client.post(COURSE, {"press": "take", **times})
    flow.health(**AFTER_SURGERY)
    assert begin(flow.client, referral)["Location"] == "/book/details/"


def test_newer_version_of_the_plan_is_taken(flow: Flow, referral: Referral, world: World) -> None:
    newer = make_plan(world, number=2)
    begin(flow.client, referral)
    book(flow)
    assert Course.objects.get().plan == newer
    CoursePlan.objects.update(is_offered=False)


def test_plan_that_is_offered_no_more_is_told(referral: Referral) -> None:
    CoursePlan.objects.update(is_offered=False)
    assert "available anymore" in text(Client().get(link_of(referral)))
    assert begin(Client(), referral).status_code == 422


def test_used_link_says_that_the_visits_are_asked_for(flow: Flow, referral: Referral) -> None:
    begin(flow.client, referral)
    book(flow)
    assert "Your visits are asked for" in text(Client().get(link_of(referral)))
    # And books nothing a second time.
    assert begin(Client(), referral)["Location"] == link_of(referral)


def test_another_booking_in_the_same_browser_is_not_cleared(
    flow: Flow, referral: Referral, desk: Client
) -> None:
    begin(flow.client, referral)
    flow.client.post("/book/start-over/")
    assert "referral" not in (intake.load_draft(flow.client.session.get("booking_draft"), now=NOW).answers)
    desk.post(reverse("admin:referrals_referral_plan", args=[referral.pk]))
    desk.post("/book/for-a-client/")
    draft = intake.load_draft(desk.session["booking_draft"], now=NOW)
    assert draft.answers.get("referral") is None


def test_desk_plans_with_the_patient_on_the_phone(
    world: World, plan: CoursePlan, office: ReferralOffice, desk: Client
) -> None:
    make_referral(office, plan, email="", phone="+12135550123")
    referral = Referral.objects.get()
    flow = Flow(desk, world)
    answer = desk.post(reverse("admin:referrals_referral_plan", args=[referral.pk]))
    assert answer["Location"] == "/book/where/"
    flow.where()
    assert "See the visits" in text(desk.get("/book/where/"))
    book(flow, email="")
    course = Course.objects.get()
    referral.refresh_from_db()
    assert referral.course == course
    # Its days stood in the form of the course.
    assert [str(look.user) for look in referral.access_log.all()] == ["desk"]
    assert not operations.needs_clinician_note(course.visits[0])
    assert "please call and plan" not in text(desk.get("/admin/"))
    again = desk.post(reverse("admin:referrals_referral_plan", args=[referral.pk]), follow=True)
    assert "No course can be planned by it" in text(again)


def test_surgery_beyond_the_calendar_says_from_which_day_on(
    flow: Flow, office: ReferralOffice, plan: CoursePlan, world: World
) -> None:
    last = local(NOW).date() + timedelta(days=world.rules.horizon_days)
    far, near = (
        make_referral(
            office, plan, email=f"ana{number}@example.com",
            health={"surgery": str(surgery), "cleared_from": str(surgery)},
        )
        for number, surgery in enumerate((last + timedelta(days=3), last))
    )  # fmt: skip
    assert "You can choose your times from December 5, 2026 on" in text(flow.client.get(link_of(far)))
    assert begin(flow.client, far).status_code == 422
    assert "booking_draft" not in flow.client.session
    assert begin(flow.client, near)["Location"] == COURSE
    BookingRules.objects.update(horizon_days=world.rules.horizon_days - 1)
    times = shown(flow.client.get(COURSE).content.decode())
    answer = flow.client.post(COURSE, {"press": "take", **times})
    assert answer.status_code == 409
    assert "A course from that day can be booked on Thu, Dec 3." in text(answer)


# What is held -------------------------------------------------------------------------------------------------------


def test_entry_is_in_the_clients_own_data(flow: Flow, referral: Referral) -> None:
    staff = User.objects.create_user("who-looked", is_staff=True)
    referrals.open_health(referral=referral, user=staff, now=NOW)
    begin(flow.client, referral)
    book(flow)
    (section,) = [
        part for part in export.all_about(Booking.objects.all()[0].client) if part.key == "referrals"
    ]
    lines = {line.key: line.value for line in section.records[0]}
    assert lines["health"]["procedure"] == "CANARY-PROCEDURE"
    assert lines["looks"] == [f"who-looked, {NOW:%Y-%m-%d %H:%M} UTC"]


@pytest.mark.parametrize("how", ["erased", "erased by night", "purged"])
def test_entry_goes_with_the_course(flow: Flow, referral: Referral, how: str) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    referrals.open_health(referral=referral, user=staff, now=NOW)
    begin(flow.client, referral)
    book(flow)
    course = Course.objects.get()
    operations.cancel_together(together=course.key, act=operations.Act(NOW, staff))
    # Also when no key opens it.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE referrals_referral SET health = %s", ["v1:none:none"])
    if how.startswith("erased"):
        actor = staff if how == "erased" else None
        erasure.erase_client(client=course.visits[0].client, actor=actor, now=NOW)
    else:
        intake.purge_health_answers(now=NOW + timedelta(days=900))
    assert not Referral.objects.exists()
    assert not ReferralLook.objects.exists()


def test_entry_that_nobody_used_goes_after_ninety_days(
    plan: CoursePlan, office: ReferralOffice, referral: Referral
) -> None:
    later = make_referral(office, plan, email="bo@example.com", health={"cleared_from": "2027-02-01"})
    intake.purge_health_answers(now=NOW + timedelta(days=90))
    assert set(Referral.objects.all()) == {referral, later}
    intake.purge_health_answers(now=referral.kept_until)
    assert Referral.objects.get() == later


def test_booking_at_the_desk_for_a_client_of_that_mailbox_erases_it_too(
    world: World, plan: CoursePlan, office: ReferralOffice
) -> None:
    """Of an entry that was not used, by email or phone."""
    make_referral(office, plan)
    make_referral(office, plan, name="Ana", email="", phone="+12135550123")
    staff = User.objects.create_user("staff", is_staff=True)
    visit = world.book()
    operations.cancel_booking(booking=visit, actor=staff, now=NOW)
    erasure.erase_client(client=visit.client, actor=staff, now=NOW)
    assert not Referral.objects.exists()
    assert not Message.objects.filter(kind="referred").exists()


def test_entry_that_was_not_used_stays_where_nobody_asked_for_the_erasure(
    world: World, plan: CoursePlan, office: ReferralOffice
) -> None:
    """The client's years are over, and the office has just sent them again."""
    make_referral(office, plan)
    staff = User.objects.create_user("staff", is_staff=True)
    visit = world.book()
    operations.cancel_booking(booking=visit, actor=staff, now=NOW)
    erasure.erase_client(client=visit.client, actor=None, now=NOW)
    assert Referral.objects.count() == 1


def test_entry_of_a_course_stays_where_nobody_asked_for_the_erasure_of_another_phone(
    flow: Flow, referral: Referral
) -> None:
    """The same mailbox, years ago: the day that the surgeon allows holds for the course that goes on."""
    begin(flow.client, referral)
    book(flow)
    visit = flow.world.book(phone="+12135550199", email=referral.email, starts_at=at(14))
    operations.cancel_booking(booking=visit, actor=User.objects.create_user("staff"), now=NOW)
    erasure.erase_client(client=visit.client, actor=None, now=NOW)
    assert Referral.objects.get().course == Course.objects.get()


@pytest.mark.parametrize("how", ["another email", "another's course"])
def test_phone_that_two_share_shows_and_erases_nothing_of_the_other(
    world: World, plan: CoursePlan, office: ReferralOffice, how: str
) -> None:
    email = "ann@example.com" if how == "another email" else ""
    anns = make_referral(office, plan, name="Ann Canary", email=email, phone="+12135550123")
    if not email:
        anns.course = Course.objects.create(plan=plan, dates={}, booked_at=NOW)
        anns.save(update_fields=["course"])
    staff = User.objects.create_user("staff", is_staff=True)
    referrals.open_health(referral=anns, user=staff, now=NOW)
    visit = world.book()
    assert visit.client.phone == anns.phone
    (section,) = [part for part in export.all_about(visit.client) if part.key == "referrals"]
    assert section.records == []
    operations.cancel_booking(booking=visit, actor=staff, now=NOW)
    erasure.erase_client(client=visit.client, actor=staff, now=NOW)
    assert Referral.objects.get() == anns
    assert ReferralLook.objects.exists()


def test_entry_found_by_the_phone_alone_is_marked(
    world: World, plan: CoursePlan, office: ReferralOffice
) -> None:
    make_referral(office, plan)
    make_referral(office, plan, name="Ana", email="", phone="+12135550123")
    (section,) = [part for part in export.all_about(world.book().client) if part.key == "referrals"]
    found = [line.value for record in section.records for line in record if line.key == "found_by"]
    assert found == ["course or email", "phone"]


def test_entry_that_was_taken_back_goes_after_a_week(plan: CoursePlan, referral: Referral) -> None:
    referrals.take_back(referral=referral, now=NOW)
    intake.purge_health_answers(now=NOW + timedelta(days=7) - timedelta(seconds=1))
    assert Referral.objects.exists()
    intake.purge_health_answers(now=NOW + timedelta(days=7))
    assert not Referral.objects.exists()
    assert not Link.objects.filter(email=referral.email).exists()


def test_owner_erases_an_entry_of_who_is_no_client(referral: Referral, owner: Client, desk: Client) -> None:
    page, erase, back = (
        reverse(f"admin:referrals_referral_{name}", args=[referral.pk])
        for name in ("change", "erase", "take_back")
    )
    assert "Only an entry that is taken back" in text(owner.post(erase, follow=True))
    assert "Erase it" not in text(owner.get(page))
    desk.post(back)
    assert "Erase it" not in text(desk.get(page))
    desk.post(erase)
    assert Referral.objects.exists()
    assert "Erase it" in text(owner.get(page))
    assert "The entry is erased." in text(owner.post(erase, follow=True))
    assert not Referral.objects.exists()
    assert not Link.objects.filter(email=referral.email).exists()
    assert not Message.objects.filter(kind=MessageKind.REFERRED).exists()
