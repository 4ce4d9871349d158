"""What a course is planned by, as staff type it with the caller on the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.domain.visit_request import ANYONE
from bookings.enums import Weekday
from bookings.forms import ZipForm
from bookings.forms.details import of_a_door
from massagerx.lib.admin import clock_field
from massagerx.lib.fields import LineField

from .models import LONGEST_DAYS, MOST_VISITS, CoursePlan
from .planner import Same
from .words import day_words

# What says where the first visits are, by the names of the form's fields.
FIRST_ADDRESS = ("first_visits", "first_zip_code", "first_street", "first_unit")
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

    not_cleared = _("The office has cleared you from %(day)s on. Is it earlier? Please ask them to tell us.")

    first_visits = forms.IntegerField(
        label=_("How many of the first visits are at another address?"),
        required=False,
        min_value=1,
        max_value=MOST_VISITS,
        help_text=_("At a recovery house, say. Blank: all are at the address that you give later."),
        error_messages={"invalid": _("Give a number of visits, like 3.")},
    )
    first_zip_code = LineField(label=_("ZIP code there"), max_length=200, required=False)
    first_street = LineField(label=_("Street address there"), max_length=160, required=False)
    first_unit = LineField(label=_("Unit there"), max_length=40, required=False)

    def __init__(
        self,
        *args: Any,
        plans: Sequence[CoursePlan],
        preferences: Sequence[tuple[str, str]],
        today: date,
        by_staff: bool,
        not_before: date | None = None,
        **kwargs: Any,
    ) -> None:
        """`not_before`: the first day that the surgeon's office, or the course that goes on, allows."""
        super().__init__(*args, **kwargs)
        self.by_staff = by_staff
        self.today, self.plans, self.not_before = today, plans, not_before
        self.fields["preference"].choices = list(preferences)  # type: ignore[attr-defined]
        if "plan" in self.fields:
            self.fields["plan"].choices = [(plan.pk, plan.name) for plan in plans]  # type: ignore[attr-defined]
            if len(plans) == 1:
                self.fields["plan"].initial = plans[0].pk

    def clean(self) -> dict[str, Any]:
        """The other address is whole, or left out; and not all visits are there."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        there = {name: data.get(name) for name in ("first_visits", "first_zip_code", "first_street")}
        if not any(there.values()):
            return data
        for name, value in there.items():
            if not value and name not in self.errors:
                self.add_error(name, _("Please give this too, or leave all of the other address blank."))
        plan = next((plan for plan in self.plans if plan.pk == data.get("plan")), None)
        if plan is not None and (there["first_visits"] or 0) >= sum(
            phase.visits for phase in plan.as_phases()
        ):
            self.add_error("first_visits", _("Then give that address later: all visits are there."))
        return data

    def clean_first_zip_code(self) -> str:
        """Five digits of where we come."""
        if not self.cleaned_data["first_zip_code"]:
            return ""
        asked = ZipForm({"zip_code": self.cleaned_data["first_zip_code"]})
        area = asked.area(today=self.today, by_staff=self.by_staff)
        if area is not None:
            return area.zip_code
        if not asked.is_valid():
            raise ValidationError(asked.errors["zip_code"].as_data())
        raise ValidationError(_("We don’t come to that ZIP code."), code="outside")

    def clean_first_street(self) -> str:
        return of_a_door(self.cleaned_data["first_street"])

    def clean_first_unit(self) -> str:
        return of_a_door(self.cleaned_data["first_unit"])

    @property
    def usual(self) -> list[forms.BoundField]:
        """What everybody is asked."""
        return [self[name] for name in self.fields if name not in FIRST_ADDRESS]

    @property
    def other_address(self) -> list[forms.BoundField]:
        """What is asked of who begins at another address."""
        return [self[name] for name in FIRST_ADDRESS if name in self.fields]

    @property
    def begins_elsewhere(self) -> bool:
        return any(field.value() or field.errors for field in self.other_address)

    def clean_day_zero(self) -> date:
        """A surgery may be some weeks ago; further off than a course lasts is a slip of the finger."""
        return near(self.cleaned_data["day_zero"], self.today)

    def clean_cleared_from(self) -> date | None:
        day = self.cleaned_data["cleared_from"]
        if day is None:
            return self.not_before
        if self.not_before is not None and day < self.not_before:
            params = {"day": day_words(self.not_before)}
            raise ValidationError(self.not_cleared, code="not_cleared", params=params)
        return near(day, self.today)

    def asked_for(self) -> dict[str, Any]:
        """What a draft keeps of it."""
        sent = self.cleaned_data
        return {
            **{name: sent[name] for name in ("plan", *FIRST_ADDRESS, "preference", "same") if name in sent},
            **({"day_zero": str(sent["day_zero"])} if "day_zero" in sent else {}),
            "cleared_from": str(sent["cleared_from"]) if sent["cleared_from"] else None,
            "weekdays": sorted(sent["weekdays"]),
            "hour": sent["hour"].strftime("%H:%M") if sent["hour"] else None,
        }


def asked_again(
    plan: int, day_zero: str, wishes: Mapping[str, Any] = MappingProxyType({}), **more: Any
) -> dict[str, Any]:
    """The same for a plan (its key) and day 0 (ISO 8601) that somebody else gave, with the `wishes` of an earlier
    course."""
    usual: dict[str, Any] = {"weekdays": [], "hour": None, "preference": ANYONE, "same": Same.PREFERRED.value}
    kept = {name: wishes.get(name, value) for name, value in usual.items()}
    return {"plan": plan, "day_zero": day_zero, **kept, **more}


class RestForm(CourseForm):
    """What the rest of a paused course is planned by: its plan stands, and its days follow the first."""

    not_cleared = _("Visits of this course may come from %(day)s on. Is it earlier now? Please call us.")
    plan = None  # type: ignore[assignment]
    day_zero = None  # type: ignore[assignment]
    cleared_from = forms.DateField(
        label=_("From which day can we come again?"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The other visits follow as far apart as they were planned."),
        error_messages={"required": _("Give the day."), "invalid": _("Give a day, like 2026-03-25.")},
    )


def near(day: date, today: date) -> date:
    """The day, which is within a year of today. Raises `ValidationError`."""
    if abs(day - today) > timedelta(days=LONGEST_DAYS):
        raise ValidationError(_("That is more than a year away. Please check the year."), code="odd_date")
    return day
