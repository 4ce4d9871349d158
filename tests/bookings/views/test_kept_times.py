"""Days and times of a calendar, rendered once: what each of them says is a part of what it is kept by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.safestring import mark_safe

from bookings.templatetags.times import (
    DayCell,
    TimeButton,
    WhoChoice,
    day_cells,
    proposals,
    time_buttons,
    who_choices,
)

DAY = DayCell(
    href="?day=2026-12-07&who=any",
    classes="day--open",
    current="",
    is_named=False,
    text="7",
    left="",
    in_words="Monday, December 7: 9 times",
)
TIME = TimeButton(value="2026-12-07T18:00:00+00:00 ana", hour="10:00", half="AM", zone="", who="with Ana")
CHOICE = WhoChoice("who-1", "?who=any#who-title", False, mark_safe(""), "Anyone", "")  # nothing to escape


def test_each_value_of_a_day_is_looked_at() -> None:
    cell = day_cells([DAY])
    assert 'href="?day=2026-12-07&amp;who=any#times"' in cell
    others: dict[str, Any] = {
        "href": "?day=2026-12-07",
        "classes": "day--open day--today",
        "current": "date",
        "is_named": True,
        "text": "Dec 7",
        "left": "2 left",
        "in_words": "Monday, December 7: 2 times",
    }
    assert tuple(others) == DayCell._fields
    changed = [day_cells([DAY._replace(**{name: value})]) for name, value in others.items()]
    assert len({cell, *changed}) == len(changed) + 1
    assert "<a" not in day_cells([DAY._replace(href="")])


def test_each_value_of_a_time_is_looked_at() -> None:
    _looks_at(time_buttons, TIME, set(TIME._fields) - {"more", "day"})
    _looks_at(proposals, TIME, set(TIME._fields) - {"zone"})


def test_each_value_of_a_choice_is_looked_at() -> None:
    _looks_at(who_choices, CHOICE, {"id", "href", "label", "note"})
    assert "aria-current" in who_choices([CHOICE._replace(is_chosen=True)])
    with_face = CHOICE._replace(face=mark_safe("<svg></svg>"))  # markup
    assert "<svg></svg><span>Anyone" in who_choices([with_face])


def test_all_are_shown_in_their_order() -> None:
    week = [DAY._replace(text=str(number)) for number in (3, 1, 2)]
    assert day_cells(week) == "".join(day_cells([day]) for day in week)


def _looks_at(tag: Callable[[list[Any]], str], shown: Any, names: set[str]) -> None:
    """Each of those values changes what is shown, and is escaped."""
    plain = tag([shown])
    changed = [tag([shown._replace(**{name: f"{getattr(shown, name)}<x>"})]) for name in names]
    assert len({plain, *changed}) == len(names) + 1
    assert not any("<x>" in other for other in changed)
