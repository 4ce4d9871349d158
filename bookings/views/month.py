"""A month as a grid of days, and a day's times by part of the day."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from bookings.domain import pricing
from bookings.domain.scheduling import Offer, Start
from bookings.domain.visit_request import Treatment
from bookings.models import BookingRules, ServiceArea
from massagerx.lib.localtime import local

_NOON, _EVENING = 12, 17
# So many times around one that has gone come before all others.
_NEAREST = 3


def read_month(text: str, *, today: date, last_day: date) -> date:
    """The first day of the month `YYYY-MM` within what can be booked; what makes no sense is this month."""
    wanted = read_day(f"{text}-01", today=date.min, last_day=date.max) or today
    return min(max(wanted, today), last_day).replace(day=1)


def read_day(text: str, *, today: date, last_day: date) -> date | None:
    """The day `YYYY-MM-DD` when it is one that can be booked, else None."""
    try:
        day = parse_date(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and today <= day <= last_day else None


@dataclass(slots=True)
class Day:
    date: date
    count: int
    in_month: bool
    #: Neither past nor later than any day that can be booked: chosen, it says why it has no times.
    in_reach: bool
    is_today: bool
    is_selected: bool


@dataclass(slots=True)
class Month:
    """One month of an offer. `selected` is the day whose times are shown, when there is one."""

    first: date
    today: date
    last_day: date
    offer: Offer
    selected: date | None = None

    @property
    def last(self) -> date:
        return self.first.replace(day=calendar.monthrange(self.first.year, self.first.month)[1])

    @property
    def previous(self) -> date | None:
        before = self.first - timedelta(days=1)
        return before.replace(day=1) if before >= self.today else None

    @property
    def next(self) -> date | None:
        after = self.last + timedelta(days=1)
        return after if after <= self.last_day else None

    @property
    def any_times(self) -> bool:
        return self.first_open_day is not None

    @property
    def first_open_day(self) -> date | None:
        return min((day for day, starts in self.offer.by_day.items() if starts), default=None)

    @property
    def open_days(self) -> int:
        """How many days of the month have times."""
        return sum(1 for starts in self.offer.by_day.values() if starts)

    @property
    def selected_count(self) -> int:
        """How many times the chosen day has."""
        return len(self.offer.by_day.get(self.selected, ())) if self.selected is not None else 0

    @property
    def weeks(self) -> list[list[Day]]:
        """Rows of seven days, Sunday first as calendars in the United States have it; weeks gone by are left out."""
        return [
            [
                Day(
                    date=day,
                    count=len(self.offer.by_day.get(day, ())),
                    in_month=day.month == self.first.month,
                    in_reach=self.today <= day <= self.last_day,
                    is_today=day == self.today,
                    is_selected=day == self.selected,
                )
                for day in week
            ]
            for week in calendar.Calendar(firstweekday=6).monthdatescalendar(
                self.first.year, self.first.month
            )
            if week[-1] >= self.today
        ]

    def times_of_selected(
        self, rules: BookingRules, treatment: Treatment, area: ServiceArea, *, missed: datetime | None = None
    ) -> list[dict[str, Any]]:
        """The selected day's times in groups, each time once: those nearest to a time of that day that has gone
        (`missed`), good fits, then the others by part of the day. A group has a `label`, and `starts` as of `choice`.
        """
        if self.selected is None:
            return []
        starts = self.offer.by_day.get(self.selected, ())
        near: set[datetime] = set()
        if missed is not None and local(missed).date() == self.selected:
            ranked = sorted((abs(start.starts_at - missed), start.starts_at) for start in starts)
            near = {starts_at for _distance, starts_at in ranked[:_NEAREST]}
        nearest, good = _("Nearest to the time you chose"), _("Good fit")
        groups: dict[str, list[dict[str, Any]]] = {nearest: [], good: []}
        for start in starts:
            label = good if start.is_good_fit else _part(start.starts_at)
            label = nearest if start.starts_at in near else label
            groups.setdefault(label, []).append(choice(start, rules, treatment, area))
        return [{"label": label, "starts": chosen} for label, chosen in groups.items() if chosen]


def choice(start: Start, rules: BookingRules, treatment: Treatment, area: ServiceArea) -> dict[str, Any]:
    """What a button for a start shows and sends."""
    quote = pricing.quote(treatment=treatment, area=area, rules=rules, starts_at=start.starts_at)
    return {
        "starts_at": start.starts_at,
        "value": start.starts_at.isoformat(),
        "is_good_fit": start.is_good_fit,
        "cents": quote.total_cents,
        "is_evening_price": quote.evening_cents > 0,
    }


def _part(starts_at: datetime) -> str:
    hour = local(starts_at).hour
    if hour < _NOON:
        return _("Morning")
    return _("Afternoon") if hour < _EVENING else _("Evening")
