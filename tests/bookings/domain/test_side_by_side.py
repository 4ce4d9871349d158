"""Two people at one address at the same time, by two therapists: both or none, whatever is done with them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.domain import intake, links, operations, queries, scheduling
from bookings.domain.operations import Act, LookedUp, Move, Sender, Shown
from bookings.domain.visit_request import load_treatment, load_visit_request
from bookings.enums import BookingStatus, MessageKind, MessageState
from bookings.exceptions import (
    NoLongerOffered,
    PriceChanged,
    ScreeningNotCleared,
    ScreeningStops,
    SlotTaken,
)
from bookings.models import Booking, Hold, Message, Therapist, TimeOff, WorkingHours
from bookings.notifications.registry import SiteSettings, not_before, obsolete_reason
from bookings.notifications.render import render
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

pytestmark = pytest.mark.django_db
NOBODY = Sender()


@pytest.fixture
def second(world: World) -> Therapist:
    return world.add_therapist()


def looked_up(world: World) -> LookedUp:
    return LookedUp(
        rules=world.rules,
        treatment=load_treatment(service_slug=world.service.slug, option_id=world.option.pk),
        area=world.area,
        agreed=world.agreed,
        screening=intake.current_screening(now=NOW),
    )


def book_two(
    world: World,
    *,
    sender: Sender = NOBODY,
    first: Any = None,
    other: Any = None,
    key: uuid.UUID | None = None,
) -> list[Booking]:
    key = key or uuid.uuid4()
    one = world.submission(key=key, **{"therapist": world.therapist.slug, **(first or {})})
    two = replace(
        one,
        **{
            "key": uuid.uuid5(key, "side by side"),
            "therapist": "sample-therapist-two",
            "recipient_name": "Ben Second",
            "answers": dict(CLEAR_ANSWERS),
            "purpose": "",
            **(other or {}),
        },
    )
    return operations.request_together(
        submissions=[one, two], together=key, looked_up=looked_up(world), sender=sender, now=NOW
    )


def offered(world: World, *preferences: str) -> dict[Any, Any]:
    requests = [
        load_visit_request(
            treatment=load_treatment(service_slug=world.service.slug, option_id=world.option.pk),
            area=world.area,
            preference=preference,
            today=DAY,
        )
        for preference in preferences or ("any", "any")
    ]
    offer = scheduling.find_times_between(
        visit_request=requests[0],
        second=requests[1],
        first_day=DAY,
        last_day=DAY,
        rules=world.rules,
        now=NOW,
    )
    return {start.starts_at: (start.therapist_id, start.second_id) for start in offer.by_day.get(DAY, ())}


def test_times_are_those_at_which_two_can_be_there(world: World, second: Therapist) -> None:
    whole_day = offered(world)
    assert whole_day[at(10)] == (world.therapist.pk, second.pk)
    WorkingHours.objects.filter(therapist=second).update(starts_at="13:00")

    with_two = offered(world)

    assert at(10) not in with_two
    assert at(14) in with_two
    assert set(with_two) < set(whole_day)


def test_one_therapist_alone_is_never_two(world: World) -> None:
    assert offered(world) == {}


def test_each_asks_for_somebody(world: World, second: Therapist) -> None:
    world.add_therapist("Sample Therapist Three")
    wanted = f"therapist:{second.slug}"

    assert offered(world, wanted, "any")[at(10)] == (second.pk, world.therapist.pk)
    assert offered(world, "any", wanted)[at(10)] == (world.therapist.pk, second.pk)
    assert offered(world, wanted, wanted) == {}


def test_both_are_booked_with_their_own_names_answers_and_drives(world: World, second: Therapist) -> None:
    grave = CLEAR_ANSWERS | {"pregnancy": "yes", "pregnancy_signs": "no"}
    one, two = book_two(world, other={"answers": grave, "purpose": "The left knee"})

    assert [one.starts_at, two.starts_at] == [at(10), at(10)]
    assert [one.therapist, two.therapist] == [world.therapist, second]
    assert [one.visit_for, two.visit_for] == ["Ana O'Brien", "Ben Second"]
    assert [visit.total_cents for visit in (one, two)] == [14_000, 14_000]
    assert one.screening.answers == CLEAR_ANSWERS
    assert two.screening.answers == grave
    assert not hasattr(one, "purpose")
    assert two.purpose.text == "The left knee"
    assert offered(world).keys().isdisjoint({at(10), at(9, 30)})
    assert Message.objects.filter(kind=MessageKind.TOGETHER).count() == 1


@pytest.mark.parametrize("whose", ["sample-therapist-one", "sample-therapist-two"])
def test_where_one_of_them_can_not_come_none_is_booked(world: World, second: Therapist, whose: str) -> None:
    world.book(therapist=whose, email="other@example.com", phone="+12135550177")
    before = Booking.objects.count()

    with pytest.raises(SlotTaken):
        book_two(world)

    assert Booking.objects.count() == before


def test_the_same_therapist_is_not_both_of_them(world: World, second: Therapist) -> None:
    with pytest.raises(SlotTaken):
        book_two(world, other={"therapist": world.therapist.slug})
    assert not Booking.objects.exists()


def test_what_stops_one_books_none(world: World, second: Therapist) -> None:
    with pytest.raises(ScreeningStops):
        book_two(world, other={"answers": CLEAR_ANSWERS | {"urgent_signs": "yes"}})
    assert not Booking.objects.exists()


def test_the_same_press_again_is_the_same_two(world: World, second: Therapist) -> None:
    key = uuid.uuid4()
    one = world.submission(key=key, therapist=world.therapist.slug)
    two = replace(one, key=uuid.uuid5(key, "2"), therapist=second.slug, recipient_name="Ben Second")
    press: dict[str, Any] = {"together": key, "looked_up": looked_up(world), "sender": Sender(), "now": NOW}

    first = operations.request_together(submissions=[one, two], **press)

    assert operations.request_together(submissions=[one, two], **press) == first
    assert Booking.objects.count() == 2


def test_two_new_families_at_one_network_address_are_not_too_many(world: World, second: Therapist) -> None:
    sender = Sender(source="one house")
    book_two(world, sender=sender)
    more = {"starts_at": at(14), "email": "c@example.com", "phone": "+12135550188"}
    assert len(book_two(world, sender=sender, first=more, other={})) == 2


def test_one_is_confirmed_at_once_only_with_the_other(world: World, second: Therapist) -> None:
    staff = User.objects.create_user("desk")
    clear = book_two(world, sender=Sender(actor=staff))
    assert {visit.status for visit in clear} == {BookingStatus.CONFIRMED}

    grave = {"answers": CLEAR_ANSWERS | {"pregnancy": "yes", "pregnancy_signs": "no"}}
    later = {"starts_at": at(14)}
    waits = book_two(world, sender=Sender(actor=staff), first=later, other=grave)

    assert {visit.status for visit in waits} == {BookingStatus.REQUESTED}
    with pytest.raises(ScreeningNotCleared):
        operations.confirm_booking(booking=waits[0], actor=staff, now=NOW)
    assert Booking.objects.filter(status=BookingStatus.REQUESTED).count() == 2


def test_the_press_that_confirms_one_confirms_both_and_tells_once(world: World, second: Therapist) -> None:
    staff = User.objects.create_user("desk")
    _one, two = book_two(world)
    Message.objects.all().delete()

    assert operations.confirm_booking(booking=two, actor=staff, now=NOW).pk == two.pk

    assert set(Booking.objects.values_list("status", flat=True)) == {BookingStatus.CONFIRMED}
    told = Message.objects.filter(kind__in=[MessageKind.TOGETHER, MessageKind.CONFIRMED])
    assert [message.kind for message in told] == [MessageKind.TOGETHER]


def test_they_are_no_course(world: World, second: Therapist) -> None:
    one, two = book_two(world)

    assert queries.place_together(one) is None
    assert operations.days_beside(one)[1].year > 9000
    assert list(Booking.objects.side_by_side(one)) == [two]
    assert list(Booking.objects.side_by_side(two)) == [one]
    operations.cancel_booking(booking=two, actor=None, now=NOW)
    assert not Booking.objects.side_by_side(one).exists()


def test_email_names_who_comes_to_whom(world: World, second: Therapist) -> None:
    book_two(world)
    message = Message.objects.get(kind=MessageKind.TOGETHER)
    Booking.objects.update(prove_by=None, status=BookingStatus.CONFIRMED)
    assert message.booking_id is not None
    target = Booking.objects.with_details().get(pk=message.booking_id)

    text = render(message, target, SiteSettings.load(), now=NOW).text

    assert "Two of us come to you at the same time:" in text
    assert "with Sample Therapist One" in text
    assert "for Ben Second" in text
    assert "$280" in text


def test_email_leads_each_of_both_to_where_a_note_is_handed_in(world: World, second: Therapist) -> None:
    one, two = book_two(world, other={"answers": NEEDS_NOTE})
    message = Message.objects.get(kind=MessageKind.TOGETHER)
    unproved = render(message, one, SiteSettings.load(), now=NOW)
    assert "clinician" not in unproved.text

    operations.prove_mailbox(booking=one, now=NOW)
    one.refresh_from_db()
    mail = render(message, one, SiteSettings.load(), now=NOW)

    pages = [f"/visits/{links.visit_token(visit, now=NOW)}/?to=note" for visit in (one, two)]
    for name, page in zip(("Ana O'Brien", "Ben Second"), pages, strict=True):
        (line,) = [line for line in mail.text.splitlines() if line.startswith(f"For {name}:")]
        assert page in line
        assert page in mail.html
    # No email says whose answers need one.
    assert "needs a clinician" not in mail.text
    assert all(page not in "".join(mail.copy().values()) for page in pages)


def test_one_reminder_tells_of_both(world: World, second: Therapist) -> None:
    one, two = book_two(world, sender=Sender(actor=User.objects.create_user("desk")))
    reminders = Message.objects.filter(kind=MessageKind.REMINDER_LAST).order_by("booking")
    assert [message.booking_id for message in reminders] == [one.pk, two.pk]
    now, settings = at(10) - timedelta(hours=2), SiteSettings.load()

    first, other = (Booking.objects.with_details().get(pk=visit.pk) for visit in (one, two))
    assert obsolete_reason(reminders[0], first, settings, now=now) == ""
    Message.objects.filter(pk=reminders[0].pk).update(state=MessageState.SENT)
    assert "the same time" in obsolete_reason(reminders[1], other, settings, now=now)
    text = render(reminders[0], first, settings, now=now).text
    assert "At the same time Sample Therapist Two comes to Ben Second." in text

    operations.cancel_booking(booking=one, actor=None, now=NOW)
    assert obsolete_reason(reminders[1], other, settings, now=now) == ""


def moves(visits: list[Booking], starts_at: Any, slugs: tuple[str, str], cents: int = 14_000) -> list[Move]:
    return [
        Move(visit, visit.revision, starts_at, slug, cents) for visit, slug in zip(visits, slugs, strict=True)
    ]


def test_both_move_or_none(world: World, second: Therapist) -> None:
    visits = book_two(world)
    slugs = (world.therapist.slug, second.slug)
    world.book(therapist=second.slug, starts_at=at(14), email="o@example.com", phone="+12135550177")
    press: dict[str, Any] = {"rules": world.rules, "now": NOW}

    with pytest.raises(SlotTaken):
        operations.move_together_by_client(moves=moves(visits, at(14), slugs), **press)
    with pytest.raises(PriceChanged):
        operations.move_together_by_client(moves=moves(visits, at(11), slugs, 1), **press)
    assert set(Booking.objects.filter(together=visits[0].together).values_list("starts_at", flat=True)) == {
        at(10)
    }

    # The half hour that it moves on is its own.
    moved = operations.move_together_by_client(moves=moves(visits, at(10, 30), slugs), **press)

    assert [visit.starts_at for visit in moved] == [at(10, 30), at(10, 30)]
    assert Message.objects.filter(kind=MessageKind.TOGETHER).count() == 2


def test_whom_the_client_asks_for_in_a_move_is_kept(world: World, second: Therapist) -> None:
    third = world.add_therapist("Sample Therapist Three")
    visits = book_two(world)
    asked = [
        Move(visits[0], visits[0].revision, at(14), third.slug, 14_000, f"therapist:{third.slug}"),
        Move(visits[1], visits[1].revision, at(14), second.slug, 14_000, "any"),
    ]
    operations.move_together_by_client(moves=asked, rules=world.rules, now=NOW)

    visits[0].refresh_from_db()
    assert (visits[0].therapist, visits[0].preference) == (third, f"therapist:{third.slug}")
    wrong = [asked[0]._replace(therapist=second.slug), asked[1]]
    with pytest.raises(NoLongerOffered):
        operations.move_together_by_client(moves=wrong, rules=world.rules, now=NOW)


def test_both_or_one_are_canceled(world: World, second: Therapist) -> None:
    one, two = book_two(world)
    operations.cancel_by_client(booking=one, shown=Shown(one.revision), now=NOW)
    two.refresh_from_db()
    assert two.status == BookingStatus.REQUESTED

    again = book_two(world, first={"starts_at": at(14)})
    act = Act(NOW, User.objects.create_user("desk"), by_client=True)
    assert again[0].together is not None
    operations.cancel_together(together=again[0].together, act=act)
    assert {Booking.objects.get(pk=visit.pk).status for visit in again} == {BookingStatus.CANCELED}


def test_both_times_are_held_or_none(world: World, second: Therapist) -> None:
    draft = intake.load_draft(None, now=NOW)
    intake.save_draft(draft, {"x": 1}, now=NOW)
    request = load_visit_request(
        treatment=load_treatment(service_slug=world.service.slug, option_id=world.option.pk),
        area=world.area,
        preference="any",
        today=DAY,
    )
    wishes = [
        operations.Wish(request.with_therapist(slug), at(10)) for slug in (world.therapist.slug, second.slug)
    ]
    press: dict[str, Any] = {"draft": draft, "rules": world.rules, "source": "house", "now": NOW}

    assert len(operations.hold_times(wishes=wishes, **press)) == 2
    assert at(10) not in offered(world)
    world.book(therapist=second.slug, starts_at=at(14), email="o@example.com", phone="+12135550177")
    with pytest.raises(SlotTaken):
        operations.hold_times(wishes=[wish._replace(starts_at=at(14)) for wish in wishes], **press)
    assert set(Hold.objects.values_list("starts_at", flat=True)) == {at(10)}


WEEK = timedelta(days=7)
NEEDS_NOTE = CLEAR_ANSWERS | {"pregnancy": "yes", "pregnancy_signs": "no"}


@pytest.mark.parametrize("whose", ["first", "other"])
def test_both_are_answered_as_late_as_the_graver_answers_say(
    world: World, second: Therapist, whose: str
) -> None:
    grave: dict[str, Any] = {whose: {"answers": NEEDS_NOTE}}
    grave["first"] = {**grave.get("first", {}), "starts_at": at(10) + WEEK}
    one, two = book_two(world, **grave)
    Booking.objects.update(prove_by=None)
    one.refresh_from_db()
    two.refresh_from_db()

    assert one.answer_by == two.answer_by != None  # noqa: E711
    assert operations.expire_requests(now=NOW + timedelta(hours=25)) == 0
    assert operations.expire_requests(now=NOW + timedelta(hours=72)) == 2


def test_both_that_move_are_answered_as_late_as_the_graver_answers_say(
    world: World, second: Therapist
) -> None:
    visits = book_two(world, other={"answers": NEEDS_NOTE})
    slugs = (world.therapist.slug, second.slug)
    Booking.objects.update(prove_by=None)

    later = moves(visits, at(11) + WEEK, slugs)
    moved = operations.move_together_by_client(moves=later, rules=world.rules, now=NOW)

    assert moved[0].answer_by == moved[1].answer_by != None  # noqa: E711
    assert operations.expire_requests(now=NOW + timedelta(hours=25)) == 0


def test_therapists_may_change_places(world: World, second: Therapist) -> None:
    visits = book_two(world)
    operations.confirm_booking(booking=visits[0], actor=None, now=NOW)
    for visit in visits:
        visit.refresh_from_db()

    swapped = moves(visits, at(10, 30), (second.slug, world.therapist.slug))
    operations.move_together_by_client(moves=swapped, rules=world.rules, now=NOW)

    now = Booking.objects.order_by("pk").values_list("therapist", "starts_at", "status")
    assert list(now) == [
        (second.pk, at(10, 30), BookingStatus.CONFIRMED),
        (world.therapist.pk, at(10, 30), BookingStatus.CONFIRMED),
    ]


def test_two_that_staff_part_are_no_course_and_can_come_together_again(
    world: World, second: Therapist
) -> None:
    one, two = book_two(world)
    act = Act(NOW, User.objects.create_user("desk"))
    two = operations.move_booking(booking=two, to=operations.NewTime(at(14)), act=act)

    for visit in (one, two):
        assert queries.place_together(visit) is None
        assert operations.days_beside(visit) == (date.min, date.max)
    shown = Shown(two.revision)
    operations.move_by_client(booking=two, to=operations.NewTime(at(10)), shown=shown, now=NOW)
    assert list(Booking.objects.side_by_side(one)) == [two]


def test_two_at_different_doors_are_not_side_by_side(world: World, second: Therapist) -> None:
    one, two = book_two(world)
    Booking.objects.filter(pk=two.pk).update(street="9 Hotel Road")
    assert not Booking.objects.side_by_side(one).exists()


def test_new_address_is_that_of_both_or_of_none(world: World, second: Therapist) -> None:
    visits = book_two(world, first={"starts_at": at(13)})
    address = operations.VisitAddress(
        street="9 Hotel Road", unit="", zip_code="91364", access_type="ground", access={"gate_code": "1"}
    )
    press: dict[str, Any] = {"visits": visits, "act": Act(NOW, by_client=True)}

    cheaper = operations.Correction(address=address, total_cents=16_000)
    with pytest.raises(PriceChanged) as error:
        operations.correct_together(correction=cheaper, **press)
    assert error.value.total_cents == 32_000
    assert set(Booking.objects.values_list("street", flat=True)) == {"12 Sample Street"}

    operations.correct_together(
        correction=operations.Correction(address=address, total_cents=32_000), **press
    )
    assert set(Booking.objects.values_list("street", "total_cents")) == {("9 Hotel Road", 16_000)}
    assert [visit.access.notes for visit in Booking.objects.order_by("pk")] == [{"gate_code": "1"}] * 2


def test_second_reminder_waits_until_the_first_has_left(world: World, second: Therapist) -> None:
    one, two = book_two(world, sender=Sender(actor=User.objects.create_user("desk")))
    first, other = Message.objects.filter(kind=MessageKind.REMINDER_LAST).order_by("booking")
    now, settings = at(10) - timedelta(hours=2), SiteSettings.load()

    def stands() -> tuple[str, bool]:
        visit = Booking.objects.with_details().get(pk=two.pk)
        waits = not_before(other, visit, settings, now=now) is not None
        return obsolete_reason(other, visit, settings, now=now), waits

    # Its therapist can't come, so it stays.
    TimeOff.objects.create(therapist=one.therapist, starts_at=at(9), ends_at=at(12))
    assert not_before(first, Booking.objects.with_details().get(pk=one.pk), settings, now=now) is not None
    assert stands() == ("", True)

    Message.objects.filter(pk=first.pk).update(state=MessageState.DROPPED)
    assert stands() == ("", False)
    Message.objects.filter(pk=first.pk).update(state=MessageState.DUE)
    operations.cancel_booking(booking=one, actor=None, now=NOW)
    assert stands() == ("", False)
