"""What is missing before clients can book: each piece named with the page that mends it, and the switch."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from blog.models import Page, Post
from blog.sample import missing_from_privacy, starting_page
from bookings.courses.models import CoursePlan
from bookings.domain.opening import takes_bookings
from bookings.drives.rows import refresh
from bookings.models import (
    Booking,
    BookingRules,
    ExtraHours,
    Message,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    WorkingHours,
    Zone,
)
from bookings.program.models import Exercise, ProgramTemplate, TemplateExercise
from bookings.screening import sample_rules_data
from massagerx.accounts.sample_accounts import sample_accounts
from services.models import AddOn, Business, Service, ServiceOption
from services.readiness import steps
from services.sample_left import sample_left, sample_modules
from tests.factories import DAY, NOW, World, fix_drives, make_roles
from tests.support.visits import make_visit

from .conftest import signed_in, staff_user

OPENING = reverse("admin:opening")


@pytest.fixture
def ready(world: World) -> World:
    """A world that lacks nothing, and is not open yet."""
    world.screening.approved_by = "Sample Therapist, CLT"
    world.screening.rules = sample_rules_data()
    for question in world.screening.rules["questions"]:
        question.pop("services", None)
    world.screening.save()
    for slug in ("policies", "privacy", "about"):
        Page.objects.create(slug=slug, title=slug.title(), body=starting_page(slug, now=NOW)["body"])
    Post.objects.create(title="Ours", slug="ours", body="<p>Words.</p>").publish(now=NOW)
    BookingRules.objects.update(is_open=False)
    return world


def missing() -> dict[str, list[tuple[str, bool]]]:
    return {
        step.slug: [(lack.words, lack.stops) for lack in step.lacks] for step in steps(now=NOW) if step.lacks
    }


@pytest.mark.django_db
def test_an_empty_site_lacks_everything_in_the_order_to_do_it() -> None:
    found = steps(now=NOW)
    assert [step.slug for step in found] == [
        "business", "catalogue", "places", "therapists", "hours", "terms", "health", "texts", "messages", "sample",
    ]  # fmt: skip
    assert [step.slug for step in found if not step.lacks] == ["messages", "sample"]
    assert [lack.words[:9] for step in found for lack in step.lacks if not lack.stops] == [
        "Go throug",
        "Every pag",
    ]


def test_nothing_is_missing_where_all_is_there(ready: World) -> None:
    assert missing() == {}


def lapse(world: World) -> None:
    Therapist.objects.update(certificate_expires_on=NOW.date() - timedelta(days=1))


def far_away(world: World) -> None:
    Therapist.objects.update(reach_minutes=10)
    refresh(now=NOW)


def too_far_for_a_day(world: World) -> None:
    fix_drives((world.area, world.far_area, 261), (world.far_area, world.area, 261))


def only_far_away(world: World) -> None:
    far_away(world)
    ServiceArea.objects.filter(pk=world.area.pk).update(is_active=False)


def only_elsewhere(world: World) -> None:
    for hours in WorkingHours.objects.all():
        hours.zones.add(Zone.objects.get_or_create(name="Desert")[0])


def none_who_works_is_qualified(world: World) -> None:
    world.add_therapist().services.clear()
    world.therapist.working_hours.all().delete()


def only_near(world: World) -> None:
    for hours in WorkingHours.objects.all():
        hours.zones.add(world.zone)


def owner_drives(world: World) -> None:
    world.therapist.user = User.objects.create_superuser("dana")
    world.therapist.save()


def older_privacy(world: World) -> None:
    page = Page.objects.get(slug="privacy")
    page.body = re.sub(
        r"<li><strong>(When you follow a training|When you write a review).*?</li>", "", page.body
    )
    page.save()


def sample_log_in(world: World) -> None:
    account = sample_accounts()[1]
    User.objects.create_user(account["username"], password=account["password"], is_staff=True)


# What is done to a world that lacks nothing, the step it is told in, its words, and whether nobody can book then.
BROKEN: dict[str, tuple[Callable[[World], Any], str, str, bool]] = {
    "no phone": (lambda world: Business.objects.update(phone=""), "business", "phone number", True),
    "no email": (lambda world: Business.objects.update(email=""), "business", "email address", True),
    "no service": (lambda world: Service.objects.update(is_active=False), "catalogue", "Add a service", True),
    "no length": (
        lambda world: ServiceOption.objects.update(is_active=False), "catalogue", "no length with a price", False,
    ),
    "no ZIP code": (lambda world: ServiceArea.objects.update(is_active=False), "places", "ZIP codes that you", True),
    "an empty zone": (lambda world: Zone.objects.create(name="Desert"), "places", "served in “Desert”", False),
    "no place": (lambda world: ServiceArea.objects.filter(pk=world.far_area.pk).update(latitude=None), "places",
                 "Nobody knows where 91364", False),
    "a zone nobody works in": (
        only_near, "places",
        "Nobody drives to “Valley”", False,
    ),
    "out of reach": (far_away, "places", "Nobody drives to “Valley”", False),
    "too far for a day": (too_far_for_a_day, "places", "Nobody drives to “Valley”", False),
    "nobody within reach": (only_far_away, "places", "Nobody drives to “Valley”", True),
    "hours elsewhere alone": (only_elsewhere, "places", "Nobody drives to “Valley”", True),
    "no therapist": (lambda world: Therapist.objects.update(is_active=False), "therapists", "Add a therapist", True),
    "lapsed": (lapse, "therapists", "no valid certificate", True),
    "qualified for nothing": (
        lambda world: world.therapist.services.clear(), "therapists", "is qualified for no service", False,
    ),
    "nobody to call for help": (owner_drives, "therapists", "name somebody else who hears", False),
    "nobody qualified": (
        lambda world: world.therapist.services.clear(), "therapists", "Nobody is qualified for “Manual", True,
    ),
    "no hours": (lambda world: WorkingHours.objects.all().delete(), "hours", "has no hours", True),
    "hours of the unqualified alone": (none_who_works_is_qualified, "hours", "has no hours", True),
    "no terms": (lambda world: TermsVersion.objects.all().delete(), "terms", "Write the terms", True),
    "terms of tomorrow": (
        lambda world: TermsVersion.objects.update(published_at=NOW + timedelta(days=1)), "terms", "in force", True,
    ),
    "terms without figures": (
        lambda world: TermsVersion.objects.update(cancellation="Please be kind."), "terms", "figures", True,
    ),
    "no questions": (lambda world: ScreeningVersion.objects.all().delete(), "health", "Go through", True),
    "not approved": (lambda world: ScreeningVersion.objects.update(approved_by=""), "health", "not approved", True),
    "unreadable": (lambda world: ScreeningVersion.objects.update(rules={}), "health", "can’t be read", True),
    "a question for nobody": (
        lambda world: ScreeningVersion.objects.update(rules=sample_rules_data()), "health",
        "for a service that isn’t there: deep-pressure-massage", False,
    ),
    "no policies": (lambda world: Page.objects.filter(slug="policies").delete(), "texts", "“Policies”", True),
    "an empty privacy page": (lambda world: Page.objects.filter(slug="privacy").update(body=""), "texts",
                              "“Privacy”", True),
    "nothing about us": (lambda world: Page.objects.filter(slug="about").delete(), "texts", "“About us”", False),
    "an empty blog": (lambda world: Post.objects.all().delete(), "texts", "and it is empty", False),
    "a blog of tomorrow": (
        lambda world: Post.objects.update(published_at=NOW + timedelta(days=1)), "texts", "and it is empty", False,
    ),
    "a privacy page of before": (
        older_privacy, "texts", "lacks what this site keeps by now: training programs, reviews. See", False,
    ),
    "messages wait": (
        lambda world: (world.book(), Message.objects.update(due_at=NOW - timedelta(minutes=20))), "messages",
        "not leaving", False,
    ),
    "a sample": (lambda world: Business.objects.update(is_sample=True), "sample", "still sample data", True),
    "a sample log-in": (sample_log_in, "sample", "log-ins", True),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_each_thing_that_is_missing_is_named_with_the_page_that_mends_it(
    case: str, ready: World, owner: Client
) -> None:
    breaking, slug, words, stops = BROKEN[case]
    breaking(ready)
    lacks = [lack for step in steps(now=NOW) if step.slug == slug for lack in step.lacks]
    (lack,) = (lack for lack in lacks if words in lack.words)
    assert lack.stops is stops
    assert owner.get(lack.address, follow=True).status_code == 200
    # The press is refused for what stops, and for nothing else.
    answer = owner.post(OPENING, {"do": "open"})
    stopped = any(step.stops for step in steps(now=NOW))
    assert answer.status_code == (409 if stopped else 302)
    assert BookingRules.load().is_open is not stopped


def test_extra_hours_are_hours(ready: World) -> None:
    WorkingHours.objects.all().delete()
    ExtraHours.objects.create(therapist=ready.therapist, date=DAY, starts_at="09:00", ends_at="12:00")
    assert missing() == {}


def test_the_list_costs_as_many_queries_for_twenty_as_for_two(
    ready: World, count_queries: Callable[..., Any]
) -> None:
    Therapist.objects.update(reach_minutes=300)
    with count_queries() as few:
        steps(now=NOW)
    for number in range(20):
        ready.add_therapist(name=f"Sample Person {number}", reach_minutes=30)
        zone = Zone.objects.create(name=f"Zone {number}")
        ServiceArea.objects.create(
            zip_code=f"9500{number:02}"[-5:], city="X", zone=zone, latitude=34, longitude=-118
        )
    with count_queries() as many:
        steps(now=NOW)
    assert len(many) == len(few) <= 20


def test_until_somebody_has_booked_the_list_is_what_the_owner_sees_first(ready: World, owner: Client) -> None:
    text = owner.get(reverse("admin:index")).content.decode()
    assert "<h1>Before you open</h1>" in text
    assert "10 of 10 done" in text
    assert owner.post(OPENING, {"do": "open"}).status_code == 302
    assert "Before you open" not in owner.get(reverse("admin:index")).content.decode()
    assert "What needs you" in owner.get(OPENING).content.decode()
    ready.book()
    assert owner.post(OPENING, {"do": "close"}, follow=True).status_code == 200
    # Who has visits to keep sees the day first.
    text = owner.get(reverse("admin:index")).content.decode()
    assert "Online booking is off." in text
    assert "Today at the desk" in text


def test_the_desk_sees_no_list_and_turns_no_switch(ready: World, desk: Client) -> None:
    assert "Before you open" not in desk.get(reverse("admin:index")).content.decode()
    assert desk.get(OPENING).status_code == 403
    assert desk.post(OPENING, {"do": "open"}).status_code == 403
    half = signed_in(staff_user("half", "change_bookingrules"))
    assert half.post(OPENING, {"do": "open"}).status_code == 403
    assert not BookingRules.load().is_open


@pytest.mark.parametrize("sent", [{}, {"do": ""}, {"do": "shut"}])
def test_a_press_of_nothing_turns_no_switch(ready: World, owner: Client, sent: dict[str, str]) -> None:
    BookingRules.objects.update(is_open=True)
    answer = owner.post(OPENING, sent)
    assert answer.status_code == 400
    assert BookingRules.load().is_open


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no row")
def test_the_row_is_locked_by_who_saves_all_of_it(
    ready: World, owner: Client, count_queries: Callable[..., Any]
) -> None:
    """Else a save of the rules undoes a press of the switch, and the other way round."""
    rules = reverse("admin:bookings_bookingrules_change", args=[1])
    for address, sent in ((OPENING, {"do": "close"}), (rules, {})):
        with count_queries() as queries:
            owner.post(address, sent)
        assert any("bookings_bookingrules" in sql and "FOR UPDATE" in sql for sql in map(str, queries)), (
            address
        )


def test_what_is_missing_later_stands_on_the_front_page(ready: World, owner: Client) -> None:
    owner.post(OPENING, {"do": "open"})
    index = reverse("admin:index")
    assert 'class="set-up"' not in owner.get(index).content.decode()
    WorkingHours.objects.all().delete()
    assert "has no hours, so no time is offered" in owner.get(index).content.decode()


def test_a_page_promises_booking_only_while_it_can_be_had(ready: World) -> None:
    assert not takes_bookings(now=NOW)
    BookingRules.objects.update(is_open=True)
    assert takes_bookings(now=NOW)
    for model in (ServiceOption, ServiceArea, Therapist):
        model.objects.update(is_active=False)
        assert not takes_bookings(now=NOW), model
        model.objects.update(is_active=True)
    assert takes_bookings(now=NOW)
    assert not takes_bookings(now=NOW - timedelta(days=60))  # before the terms


def test_whoever_comes_back_a_week_later_finds_what_they_saved(ready: World, owner: Client) -> None:
    Page.objects.filter(slug="policies").delete()
    assert steps(now=NOW + timedelta(days=7)) == steps(now=NOW)
    assert b"Go through the words of the page" in owner.get(OPENING).content
    # The other tab still shows the press; what is missing is looked at again.
    assert owner.post(OPENING, {"do": "open"}).status_code == 409
    assert not BookingRules.load().is_open


PREPARED = reverse("admin:services_service_prepared")


@pytest.mark.django_db
def test_prepared_services_come_as_drafts_that_nobody_sees(world: World, owner: Client) -> None:
    page = owner.get(PREPARED).content.decode()
    assert "Postural Correction Training Program (60 min $150, " in page
    sent = {"services": ["deep-pressure-massage", "postural-correction-training"], "add_ons": ["Warm towels"]}
    assert owner.post(PREPARED, sent).status_code == 302
    draft = Service.objects.get(slug="deep-pressure-massage")
    assert (draft.is_active, draft.category.slug, draft.options.count() > 1, draft.faqs.exists()) == (
        False, "massage", True, True,
    )  # fmt: skip
    assert [row.is_active for row in draft.add_ons.order_by("pk")] == [False]
    assert b"Deep" not in Client().get("/services/").content
    words = "“Deep pressure massage” is a draft: go through its words and prices, then make it active."
    assert (words, False) in missing()["catalogue"]
    # What is there is offered no more, and stays as it is.
    Service.objects.filter(pk=draft.pk).update(summary="Mine.")
    assert "deep-pressure-massage" not in owner.get(PREPARED).content.decode()
    assert owner.post(PREPARED, sent).status_code == 422
    draft.refresh_from_db()
    assert draft.summary == "Mine."


@pytest.mark.django_db
def test_nothing_chosen_or_nothing_known_adds_nothing(world: World, owner: Client) -> None:
    before = Service.objects.count()
    for sent in ({}, {"services": ["no-such"]}, {"services": ["deep-pressure-massage", "\x00"]}):
        response = owner.post(PREPARED, sent)
        assert response.status_code == 422
        assert "errorlist" in response.content.decode() or "Choose at least one." in response.content.decode()
    assert Service.objects.count() == before


def test_prepared_posts_come_as_drafts_and_are_named_until_they_are_gone_through(
    ready: World, owner: Client
) -> None:
    Post.objects.all().delete()
    posts, add = reverse("admin:blog_post_changelist"), reverse("admin:blog_post_prepared")
    assert (
        "After surgery, ask your surgeon first · Getting ready at home" in owner.get(posts).content.decode()
    )
    for _press in range(2):
        assert owner.post(add).status_code == 302
    assert "Prepared for you" not in owner.get(posts).content.decode()
    drafts = list(Post.objects.order_by("slug"))
    assert [post.status for post in drafts] == ["draft"] * 3
    assert LogEntry.objects.filter(change_message="Prepared by the site.").count() == 3
    for post in drafts:
        assert Client().get(post.get_absolute_url()).status_code == 404
    assert len(missing()["texts"]) == 3
    assert (f"The post “{drafts[0].title}” is a draft: go through it, then publish it.", False) in missing()[
        "texts"
    ]
    drafts[0].publish(now=NOW)
    drafts[1].delete()
    assert len(missing()["texts"]) == 1
    Post.objects.all().delete()
    assert len(missing()["texts"]) == 1


def test_what_a_privacy_page_lacks_is_shown_and_nothing_is_added(ready: World, owner: Client) -> None:
    page = Page.objects.get(slug="privacy")
    address = reverse("admin:blog_page_change", args=[page.pk])
    assert "Nothing is added by itself" not in owner.get(address).content.decode()
    older_privacy(ready)
    before = Page.objects.get(slug="privacy").body
    shown = owner.get(address).content.decode()
    assert "Nothing is added by itself" in shown
    assert "<li><strong>When you write a review:</strong> how many stars" in shown
    assert Page.objects.get(slug="privacy").body == before
    # Words that stand in every privacy page say nothing of it.
    common = (
        "<p>Of course you may exercise your rights; we review this policy, and exercises and reviews it.</p>"
    )
    Page.objects.filter(slug="privacy").update(body=common)
    lacks = [
        "courses of visits",
        "surgeons’ offices",
        "training programs",
        "reviews",
        "where clients heard of you",
    ]
    assert list(missing_from_privacy(common)) == lacks
    assert "training programs, reviews" in missing()["texts"][0][0]
    # In words of one's own it is said as well.
    own = f"{before}<p>We keep the <b>reviews</b> you write and the exercises you do.</p>"
    Page.objects.filter(slug="privacy").update(body=own)
    assert missing() == {}
    assert "Nothing is added by itself" not in owner.get(address).content.decode()


@pytest.fixture
def sampled(db: None) -> Client:
    """A site on samples that its owner has begun to make their own."""
    call_command("load_sample_data", stdout=StringIO())
    client = Client()
    client.force_login(User.objects.create_superuser("nora", "nora@example.net", "quiet-orchard-lamp"))
    save("nora", Service.objects.get(slug="deep-pressure-massage"))
    return client


def save(username: str, row: Any) -> None:
    """As in the admin, with who it was in the history and in the log."""
    row._history_user = User.objects.get(username=username)
    row.save()
    rows = type(row).objects.filter(pk=row.pk)
    LogEntry.objects.log_actions(row._history_user.pk, rows, CHANGE, change_message="Saved.")


def test_one_press_leaves_the_sample_behind_and_keeps_what_is_ones_own(sampled: Client) -> None:
    zips = ServiceArea.objects.count()
    assert b"Remove what is still the sample" in sampled.get(OPENING).content
    assert sampled.post(OPENING, {"do": "leave-sample"}).status_code == 302
    assert [service.slug for service in Service.objects.all()] == ["deep-pressure-massage"]
    assert not Post.objects.exists()
    assert not Therapist.objects.exists()
    assert not CoursePlan.objects.exists()
    assert not ProgramTemplate.objects.exists()
    assert not Exercise.objects.exists()
    assert [user.username for user in User.objects.order_by("pk")] == ["nora"]
    # Add-ons of what stays stay with it; the terms in force are replaced by the next version.
    assert AddOn.objects.filter(services__slug="deep-pressure-massage").exists()
    # Online booking is open, so what clients agree to is still there to read.
    assert [left.words for left in sample_left()] == [
        "the page “Our policies”", "the page “Privacy”", "the terms that clients agree to",
    ]  # fmt: skip
    assert [page.slug for page in Page.objects.order_by("slug")] == ["policies", "privacy"]
    assert ServiceArea.objects.count() == zips
    assert sampled.post(OPENING, {"do": "leave-sample"}).status_code == 302
    assert Client().get("/").status_code == 200


def test_each_part_of_the_sample_comes_is_told_and_goes() -> None:
    for module in sample_modules():
        for name in ("load", "left", "remove"):
            assert callable(getattr(module, name, None)), (module.__name__, name)


def test_a_template_with_an_approved_exercise_stays_with_its_exercises(sampled: Client) -> None:
    approved = Exercise.objects.order_by("pk")[0]
    Exercise.objects.filter(pk=approved.pk).update(approved_by="Mira Stone, CLT")
    templates = ProgramTemplate.objects.filter(exercises__exercise=approved).distinct()
    kept = {template.pk for template in templates}
    sampled.post(OPENING, {"do": "leave-sample"})
    assert kept
    assert {template.pk for template in ProgramTemplate.objects.all()} == kept
    needed = Exercise.objects.filter(pk__in=TemplateExercise.objects.values("exercise"))
    assert approved in needed
    assert set(Exercise.objects.all()) == set(needed)


def test_what_somebody_saved_stays_theirs_when_their_log_in_has_gone(sampled: Client) -> None:
    (name,) = [row["username"] for row in sample_accounts() if row["role"] == "writer"]
    save(name, Page.objects.get(slug="about"))
    User.objects.create_user("cora", is_staff=True)
    save("cora", Post.objects.get(slug="posture-is-a-habit"))
    User.objects.get(username="cora").delete()
    for _press in range(2):
        sampled.post(OPENING, {"do": "leave-sample"})
        assert [page.slug for page in Page.objects.order_by("slug")] == ["about", "policies", "privacy"]
        assert [post.slug for post in Post.objects.all()] == ["posture-is-a-habit"]
        assert [service.slug for service in Service.objects.all()] == ["deep-pressure-massage"]
    assert not User.objects.get(username=name).is_active
    assert Page.history.filter(history_user__username=name).exists()


def test_what_visits_rest_on_is_only_taken_off_the_site(sampled: Client) -> None:
    past, to_come = Therapist.objects.order_by("pk")[:2]
    for therapist, days in ((past, -9), (to_come, 9)):
        visit = make_visit(starts_at=NOW + timedelta(days=days), status="confirmed", confirmed_at=NOW)
        Booking.objects.filter(pk=visit.pk).update(therapist=therapist)
    sampled.post(OPENING, {"do": "leave-sample"})
    assert [Therapist.objects.get(pk=row.pk).is_active for row in (past, to_come)] == [False, True]
    service = Service.objects.get(slug="manual-lymphatic-drainage")
    assert not service.is_active
    assert Booking.objects.count() == 2
    # Not a draft: somebody has taken it off.
    assert not any("is a draft" in words for words, _stops in missing().get("catalogue", ()))
    assert f"the therapist “{to_come.name}”" in [left.words for left in sample_left()]


def test_what_a_visit_was_booked_with_keeps_its_name(sampled: Client) -> None:
    visit = make_visit(starts_at=NOW + timedelta(days=9), status="confirmed", confirmed_at=NOW)
    booked = Service.objects.get(slug="manual-lymphatic-drainage").add_ons.get()
    booked.services.remove(Service.objects.get(slug="deep-pressure-massage"))
    visit.add_ons.set([booked])
    sampled.post(reverse("admin:services_addon_delete", args=[booked.pk]), {"post": "yes"})
    sampled.post(OPENING, {"do": "leave-sample"})
    assert list(visit.add_ons.all()) == [booked]
    assert not AddOn.objects.get(pk=booked.pk).is_active


def test_the_sample_owner_can_t_remove_themselves(sampled: Client) -> None:
    (name,) = [row["username"] for row in sample_accounts() if row["role"] == "owner"]
    client = Client()
    client.force_login(User.objects.get(username=name))
    client.post(OPENING, {"do": "leave-sample"})
    assert client.get(OPENING).status_code == 200
    assert User.objects.filter(username=name, is_active=True).exists()


def test_only_whoever_opens_leaves_the_sample(sampled: Client) -> None:
    desk = signed_in(User.objects.create_user("front", is_staff=True))
    assert desk.post(OPENING, {"do": "leave-sample"}).status_code == 403
    half = signed_in(staff_user("half", "change_business", "change_bookingrules"))
    assert b"leave-sample" not in half.get(OPENING).content
    assert half.post(OPENING, {"do": "leave-sample"}).status_code == 403
    assert Service.objects.count() > 1


def test_what_stays_is_named_and_who_went_is_in_the_log(sampled: Client) -> None:
    make_roles()
    user = User.objects.create_user("cora", is_staff=True)
    user.groups.add(Group.objects.get(name="Owner"))
    words = signed_in(user).post(OPENING, {"do": "leave-sample"}, follow=True).content.decode()
    # The sample's owner is a superuser, whom only a superuser changes.
    assert "Still the sample’s: the page “Our policies”" in words
    assert "the log-in “owner”." in words
    gone = LogEntry.objects.filter(user=user, action_flag=DELETION).values_list("object_repr", flat=True)
    assert sorted(gone) == ["frontdesk", "therapist", "writer"]
