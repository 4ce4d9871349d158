"""Roles × models × verbs: what owner, front desk, therapist and writer may open, and that nothing else shows.

Every address of the admin has a row here: a new model or view without one fails.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, time, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, reverse

from blog import models as blog
from blog.models import (
    Announcement,
    FaqEntry,
    Page,
    Picture,
    Post,
    Tag,
    Video,
)
from bookings.courses import desk_urls as desk_courses
from bookings.courses.models import Course, CoursePlan
from bookings.desk import urls as desk_pages
from bookings.domain import links, operations
from bookings.domain.clients import add_note, pair
from bookings.drives.models import DriveCorrection, DriveRules, FixedDrive, ObservedDrive, RoadTime
from bookings.enums import ChangeState
from bookings.models import (
    AddressRule,
    AreaRequest,
    Booking,
    Booklet,
    BookletRequest,
    ChangeRequest,
    CheckIn,
    Client,
    Closure,
    ContactMessage,
    DriveOverride,
    Erasure,
    HealthAccess,
    HeardFrom,
    Incident,
    LateFee,
    Message,
    MessageSettings,
    NoteFile,
    NoteTemplate,
    SafetyContact,
    TimeOff,
    TimeOffWish,
)
from bookings.program import desk_urls as desk_program
from bookings.program.models import Exercise, ExercisePicture, Program, ProgramTemplate
from bookings.referrals import desk_urls as desk_referrals
from bookings.referrals.models import Referral, ReferralOffice
from bookings.reviews import desk_urls as desk_reviews
from bookings.reviews.models import Review
from massagerx.accounts.models import LogIn
from massagerx.lib.roles import codename
from massagerx.lib.singleton import SingletonModel
from massagerx.site import views
from services.models import Business, Category
from tests.bookings.photos import add_photo
from tests.factories import DAY, NOW, World, at, make_roles, rights_in_migrations

from .conftest import signed_in

ROLES = {"owner": "Owner", "desk": "Front desk", "therapist": "Therapist", "writer": "Writer"}

# What each role may do with each model in the admin: l(ist, page, search and history), a(dd), c(hange), d(elete).
# Some of it nobody may, whatever their role: bookings come from clients, versions that were used stay.
RIGHTS: dict[str, dict[str, str]] = {
    "auth.group": {},
    "auth.user": {"owner": "lac"},
    "accounts.login": {"owner": "l"},
    "services.category": {"owner": "lacd"},
    "services.service": {"owner": "lacd"},
    "services.addon": {"owner": "lacd"},
    "services.business": {"owner": "lc"},
    "blog.post": {"owner": "lacd", "writer": "lacd"},
    "blog.tag": {"owner": "lacd", "writer": "lacd"},
    "blog.page": {"owner": "lac", "writer": "lac"},
    "blog.homeblock": {"owner": "lac", "writer": "lac"},
    "blog.faqentry": {"owner": "lacd", "writer": "lacd"},
    "blog.picture": {"owner": "lacd", "writer": "lacd"},
    "blog.video": {"owner": "lacd", "writer": "lacd"},
    "blog.testimonial": {"owner": "lacd", "writer": "lacd"},
    "blog.announcement": {"owner": "lacd", "writer": "lacd"},
    "bookings.booking": {"owner": "l", "desk": "l", "therapist": "l"},
    "bookings.client": {"owner": "lc", "desk": "lc"},
    "bookings.changerequest": {"owner": "lc", "desk": "lc"},
    "bookings.arearequest": {"owner": "lcd", "desk": "lc"},
    "bookings.contactmessage": {"owner": "lc", "desk": "lc"},
    "bookings.bookletrequest": {"owner": "lc", "desk": "lc"},
    "bookings.booklet": {"owner": "lc"},
    "bookings.message": {"owner": "l", "desk": "l"},
    "bookings.messagesettings": {"owner": "lc"},
    "bookings.therapist": {"owner": "lacd", "desk": "l"},
    "bookings.photo": {"owner": "lacd"},
    "bookings.timeoff": {"owner": "lacd", "desk": "lacd", "therapist": "lacd"},
    "bookings.extrahours": {"owner": "lacd", "desk": "l"},
    "bookings.closure": {"owner": "lacd", "desk": "l"},
    "bookings.zone": {"owner": "lacd", "desk": "l"},
    "bookings.servicearea": {"owner": "lacd", "desk": "l"},
    "drives.drivecorrection": {"owner": "lacd", "desk": "l"},
    "drives.fixeddrive": {"owner": "lacd", "desk": "l"},
    "drives.driverules": {"owner": "lc"},
    "drives.observeddrive": {"owner": "l"},
    "drives.roadtime": {"owner": "l"},
    "courses.courseplan": {"owner": "lac", "desk": "l"},
    "courses.course": {"owner": "l", "desk": "l"},
    "referrals.referraloffice": {"owner": "lac", "desk": "l"},
    "referrals.referral": {"owner": "l", "desk": "l"},
    "program.exercise": {"owner": "lacd", "desk": "l"},
    "program.exercisepicture": {"owner": "lacd", "desk": "l"},
    "program.programtemplate": {"owner": "lacd", "desk": "l"},
    "program.program": {"owner": "l", "desk": "l", "therapist": "l"},
    "reviews.review": {"owner": "l"},
    "bookings.heardfrom": {"owner": "lacd"},
    "bookings.notetemplate": {"owner": "lacd"},
    "bookings.driveoverride": {"owner": "lad", "desk": "lad"},
    "bookings.bookingrules": {"owner": "lc"},
    "bookings.safetycontact": {"owner": "lacd"},
    "bookings.addressrule": {"owner": "lac", "desk": "lac"},
    "bookings.incident": {"owner": "la", "desk": "la"},
    "bookings.termsversion": {"owner": "la"},
    "bookings.screeningversion": {"owner": "la"},
    "bookings.healthaccess": {"owner": "l"},
    "bookings.erasure": {"owner": "l"},
}
# The admin's other addresses, and who may open them with GET. Those that name a row name one that has to do with the
# other therapist's visit: `keys` below.
VIEWS: dict[str, set[str]] = {
    "index": set(ROLES),
    "password_change": set(ROLES),
    "password_change_done": set(ROLES),
    "second_factor": set(ROLES),
    "second_factor_link": set(ROLES),
    "own_log_ins": set(ROLES),
    "opening": {"owner"},
    "my_own": {"therapist"},
    "my_pins": {"therapist"},
    "bookings_booking_check_in": {"owner", "desk"},
    # Whoever makes that visit, and nobody else.
    "bookings_booking_own": set(),
    "bookings_booking_day": {"owner", "desk", "therapist"},
    "bookings_booking_week": {"owner", "desk", "therapist"},
    "bookings_booking_sheet": {"owner", "desk", "therapist"},
    "bookings_booking_move": {"owner", "desk"},
    "bookings_booking_book": {"owner", "desk"},
    "bookings_booking_rescue": {"owner", "desk"},
    "bookings_booking_reflow": {"owner", "desk", "therapist"},
    "bookings_booking_close": {"owner", "desk", "therapist"},
    "bookings_booking_correct": {"owner", "desk"},
    "bookings_booking_person": {"owner", "desk"},
    "bookings_booking_undo": {"owner", "desk"},
    "bookings_booking_reports": {"owner"},
    "bookings_booking_days_behind": {"owner"},
    "bookings_booking_client_figures": {"owner"},
    "bookings_booking_clients_csv": {"owner"},
    "bookings_booking_report_csv": {"owner"},
    "bookings_booking_export": {"owner"},
    "bookings_client_merge": {"owner", "desk"},
    "bookings_client_export": {"owner"},
    "bookings_client_erase": {"owner"},
    "bookings_message_html": {"owner", "desk"},
    "bookings_message_calls": {"owner", "desk"},
    "bookings_therapist_feed": {"owner"},
    "bookings_timeoff_wish": {"owner", "desk"},
    "bookings_screeningversion_try": {"owner"},
    "bookings_servicearea_paste": {"owner"},
    "services_service_prepared": {"owner"},
    "services_business_look": {"owner"},
    "bookings_booklet_current": {"owner"},
    "blog_post_paste": {"owner", "writer"},
    "blog_announcement_version": {"owner", "writer"},
    "blog_announcement_versions": {"owner", "writer"},
    "blog_homeblock_version": {"owner", "writer"},
    "blog_homeblock_versions": {"owner", "writer"},
    "blog_page_version": {"owner", "writer"},
    "blog_page_versions": {"owner", "writer"},
    "blog_post_version": {"owner", "writer"},
    "blog_post_versions": {"owner", "writer"},
    "blog_faqentry_version": {"owner", "writer"},
    "blog_faqentry_versions": {"owner", "writer"},
    "blog_testimonial_version": {"owner", "writer"},
    "blog_testimonial_versions": {"owner", "writer"},
    "services_business_version": {"owner"},
    "services_business_versions": {"owner"},
    "bookings_messagesettings_version": {"owner"},
    "bookings_messagesettings_versions": {"owner"},
    "services_service_version": {"owner"},
    "services_service_versions": {"owner"},
    "blog_picture_choose": {"owner", "writer"},
    "blog_video_choose": {"owner", "writer"},
    "auth_user_password_change": {"owner"},
    "auth_user_reset_factor": {"owner"},
    "courses_course_move": {"owner", "desk"},
    "referrals_referraloffice_address": {"owner"},
    "program_program_make": {"owner", "desk"},
    "program_assessment": {"owner", "desk"},
    "program_program_figures": {"owner"},
}
# They do what was pressed, and lead back whoever opens them by address.
LEAD_BACK = {"bookings_booking_close", "bookings_booking_undo", "second_factor_link"}
# Addresses that take POST only, and who may; with the same keys.
POSTS: dict[str, set[str]] = {
    "bookings_booking_cancel_late": {"owner", "desk"},
    "bookings_booking_do": {"owner", "desk"},
    "bookings_booking_door": {"owner", "desk"},
    "bookings_booking_health": {"owner", "desk"},
    "bookings_booking_late_fee": {"owner", "desk"},
    "bookings_booking_note": {"owner", "desk"},
    "bookings_booking_note_file": {"owner", "desk"},
    "my_stay_away": {"therapist"},
    # Whoever is at that door, and nobody else.
    "bookings_booking_pin": set(),
    "bookings_changerequest_answer": {"owner", "desk"},
    "bookings_client_note": {"owner", "desk"},
    "bookings_message_tell": {"owner", "desk"},
    "bookings_booking_step": {"owner", "desk"},
    "bookings_booking_undo_step": {"owner", "desk"},
    "bookings_client_settle_note": {"owner", "desk"},
    "bookings_client_pair": {"owner", "desk"},
    "bookings_client_unpair": {"owner", "desk"},
    "bookings_contactmessage_answer": {"owner", "desk"},
    "bookings_contactmessage_close": {"owner", "desk"},
    "drives_drivecorrection_take": {"owner"},
    "courses_course_confirm": {"owner", "desk"},
    "courses_course_cancel_rest": {"owner", "desk"},
    "referrals_referral_open": {"owner", "desk"},
    "referrals_referral_approve": {"owner", "desk"},
    "referrals_referral_take_back": {"owner", "desk"},
    "referrals_referral_erase": {"owner"},
    "referrals_referral_download": {"owner"},
    "referrals_referral_plan": {"owner", "desk"},
    "program_program_open": {"owner", "desk"},
    "program_program_do": {"owner", "desk"},
    "reviews_review_do": {"owner"},
    "courses_course_pause": {"owner", "desk"},
    "courses_course_resume": {"owner", "desk"},
    "courses_course_end": {"owner", "desk"},
    "blog_announcement_claims": {"owner", "writer"},
    "blog_homeblock_claims": {"owner", "writer"},
    "blog_page_claims": {"owner", "writer"},
    "blog_post_claims": {"owner", "writer"},
    "blog_post_prepared": {"owner", "writer"},
    "bookings_heardfrom_prepared": {"owner"},
    "bookings_notetemplate_prepared": {"owner"},
    "blog_faqentry_claims": {"owner", "writer"},
    "blog_testimonial_claims": {"owner", "writer"},
}
# For everybody, or without rows of ours: log-in and -out, words for scripts, redirects. `autocomplete` has a test.
OPEN = {"login", "logout", "jsi18n", "view_on_site", "app_list", "autocomplete"}

CANARIES = (
    "Other Canary",
    "canary@example.com",
    "77 Canary Road",
    "CANARY-GATE",
    "Canary dentist",
    "Canary note",
    "Canary question",
    "Canary reason",
    "555-0177",
)


@dataclass
class Desk:
    """Two therapists with a visit and time off each; `own` belongs to the one who logs in."""

    users: dict[str, User]
    own: Booking
    other: Booking
    own_off: TimeOff
    other_off: TimeOff
    rows: dict[str, Model]
    note_file: NoteFile
    wish: TimeOffWish

    def keys(self, name: str) -> list[Any]:
        """What the address of that name in VIEWS or POSTS takes."""
        rows = {label: row.pk for label, row in self.rows.items()}
        table: dict[str, list[Any]] = {
            "auth_user_password_change": [rows["auth.user"]],
            "auth_user_reset_factor": [rows["auth.user"]],
            "bookings_booking_cancel_late": [self.other.pk],
            "bookings_booking_do": [self.other.pk, "confirm"],
            "bookings_booking_health": [self.other.pk],
            "bookings_booking_late_fee": [self.other.pk, "waive"],
            "bookings_booking_move": [self.other.pk],
            "bookings_booking_note": [self.other.pk],
            "bookings_booking_check_in": [self.other.pk],
            "bookings_booking_pin": [self.other.pk],
            "bookings_booking_own": [self.other.pk],
            "bookings_booking_door": [self.other.pk],
            "bookings_booking_step": [self.other.pk, "leaving"],
            "bookings_booking_undo_step": [self.other.pk, uuid.UUID(int=7)],
            "bookings_booking_note_file": [self.other.pk, self.note_file.pk],
            "bookings_booking_undo": [uuid.uuid4()],
            "bookings_booking_correct": [self.other.pk],
            "bookings_booking_person": [self.other.pk],
            "bookings_booking_report_csv": ["therapists"],
            "bookings_changerequest_answer": [rows["bookings.changerequest"], "refuse"],
            "bookings_client_merge": [rows["bookings.client"]],
            "bookings_client_export": [rows["bookings.client"]],
            "bookings_client_erase": [rows["bookings.client"]],
            "bookings_client_note": [rows["bookings.client"]],
            "bookings_client_settle_note": [
                rows["bookings.client"],
                self.other.client.notes.earliest("pk").pk,
            ],
            "bookings_client_pair": [rows["bookings.client"]],
            "bookings_client_unpair": [
                rows["bookings.client"],
                getattr(self.other.client.pairings.first(), "pk", 0),
            ],
            "bookings_contactmessage_answer": [rows["bookings.contactmessage"]],
            "bookings_contactmessage_close": [rows["bookings.contactmessage"]],
            "bookings_message_html": [rows["bookings.message"]],
            "bookings_message_tell": [rows["bookings.message"]],
            "bookings_therapist_feed": [rows["bookings.therapist"]],
            "bookings_timeoff_wish": [self.wish.pk],
            "bookings_screeningversion_try": [rows["bookings.screeningversion"]],
            "courses_course_cancel_rest": [rows["courses.course"]],
            "courses_course_move": [rows["courses.course"]],
            "courses_course_confirm": [rows["courses.course"]],
            "referrals_referraloffice_address": [rows["referrals.referraloffice"]],
            "program_program_make": [self.other.pk],
            "program_assessment": [self.other.pk],
            "program_program_open": [rows["program.program"]],
            "program_program_do": [rows["program.program"], "note"],
            "reviews_review_do": [rows["reviews.review"], "open"],
            **{
                f"referrals_referral_{what}": [rows["referrals.referral"]]
                for what in ("open", "approve", "take_back", "erase", "download", "plan")
            },
            "courses_course_pause": [rows["courses.course"]],
            "courses_course_resume": [rows["courses.course"]],
            "courses_course_end": [rows["courses.course"]],
        }
        app, _, view = name.rpartition("_")
        if view in ("version", "versions"):
            row: Any = self.rows[app.replace("_", ".", 1)]
            return [row.pk] if view == "versions" else [row.pk, row.history.latest().pk]
        return table.get(name, [])


@pytest.fixture(autouse=True)
def _plain_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some thousand refusals here: their page, the same for all, is looked at elsewhere and costs more than they do."""
    monkeypatch.setattr(views, "_error", lambda request, status: HttpResponse(status=status))


@pytest.fixture
def desk(world: World) -> Desk:
    make_roles()
    users = {
        name: User.objects.create_user(name, password="a-long-password", is_staff=True) for name in ROLES
    }
    for name, group in ROLES.items():
        users[name].groups.add(Group.objects.get(name=group))
    world.therapist.user = users["therapist"]
    world.therapist.save()
    second = world.add_therapist()
    own = world.book(preference=f"therapist:{world.therapist.slug}")
    other = world.book(
        preference=f"therapist:{second.slug}", name="Other Canary", email="canary@example.com",
        phone="+12135550177", street="77 Canary Road", starts_at=at(14), access={"gate_code": "CANARY-GATE"},
        recipient_name="Other Canary Senior",
    )  # fmt: skip
    of_course = world.book(
        preference=f"therapist:{second.slug}", name="Other Canary", email="canary@example.com",
        phone="+12135550177", street="77 Canary Road", starts_at=at(17), total_cents=16_500, access={},
    )  # fmt: skip
    Booking.objects.filter(pk=of_course.pk).update(together=uuid.UUID(int=1))
    day_after = DAY + timedelta(days=1)
    off = [
        TimeOff.objects.create(
            therapist=who, starts_at=at(9, day=day_after), ends_at=at(12, day=day_after), reason=why
        )
        for who, why in ((world.therapist, "Own errand"), (second, "Canary dentist"))
    ]
    staff = users["owner"]
    page = Page.objects.create(slug="about", title="About", body="<p>Us.</p>")
    post = Post.objects.create(title="A post", slug="a-post", summary="-", body="<p>-</p>")
    video = Video(url="https://vimeo.com/76979871", title="A film")
    video.full_clean()
    video.save()
    add_note(client=other.client, text="Canary note", actor=staff, now=NOW)
    pair(
        client=other.client, therapist=second, kind="preferred", reason="Canary reason", actor=staff, now=NOW
    )
    change = ChangeRequest.objects.create(
        booking=other, wanted_starts_at=NOW, reason="Canary reason", asked_at=NOW
    )
    LateFee.objects.create(booking=other, cents=7_000, named_at=NOW)
    written = operations.send_contact(
        key=uuid.uuid4(), name="Other Canary", email="canary@example.com", phone="555-0177",
        body="Canary question", now=NOW,
    )  # fmt: skip
    CheckIn.objects.create(booking=other, opened_at=NOW)
    drive_rules = DriveRules()
    drive_rules.save()
    rows: dict[str, Model] = {
        "auth.group": Group.objects.get(name="Writer"),
        "auth.user": users["writer"],
        "accounts.login": LogIn.objects.create(user=staff, at=NOW, outcome="in", address="-"),
        "services.category": Category.objects.get(),
        "services.service": world.service,
        "services.addon": world.add_on,
        "services.business": Business.load(),
        "blog.post": post,
        "blog.tag": Tag.objects.create(name="Tag", slug="tag"),
        "blog.page": page,
        "blog.homeblock": blog.HomeBlock.objects.create(slug="visit"),
        "blog.faqentry": FaqEntry.objects.create(question="Why?", answer="<p>So.</p>"),
        "blog.picture": Picture.objects.create(alt="Hands", width=60, height=40),
        "blog.video": video,
        "blog.testimonial": blog.Testimonial.objects.create(words="Calm.", name="A. S.", has_consent=True),
        "blog.announcement": Announcement.objects.create(text="Closed on Friday", starts_at=NOW),
        "bookings.booking": own,
        "bookings.client": other.client,
        "bookings.changerequest": change,
        "bookings.arearequest": AreaRequest.objects.create(
            name="Other Canary", email="canary@example.com", zip_code="90210", agreed_at=NOW, created_at=NOW
        ),
        "bookings.contactmessage": written,
        "bookings.bookletrequest": BookletRequest.objects.create(
            name="Other Canary", email="canary@example.com", asked_at=NOW, submission_key=uuid.uuid4()
        ),
        "bookings.booklet": Booklet.objects.create(
            file_name="booklet.pdf", content=b"%PDF-1.4", uploaded_at=NOW
        ),
        "bookings.messagesettings": MessageSettings.objects.create(),
        "bookings.message": Message.objects.filter(booking=other).earliest("pk"),
        "bookings.therapist": second,
        "bookings.photo": add_photo("table"),
        "bookings.timeoff": off[0],
        "bookings.extrahours": second.extra_hours.create(date=DAY, starts_at=time(5), ends_at=time(6)),
        "bookings.closure": Closure.objects.create(date=DAY + timedelta(days=30), name="Rain"),
        "bookings.zone": world.zone,
        "bookings.servicearea": world.far_area,
        "drives.drivecorrection": DriveCorrection.objects.create(
            origin=world.zone, destination=world.zone, starts_at=time(9), ends_at=time(12), minutes=20
        ),
        "drives.fixeddrive": FixedDrive.objects.create(
            origin=world.area, destination=world.area, starts_at=time(9), ends_at=time(12), minutes=20
        ),
        "drives.driverules": drive_rules,
        "drives.observeddrive": ObservedDrive.objects.create(
            origin=world.area,
            destination=world.far_area,
            left_at=NOW - timedelta(hours=1),
            arrived_at=NOW,
            planned_minutes=45,
        ),
        "drives.roadtime": RoadTime.objects.create(
            origin="90026", destination="91364", seconds=1500, asked_at=NOW, asked_of="-"
        ),
        "courses.courseplan": CoursePlan.objects.create(name="Six weeks", number=1, option=world.option),
        "courses.course": Course.objects.create(
            plan=CoursePlan.objects.create(name="Eight weeks", number=1, option=world.option),
            key=uuid.UUID(int=1),
            dates={"day_zero": "2026-12-04", "cleared_from": None},
            booked_at=NOW,
            booked_by=staff,
        ),
        "referrals.referraloffice": ReferralOffice.objects.create(name="Dr. Canary"),
        "referrals.referral": Referral.objects.create(
            office=ReferralOffice.objects.create(name="Dr. Other"),
            plan=CoursePlan.objects.create(name="Ten weeks", number=1, option=world.option),
            name="Other Canary",
            email="canary@example.com",
            health={
                "surgery": "2026-12-01",
                "cleared_from": "2026-12-05",
                "procedure": "Canary reason",
                "limits": "",
                "entered_by": "Kim",
            },
            entered_at=NOW,
            kept_until=NOW + timedelta(days=90),
            submission_key=uuid.uuid4(),
        ),
        "program.exercise": Exercise.objects.create(name="Bridge", steps="Lift.", stop_when="-"),
        "program.exercisepicture": ExercisePicture.objects.create(title="Bridge", width=60, height=40),
        "program.programtemplate": ProgramTemplate.objects.create(name="For runners", sport="running"),
        "reviews.review": Review.objects.create(booking=other, asked_at=NOW),
        "bookings.heardfrom": HeardFrom.objects.create(name="A friend", link_name="friend"),
        "bookings.notetemplate": NoteTemplate.objects.create(name="A call", text="Who called:"),
        "program.program": Program.objects.create(
            booking=other,
            name="For runners",
            sport="running",
            weeks=8,
            started_on=DAY,
            made_at=NOW,
            made_by=staff,
            note="Canary note",
            submission_key=uuid.uuid4(),
        ),
        "bookings.driveoverride": DriveOverride.objects.create(
            from_booking=None, to_booking=other, minutes=25, reason="-", by=staff, at=NOW
        ),
        "bookings.bookingrules": world.rules,
        "bookings.incident": Incident.objects.create(
            happened_at=NOW,
            place="home",
            kind="2",
            act="threat",
            circumstance="alone",
            description="-",
            consequences="-",
            steps="-",
            job_title="Therapist",
            recorded_by=staff,
            recorded_at=NOW,
        ),
        "bookings.addressrule": AddressRule.objects.create(
            address_key="1 side street 90026", rule="two_people", at=NOW, by=staff
        ),
        "bookings.safetycontact": SafetyContact.objects.create(user=staff),
        "bookings.termsversion": world.agreed,
        "bookings.screeningversion": world.screening,
        "bookings.healthaccess": HealthAccess.objects.create(booking=other, user=staff, at=NOW, reason="-"),
        "bookings.erasure": Erasure.objects.create(
            client=Client.objects.create(name=Client.ERASED, created_at=NOW, erased_at=NOW),
            visits=0,
            at=NOW,
            by=staff,
        ),
    }
    note_file = NoteFile.objects.create(booking=other, kind="pdf", data="", digest="0" * 64, handed_in_at=NOW)
    wish = operations.wish_for_time_off(
        therapist=second, starts_at=at(9), ends_at=at(12), reason="Canary errand", now=NOW
    )
    return Desk(users, own, other, off[0], off[1], rows, note_file, wish)


def names(patterns: Any, inside: str = "") -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found |= names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            found.add(pattern.name)
    return found


def test_every_model_and_view_of_the_admin_has_a_row() -> None:
    models = {model._meta.label_lower for model in admin.site._registry}
    assert models == set(RIGHTS)

    parts = ("changelist", "add", "change", "delete", "history")
    of_models = {f"{label.replace('.', '_')}_{part}" for label in RIGHTS for part in parts}
    of_desk = set().union(
        *(
            names(pages.urlpatterns)
            for pages in (desk_pages, desk_courses, desk_referrals, desk_program, desk_reviews)
        )
    )
    assert (of_desk | names(admin.site.get_urls())) - of_models == {
        *VIEWS,
        *POSTS,
        *OPEN,
    }


def test_roles_hold_rights_of_every_model_they_name(db: None) -> None:
    make_roles()
    roles = import_module("bookings.migrations.0002_roles_and_search")
    of_apps = rights_in_migrations()
    assert all(set(rights) <= set(roles.ROLES) for rights in of_apps)
    for name, table in roles.ROLES.items():
        of_role = dict(table)
        for rights in of_apps:
            of_role |= rights.get(name, {})
        wanted = {
            (label, codename(label.split(".")[1], verb)) for label, verbs in of_role.items() for verb in verbs
        }
        held = Permission.objects.filter(group__name=name).values_list(
            "content_type__app_label", "content_type__model", "codename"
        )
        assert {(f"{app}.{model}", given) for app, model, given in held} == wanted


def allowed(status: int) -> bool:
    """Seen, or led to the row of a model that has one; a refusal is a 403."""
    assert status in (200, 302, 403)
    return status != 403


@pytest.mark.parametrize("role", ROLES)
def test_lists_pages_searches_histories_and_forms(role: str, desk: Desk) -> None:
    client = signed_in(desk.users[role])
    wrong = []
    for label, of_roles in RIGHTS.items():
        rights, row, name = of_roles.get(role, ""), desk.rows[label], f"admin:{label.replace('.', '_')}"
        listing = reverse(f"{name}_changelist")
        addresses = {
            "l": [
                listing,
                f"{listing}?q=a",
                reverse(f"{name}_change", args=[row.pk]),
                reverse(f"{name}_history", args=[row.pk]),
            ],
            "a": [reverse(f"{name}_add")],
            "d": [reverse(f"{name}_delete", args=[row.pk])],
        }
        wrong += [
            (address, action)
            for action, listed in addresses.items()
            for address in listed
            if allowed(client.get(address).status_code) is not (action in rights)
        ]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_or_deletes_without_the_right(role: str, desk: Desk) -> None:
    """An empty form is refused before it is read, and the action that deletes does nothing."""
    client = signed_in(desk.users[role])
    wrong = []
    for label, of_roles in RIGHTS.items():
        rights, row, name = of_roles.get(role, ""), desk.rows[label], f"admin:{label.replace('.', '_')}"
        posts = {"c": reverse(f"{name}_change", args=[row.pk]), "a": reverse(f"{name}_add")}
        # Of a row that is there the form that makes it is the one that changes it.
        wanted = {"c": "c", "a": "c" if isinstance(row, SingletonModel) else "a"}
        for action, address in posts.items():
            if wanted[action] not in rights and client.post(address, {}).status_code not in (403, 405):
                wrong.append((address, action))
        if "d" not in rights:
            deletion = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
            client.post(reverse(f"{name}_changelist"), deletion)
            client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"})
            if not type(row)._base_manager.filter(pk=row.pk).exists():
                wrong.append((label, "d"))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_other_views(role: str, desk: Desk) -> None:
    client = signed_in(desk.users[role])
    wrong = []
    for name, roles in VIEWS.items():
        status = client.get(reverse(f"admin:{name}", args=desk.keys(name))).status_code
        # Of what a therapist may not see, nobody tells them that it is there.
        opened = 302 if name in LEAD_BACK else 200
        if status not in (opened, 403, 404) or (status == opened) is not (role in roles):
            wrong.append((name, status))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_views_that_take_posts(role: str, desk: Desk) -> None:
    client = signed_in(desk.users[role])
    before = snapshot(desk.other)
    wrong = []
    for name, roles in POSTS.items():
        data = {"reason": "Why", "note": "Fine", "answer": "Yes.", "text": "Fine", "whose": "client",
                "therapist": desk.other.therapist_id, "kind": "preferred"}  # fmt: skip
        status = client.post(reverse(f"admin:{name}", args=desk.keys(name)), data).status_code
        refused = status in (403, 404)
        if refused is (role in roles) or not (refused or status in (200, 302)):
            wrong.append((name, status))
    assert wrong == []
    assert (snapshot(desk.other) == before) is (role in ("therapist", "writer"))


def snapshot(booking: Booking) -> tuple[Any, ...]:
    """What staff's buttons change of a visit, and of what came in from its client."""
    booking.refresh_from_db()
    return (
        ChangeRequest.objects.filter(booking=booking, state=ChangeState.OPEN).count(),
        ContactMessage.objects.filter(answered_at=None).count(),
        booking.client.notes.count(),
        links.present_feed_token(booking.therapist),
        Client.objects.count(),
        booking.status,
        booking.starts_at,
        booking.events.count(),
        booking.clinician_notes.count(),
        booking.health_accesses.count(),
    )


def test_what_belongs_to_another_therapist_shows_nowhere(desk: Desk) -> None:
    """Every address of the admin, with the keys of the other therapist's rows, read and posted to."""
    client = signed_in(desk.users["therapist"])
    before = snapshot(desk.other)
    others = {**desk.rows, "bookings.booking": desk.other, "bookings.timeoff": desk.other_off}
    addresses = [reverse(f"admin:{name}") for name in ("index", "bookings_booking_day")]
    for kind in ("day", "week", "sheet"):
        query = f"?day={DAY}&therapist={desk.other.therapist_id}"
        addresses.append(reverse(f"admin:bookings_booking_{kind}") + query)
    for label, row in others.items():
        name = f"admin:{label.replace('.', '_')}"
        listing = reverse(f"{name}_changelist")
        addresses += [listing, f"{listing}?q=canary", f"{listing}?all=", f"{listing}?id={row.pk}"]
        addresses += [reverse(f"{name}_{part}", args=[row.pk]) for part in ("change", "history", "delete")]
    for name in (*VIEWS, *POSTS):
        address = reverse(f"admin:{name}", args=desk.keys(name))
        addresses += [address, f"{address}?q=canary", f"{address}?first={DAY}&last={DAY}"]
    merging = reverse("admin:bookings_client_merge", args=[desk.own.client_id])
    addresses += [merging, f"{merging}?q=canary", f"{merging}?other={desk.other.client_id}"]
    for answer in ("accept", "accept-with-fee"):
        key = desk.rows["bookings.changerequest"].pk
        addresses.append(reverse("admin:bookings_changerequest_answer", args=[key, answer]))
    for action in ("confirm", "decline", "complete", "no-show", "reopen", "cancel"):
        addresses.append(reverse("admin:bookings_booking_do", args=[desk.other.pk, action]))
    leaks = []
    for address in addresses:  # it grows by where these lead
        for send, data in ((client.get, None), (client.post, {"reason": "Why", "note": "Fine"})):
            response = send(address, data)
            if response.has_header("Location") and response["Location"] not in addresses:
                addresses.append(response["Location"])
            text = response.content.decode()
            leaks += [(address, word) for word in (*CANARIES, desk.other.reference) if word in text]
    assert leaks == []
    assert snapshot(desk.other) == before
    assert TimeOff.objects.filter(pk=desk.other_off.pk).exists()


def test_a_therapist_sees_and_finishes_their_own(desk: Desk) -> None:
    client = signed_in(desk.users["therapist"])
    listing = client.get(reverse("admin:bookings_booking_changelist")).content.decode()
    assert desk.own.reference in listing
    board = client.get(f"{reverse('admin:bookings_booking_day')}?day={DAY}").content.decode()
    assert "12 Sample Street" in board
    page = client.get(reverse("admin:bookings_booking_change", args=[desk.own.pk])).content.decode()
    assert "CANARY-GATE-4711" in page
    off = client.get(reverse("admin:bookings_timeoff_changelist")).content.decode()
    assert reverse("admin:bookings_timeoff_change", args=[desk.own_off.pk]) in off
    looked = client.post(reverse("admin:bookings_booking_health", args=[desk.own.pk]), {"reason": "My visit"})
    assert looked.status_code == 200
    assert HealthAccess.objects.get(booking=desk.own).user == desk.users["therapist"]


def test_a_therapist_with_more_rights_still_sees_only_their_own(desk: Desk) -> None:
    """Late changes, messages, clients and notes, should an owner let therapists see them."""
    given = ["view_changerequest", "change_changerequest", "view_message", "view_client", "view_clientnote",
             "add_clientnote"]  # fmt: skip
    user = desk.users["therapist"]
    user.user_permissions.set(Permission.objects.filter(codename__in=given))
    own = ChangeRequest.objects.create(booking=desk.own, wanted_starts_at=NOW, asked_at=NOW)
    other = desk.rows["bookings.changerequest"]
    Message.objects.update(state="failed")
    client = signed_in(user)
    before = snapshot(desk.other)

    front = client.get(reverse("admin:index")).content.decode()
    lists = {
        name: client.get(reverse(f"admin:bookings_{name}_changelist")).content.decode()
        for name in ("changerequest", "message", "client")
    }
    for text in (front, lists["changerequest"], lists["message"]):
        assert desk.own.reference in text
    assert reverse("admin:bookings_client_change", args=[desk.own.client_id]) in lists["client"]
    for text in (front, *lists.values()):
        assert not [word for word in (*CANARIES, desk.other.reference) if word in text]

    for name, row in (
        ("changerequest", other), ("message", desk.rows["bookings.message"]), ("client", desk.other.client),
    ):  # fmt: skip
        page = client.get(reverse(f"admin:bookings_{name}_change", args=[row.pk]), follow=True)
        assert not [
            word for word in (*CANARIES, "Canary", desk.other.reference) if word in page.content.decode()
        ]
    for name in ("bookings_changerequest_answer", "bookings_client_note"):
        address = reverse(f"admin:{name}", args=desk.keys(name))
        assert client.post(address, {"text": "Fine"}).status_code == 404
    html = reverse("admin:bookings_message_html", args=desk.keys("bookings_message_html"))
    assert client.get(html).status_code == 404
    action = {"action": "refuse_selected", "_selected_action": [other.pk]}
    client.post(reverse("admin:bookings_changerequest_changelist"), action)
    assert snapshot(desk.other) == before

    note = reverse("admin:bookings_client_note", args=[desk.own.client_id])
    assert client.post(note, {"text": "Likes it quiet"}).status_code == 302
    assert desk.own.client.notes.count() == 1
    answer = reverse("admin:bookings_changerequest_answer", args=[own.pk, "refuse"])
    assert client.post(answer).status_code == 302
    own.refresh_from_db()
    assert own.state == ChangeState.REFUSED


def test_a_calendar_address_shows_only_to_who_may_revoke_it(desk: Desk) -> None:
    token = links.feed_token(desk.other.therapist, now=NOW)
    page = reverse("admin:bookings_therapist_change", args=[desk.other.therapist_id])
    assert token in signed_in(desk.users["owner"]).get(page).content.decode()
    read = signed_in(desk.users["desk"]).get(page)
    assert read.status_code == 200
    assert token not in read.content.decode()


@pytest.mark.parametrize(
    "action",
    ["confirm_selected", "decline_selected", "complete_selected", "no_show_selected", "cancel_selected"],
)
def test_actions_reach_no_visit_of_another(action: str, desk: Desk) -> None:
    before = snapshot(desk.other)
    for role in ("therapist", "writer"):
        data = {"action": action, "_selected_action": [desk.other.pk], "sure": "yes", "reason": "Why"}
        signed_in(desk.users[role]).post(reverse("admin:bookings_booking_changelist"), data)
    assert snapshot(desk.other) == before


def test_time_off_is_given_to_nobody_else(desk: Desk) -> None:
    client = signed_in(desk.users["therapist"])
    day = date(2027, 1, 4)
    data = {
        "therapist": desk.other.therapist_id,
        "first_day": day, "from_time": "09:00", "until_time": "12:00", "reason": "-",
    }  # fmt: skip
    assert client.post(reverse("admin:bookings_timeoff_add"), data).status_code == 200
    assert TimeOff.objects.count() == 2
    own = {**data, "therapist": desk.own.therapist_id}
    assert client.post(reverse("admin:bookings_timeoff_add"), own).status_code == 302
    change = reverse("admin:bookings_timeoff_change", args=[desk.own_off.pk])
    assert client.post(change, data).status_code == 200
    desk.own_off.refresh_from_db()
    assert desk.own_off.therapist == desk.own.therapist


def test_completion_offers_only_what_one_may_see(desk: Desk) -> None:
    """Django answers it for every key of every registered model, whether a page uses it or not."""
    address = reverse("admin:autocomplete")
    seen: dict[str, set[str]] = {}
    for role in ROLES:
        client = signed_in(desk.users[role])
        seen[role] = set()
        for model in admin.site._registry:
            for field in model._meta.get_fields():
                if not (field.is_relation and field.concrete and field.related_model in admin.site._registry):
                    continue
                query: dict[str, str] = {
                    "app_label": model._meta.app_label,
                    "model_name": model._meta.model_name or "",
                    "field_name": field.name,
                    "term": "",
                }
                response = client.get(address, query)
                if response.status_code == 200 and response.json()["results"]:
                    seen[role].add(field.related_model._meta.label_lower)
                if role == "therapist":
                    text = response.content.decode()
                    assert not [word for word in (*CANARIES, desk.other.reference) if word in text]
    readable = {role: {label for label, of in RIGHTS.items() if role in of} for role in ROLES}
    assert {role: seen[role] - readable[role] for role in ROLES} == {role: set() for role in ROLES}
    assert "bookings.client" in seen["desk"]


def test_front_desk_looks_are_written_down_and_prices_stay(desk: Desk) -> None:
    client = signed_in(desk.users["desk"])
    looked = client.post(reverse("admin:bookings_booking_health", args=[desk.other.pk]), {"reason": "A call"})
    assert looked.status_code == 200
    looks = desk.other.health_accesses.filter(user=desk.users["desk"])
    assert "A call" in looks.values_list("reason", flat=True)
