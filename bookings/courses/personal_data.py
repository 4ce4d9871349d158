"""What is held of courses, for a client's own data: when the surgery was, and what was wished for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from bookings.domain.export import Section, line, opened
from bookings.models import Booking

from .models import Course


def section_of(visits: Sequence[Booking]) -> Section:
    """The courses that these visits belong to; only once the look at health answers is written down."""
    keys = {visit.together for visit in visits if visit.together is not None}
    # The encrypted column is read one by one, so that a lost key costs a line and not the page.
    courses = (
        Course.objects.filter(key__in=keys).select_related("plan").defer("dates").order_by("booked_at", "pk")
    )
    return Section("courses", _("Courses"), [_lines(course, visits) for course in courses])


def _lines(course: Course, visits: Sequence[Booking]) -> list[Any]:
    references = [visit.reference for visit in visits if visit.together == course.key]
    return [
        line("plan", _("plan"), str(course.plan)),
        line("visits", _("visits"), references),
        line(
            "dates",
            _("day of the surgery or first visit, and allowed from"),
            opened(partial(getattr, course, "dates")),
        ),
        line("wishes", _("what was wished for"), course.wishes),
        line("booked_at", _("booked at"), course.booked_at),
    ]
