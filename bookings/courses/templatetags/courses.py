"""Whether a whole course can be planned, and how one stands."""

from __future__ import annotations

from django import template
from django.db.models import BigIntegerField

from bookings.courses import models
from bookings.models import Booking
from massagerx.lib.compiled_query import CompiledQuery
from services.models import Service

register = template.Library()

_PLANS = CompiledQuery(
    lambda parameter: (
        models.CoursePlan.objects.offered()
        .filter(option__service=parameter("service", BigIntegerField()))
        .values_list("pk")[:1]
    ),
    of_reference_data=True,
)


@register.simple_tag
def offers_course(service: Service) -> bool:
    """Whether a plan of the service is offered; one query."""
    return bool(_PLANS.rows(service=service.pk))


@register.simple_tag
def course_of(booking: Booking) -> models.Course | None:
    """The course of a visit; asked once for all that a page shows of it."""
    known = vars(booking)
    if "course" not in known:
        known["course"] = models.course_of(booking)
    found: models.Course | None = known["course"]
    return found
