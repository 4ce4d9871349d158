"""Whether a whole course can be planned, and how one stands."""

from __future__ import annotations

from django import template

from bookings.courses import models
from services.models import Service

register = template.Library()


@register.simple_tag
def offers_course(service: Service) -> bool:
    """Whether a plan of the service is offered; one query."""
    return models.CoursePlan.objects.offered().filter(option__service=service).exists()


register.simple_tag(models.course_of)
