"""Time off as staff think of it: a day or some days, all day or between two hours."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import TimeOff
from massagerx.lib.admin import clock_field, sane_day
from massagerx.lib.fields import LineField
from massagerx.lib.localtime import day_bounds, instant_of, local

from .staff import day_input


class TimeOffForm(forms.ModelForm):
    """Gives the row's start and end. The hours count only without the tick; until 00:00 is until the end of the day."""

    first_day = forms.DateField(label=gettext_lazy("From"), widget=day_input(), validators=[sane_day])
    last_day = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=day_input(),
        validators=[sane_day],
        help_text=gettext_lazy("Blank: that one day."),
    )
    all_day = forms.BooleanField(label=gettext_lazy("All day"), required=False, initial=True)
    from_time = clock_field(label=gettext_lazy("From, Los Angeles time"), required=False)
    until_time = clock_field(label=gettext_lazy("Until, Los Angeles time"), required=False)
    reason = LineField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("Seen by staff only."),
    )

    class Meta:
        model = TimeOff
        fields = ["therapist", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        row = kwargs.get("instance")
        if row is not None and row.pk:
            kwargs["initial"] = {**_shown(row), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first: date | None = cleaned.get("first_day")
        if first is None or self.errors:
            return cleaned
        last: date = cleaned.get("last_day") or first
        if last < first:
            self.add_error("last_day", _("The last day can't be before the first day."))
            return cleaned
        if cleaned["all_day"]:
            self.instance.starts_at, self.instance.ends_at = day_bounds(first)[0], day_bounds(last)[1]
            return cleaned
        starts_at = self._instant("from_time", first)
        ends_at = self._instant("until_time", last)
        if starts_at is not None and ends_at is not None:
            if ends_at <= starts_at:
                self.add_error("until_time", _("The end must be later than the start."))
            self.instance.starts_at, self.instance.ends_at = starts_at, ends_at
        return cleaned

    def _instant(self, name: str, day: date) -> datetime | None:
        clock: time | None = self.cleaned_data.get(name)
        if clock is None:
            self.add_error(name, _("Type the hour, or tick “All day”."))
            return None
        if name == "until_time" and clock == time.min:
            return day_bounds(day)[1]
        instant = instant_of(day, clock)
        if instant is None:
            self.add_error(name, ValidationError(_("The clocks change that night: there is no such time.")))
        return instant


def _shown(row: TimeOff) -> dict[str, Any]:
    """The row in the form's fields."""
    start, end = local(row.starts_at), local(row.ends_at)
    ends_with_day = end.time() == time.min
    last = end.date() - timedelta(days=1) if ends_with_day else end.date()
    return {
        "first_day": start.date(),
        "last_day": last if last != start.date() else None,
        "all_day": start.time() == time.min and ends_with_day,
        "from_time": start.time(),
        "until_time": end.time(),
    }
