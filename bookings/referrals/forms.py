"""What an office enters of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.courses.forms import near
from bookings.courses.models import CoursePlan
from bookings.forms.person import MailboxField, NameField, NumberField
from massagerx.lib.fields import LineField, LinesField

_ODD_DAY = _("Give a day, like 2026-03-25.")


class ReferralForm(forms.Form):
    """A patient, the procedure, and for what they are cleared."""

    name = NameField(
        label=_("Patient’s name"),
        autocomplete="off",
        error_messages={"required": _("Type the patient’s name.")},
    )
    email = MailboxField(
        label=_("Patient’s email"),
        autocomplete="off",
        required=False,
        help_text=_("The patient gets a link there, with all of this filled in."),
    )
    phone = NumberField(
        label=_("Patient’s phone"),
        autocomplete="off",
        required=False,
        help_text=_("Without an email we call."),
    )
    procedure = LineField(
        label=_("Procedure"),
        max_length=160,
        help_text=_("Kept encrypted, as all of this is that tells of health."),
        error_messages={"required": _("Type which procedure it was.")},
    )
    surgery = forms.DateField(
        label=_("Day of the surgery"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Give the day."), "invalid": _ODD_DAY},
    )
    cleared_from = forms.DateField(
        label=_("Cleared for visits from"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("No visit is planned before."),
        error_messages={"required": _("Give the first day."), "invalid": _ODD_DAY},
    )
    limits = LinesField(
        label=_("Limits"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What to leave out, how firm, drains, garments. The therapist reads it."),
    )
    plan = forms.TypedChoiceField(
        label=_("Which plan?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a plan."), "invalid_choice": _("Choose one of these plans.")},
    )
    entered_by = NameField()
    is_cleared = forms.BooleanField(
        label=_(
            "The surgeon has cleared this patient for these visits from that day, and the patient knows that we get in "
            "touch."
        ),
        error_messages={"required": _("Please confirm it: this entry is the surgeon’s word.")},
    )

    def __init__(self, *args: Any, plans: Sequence[CoursePlan], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.plans = today, plans
        self.fields["plan"].choices = [(plan.pk, f"{plan.name}: {plan.option}") for plan in plans]  # type: ignore[attr-defined]

    def clean_surgery(self) -> date:
        """A day not far from today."""
        return near(self.cleaned_data["surgery"], self.today)

    def clean_cleared_from(self) -> date:
        """A day not far from today."""
        return near(self.cleaned_data["cleared_from"], self.today)

    def clean(self) -> dict[str, Any]:
        """Asks for one way at least to reach the patient, and for a day that is not before the surgery."""
        data = super().clean() or {}
        if not ({"email", "phone"} & self.errors.keys() or data.get("email") or data.get("phone")):
            self.add_error("email", _("Give an email address or a phone number."))
        surgery, cleared_from = data.get("surgery"), data.get("cleared_from")
        if surgery and cleared_from and cleared_from < surgery:
            self.add_error(
                "cleared_from", ValidationError(_("That is before the surgery."), code="before_surgery")
            )
        elif surgery and cleared_from and data.get("plan"):
            self._fit(data["plan"], surgery, max(cleared_from, self.today))
        return data

    def _fit(self, key: int, surgery: date, first: date) -> None:
        """Asks for another plan where one has no days left for a part of its visits."""
        phases = next(plan for plan in self.plans if plan.pk == key).as_phases()
        for phase in phases:
            begins = max(surgery + timedelta(days=phase.from_day), first)
            if begins + timedelta(days=(phase.visits - 1) * phase.apart) > surgery + timedelta(phase.to_day):
                words = _(
                    "This plan has %(visits)d visits from day %(from)d to day %(to)d after the surgery, and by then "
                    "too few of these days are left. Choose another plan, or check the days."
                )
                params = {"visits": phase.visits, "from": phase.from_day, "to": phase.to_day}
                self.add_error("plan", ValidationError(words, code="over", params=params))
                return

    def health(self) -> dict[str, str]:
        """What is kept encrypted of the cleaned form."""
        data = self.cleaned_data
        return {
            "procedure": data["procedure"],
            "surgery": str(data["surgery"]),
            "cleared_from": str(data["cleared_from"]),
            "limits": data["limits"],
            "entered_by": data["entered_by"],
        }
