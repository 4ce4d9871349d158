"""Whether a whole course can be planned, and how one stands."""

from __future__ import annotations

from django import template
from django.db.models import BigIntegerField

from bookings.courses import models
from massagerx.lib.compiled_query import CompiledQuery
from services.models import Service

register = template.Library()

_PLANS = CompiledQuery(
    lambda parameter: (
        models.CoursePlan.objects.offered()
        .filter(option__service=parameter("service", BigIntegerField()))
        .values_list("pk")[:1]
    )
)


@register.simple_tag
def offers_course(service: Service) -> bool:
    """Whether a plan of the service is offered; one query."""
    return bool(_PLANS.rows(service=service.pk))


register.simple_tag(models.course_of)
