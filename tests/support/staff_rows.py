"""Rows for the journeys of staff. Runs within the process of a started site, by `site.shell`: what it makes belongs to
therapists of its own, so that no other journey's visits stand in the way."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import Group, User
from django.utils import timezone

from bookings.domain import operations, pricing, scheduling
from bookings.domain.operations import Submission
from bookings.domain.visit_request import load_area, load_treatment, load_visit_request
from bookings.enums import Gender
from bookings.models import (
    Booking,
    BookingRules,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    WorkingHours,
)
from massagerx.lib.localtime import day_bounds, local
from services.models import ServiceOption

ZIP = "90026"
SERVICE = "manual-lymphatic-drainage"


def therapist(name: str, *, username: str = "", password: str = "") -> Therapist:
    """Somebody qualified who works around the clock, with a log-in when it is named."""
    slug = name.lower().replace(" ", "-")
    user = None
    if username:
        user = User.objects.create_user(username, password=password, is_staff=True)
        user.groups.set(Group.objects.filter(name="Therapist"))
    row = Therapist.objects.create(
        name=name, slug=slug, gender=Gender.FEMALE, certificate_number=f"SAMPLE-{slug}", position=90, user=user,
        certificate_expires_on=local(timezone.now()).date() + timedelta(days=900),
        home_zip=ServiceArea.objects.get(zip_code=ZIP),
    )  # fmt: skip
    row.services.set([ServiceOption.objects.filter(service__slug=SERVICE)[0].service])
    WorkingHours.objects.bulk_create(
        WorkingHours(therapist=row, weekday=day, starts_at=time(0), ends_at=time(0)) for day in range(7)
    )
    return row


def noon(days: int) -> datetime:
    """Local noon so many days from today."""
    day = local(timezone.now()).date() + timedelta(days=days)
    return day_bounds(day)[0] + timedelta(hours=12)


def visit(
    who: Therapist,
    name: str,
    phone: str,
    *,
    starts_at: datetime | None = None,
    status: str = "",
    gate_code: str = "",
) -> Booking:
    """A visit of a client of that name, asked for some weeks ahead as the site does it; then put to `starts_at` and
    into `status`, if they are given, without any message."""
    now = timezone.now()
    rules = BookingRules.load()
    option = ServiceOption.objects.active().filter(service__slug=SERVICE).order_by("minutes")[0]
    area = load_area(ZIP)
    treatment = load_treatment(service_slug=SERVICE, option_id=option.pk)
    preference = f"therapist:{who.slug}"
    today: date = local(now).date()
    visit_request = load_visit_request(treatment=treatment, area=area, preference=preference, today=today)
    offer = scheduling.find_times_between(
        visit_request=visit_request,
        first_day=today + timedelta(days=20),
        last_day=today + timedelta(days=26),
        rules=rules,
        now=now,
    )
    start = next(
        start.starts_at for day in offer.by_day.values() for start in day if local(start.starts_at).hour == 11
    )
    asked = ScreeningVersion.objects.order_by("-number")[0]
    booking = operations.request_booking(
        submission=Submission(
            key=uuid.uuid4(),
            service_slug=SERVICE,
            option_id=option.pk,
            add_on_ids=(),
            people=1,
            zip_code=ZIP,
            preference=preference,
            starts_at=start,
            name=name,
            email=f"{name.lower().replace(' ', '.')}@example.com",
            phone=phone,
            recipient_name="",
            street="12 Sample Street",
            unit="",
            access_type="ground",
            access={"gate_code": gate_code} if gate_code else {},
            screening_version=asked.number,
            screening_service=SERVICE,
            answers={
                question["id"]: "yes" if question["id"] == "adult" else "no"
                for question in asked.rules["questions"]
                if "when" not in question
            },
            terms_version=TermsVersion.objects.order_by("-number")[0].number,
            total_cents=pricing.quote(
                treatment=treatment, area=area, rules=rules, starts_at=start
            ).total_cents,
        ),
        now=now,
    )
    shift = starts_at - start if starts_at is not None else timedelta(0)
    Booking.objects.filter(pk=booking.pk).update(
        status=status or booking.status,
        # A status that is named is one after "requested".
        confirmed_at=now if status else booking.confirmed_at,
        **{
            field: getattr(booking, field) + shift
            for field in ("starts_at", "ends_at", "blocked_from", "blocked_until")
        },
    )
    booking.refresh_from_db()
    return booking
