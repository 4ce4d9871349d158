"""Days and times of a calendar, rendered once: what each of them says is a part of what it is kept by."""

from __future__ import annotations

from bookings.templatetags.times import day_cell, time_button

DAY = {
    "href": "?day=2026-12-07&who=any",
    "classes": "day--open",
    "current": "",
    "is_named": False,
    "text": "7",
    "left": "",
    "in_words": "Monday, December 7: 9 times",
}
TIME = {
    "value": "2026-12-07T18:00:00+00:00 ana",
    "hour": "10:00",
    "half": "AM",
    "zone": "",
    "who": "with Ana",
}


def test_each_value_of_a_day_is_looked_at() -> None:
    cell = day_cell(DAY)
    assert day_cell({**DAY, "kind": "open"}) is cell
    assert 'href="?day=2026-12-07&amp;who=any#times"' in cell
    others = {
        "href": "?day=2026-12-07",
        "classes": "day--open day--today",
        "current": "date",
        "is_named": True,
        "text": "Dec 7",
        "left": "2 left",
        "in_words": "Monday, December 7: 2 times",
    }
    assert others.keys() == DAY.keys()
    changed = [day_cell({**DAY, name: value}) for name, value in others.items()]
    assert len({cell, *changed}) == len(changed) + 1
    assert "<a" not in day_cell({**DAY, "href": ""})


def test_each_value_of_a_time_is_looked_at() -> None:
    button = time_button(TIME)
    assert time_button({**TIME, "more": "+$20"}) is button
    changed = [time_button({**TIME, name: f"{value}<x>"}) for name, value in TIME.items()]
    assert len({button, *changed}) == len(changed) + 1
    assert not any("<x>" in other for other in changed)
