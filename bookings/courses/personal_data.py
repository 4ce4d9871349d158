"""What is held of courses, for a client's own data: when the surgery was, and what was wished for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from functools import partial
from typing import Any

from django.utils.dateformat import time_format
from django.utils.translation import gettext as _

from bookings.domain.export import Line, Section, line, opened
from bookings.domain.visit_request import therapist_or_gender
from bookings.enums import Weekday
from bookings.models import Booking, Therapist
from bookings.refusals import preference_label

from .forms import SAME_WORDS
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
        line("rest", _("days of the plan that are still to come after a pause"), course.rest),
        line("paused_at", _("paused at"), course.paused_at),
        Line("wishes", _("what was wished for"), course.wishes, _wishes_in_words(course.wishes)),
        line("booked_at", _("booked at"), course.booked_at),
    ]


def _wishes_in_words(wishes: dict[str, Any]) -> str:
    """As the form asked for them; what was not wished for is left out."""
    said = []
    if days := wishes.get("weekdays"):
        names = ", ".join(str(Weekday(day).label) for day in days)
        said.append(_("Days: %(days)s") % {"days": names})
    if hour := wishes.get("hour"):
        said.append(_("At about %(time)s") % {"time": time_format(time.fromisoformat(hour), "g:i A")})
    if preference := wishes.get("preference"):
        slug, gender = therapist_or_gender(preference)
        named = Therapist.objects.filter(slug=slug).first() if slug else gender
        said.append(_("Who should come: %(who)s") % {"who": preference_label(named)})
    if same := wishes.get("same"):
        said.append(_("The same therapist: %(same)s") % {"same": SAME_WORDS[same]})
    return "; ".join(said)
