"""Whether a whole course can be planned, and how one stands."""

from __future__ import annotations

from django import template

from bookings.courses import models
from bookings.models import Booking
from services.models import Service

register = template.Library()


@register.simple_tag
def offers_course(service: Service) -> bool:
    """Whether a plan of the service is offered; one query."""
    return models.CoursePlan.objects.offered().filter(option__service=service).exists()


@register.simple_tag
def course_of(booking: Booking) -> models.Course | None:
    """The course of a visit; asked once for all that a page shows of it."""
    known = vars(booking)
    if "course" not in known:
        known["course"] = models.course_of(booking)
    found: models.Course | None = known["course"]
    return found
