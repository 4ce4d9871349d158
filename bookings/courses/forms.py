"""What a course is planned by, as staff type it with the caller on the line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings.domain.visit_request import ANYONE
from bookings.enums import Weekday
from bookings.forms import ZipForm
from bookings.forms.details import of_a_door
from massagerx.lib.admin import clock_field
from massagerx.lib.fields import LineField

from .labels import day_words
from .models import LONGEST_DAYS, MOST_VISITS, CoursePlan
from .planner import Same

# What says where some visits are, as a draft keeps it; each field's name has the number of the address before.
PLACE = ("first", "last", "zip_code", "street", "unit")
SAME_WORDS = {
    Same.PREFERRED.value: _("If possible"),
    Same.ALWAYS.value: _("Always"),
    Same.ANYONE.value: _("It doesn't matter"),
}


class Offered(NamedTuple):
    """What a course can be planned by today, a local date. `left`: how many visits the course that goes on has left.
    `not_before`: the first day that it, or the surgeon's office, allows."""

    plans: Sequence[CoursePlan]
    preferences: Sequence[tuple[str, str]]
    today: date
    by_staff: bool
    left: int = 0
    not_before: date | None = None


class _ZipField(LineField):
    """The ZIP code of where we come; its five digits."""

    def __init__(self, offered: Offered, **options: Any) -> None:
        super().__init__(max_length=200, **options)
        self.offered = offered

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        asked = ZipForm({"zip_code": text})
        area = asked.area(today=self.offered.today, by_staff=self.offered.by_staff)
        if area is not None:
            return area.zip_code
        if not asked.is_valid():
            raise ValidationError(asked.errors["zip_code"].as_data())
        raise ValidationError(_("We don’t come to that ZIP code."), code="outside")


def _fields_elsewhere(offered: Offered, number_of_place: int) -> list[forms.Field]:
    """What says which visits are at another address, and where that is: in the order of `PLACE`. The labels of all
    but the first of these addresses name its number."""
    number: dict[str, Any] = {
        "required": False,
        "min_value": 1,
        "max_value": MOST_VISITS,
        "error_messages": {"invalid": _("Give the number of a visit, like 3.")},
    }
    door: dict[str, Any] = {"required": False, "validators": [of_a_door]}
    fields: list[forms.Field] = [
        forms.IntegerField(label=_("From visit"), **number),
        forms.IntegerField(
            label=_("To visit"), help_text=_("Leave this blank if it is just one visit."), **number
        ),
        _ZipField(offered, label=_("ZIP code there"), required=False),
        LineField(label=_("Street address there"), max_length=160, **door),
        LineField(label=_("Unit there"), max_length=40, **door),
    ]
    if number_of_place > 1:
        for field in fields:
            field.label = _("%(what)s (%(number)d)") % {"what": field.label, "number": number_of_place}
    return fields


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

    def __init__(self, data: Any, *, offered: Offered, kept: Mapping[str, Any]) -> None:
        """`kept` is what the draft has of it."""
        self.offered, plans, elsewhere = offered, offered.plans, kept.get("elsewhere", ())
        # As many addresses as phases, the usual one among them.
        most = max(1, len(elsewhere), *(len(plan.as_phases()) - 1 for plan in plans))
        self._places = [[f"place_{number}_{name}" for name in PLACE] for number in range(1, most + 1)]
        known = zip(self._places, elsewhere, strict=False)
        filled = {name: value for names, row in known for name, value in zip(names, row, strict=True)}
        super().__init__(data, initial={**kept, **filled})
        for number, names in enumerate(self._places, start=1):
            self.fields |= dict(zip(names, _fields_elsewhere(offered, number), strict=True))
        self.fields["preference"].choices = list(offered.preferences)  # type: ignore[attr-defined]
        if "plan" in self.fields:
            self.fields["plan"].choices = [(plan.pk, plan.name) for plan in plans]  # type: ignore[attr-defined]
            if len(plans) == 1:
                self.fields["plan"].initial = plans[0].pk
        if "day_zero" in self.fields and not self.of_surgery:
            self.fields["day_zero"].label = _("Day of the first visit")
            del self.fields["cleared_from"]

    def clean(self) -> dict[str, Any]:
        """Each other address is whole, or left out; each visit is at one address, and some are at the usual one."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        given = [names for names in self._places if any(data.get(name) for name in names)]
        for names in given:
            first, last, zip_code, street, _unit = names
            for name in (first, zip_code, street):
                if not data.get(name) and name not in self.errors:
                    words = _("“%(what)s”: please give this too, or leave all of the other address blank.")
                    self.add_error(name, words % {"what": self.fields[name].label})
            if data.get(first) and not data.get(last) and last not in self.errors:
                data[last] = data[first]
        if not self.errors:
            self._place_visits(given)
        return data

    def _place_visits(self, given: Iterable[Sequence[str]]) -> None:
        """Each of the addresses that are `given` has visits of its own, and leaves some for the usual one."""
        chosen = (plan for plan in self.offered.plans if plan.pk == self.cleaned_data.get("plan"))
        left = self.offered.left
        count = left or sum(phase.visits for plan in chosen for phase in plan.as_phases())
        taken: set[int] = set()
        for first, last, *_door in given:
            numbers = range(self.cleaned_data[first], self.cleaned_data[last] + 1)
            if not numbers:
                self.add_error(last, _("That is before the first of them."))
            elif numbers[-1] > count:
                words = ngettext("There is only %(count)d visit.", "There are only %(count)d visits.", count)
                self.add_error(last, words % {"count": count})
            elif taken.intersection(numbers):
                self.add_error(first, _("Some of these visits are at another of the addresses already."))
            elif len(taken := taken.union(numbers)) == count and not left:
                self.add_error(first, _("Then give that address later: no visit is left for it."))

    @property
    def of_surgery(self) -> bool:
        """Whether a surgeon has a say: a plan is counted from a surgery, or an office has cleared a day."""
        return self.offered.not_before is not None or any(plan.is_of_surgery for plan in self.offered.plans)

    @property
    def elsewhere(self) -> list[list[Any]]:
        """What a draft keeps of the other addresses: from which visit to which, ZIP code, street and unit."""
        rows = [[self.cleaned_data[name] for name in names] for names in self._places]
        return sorted(row for row in rows if row[0])

    @property
    def usual(self) -> list[forms.BoundField]:
        """What everybody is asked."""
        return [self[name] for name in self.fields if not name.startswith("place_")]

    @property
    def places(self) -> list[dict[str, Any]]:
        """What is asked of who has visits at another address, for each of them; and whether it is filled in."""
        found = [[self[name] for name in names] for names in self._places]
        return [
            {"fields": fields, "is_given": any(field.value() or field.errors for field in fields)}
            for fields in found
        ]

    @property
    def has_places(self) -> bool:
        """Whether anything is filled in, or wrong, of any of them."""
        return any(place["is_given"] for place in self.places)

    def clean_day_zero(self) -> date:
        """A surgery may be some weeks ago; further off than a course lasts is a slip of the finger."""
        return near(self.cleaned_data["day_zero"], self.offered.today)

    def clean_cleared_from(self) -> date | None:
        day, allowed = self.cleaned_data["cleared_from"], self.offered.not_before
        if day is None:
            return allowed
        if allowed is not None and day < allowed:
            params = {"day": day_words(allowed)}
            raise ValidationError(self.not_cleared, code="not_cleared", params=params)
        return near(day, self.offered.today)

    def asked_for(self) -> dict[str, Any]:
        """What a draft keeps of it."""
        sent = self.cleaned_data
        return {
            **{name: sent[name] for name in ("plan", "preference", "same") if name in sent},
            "elsewhere": self.elsewhere,
            **({"day_zero": str(sent["day_zero"])} if "day_zero" in sent else {}),
            "cleared_from": str(sent["cleared_from"]) if sent.get("cleared_from") else None,
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
