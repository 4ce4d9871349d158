"""Whether a whole course can be planned."""

from __future__ import annotations

from django import template

from bookings.courses.models import CoursePlan
from services.models import Service

register = template.Library()


@register.simple_tag
def offers_course(service: Service) -> bool:
    """Whether a plan of the service is offered; one query."""
    return CoursePlan.objects.offered().filter(option__service=service).exists()
