"""The office's own page: whom it refers, who hears of it, and what it sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.courses.models import CoursePlan
from bookings.domain import message_copies
from bookings.enums import MessageKind, MessageState
from bookings.exceptions import SubmissionReused, TooManyMessages
from bookings.models import Message
from bookings.notifications import delivery
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import render
from bookings.referrals import operations
from bookings.referrals.models import Referral, ReferralLook, ReferralOffice
from tests.bookings.courses.conftest import staff_client
from tests.bookings.courses.test_rest import email_of
from tests.bookings.views.visits.browsers import text
from tests.factories import NOW

from .conftest import HEALTH, entered, link_of, make_office, make_referral, page_of, token_in

pytestmark = pytest.mark.django_db


def test_office_refers_a_patient_who_gets_a_link(plan: CoursePlan, office: ReferralOffice) -> None:
    answer = Client().post(page_of(office), entered(plan), follow=True)
    assert "We have written to Ana O'Brien" in text(answer)
    referral = Referral.objects.get()
    assert (referral.name, referral.email, referral.plan) == ("Ana O'Brien", "ana@example.com", plan)
    assert referral.health == HEALTH
    assert referral.approved_at == NOW
    assert not referral.may_see
    message = Message.objects.get()
    assert (message.kind, message.link) == (MessageKind.REFERRED, referral.link)
    email = email_of(message, NOW)
    assert email.to == "ana@example.com"
    assert "Hello Ana." in email.text
    assert "Dr. Lee’s office has asked us" in email.text
    live = render(message, load_target(message), SiteSettings.load(), now=NOW)
    assert link_of(referral) in live.text
    assert link_of(referral) in live.html
    assert "CANARY" not in email.subject + email.text + email.html
    delivery.send_due(clock=lambda: NOW)
    message.refresh_from_db()
    assert message.state == MessageState.SENT
    copy = message_copies.copy_of(message)
    assert copy is not None
    assert link_of(referral) not in str(copy)


def test_what_tells_of_health_is_stored_encrypted(plan: CoursePlan, office: ReferralOffice) -> None:
    make_referral(office, plan)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM referrals_referral")
        assert "CANARY" not in str(cursor.fetchall())


def test_patient_without_an_email_is_called(plan: CoursePlan, office: ReferralOffice, desk: Client) -> None:
    answer = Client().post(page_of(office), entered(plan, email="", phone="(213) 555-0123"), follow=True)
    assert "We call Ana O'Brien" in text(answer)
    assert not Message.objects.exists()
    assert Referral.objects.get().phone == "+12135550123"
    assert "referred a patient without an email: please call and plan." in text(desk.get("/admin/"))


def test_owner_who_approves_each_entry(desk: Client, plan: CoursePlan) -> None:
    office = make_office(approve_each=True)
    answer = Client().post(page_of(office), entered(plan), follow=True)
    assert "One of us looks at it" in text(answer)
    referral = Referral.objects.get()
    assert (referral.approved_at, referral.link) == (None, None)
    assert not Message.objects.exists()

    page = reverse("admin:referrals_referral_change", args=[referral.pk])
    assert "please look at it" in text(desk.get("/admin/"))
    shut = text(desk.get(page))
    assert "CANARY" not in shut
    assert "Approve it" not in shut
    approve = reverse("admin:referrals_referral_approve", args=[referral.pk])
    assert "Please open it first" in text(desk.post(approve, follow=True))
    assert not Message.objects.exists()
    opened = text(desk.post(reverse("admin:referrals_referral_open", args=[referral.pk])))
    assert "CANARY-PROCEDURE" in opened
    assert "CANARY-LIMITS" in opened
    assert "Approve it, and write to the patient" in opened
    assert "We write to Ana O&#x27;Brien." in desk.post(approve, follow=True).content.decode()
    referral.refresh_from_db()
    assert (referral.approved_at, str(referral.approved_by)) == (NOW, "desk")
    assert Message.objects.get().link == referral.link
    assert "It waits for no word any more." in text(desk.post(approve, follow=True))
    assert Message.objects.count() == 1
    assert "please look at it" not in text(desk.get("/admin/"))


def test_each_look_is_written_down_once_in_half_a_day(
    plan: CoursePlan, office: ReferralOffice, desk: Client
) -> None:
    referral = make_referral(office, plan)
    opening = reverse("admin:referrals_referral_open", args=[referral.pk])
    for _time in range(2):
        desk.post(opening)
    assert [(str(look.user), look.at) for look in ReferralLook.objects.all()] == [("desk", NOW)]
    with time_machine.travel(NOW + timedelta(hours=12), tick=False):
        desk.post(opening)
    assert ReferralLook.objects.count() == 2


def test_same_press_twice_is_one_patient(plan: CoursePlan, office: ReferralOffice) -> None:
    browser, sent = Client(), entered(plan)
    for _time in range(2):
        assert browser.post(page_of(office), sent).status_code == 302
    assert (Referral.objects.count(), Message.objects.count()) == (1, 1)
    other = browser.post(page_of(office), {**sent, "limits": "Others."})
    assert other.status_code == 409
    assert "with other words" in text(other)
    assert "Others." in text(other)
    again = {**sent, "limits": "Others.", "form_token": token_in(other.content.decode())}
    assert browser.post(page_of(office), again).status_code == 302
    assert Referral.objects.count() == 2


def test_key_of_another_offices_press_is_refused(plan: CoursePlan, office: ReferralOffice) -> None:
    press: dict[str, Any] = {
        "key": make_referral(office, plan).submission_key, "plan": plan, "name": "Ana O'Brien",
        "email": "ana@example.com", "phone": "", "health": HEALTH, "now": NOW,
    }  # fmt: skip
    assert operations.refer(office=office, **press) == Referral.objects.get()
    with pytest.raises(SubmissionReused):
        operations.refer(office=make_office("Dr. Wu’s office"), **press)


def test_corrected_entry_ends_the_one_before(plan: CoursePlan, office: ReferralOffice) -> None:
    """The patient can't go on with a day that the office has taken back by a later one."""
    first = make_referral(office, plan)
    link = link_of(first)
    second = make_referral(office, plan, name="Aná O'Brien", health={"cleared_from": "2026-12-20"})
    assert Client().get(link).status_code == 404
    assert Client().get(link_of(second)).status_code == 200
    first.refresh_from_db()
    assert first.ended_at == NOW
    # Another person of the same mailbox keeps theirs.
    make_referral(office, plan, name="Bea O'Brien")
    assert Client().get(link_of(second)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Type the patient’s name."),
        ({"name": "12"}, "A name needs at least one letter."),
        ({"email": "", "phone": ""}, "Give an email address or a phone number."),
        ({"email": "ana@exämple.com"}, "Please use another one."),
        ({"phone": "12"}, "Type a phone number with its area code"),
        ({"procedure": ""}, "Type which procedure it was."),
        ({"surgery": "soon"}, "Give a day, like 2026-03-25."),
        ({"surgery": "1926-12-04"}, "more than a year away"),
        ({"cleared_from": "2026-11-30"}, "That is before the surgery."),
        ({"cleared_from": "9999-12-31"}, "more than a year away"),
        ({"cleared_from": "2026-12-07"}, "This plan has 2 visits from day 3 to day 7 after the surgery"),
        (
            {"surgery": "2026-11-20", "cleared_from": "2026-11-24"},
            "This plan has 2 visits from day 3 to day 7",
        ),
        ({"plan": "0"}, "Choose one of these plans."),
        ({"plan": "9" * 400}, "Choose one of these plans."),
        ({"entered_by": ""}, "Type your name."),
        ({"is_cleared": None}, "this entry is the surgeon’s word"),
        ({"limits": "x" * 1001}, "at most. This has 1001."),
        ({"form_token": "made up"}, "open for too long"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    plan: CoursePlan, office: ReferralOffice, changes: dict[str, Any], words: str
) -> None:
    answer = Client().post(page_of(office), entered(plan, **changes))
    assert answer.status_code == 422
    assert words in text(answer)
    assert "Kim Canary" in answer.content.decode() or "entered_by" in changes
    assert not Referral.objects.exists()


def test_last_day_on_which_the_plan_still_fits_is_taken(plan: CoursePlan, office: ReferralOffice) -> None:
    assert Client().post(page_of(office), entered(plan, cleared_from="2026-12-06")).status_code == 302


@pytest.mark.parametrize("name", ["a\x00b", "<script>alert(1)</script>", "x" * 100_000])
def test_hostile_names_break_nothing(plan: CoursePlan, office: ReferralOffice, name: str) -> None:
    answer = Client().post(page_of(office), entered(plan, name=name))
    assert answer.status_code in (302, 422)
    if answer.status_code == 302:
        answer = Client().get(link_of(Referral.objects.get()))
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("address", ["/refer/", "/referred/"])
@pytest.mark.parametrize("token", ["x", "x" * 43, "%00", "%ED%A0%80", "x" * 3000])
def test_unknown_address_is_closed_with_kind_words(db: None, address: str, token: str) -> None:
    answer = Client().get(f"{address}{token}/")
    assert answer.status_code == 404
    assert "This address opens nothing" in text(answer)


def test_link_of_one_purpose_opens_nothing_else(plan: CoursePlan, office: ReferralOffice) -> None:
    referral = make_referral(office, plan)
    assert Client().get(link_of(referral).replace("referred", "refer")).status_code == 404
    assert Client().get(page_of(office).replace("refer", "referred")).status_code == 404


@pytest.mark.parametrize("which", ["office", "patient"])
def test_pages_are_private(plan: CoursePlan, office: ReferralOffice, which: str) -> None:
    address = page_of(office) if which == "office" else link_of(make_referral(office, plan))
    answer = Client().get(address)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Robots-Tag"] == "noindex"
    assert "CANARY" not in answer.content.decode()


def test_ten_patients_a_week_meet_no_limit(plan: CoursePlan, office: ReferralOffice, settings: Any) -> None:
    """All of them on one morning, from one connection."""
    settings.RATELIMIT_ENABLE = True
    browser = Client()
    for number in range(10):
        sent = entered(plan, name=f"Patient {'abcdefghij'[number]}", email=f"patient{number}@example.com")
        assert browser.get(page_of(office)).status_code == 200
        assert browser.post(page_of(office), sent).status_code == 302
    assert Message.objects.filter(kind=MessageKind.REFERRED).count() == 10


def test_address_in_wrong_hands_writes_to_few(
    plan: CoursePlan, office: ReferralOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "MOST_A_DAY", 2)
    for number in range(2):
        make_referral(office, plan, email=f"patient{number}@example.com")
    answer = Client().post(page_of(office), entered(plan, email="third@example.com"))
    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert "CANARY-PROCEDURE" in answer.content.decode()
    make_referral(make_office("Dr. Wu’s office"), plan)
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert Client().post(page_of(office), entered(plan, form_token=fresh())).status_code == 302


def fresh() -> str:
    from massagerx.lib.form_tokens import issue_form_token

    return issue_form_token("refer", now=NOW + timedelta(days=1))


def test_mailbox_is_not_flooded(plan: CoursePlan, office: ReferralOffice) -> None:
    for _time in range(operations.MOST_TO_A_MAILBOX):
        make_referral(office, plan)
    with pytest.raises(TooManyMessages):
        make_referral(make_office("Dr. Wu’s office"), plan)


def test_without_a_plan_the_page_says_so(plan: CoursePlan, office: ReferralOffice) -> None:
    CoursePlan.objects.update(approved_by="")
    assert "have a plan available right now" in text(Client().get(page_of(office)))


def test_owner_makes_rolls_and_takes_back_the_address(owner: Client) -> None:
    owner.post("/admin/referrals/referraloffice/add/", {"name": "Dr. Lee’s office"})
    office = ReferralOffice.objects.get()
    change = reverse("admin:referrals_referraloffice_change", args=[office.pk])
    address = reverse("admin:referrals_referraloffice_address", args=[office.pk])
    assert "Make an address" in text(owner.get(change))
    tokens = []
    for _time in range(2):
        owner.post(address, {"press": "make"})
        office = ReferralOffice.objects.select_related("link").get()
        tokens.append(operations.token_of(office))
        assert tokens[-1] in owner.get(change).content.decode()
    assert [Client().get(f"/refer/{token}/").status_code for token in tokens] == [404, 200]
    assert "There is a new address" not in text(owner.get(address))
    owner.post(address, {"press": "end"})
    assert Client().get(f"/refer/{tokens[1]}/").status_code == 404
    history = text(owner.get(reverse("admin:referrals_referraloffice_history", args=[office.pk])))
    assert history.count("New address.") == 2
    assert "Address taken back." in history


def test_front_desk_does_not_see_the_address(desk: Client, office: ReferralOffice) -> None:
    page = desk.get(reverse("admin:referrals_referraloffice_change", args=[office.pk])).content.decode()
    assert "Dr. Lee’s office" in page
    assert operations.token_of(office) not in page


def test_staff_take_an_entry_back(plan: CoursePlan, office: ReferralOffice, desk: Client) -> None:
    referral = make_referral(office, plan)
    link = link_of(referral)
    back = reverse("admin:referrals_referral_take_back", args=[referral.pk])
    assert "It is taken back." in text(desk.post(back, follow=True))
    assert Client().get(link).status_code == 404
    assert "it was taken back before" in text(desk.post(back, follow=True))
    # What waits to be mailed is not sent any more.
    delivery.send_due(clock=lambda: NOW)
    assert Message.objects.get().state == MessageState.DROPPED


def test_entry_that_no_key_opens_costs_no_page(
    plan: CoursePlan, office: ReferralOffice, desk: Client
) -> None:
    referral = make_referral(office, plan)
    link = link_of(referral)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE referrals_referral SET health = %s", ["v1:none:none"])
    assert Client().get(link).status_code == 404
    assert desk.get("/admin/referrals/referral/").status_code == 200
    page = reverse("admin:referrals_referral_change", args=[referral.pk])
    assert desk.get(page).status_code == 200
    for name in ("open", "plan", "take_back"):
        answer = desk.post(reverse(f"admin:referrals_referral_{name}", args=[referral.pk]), follow=True)
        assert answer.status_code == 200
    assert Client().get(page_of(office)).status_code == 200


def test_owner_downloads_an_entry_of_who_is_no_client(plan: CoursePlan, office: ReferralOffice) -> None:
    referral = make_referral(office, plan)
    owner = staff_client("owner", "Owner")
    shut = owner.get(reverse("admin:referrals_referral_change", args=[referral.pk]))
    assert "Download it for the patient" in text(shut)

    answer = owner.post(reverse("admin:referrals_referral_download", args=[referral.pk]))

    assert answer["Content-Disposition"] == f'attachment; filename="entry-{referral.pk}.json"'
    (entry,) = answer.json()["referrals"]
    assert entry["name"] == referral.name
    assert HEALTH["procedure"] in str(entry["health"])
    # Nobody has searched for it.
    assert "found_by" not in entry
    assert ReferralLook.objects.filter(referral=referral, user__username="owner").count() == 1
    asked = owner.get(reverse("admin:referrals_referral_download", args=[referral.pk]))
    assert asked.status_code == 302
