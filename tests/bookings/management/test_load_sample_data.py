"""The sample data that a new installation starts with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from bookings.domain import scheduling
from bookings.domain.visit_request import ANYONE, load_area, load_treatment, load_visit_request
from bookings.models import BookingRules, Closure, ScreeningVersion, ServiceArea, Therapist
from bookings.screening import parse_rules
from massagerx.accounts.sample_accounts import working_logins
from massagerx.lib.zips import centroid
from services.models import Business, Service
from tests.factories import NOW, make_roles

pytestmark = pytest.mark.django_db

SLUGS = {
    "manual-lymphatic-drainage", "postural-correction-training", "in-home-relaxation-massage", "deep-pressure-massage",
}  # fmt: skip
# No text promises to treat, cure, detox or reduce anything, or says what a reader has.
BANNED = re.compile(
    r"\b(treat\w*|cur(e|es|ed|ing)|detox\w*|reduc\w*|heal(s|ed|ing)?|diagnos(es|ed|is) you)\b|!", re.I
)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def load(*options: str) -> str:
    out = StringIO()
    call_command("load_sample_data", *options, stdout=out)
    return out.getvalue()


def rows() -> dict[str, int]:
    """How many rows each table of ours has."""
    return {
        model._meta.label: model._default_manager.count()
        for app in ("services", "blog", "bookings")
        for model in apps.get_app_config(app).get_models()
    }


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the sample data, with where it stands."""
    for app in ("services", "blog", "bookings"):
        for model in apps.get_app_config(app).get_models():
            fields = [
                f for f in model._meta.get_fields() if isinstance(f, models.CharField | models.TextField)
            ]
            for row in model._default_manager.all():
                for field in fields:
                    yield f"{model._meta.label}.{field.name} {row.pk}", str(getattr(row, field.name))


def test_second_run_adds_and_changes_nothing() -> None:
    load()
    before, words = rows(), dict(texts())

    load()

    assert rows() == before
    assert dict(texts()) == words
    assert all(before[label] for label in ("services.Service", "bookings.Therapist", "blog.Post"))


def test_what_the_owner_changed_stays() -> None:
    load()
    Service.objects.filter(slug="deep-pressure-massage").update(name="Firm hands")
    Business.objects.update(phone="+12135550199", is_sample=False)

    load()

    assert Service.objects.get(slug="deep-pressure-massage").name == "Firm hands"
    assert not Business.objects.get().is_sample


def test_if_empty_leaves_a_known_business_alone() -> None:
    Business.objects.create(phone="+12135550199", email="real@example.com")
    before = rows()

    load("--if-empty")

    assert rows() == before


def test_if_empty_fills_an_empty_database() -> None:
    load("--if-empty")

    assert set(Service.objects.values_list("slug", flat=True)) >= SLUGS


def test_everything_can_be_booked() -> None:
    """Each service has times at an address in each zone within the next weeks."""
    load()
    rules = BookingRules.load()
    for service in Service.objects.offered(timezone.localdate()):
        option = service.options.order_by("minutes").first()
        assert option is not None
        treatment = load_treatment(service_slug=service.slug, option_id=option.pk)
        for zip_code in ("90026", "90042", "90401", "91601", "90245"):
            visit_request = load_visit_request(
                treatment=treatment, area=load_area(zip_code), preference=ANYONE, today=date(2026, 12, 2)
            )
            offer = scheduling.find_times_between(
                visit_request=visit_request,
                first_day=date(2026, 12, 1),
                last_day=date(2026, 12, 31),
                rules=rules,
                now=NOW,
            )
            assert offer.by_day, (service.slug, zip_code)


def test_samples_are_plainly_samples() -> None:
    load()
    business = Business.objects.get()

    assert business.is_sample
    assert business.phone.is_valid()
    assert re.fullmatch(r"\+121355501\d\d", business.phone.as_e164)
    assert business.email.endswith("@example.com")
    for therapist in Therapist.objects.all():
        assert therapist.name.startswith("Sample ")
        assert therapist.certificate_number.startswith("SAMPLE-")
        assert therapist.certificate_expires_on == date(2027, 12, 31)


def test_zip_codes_are_those_of_the_table_and_have_homes() -> None:
    load()

    assert 40 <= ServiceArea.objects.count() <= 80
    for area in ServiceArea.objects.all():
        known = centroid(area.zip_code)
        assert known is not None
        assert known.is_standard
        assert (area.city, area.latitude, area.longitude) == (known.city, known.latitude, known.longitude)


def test_holidays_are_the_right_days() -> None:
    load()

    days = dict(Closure.objects.values_list("date", "name"))
    assert days[date(2027, 11, 25)] == "Thanksgiving"
    assert days[date(2026, 12, 25)] == "Christmas Day"
    assert date(2027, 1, 1) in days
    assert min(days) >= date(2026, 12, 2)


def test_screening_rules_can_be_used_and_wait_for_approval() -> None:
    load()
    version = ScreeningVersion.objects.get()

    assert parse_rules(version.rules).questions
    assert version.approved_by == ""


def test_no_text_promises_what_massage_can_not_do() -> None:
    load()

    assert [(where, found[0]) for where, text in texts() if (found := BANNED.search(_visible(text)))] == []


def _visible(text: str) -> str:
    return re.sub(r"<[^>]+>", " ", text)


def test_logins_work_until_their_password_is_changed() -> None:
    make_roles()
    lines = [
        line.split()
        for line in load("--if-empty", "--show-logins").splitlines()
        if line.startswith("login: ")
    ]

    assert [line[1] for line in lines] == ["owner", "front-desk", "therapist", "writer"]
    assert all(len(line) == 4 and len(line[3]) >= 12 for line in lines)
    assert User.objects.get(username="owner").is_superuser
    desk = User.objects.get(username="frontdesk")
    assert desk.is_staff
    assert desk.has_perm("bookings.change_booking")
    assert not desk.has_perm("services.change_service")
    therapist = User.objects.get(username="therapist")
    assert therapist.therapist.slug == "sample-therapist-one"
    assert therapist.has_perm("bookings.view_own_visits")
    assert not therapist.has_perm("bookings.view_booking")
    writer = User.objects.get(username="writer")
    assert writer.has_perm("blog.change_post")
    assert not writer.has_perm("bookings.view_booking")

    desk.set_password("something-of-their-own")
    desk.save()
    assert [role for role, _name, _password in working_logins()] == ["owner", "therapist", "writer"]
    assert "front-desk" not in load("--show-logins")


def test_show_logins_alone_loads_nothing() -> None:
    assert load("--show-logins") == ""
    assert not Business.objects.exists()


def test_public_site_is_refused(settings: Any) -> None:
    settings.LOCAL = False

    with pytest.raises(CommandError, match="local settings only"):
        load()
    assert not Business.objects.exists()
