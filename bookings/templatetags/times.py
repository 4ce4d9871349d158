"""The days and the times of a calendar: the same ones are shown again and again, so each is rendered once a process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_OF_DAY = ("href", "classes", "current", "is_named", "text", "left", "in_words")
_OF_TIME = ("value", "hour", "half", "zone", "who")


@register.simple_tag
def day_cell(day: Mapping[str, Any]) -> SafeString:
    """A day of the calendar, as of `views.calendar.CalendarPage.weeks`."""
    return _rendered("bookings/_day.html", _OF_DAY, *(day[name] for name in _OF_DAY))


@register.simple_tag
def time_button(start: Mapping[str, Any]) -> SafeString:
    """The button of a time, as of `views.calendar.CalendarPage.button`."""
    return _rendered("bookings/_time.html", _OF_TIME, *(start[name] for name in _OF_TIME))


# By kind, too: a text that is marked safe equals one that is not.
@lru_cache(maxsize=8192, typed=True)
def _rendered(template_name: str, names: tuple[str, ...], *values: Any) -> SafeString:
    """What a template makes of nothing but these values, all of which are a part of the key."""
    shown = dict(zip(names, values, strict=True))
    return mark_safe(render_to_string(template_name, shown).strip())  # a file of ours, which escapes
