"""A month as a grid of days, and a day's times by part of the day."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from bookings.domain import pricing
from bookings.domain.scheduling import Offer
from bookings.domain.selection import Session
from bookings.models import BookingPolicy, ServedZip
from massagerx.lib.localtime import local

_NOON, _EVENING = 12, 17


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
    def weeks(self) -> list[list[Day]]:
        """Rows of seven days, Sunday first as calendars in the United States have it; weeks gone by are left out."""
        return [
            [
                Day(
                    date=day,
                    count=len(self.offer.by_day.get(day, ())),
                    in_month=day.month == self.first.month,
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
        self, policy: BookingPolicy, session: Session | None, area: ServedZip | None
    ) -> list[dict[str, Any]]:
        """The selected day's times in groups, good fits first, then by part of the day: `label`, and `starts` with
        `starts_at`, `value`, `is_good_fit`, `cents`, `is_evening_price`."""
        if self.selected is None or session is None or area is None:
            return []
        groups: dict[str, list[dict[str, Any]]] = {_("Good fit"): []}
        for start in self.offer.by_day.get(self.selected, ()):
            quote = pricing.quote(session=session, area=area, policy=policy, starts_at=start.starts_at)
            label = _("Good fit") if start.is_good_fit else _part(start.starts_at)
            groups.setdefault(label, []).append(
                {
                    "starts_at": start.starts_at,
                    "value": start.starts_at.isoformat(),
                    "is_good_fit": start.is_good_fit,
                    "cents": quote.total_cents,
                    "is_evening_price": quote.evening_cents > 0,
                }
            )
        return [{"label": label, "starts": starts} for label, starts in groups.items() if starts]


def _part(starts_at: datetime) -> str:
    hour = local(starts_at).hour
    if hour < _NOON:
        return _("Morning")
    return _("Afternoon") if hour < _EVENING else _("Evening")
