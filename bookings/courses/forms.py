"""What a course is planned by, as staff type it with the caller on the line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.enums import Weekday
from massagerx.lib.admin import clock_field

from .models import LONGEST_DAYS, CoursePlan
from .planner import Same

SAME_WORDS = {
    Same.PREFERRED.value: _("If possible"),
    Same.ALWAYS.value: _("Always"),
    Same.ANYONE.value: _("It doesn't matter"),
}


class CourseForm(forms.Form):
    """A plan, its day 0, from when the surgeon allows it, and what the client wishes for."""

    plan = forms.TypedChoiceField(
        label=_("Which plan?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a plan."), "invalid_choice": _("Choose one of these plans.")},
    )
    day_zero = forms.DateField(
        label=_("Day of the surgery, or of the first visit"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Give the day."), "invalid": _("Give a day, like 2026-03-25.")},
    )
    cleared_from = forms.DateField(
        label=_("The surgeon allows it from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("No visit is planned before. Blank: the plan’s own first day."),
        error_messages={"invalid": _("Give a day, like 2026-03-25.")},
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Which days suit best?"),
        coerce=int,
        required=False,
        choices=Weekday.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("Choose from these days.")},
    )
    hour = clock_field(label=_("At about what time?"), required=False)
    preference = forms.ChoiceField(
        label=_("Who should come?"),
        error_messages={"required": _("Choose one."), "invalid_choice": _("Choose one of these.")},
    )
    same = forms.ChoiceField(
        label=_("The same therapist?"),
        choices=list(SAME_WORDS.items()),
        initial=Same.PREFERRED.value,
        error_messages={"required": _("Choose one."), "invalid_choice": _("Choose one of these.")},
    )

    def __init__(
        self,
        *args: Any,
        plans: Sequence[CoursePlan],
        preferences: Sequence[tuple[str, str]],
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["preference"].choices = list(preferences)  # type: ignore[attr-defined]
        if "plan" in self.fields:
            self.fields["plan"].choices = [(plan.pk, plan.name) for plan in plans]  # type: ignore[attr-defined]
            if len(plans) == 1:
                self.fields["plan"].initial = plans[0].pk

    def clean_day_zero(self) -> date:
        """A surgery may be some weeks ago; further off than a course lasts is a slip of the finger."""
        return _near(self.cleaned_data["day_zero"], self.today)

    def clean_cleared_from(self) -> date | None:
        day = self.cleaned_data["cleared_from"]
        return _near(day, self.today) if day is not None else None

    def asked_for(self) -> dict[str, Any]:
        """What a draft keeps of it."""
        sent = self.cleaned_data
        return {
            **({"plan": sent["plan"], "day_zero": str(sent["day_zero"])} if "plan" in sent else {}),
            **{name: sent[name] for name in ("preference", "same")},
            "cleared_from": str(sent["cleared_from"]) if sent["cleared_from"] else None,
            "weekdays": sorted(sent["weekdays"]),
            "hour": sent["hour"].strftime("%H:%M") if sent["hour"] else None,
        }


class RestForm(CourseForm):
    """What the rest of a paused course is planned by: its plan stands, and its days follow the first."""

    plan = None  # type: ignore[assignment]
    day_zero = None  # type: ignore[assignment]
    cleared_from = forms.DateField(
        label=_("From which day can we come again?"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The other visits follow as far apart as they were planned."),
        error_messages={"required": _("Give the day."), "invalid": _("Give a day, like 2026-03-25.")},
    )


def _near(day: date, today: date) -> date:
    if abs(day - today) > timedelta(days=LONGEST_DAYS):
        raise ValidationError(_("That is more than a year away. Please check the year."), code="odd_date")
    return day
