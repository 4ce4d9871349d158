"""Those for whom a client books: picked again by name, put right, and asked whether they agree."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from bookings.domain import erasure, export, intake, links, operations, persons
from bookings.domain.clients import merge_clients
from bookings.domain.operations import Act, Press
from bookings.domain.persons import Told
from bookings.domain.stranding import why_not_kept
from bookings.enums import BookingStatus, LinkPurpose, MessageKind, NoteScope, StepKind
from bookings.exceptions import ChangedMeanwhile, ConsentTakenBack, PersonKnown
from bookings.models import (
    Booking,
    BookingEvent,
    CheckIn,
    Link,
    Message,
    OwnConsent,
    ScreeningRecord,
    Therapist,
)
from bookings.notifications.registry import SiteSettings, not_before, obsolete_reason
from bookings.notifications.render import render
from tests.bookings.courses.conftest import staff_client
from tests.bookings.desk.conftest import signed_in as staff_signed_in
from tests.bookings.desk.conftest import staff_user
from tests.bookings.views.flow import Flow
from tests.bookings.views.visits.browsers import address, signed_in, with_link
from tests.factories import CLEAR_ANSWERS, NOW, World, at

pytestmark = pytest.mark.django_db
MARIA: dict[str, Any] = {
    "recipient_name": "Maria O'Brien",
    "recipient_phone": "+12135550177",
    "recipient_language": "Spanish",
}
TOM: dict[str, Any] = {"recipient_name": "Tom O'Brien", "recipient_phone": "+12135550188"}


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def visits(world: World) -> list[Booking]:
    """Two of Maria's, the first canceled, and one of Tom's, all booked by Ana."""
    made = [
        world.book(starts_at=at(10), **MARIA),
        world.book(starts_at=at(12), **MARIA),
        world.book(starts_at=at(14), **TOM),
    ]
    operations.cancel_booking(booking=made[0], actor=None, now=NOW)
    return made


def words(response: Any) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def told(booking: Booking) -> tuple[str, str, str]:
    booking.refresh_from_db()
    found = persons.told_of(booking)
    return found.name, found.phone, found.language


def link_on(page: Any) -> str:
    (link,) = re.findall(r'value="http[^"]*(/agree/[^"]+)"', page.content.decode())
    return str(link)


# Picked by name -------------------------------------------------------------------------------------------------


def test_who_proved_the_mailbox_picks_by_name(flow: Flow, visits: list[Booking]) -> None:
    flow.client.cookies = signed_in().cookies
    flow.until("details")
    page = words(flow.client.get("/book/details/"))
    assert "Whom have you booked for before? (optional) Tom O'Brien Maria O'Brien Somebody else" in page

    flow.details(for_other="on", person="Maria O'Brien", recipient_name="")

    page = words(flow.client.get("/book/review/"))
    for said in ("Maria O'Brien", "At the door we call (213) 555-0177", "Speaks Spanish"):
        assert said in page


@pytest.mark.parametrize("by_staff", [False, True])
def test_second_of_two_side_by_side_is_picked_by_name(
    flow: Flow, world: World, visits: list[Booking], by_staff: bool
) -> None:
    world.add_therapist()
    if by_staff:
        staff = staff_client("desk", "Front desk")
        staff.post("/book/for-a-client/", {"client": visits[0].client_id})
        flow.client = staff
    else:
        flow.client.cookies = signed_in().cookies
    both = CLEAR_ANSWERS | {f"p2-{name}": value for name, value in CLEAR_ANSWERS.items()}
    flow.what(people="both")
    flow.where()
    flow.when(
        starts_at=at(16).isoformat(), therapist="sample-therapist-one+sample-therapist-two", second="any"
    )
    flow.health(**both)
    page = words(flow.client.get("/book/details/"))
    assert "Is the second person one of these? (optional) Tom O'Brien Maria O'Brien Somebody else" in page
    first = {"for_other": "on", "person": "Tom O'Brien", "recipient_name": ""}
    for second, why in (
        ({"second_person": "Maria O'Brien", "second_name": "Joan"}, "For Joan choose “Somebody else”"),
        ({"second_person": "Tom O'Brien", "second_name": ""}, "That is the first person. Who is the second?"),
        ({"second_name": ""}, "Type the name of the second person."),
    ):
        assert why in words(flow.details(**first, **second))
    assert flow.details(**first, second_person="Maria O'Brien", second_name="").status_code == 302
    review = words(flow.client.get("/book/review/"))
    assert "Maria O'Brien: at the door we call (213) 555-0177" in review
    assert "Maria O'Brien speaks Spanish" in review
    flow.review()
    assert [told(visit) for visit in Booking.objects.order_by("pk")[3:]] == [
        ("Tom O'Brien", "+12135550188", ""), ("Maria O'Brien", "+12135550177", "Spanish"),
    ]  # fmt: skip


def test_nobody_else_reads_whom_a_client_books_for(flow: Flow, visits: list[Booking]) -> None:
    flow.until("details").details(email="ana@example.com", name="")
    page = words(flow.client.get("/book/details/"))
    assert "Maria" not in page
    assert "Whom have you booked for before?" not in page


@pytest.mark.parametrize(
    ("typed", "booked"),
    [
        ({"recipient_name": "Maria O'Brien"}, ("Tom O'Brien", "+12135550188", "")),
        ({"recipient_phone": "(213) 555-0166"}, ("Tom O'Brien", "+12135550166", "")),
        (
            {"recipient_name": "Tom O'Brien", "recipient_language": "Polish"},
            ("Tom O'Brien", "+12135550188", "Polish"),
        ),
    ],
)
def test_what_is_known_of_who_is_picked_is_theirs(
    flow: Flow, visits: list[Booking], typed: dict[str, str], booked: tuple[str, str, str]
) -> None:
    """What stands in the fields from somebody else is not taken over."""
    flow.client.cookies = signed_in().cookies
    flow.until("details").details(for_other="on", person="Tom O'Brien", **typed)
    flow.review()
    assert told(Booking.objects.latest("pk")) == booked


def begin_again(flow: Flow, visit: Booking) -> None:
    flow.client.cookies = signed_in().cookies
    flow.client.post(address(visit, "again"))
    flow.when()
    flow.health()


@pytest.mark.parametrize(
    ("again", "typed", "booked"),
    [
        # Of Tom's, picked for Maria: what stands is Tom's, what is typed is hers.
        (2, ("", "+12135550188", ""), ("+12135550177", "Spanish")),
        (2, ("Tom O'Brien", "+12135550188", ""), ("+12135550177", "Spanish")),
        (2, ("Tom O'Brien", "(213) 555-0166", ""), ("+12135550166", "Spanish")),
        (2, ("Tom O'Brien", "", "Polish"), ("+12135550177", "Polish")),
        # Of hers: a number is taken away, too.
        (1, ("Maria O'Brien", "", "Spanish"), ("", "Spanish")),
        (1, ("", "(213) 555-0177", ""), ("+12135550177", "Spanish")),
    ],
)
def test_what_stood_in_the_fields_of_somebody_else_is_not_theirs(
    flow: Flow, visits: list[Booking], again: int, typed: tuple[str, ...], booked: tuple[str, str]
) -> None:
    begin_again(flow, visits[again])
    fields = ("recipient_name", "recipient_phone", "recipient_language")
    sent = {"for_other": "on", "person": "Maria O'Brien", **dict(zip(fields, typed, strict=True))}
    page = html.unescape(flow.details(**sent, street="").content.decode())
    # What can't be taken yet shows what was; pressed once more it is the same.
    shown = dict(re.findall(r'name="(recipient_\w+)" value="([^"]*)"', page))
    flow.details(**{"for_other": "on", "person": "Maria O'Brien", **dict.fromkeys(fields, ""), **shown})
    flow.health()
    flow.review()
    assert told(Booking.objects.latest("pk")) == ("Maria O'Brien", *booked)


def test_a_choice_is_taken_when_the_hour_of_the_proof_ends_meanwhile(
    flow: Flow, visits: list[Booking]
) -> None:
    flow.client.cookies = signed_in().cookies
    flow.until("details")
    with time_machine.travel(NOW + timedelta(minutes=61), tick=False):
        flow.details(for_other="on", person="Maria O'Brien", recipient_name="")
        assert "Maria O'Brien" in words(flow.client.get("/book/review/"))


def test_names_are_shown_to_who_proved_the_mailbox_not_long_ago(flow: Flow, visits: list[Booking]) -> None:
    flow.client.cookies = signed_in().cookies
    flow.until("details")
    with time_machine.travel(NOW + timedelta(minutes=61), tick=False):
        assert "Maria" not in words(flow.client.get("/book/details/"))


def test_who_signs_in_next_does_not_find_the_person_that_was_picked(
    flow: Flow, visits: list[Booking]
) -> None:
    flow.client.cookies = signed_in().cookies
    flow.until("details").details(for_other="on", person="Maria O'Brien", recipient_name="")
    assert flow.client.get("/book/review/").status_code == 200
    token = links.token_of(links.sign_in_link(email="else@example.com", now=NOW))
    flow.client.get(f"/visits/sign-in/{token}/")
    flow.client.post("/visits/open/")
    assert flow.client.get("/book/review/").status_code == 302


def test_another_name_beside_the_one_picked_is_asked_about(flow: Flow, visits: list[Booking]) -> None:
    flow.client.cookies = signed_in().cookies
    response = flow.until("details").details(for_other="on", person="Tom O'Brien", recipient_name="Jane Roe")
    assert response.status_code == 422
    assert "You chose Tom O'Brien and typed another name. For Jane Roe choose “Somebody else”." in words(
        response
    )
    assert 'value="Jane Roe"' in response.content.decode()
    flow.details(for_other="on", person="", recipient_name="Jane Roe")
    flow.review()
    assert Booking.objects.latest("pk").recipient_name == "Jane Roe"


def test_whom_nobody_proved_to_know_is_not_known(flow: Flow, world: World, visits: list[Booking]) -> None:
    """What a stranger asks for under a client's email address is not theirs."""
    strangers: dict[str, Any] = {"phone": "+12135550100", "recipient_phone": "+12135550199"}
    for days, name in ((0, "Maria O'Brien"), (1, "Call me")):
        start = at(16) + timedelta(days=days)
        world.book(starts_at=start, proved=False, recipient_name=name, **strangers)
    assert "Book for Call me" not in words(signed_in().get("/visits/"))
    flow.client.cookies = signed_in().cookies
    flow.until("details").details(for_other="on", person="Maria O'Brien", recipient_name="")
    flow.review()
    assert told(Booking.objects.latest("pk")) == ("Maria O'Brien", "+12135550177", "Spanish")


def test_desk_picks_by_name_and_begins_from_the_clients_page(world: World, visits: list[Booking]) -> None:
    desk = staff_client("desk", "Front desk")
    page = desk.get(f"/admin/bookings/client/{visits[0].client_id}/change/")
    assert "Books for Tom O'Brien 1 visit Maria O'Brien 1 visit" in words(page)
    there = f"/admin/bookings/booking/{visits[1].pk}/person/"
    assert there in page.content.decode()
    assert "Maria O'Brien: visits, consent" in words(
        desk.get(f"/admin/bookings/booking/{visits[1].pk}/change/")
    )
    shown = words(desk.get(there))
    assert "Ana O'Brien told us that they know and agree." in shown
    assert "Book for Maria O'Brien" in shown

    desk.post("/book/for-a-client/", {"visit": visits[1].pk})
    flow = Flow(desk, world)
    flow.when()
    flow.health()
    assert "Whom have you booked for before?" in words(desk.get("/book/details/"))


# Put right --------------------------------------------------------------------------------------------------------


def test_client_sees_their_visits_and_puts_right_what_is_told(visits: list[Booking]) -> None:
    client = signed_in()
    listed = client.get("/visits/")
    assert (
        "Those you book for Tom O'Brien 1 visit Book for Tom O'Brien Maria O'Brien 1 visit · Spanish"
        in words(listed)
    )
    page = client.get(address(visits[1], "person"))
    assert words(page).count("Manual lymphatic drainage") == 2
    assert visits[2].reference not in page.content.decode()

    sent = {"name": "Maria Luisa O'Brien", "phone": "(213) 555-0199", "language": ""}
    answer = client.post(address(visits[1], "person"), sent, follow=True)

    assert "Saved. Whoever comes sees it before the visit." in words(answer)
    assert told(visits[1]) == ("Maria Luisa O'Brien", "+12135550199", "")
    # The name is of all their visits; number and language of the newest and those to come.
    assert told(visits[0]) == ("Maria Luisa O'Brien", "+12135550177", "Spanish")
    assert told(visits[2])[0] == "Tom O'Brien"
    assert BookingEvent.objects.filter(kind="person", by_client=True).count() == 2


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"name": "tom o'brien"}, 409, "You already book for somebody of that name."),
        ({"name": "Ana O'Brien"}, 409, "You already book for somebody of that name."),
        ({"name": ""}, 422, "Type the name of the person we visit."),
        ({"name": "123"}, 422, "A name needs at least one letter."),
        ({"phone": "555"}, 422, "Type a phone number with its area code"),
        ({"name": "x" * 121}, 422, "120"),
    ],
)
def test_what_can_not_be_put_right_is_told_and_kept(
    visits: list[Booking], changes: dict[str, str], status: int, says: str
) -> None:
    sent = {"name": "Maria O'Brien", "phone": "(213) 555-0199", "language": "Polish", **changes}
    answer = signed_in().post(address(visits[1], "person"), sent)
    assert answer.status_code == status
    assert says in words(answer)
    assert 'value="Polish"' in answer.content.decode()
    assert told(visits[1]) == ("Maria O'Brien", "+12135550177", "Spanish")


def test_only_who_proved_the_mailbox_sees_a_person(world: World, visits: list[Booking]) -> None:
    there = address(visits[1], "person")
    asked = with_link(visits[1]).get(there)
    assert asked["Location"].endswith("code/?next=person")
    assert Client().get(there).status_code == 404
    assert signed_in("else@example.com").get(there).status_code == 404
    own = world.book(starts_at=at(16))
    assert signed_in().get(address(own, "person"))["Location"] == address(own)


def test_answers_and_notes_stay_with_who_is_spelled_anew(world: World, visits: list[Booking]) -> None:
    grave = CLEAR_ANSWERS | {"pregnancy": "yes", "pregnancy_signs": "no"}
    first = world.book(starts_at=at(16), answers=grave, **MARIA)
    act = Act(NOW, User.objects.create_user("d"), by_client=True)
    until = (at(16) + timedelta(days=60)).date()
    operations.record_clinician_note(
        booking=first, actor=act.actor, note="Yes.", now=NOW, scope=NoteScope.SERVICE, until=until
    )
    new = Told("Maria L. O'Brien", "", "")
    assert persons.change_person(of=first, told=new, act=act) == 3
    later = world.book(starts_at=at(10) + timedelta(days=1), answers=grave, recipient_name=new.name)
    assert later.screening.is_covered
    with pytest.raises(ChangedMeanwhile):
        persons.change_person(of=first, told=new, act=act)
    with pytest.raises(PersonKnown):
        persons.change_person(of=later, told=Told("TOM O'BRIEN", "", ""), act=act)


def test_another_spelling_is_the_same_person(world: World, visits: list[Booking]) -> None:
    """Capitals, accents and spaces make no other person."""
    other = world.book(starts_at=at(16), **MARIA | {"recipient_name": "maría  o'brien"})
    found = persons.persons_among(Booking.objects.filter(client=other.client))
    assert [(row.told.name, row.visits) for row in found] == [("maría  o'brien", 2), ("Tom O'Brien", 1)]
    OwnConsent.objects.create(
        client=other.client, name="Maria O'Brien", taken_back_at=NOW, terms_version=world.agreed
    )
    with pytest.raises(ConsentTakenBack):
        operations.confirm_booking(booking=other, actor=None, now=NOW)
    page = signed_in().post(
        address(other, "person"), {"name": "María O'Brien", "phone": "(213) 555-0177", "language": "Spanish"}
    )
    assert page.status_code == 302
    names = Booking.objects.order_by("pk").values_list("recipient_name", flat=True)
    assert list(names) == ["María O'Brien", "María O'Brien", "Tom O'Brien", "María O'Brien"]
    assert persons.own_consent(other.client, "María O'Brien") is not None
    # In whatever spelling, none of theirs is kept.
    for name in ("maria o’brien", "Maria OBrien", "Maria O'Brien"):
        Booking.objects.filter(pk=other.pk).update(recipient_name=name)
        assert why_not_kept(other, now=NOW) == "consent"
    Booking.objects.filter(pk=other.pk).update(recipient_name="Mario O'Brien")
    assert why_not_kept(other, now=NOW) == ""


@pytest.mark.parametrize("by_staff", [False, True])
def test_what_was_told_for_one_visit_alone_stays(world: World, visits: list[Booking], by_staff: bool) -> None:
    """The page shows what the visit has; what differs from it is written."""
    tuesday, clinic = visits[1], "+12135550155"
    Booking.objects.filter(pk=tuesday.pk).update(recipient_phone=clinic)
    friday = world.book(starts_at=at(10) + timedelta(days=1), **MARIA)
    there = f"/admin/bookings/booking/{tuesday.pk}/person/" if by_staff else address(tuesday, "person")
    browser = staff_client("desk", "Front desk") if by_staff else signed_in()
    assert 'value="(213) 555-0155"' in browser.get(there).content.decode()

    browser.post(there, {"name": "Maria OBrien", "phone": "(213) 555-0155", "language": "Spanish"})
    assert told(tuesday) == ("Maria OBrien", clinic, "Spanish")
    assert told(friday) == ("Maria OBrien", "+12135550177", "Spanish")

    # It has begun, the therapist is at the door.
    with time_machine.travel(at(12) + timedelta(minutes=5), tick=False):
        browser = staff_client("desk2", "Front desk") if by_staff else signed_in(now=at(12))
        browser.post(there, {"name": "Maria OBrien", "phone": "(213) 555-0144", "language": "Polish"})
    assert told(tuesday) == ("Maria OBrien", "+12135550144", "Polish")
    assert told(friday) == ("Maria OBrien", "+12135550177", "Polish")


def test_same_words_again_change_nothing(visits: list[Booking]) -> None:
    same = Told("Maria O'Brien", "+12135550177", "Spanish")
    act = Act(NOW, by_client=True)
    assert persons.change_person(of=visits[0], told=same, act=act) == 0
    assert not BookingEvent.objects.filter(kind="person").exists()


# Their own consent --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["client", "desk"])
def test_person_agrees_by_a_link_of_their_own(visits: list[Booking], who: str) -> None:
    if who == "client":
        browser, there = signed_in(), address(visits[1], "person")
    else:
        browser, there = staff_client("desk", "Front desk"), f"/admin/bookings/booking/{visits[1].pk}/person/"
    link = link_on(browser.post(there, {"link": "yes"}))
    Link.objects.filter(purpose=LinkPurpose.CONSENT).update(expires_at=NOW + timedelta(days=1))
    shown_again = browser.post(there, {"link": "yes"})
    assert link_on(shown_again) == link
    assert "It works until December 3." in words(shown_again)

    theirs = Client()
    page = theirs.get(link)
    assert page["Cache-Control"] == "no-store, private" or "no-store" in page["Cache-Control"]
    said = words(page)
    assert "Hello Maria O'Brien" in said
    assert "Ana O'Brien books massage visits at home for you." in said
    assert "I agree." in said  # the terms that they agree to
    for kept in ("12 Sample Street", "Spanish", "Manual lymphatic", "Tom"):
        assert kept not in said
    # To look at it changes nothing.
    assert not OwnConsent.objects.exists()

    for _press in range(2):
        assert "You agreed on December 2, 2026. Thank you." in words(theirs.post(link, follow=True))

    consent = OwnConsent.objects.get()
    assert (consent.client, consent.name, consent.agreed_at) == (visits[1].client, "Maria O'Brien", NOW)
    assert BookingEvent.objects.filter(kind="person", by_client=True).count() == 1
    shown = words(browser.get(there))
    assert ("Maria O'Brien agreed on December 2, 2026" in shown) is (who == "client")
    assert ("themselves, by a link" in shown) is (who == "desk")


def test_who_does_not_agree_is_not_visited_until_they_do(world: World, visits: list[Booking]) -> None:
    operations.confirm_booking(booking=visits[1], actor=None, now=NOW)
    Message.objects.all().delete()
    link = link_on(signed_in().post(address(visits[1], "person"), {"link": "yes"}))
    maria = Client()
    assert "If you don’t agree, we don’t come, and tell Ana O'Brien so." in words(maria.get(link))
    for _press in range(2):
        page = maria.post(link, {"no": "yes"}, follow=True)
        assert "We don’t come to you. If you agree after all, please call us yourself." in words(page)

    kinds = sorted(Message.objects.values_list("kind", flat=True))
    assert kinds == ["consent_back", "stranded_alert"]
    told_by = {kind: Message.objects.get(kind=kind) for kind in kinds}
    for kind, said in (
        ("consent_back", "Maria O'Brien doesn’t agree to our visits"),
        ("stranded_alert", "Whoever is visited has taken their consent back"),
    ):
        assert said in render(told_by[kind], visits[1], SiteSettings.load(), now=NOW).text
    desk = staff_client("desk", "Front desk")
    assert "who is visited has taken their consent back" in words(desk.get("/admin/"))
    person = words(desk.get(f"/admin/bookings/booking/{visits[1].pk}/person/"))
    assert "no: they took it back" in person
    assert "Maria O'Brien told us on" in words(signed_in().get(address(visits[1], "person")))
    again = world.book(starts_at=at(16), **MARIA)
    with pytest.raises(ConsentTakenBack):
        operations.confirm_booking(booking=again, actor=None, now=NOW)
    act = Act(NOW, by_client=True)
    persons.change_person(of=visits[1], told=Told("Mary O'Brien", "", ""), act=act)
    assert OwnConsent.is_taken_back(client=visits[1].client, name="Mary O'Brien")

    # Who booked has the link from before, and is given no other.
    visits[1].refresh_from_db()
    again.refresh_from_db()
    ana, there = signed_in(), address(again, "person")
    earlier = links.consent_link(again, now=NOW - timedelta(minutes=1))
    assert persons.agree(earlier, now=NOW) is not None
    assert "I agree" not in re.findall(
        r"<button[^>]*>([^<]*)", ana.get(f"/agree/{links.token_of(earlier)}/").content.decode()
    )
    shown = ana.post(there, {"link": "yes"}, follow=True)
    assert "please have them call us themselves" in words(shown)
    assert "/agree/" not in shown.content.decode()
    assert OwnConsent.objects.exclude(taken_back_at=None).exists()
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        for _press in range(2):
            by_staff = link_on(desk.post(f"/admin/bookings/booking/{again.pk}/person/", {"link": "yes"}))
        assert "unless you tell us that you do" in words(maria.get(by_staff))
        maria.post(by_staff)
    assert not OwnConsent.objects.exclude(taken_back_at=None).exists()
    assert operations.confirm_booking(booking=again, actor=None, now=NOW).status == BookingStatus.CONFIRMED


@pytest.mark.parametrize("minutes", [-60, 2])
def test_nobody_goes_to_who_does_not_agree_at_the_last_moment(
    world: World, visits: list[Booking], minutes: int
) -> None:
    """An hour ahead, or while the therapist is late: who comes reads it, and so does the desk."""
    visit = operations.confirm_booking(booking=visits[1], actor=None, now=NOW)
    hands = staff_user("hands", "view_own_visits", "finish_own_visits")
    Therapist.objects.filter(pk=visit.therapist_id).update(user=hands)
    now = visit.starts_at + timedelta(minutes=minutes)
    left = Press(kind=StepKind.LATE, at=now, minutes=10, key=uuid4())
    operations.press_step(booking=visit, press=left, actor=hands, now=now)
    with time_machine.travel(now, tick=False):
        persons.take_back(visit, act=Act(now, hands, reason="told to us"))
        assert "This visit can’t be kept:" in words(staff_signed_in(hands).get("/admin/"))
        desk = staff_client("desk", "Front desk")
        assert "This visit can’t be kept:" in words(desk.get(f"/admin/bookings/booking/{visit.pk}/change/"))
    shown, site = Booking.objects.with_details().get(pk=visit.pk), SiteSettings.load()
    alert = Message.objects.get(kind=MessageKind.STRANDED_ALERT)
    assert obsolete_reason(alert, shown, site, now=now) == ""
    assert "taken their consent back" in render(alert, shown, site, now=now).text
    way = Message.objects.get(kind=MessageKind.ON_THE_WAY)
    assert obsolete_reason(way, shown, site, now=now) == "who is visited doesn't agree any more"
    for kind in (StepKind.LEAVING, StepKind.ARRIVED):
        with pytest.raises(ConsentTakenBack):
            operations.press_step(
                booking=visit, press=Press(kind=kind, at=now, key=uuid4()), actor=hands, now=now
            )


def test_what_was_pressed_before_the_refusal_arrives_after_it(world: World, visits: list[Booking]) -> None:
    """Kept on a phone without a connection: the way and the arrival are on record, and whoever is there is looked
    out for; what was pressed after it is not."""
    visit = operations.confirm_booking(booking=visits[1], actor=None, now=NOW)
    hands = staff_user("hands", "view_own_visits", "finish_own_visits")
    Therapist.objects.filter(pk=visit.therapist_id).update(user=hands)
    refused = visit.starts_at - timedelta(minutes=5)
    persons.take_back(visit, act=Act(refused, hands, reason="told to us"))

    def sent(kind: StepKind, *, before: timedelta) -> Any:
        now = refused + timedelta(minutes=20)
        age = int((now - refused + before).total_seconds())
        with time_machine.travel(now, tick=False):
            step = f"/admin/bookings/booking/{visit.pk}/step/{kind}/"
            return staff_signed_in(hands).post(step, {"key": uuid4(), "age": age}, headers={"X-Press": "1"})

    assert sent(StepKind.ARRIVED, before=timedelta(0)).status_code == 409
    assert not visit.steps.exists()
    for kind, minutes in ((StepKind.LEAVING, 30), (StepKind.ARRIVED, 1)):
        answer = sent(kind, before=timedelta(minutes=minutes))
        assert answer.status_code == 200
        assert "on record. Since then Maria O'Brien told us that they don’t agree." in answer.json()["said"]
    assert [step.kind for step in visit.steps.standing()] == ["leaving", "arrived"]
    assert CheckIn.objects.get(booking=visit).opened_at == refused - timedelta(minutes=1)


def test_client_is_not_told_that_we_come_to_who_does_not_agree(world: World, visits: list[Booking]) -> None:
    visit = operations.confirm_booking(booking=visits[1], actor=None, now=NOW)
    persons.take_back(visit, act=Act(NOW, User.objects.create_user("d"), reason="told to us"))
    told_of = Message.objects.get(booking=visit, kind=MessageKind.CONFIRMED)
    later = NOW + timedelta(minutes=5)
    for told_of.kind in (MessageKind.CONFIRMED, MessageKind.MOVED, MessageKind.TOGETHER):
        assert not_before(told_of, visit, SiteSettings.load(), now=NOW) == later
    told_of.kind = MessageKind.CANCELED
    assert not_before(told_of, visit, SiteSettings.load(), now=NOW) is None
    page = signed_in().get(address(visit))
    assert "Maria O'Brien told us that they don’t agree. We don’t come" in words(page)
    assert "brings everything needed" not in words(page)
    assert address(visit, "move") not in page.content.decode()
    assert address(visit, "cancel") in page.content.decode()
    # Nor has a page from before any times that could not be taken.
    move = address(visit, "move")
    then = f"{at(16).isoformat()} {visit.therapist.slug}"
    for query in ({}, {"starts_at": then, "who": "any"}):
        asked = signed_in().get(move, query, follow=True)
        assert asked.redirect_chain == [(address(visit), 302)]
        assert "so it can't be moved. You can cancel it, or call us." in words(asked)
    pressed = signed_in().post(move, {"starts_at": then, "who": "any", "total_cents": visit.total_cents})
    assert pressed.status_code == 409
    assert "so it can't be moved. You can cancel it, or call us." in words(pressed)
    shown = operations.Shown(visit.revision)
    with pytest.raises(ConsentTakenBack):
        operations.move_by_client(booking=visit, to=operations.NewTime(at(16)), shown=shown, now=NOW)
    assert operations.cancel_by_client(booking=visit, shown=shown, now=NOW).status == BookingStatus.CANCELED


def test_desk_writes_down_who_does_not_agree(visits: list[Booking]) -> None:
    desk = staff_client("desk", "Front desk")
    there = f"/admin/bookings/booking/{visits[1].pk}/person/"
    said = words(desk.post(there, {"taken_back": "yes"}, follow=True))
    assert "No visit to come for Maria O'Brien is kept." in said
    assert "This visit can’t be kept" in said or "taken their consent back" in said
    assert visits[1].events.latest("pk").reason == (
        "The person who is visited took their consent back: told to us."
    )


def test_link_opens_nothing_when_its_time_is_over_or_the_name_is_another(visits: list[Booking]) -> None:
    client, there = signed_in(), address(visits[1], "person")
    link = link_on(client.post(there, {"link": "yes"}))
    with time_machine.travel(NOW + timedelta(days=31), tick=False):
        assert Client().get(link).status_code == 404
    assert Client().post(link).status_code == 302
    client.post(there, {"name": "Marie O'Brien", "phone": "", "language": ""})
    assert Client().get(link).status_code == 404
    # Who is called otherwise has not agreed yet.
    assert not OwnConsent.objects.exists()
    assert Client().post("/agree/nonsense/").status_code == 404


@pytest.mark.parametrize("undone", [False, True])
def test_link_of_a_visit_that_is_for_another_by_now_opens_nothing(
    visits: list[Booking], undone: bool
) -> None:
    def correct(name: str) -> None:
        visit = Booking.objects.get(pk=visits[1].pk)
        fields = {"street": visit.street, "unit": visit.unit, "zip_code": visit.area.zip_code}
        place = operations.VisitAddress(**fields, access_type="stairs", access=None)
        wanted = operations.Correction(address=place, recipient_name=name)
        operations.correct_visit(booking=visit, correction=wanted, act=act, tells=True)

    ScreeningRecord.objects.all().delete()
    act = Act(NOW, User.objects.create_user("d"))
    if undone:
        correct("Ann")
    visits[1].refresh_from_db()
    link = links.consent_link(visits[1], now=NOW)
    token = links.token_of(link)
    assert Client().get(f"/agree/{token}/").status_code == 200
    if undone:
        operations.undo(press=act.press, actor=User.objects.get(username="d"), now=NOW)
    else:
        correct("Ann")
    assert Client().post(f"/agree/{token}/").status_code == 404
    # Nor to a press that found the link a moment before.
    assert persons.agree(link, now=NOW) is None
    assert not OwnConsent.objects.exists()


def test_who_agrees_while_others_hold_the_visit_presses_once_more(
    visits: list[Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_args: Any, **_options: Any) -> None:
        raise OperationalError("the row is locked")

    token = links.token_of(links.consent_link(visits[1], now=NOW))
    with monkeypatch.context() as patched:
        patched.setattr(Booking.objects, "select_for_update", held)
        answer = Client().post(f"/agree/{token}/")
    assert answer.status_code == 409
    assert "That did not work just now. Please press once more." in words(answer)


def test_own_consent_is_exported_goes_with_the_client_and_with_the_health_answers(
    world: World, visits: list[Booking]
) -> None:
    staff, client = User.objects.create_user("o"), visits[0].client
    OwnConsent.objects.create(client=client, name="Maria O'Brien", agreed_at=NOW, terms_version=world.agreed)
    data = export.as_data(export.all_about(client))
    assert data["own_consents"][0]["name"] == "Maria O'Brien"

    intake.purge_health_answers(now=NOW + timedelta(days=300))
    assert OwnConsent.objects.exists()
    intake.purge_health_answers(now=NOW + timedelta(days=365 * 8))
    assert not OwnConsent.objects.exists()

    OwnConsent.objects.create(client=client, name="Maria O'Brien", agreed_at=NOW, terms_version=world.agreed)
    links.consent_link(visits[1], now=NOW)
    Booking.objects.update(status=BookingStatus.CANCELED, confirmed_at=None)
    erasure.erase_client(client=client, actor=staff, now=NOW)
    assert not OwnConsent.objects.exists()
    assert not Link.objects.filter(purpose=LinkPurpose.CONSENT).exists()


def test_of_two_records_that_become_one_each_person_has_agreed_once(
    world: World, visits: list[Booking]
) -> None:
    other = world.book(starts_at=at(16), email="work@example.com", **MARIA).client
    for client, name in ((visits[0].client, "Maria O'Brien"), (other, "Maria O'Brien"), (other, "Jo Roe")):
        OwnConsent.objects.create(client=client, name=name, agreed_at=NOW, terms_version=world.agreed)
    # In another spelling, and taken back there.
    OwnConsent.objects.filter(client=other, name="Maria O'Brien").update(
        name="MARIA O’BRIEN", taken_back_at=NOW
    )
    merge_clients(keep=visits[0].client, other=other, actor=User.objects.create_user("o"), now=NOW)
    said = OwnConsent.objects.filter(client=visits[0].client).order_by("name")
    assert [(row.name, row.taken_back_at) for row in said] == [("Jo Roe", None), ("Maria O'Brien", NOW)]
