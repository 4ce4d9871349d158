"""What staff's pages and staff's lists ask for alike."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from massagerx.lib.admin import FIRST_DAY, LAST_DAY


def day_input() -> forms.DateInput:
    """A date as the browser asks for it."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class DayForm(forms.Form):
    """Which day. What can't be read counts as not given."""

    day = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=day_input(),
    )


def day_asked(sent: Any) -> date | None:
    """The day in an address, such as `?day=2026-11-27`; None without one that can be shown."""
    form = DayForm(sent)
    day: date | None = form.cleaned_data["day"] if form.is_valid() else None
    return day if day is not None and FIRST_DAY <= day <= LAST_DAY else None
