"""What a booking over HTTP can't do without: one row lock and one guarded insert; and a page that says hello."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from bookings.enums import BookingStatus
from bookings.models import Booking, Therapist

_KEYS = ("client_id", "service_id", "option_id", "area_id", "terms_version_id")


def book(request: HttpRequest) -> HttpResponse:
    """302 for a booking, 409 where the time has gone."""
    starts_at = parse_datetime(request.POST["starts_at"])
    assert starts_at is not None
    therapist_id = int(request.POST["therapist_id"])
    now = timezone.now()
    try:
        with transaction.atomic():
            locked = Therapist.objects.select_for_update(no_key=True).filter(pk=therapist_id)
            list(locked.values_list("pk", flat=True))
            Booking.objects.create(
                status=BookingStatus.REQUESTED,
                contact_name="Sample Client",
                therapist_id=therapist_id,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=60),
                blocked_from=starts_at - timedelta(minutes=10),
                blocked_until=starts_at + timedelta(minutes=70),
                street="1 Sample Street",
                city="Los Angeles",
                treatment_cents=12000,
                total_cents=12000,
                agreed_at=now,
                created_at=now,
                submission_key=uuid.uuid4(),
                submission_digest="0" * 64,
                **{name: int(request.POST[name]) for name in _KEYS},
            )
    except IntegrityError:
        return HttpResponse(status=409)
    return HttpResponse(status=302, headers={"Location": "/done/"})


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<!doctype html><title>Hello</title>")


urlpatterns = [path("book/", book), path("", hello)]
