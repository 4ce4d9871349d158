"""A sample week of a training program, on the page of its service."""

from __future__ import annotations

from django import template

from bookings.program.example import Example, example_of
from services.models import Service

register = template.Library()


@register.simple_tag
def program_example(service: Service) -> Example | None:
    """What a program made at visits of this service is like; None for another service, or before there is one."""
    return example_of([service])
