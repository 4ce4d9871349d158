"""Every switch that the owner can turn is turned once: what the site shows, or does, is another thing then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import BooleanField
from django.test import Client as Browser

from blog import models as blog
from bookings.domain import intake, operations
from bookings.enums import BookingStatus
from bookings.models import AreaRequest, Booking, BookingRules, Client
from services.models import Business
from tests.blog.files import make_picture
from tests.factories import CLEAR_ANSWERS, NOW, World, make_world
from tests.support import ROOT

pytestmark = pytest.mark.django_db


def shows(path: str, words: str = "") -> bool:
    """Whether the page is there and says so; one with a query is made anew for everybody."""
    response = Browser().get(path if "?" in path else f"{path}?new")
    return response.status_code == 200 and words in response.content.decode()


def ana_is_confirmed(world: World) -> bool:
    result = intake.current_screening(now=NOW).evaluate(CLEAR_ANSWERS, world.service.slug, NOW.date())
    return operations.would_confirm(
        submission=world.submission(), result=result, rules=BookingRules.load(), actor=None
    )


def owner_sees(words: str) -> bool:
    """Whether the admin's front page says so."""
    user, _made = User.objects.get_or_create(username="owner", is_staff=True, is_superuser=True)
    browser = Browser()
    browser.force_login(user)
    return words in browser.get("/admin/").content.decode()


#: By switch: the row that it is on, what is observed while it is on, and while it is off.
TURNED: dict[str, tuple[Callable[[World], Any], Callable[[World], Any], Any, Any]] = {
    "services.Business.is_sample": (
        lambda world: Business.load(), lambda world: owner_sees("Sample data is still in place"), True, False,
    ),
    "services.Service.is_active": (
        lambda world: world.service, lambda world: shows(world.service.get_absolute_url()), True, False,
    ),
    "services.ServiceOption.is_active": (
        lambda world: world.longer, lambda world: shows(world.service.get_absolute_url(), "90 min"), True, False,
    ),
    "services.AddOn.is_active": (
        lambda world: world.add_on,
        lambda world: shows(f"/book/?service={world.service.slug}", world.add_on.name), True, False,
    ),
    "blog.FaqEntry.is_active": (
        lambda world: blog.FaqEntry.objects.create(question="Is it quiet?", answer="<p>Yes.</p>"),
        lambda world: shows("/faq/", "Is it quiet?"), True, False,
    ),
    "blog.HomeBlock.is_active": (
        lambda world: blog.HomeBlock.objects.create(slug="promises", title="What we promise."),
        lambda world: shows("/", "What we promise."), True, False,
    ),
    "blog.Testimonial.has_consent": (
        lambda world: blog.Testimonial(words="Kind.", name="S."),
        lambda world: shows("/", "Kind."), True, False,
    ),
    "blog.Testimonial.is_active": (
        lambda world: blog.Testimonial.objects.create(words="Kind.", name="S.", has_consent=True),
        lambda world: shows("/", "Kind."), True, False,
    ),
    "blog.Picture.is_decorative": (
        lambda world: make_picture("A table"), lambda world: blog.Picture.objects.get().shown_alt, "", "A table",
    ),
    "bookings.AreaRequest.is_answered": (
        lambda world: AreaRequest.objects.create(
            name="Bo", email="bo@example.com", zip_code="90210", agreed_at=NOW, created_at=NOW
        ),
        lambda world: owner_sees("1 request from outside our area"), False, True,
    ),
    "bookings.ServiceArea.is_active": (
        lambda world: world.far_area, lambda world: shows("/?zip=91364", "Yes, we come to"), True, False,
    ),
    "bookings.Client.is_blocked": (lambda world: Client.objects.get(), ana_is_confirmed, False, True),
    "bookings.Therapist.is_active": (
        lambda world: world.therapist, lambda world: shows(world.therapist.get_absolute_url()), True, False,
    ),
    "bookings.BookingRules.is_open": (
        lambda world: BookingRules.load(),
        lambda world: shows(f"/book/?service={world.service.slug}", world.add_on.name), True, False,
    ),
    "bookings.BookingRules.confirm_known_clients": (
        lambda world: BookingRules.load(), ana_is_confirmed, True, False,
    ),
}  # fmt: skip
#: Those with tests of their own, by a word in them that turns the switch.
TURNED_ELSEWHERE = {
    "drives.DriveRules.lengthen_by_itself": (
        "tests/bookings/drives/test_operations.py",
        "lengthen_by_itself=True",
    ),
    "drives.DriveCorrection.both_ways": ("tests/bookings/drives/test_rows.py", "both_ways"),
    "drives.FixedDrive.both_ways": ("tests/bookings/drives/test_rows.py", "both_ways=False"),
    "courses.CoursePlan.is_offered": ("tests/bookings/courses/test_plans.py", "is_offered"),
    "bookings.Client.may_be_asked": ("tests/bookings/reviews/test_asking.py", "may_be_asked=False"),
    "bookings.HeardFrom.is_offered": ("tests/bookings/views/test_heard_from.py", "is_offered=False"),
    "referrals.ReferralOffice.approve_each": ("tests/bookings/referrals/test_office.py", "approve_each=True"),
}
#: What others say or a program finds: no switches of the owner's.
NO_SWITCHES = {
    "bookings.LateFee.asks_waiver",
    "bookings.BookletRequest.may_follow_up",
    "referrals.Referral.may_see",
    "program.Program.reminds",
    "reviews.Review.may_publish",
    "bookings.Booklet.is_sample",
    "bookings.BookingEvent.by_client",
    "drives.RoadTime.is_doubtful",
}


def switches() -> set[str]:
    found = set()
    for model in apps.get_models():
        ours = model.__module__.split(".")[0] in ("services", "blog", "bookings")
        if ours and not model.__name__.startswith("Historical"):
            for field in model._meta.concrete_fields:
                if isinstance(field, BooleanField) and field.editable:
                    found.add(f"{model._meta.label}.{field.name}")
    return found


def test_every_switch_is_named() -> None:
    assert switches() == set(TURNED) | set(TURNED_ELSEWHERE) | NO_SWITCHES


@pytest.mark.parametrize("switch", TURNED)
def test_turning_a_switch_changes_what_it_is_for(switch: str) -> None:
    row_of, observed, on, off = TURNED[switch]
    with time_machine.travel(NOW, tick=False):
        world = make_world()
        # Ana has been visited.
        Booking.objects.filter(pk=world.book().pk).update(status=BookingStatus.COMPLETED)
        row = row_of(world)
        for value, expected in ((True, on), (False, off), (True, on)):
            setattr(row, switch.rpartition(".")[2], value)
            row.save()
            assert observed(world) == expected, value


@pytest.mark.parametrize("switch", TURNED_ELSEWHERE)
def test_other_switches_are_turned_by_the_tests_named(switch: str) -> None:
    path, words = TURNED_ELSEWHERE[switch]
    assert words in (ROOT / path).read_text()
