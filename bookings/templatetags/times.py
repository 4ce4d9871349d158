"""The people, the days and the times of a calendar: the same ones are shown again and again, so each is rendered once a
process."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# What stands below is kept by its values. A text that is marked safe equals one that is not, so each of them is always
# of one kind: those that are called escaped, always safe; others, never.


class WhoChoice(NamedTuple):
    """Whom one can ask for: the element's `id`, the address, the face of a therapist (markup) or blank, the words, and
    a `note` on who came last or blank."""

    id: str
    href: str
    is_chosen: bool
    face: SafeString
    label: str
    note: str


class DayCell(NamedTuple):
    """A day of the calendar: its address, blank out of reach; what marks it as `current` for who can't see the page;
    the day of the month, with the month where `is_named`; how many times are `left` where few are; and all of it in
    words. Classes, `text` and words are escaped."""

    href: str
    classes: str
    current: str
    is_named: bool
    text: str
    left: str
    in_words: str


class TimeButton(NamedTuple):
    """A button for a start: the `value` that it sends, the time (escaped) with its `zone` or none, who comes then
    (escaped), what it costs `more` or blank, and its `day` (escaped) or blank."""

    value: str
    hour: str
    half: str
    zone: str
    who: str
    more: str = ""
    day: str = ""


@register.simple_tag
def who_choices(choices: Iterable[WhoChoice]) -> SafeString:
    """Whom one can ask for."""
    return _joined([_rendered("bookings/_who_choice.html", choice) for choice in choices])


@register.simple_tag
def day_cells(days: Iterable[DayCell]) -> SafeString:
    """The days of a week."""
    return _joined([_rendered("bookings/_day.html", day) for day in days])


@register.simple_tag
def time_buttons(starts: Iterable[TimeButton]) -> SafeString:
    """The buttons of a group of times."""
    return _joined([_rendered("bookings/_time.html", start) for start in starts])


@register.simple_tag
def proposals(starts: Iterable[TimeButton]) -> SafeString:
    """The buttons of times that stand before all others, each with its day."""
    return _joined([_rendered("bookings/_proposal.html", start) for start in starts])


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return mark_safe("".join(parts))  # each is safe


@lru_cache(maxsize=8192)
def _rendered(template_name: str, shown: WhoChoice | DayCell | TimeButton) -> SafeString:
    """What a template makes of nothing but these values, all of which are a part of the key."""
    return mark_safe(
        render_to_string(template_name, shown._asdict()).strip()
    )  # a file of ours, which escapes
