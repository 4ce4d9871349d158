"""What a client's press sends, and what staff choose for a program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from massagerx.lib.fields import LinesField

from .models import LONGEST_WEEKS, Exercise, ExerciseDay, ProgramTemplate, TemplateExercise
from .operations import OLDEST_PRESS, Pressed


class PressForm(forms.Form):
    """The press of a button on the client's page: the page's key, how many seconds ago it was (0 where it is sent at
    once), and how much it hurt."""

    key = forms.UUIDField()
    age = forms.IntegerField(min_value=0, max_value=int(OLDEST_PRESS.total_seconds()), required=False)
    outcome = forms.ChoiceField(choices=ExerciseDay.Outcome.choices)
    pain = forms.IntegerField(min_value=0, max_value=10, required=False)

    def pressed(self, now: datetime) -> Pressed:
        """What was pressed, once the form is valid."""
        sent = self.cleaned_data
        outcome = ExerciseDay.Outcome(sent["outcome"])
        return Pressed(
            outcome=outcome,
            at=now - timedelta(seconds=sent["age"] or 0),
            key=sent["key"],
            pain=sent["pain"] if outcome == ExerciseDay.Outcome.DONE else None,
        )


class ChooseForm(forms.Form):
    """Which exercises of a template a client gets, and from when on."""

    exercises = forms.TypedMultipleChoiceField(
        label=_("Exercises"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one exercise."),
            "invalid_choice": _("One of these exercises isn’t in the template anymore."),
        },
    )
    started_on = forms.DateField(
        label=_("First day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Give the first day."), "invalid": _("Give a day, like 2026-12-07.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rows: Sequence[TemplateExercise], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["exercises"].choices = [(row.exercise_id, str(row)) for row in rows]  # type: ignore[attr-defined]


class AmountForm(forms.Form):
    """How much of an exercise, and in which weeks."""

    sets = forms.IntegerField(label=_("Sets"), min_value=1, max_value=10)
    amount = forms.IntegerField(label=_("Times or seconds"), min_value=1, max_value=600)
    days_a_week = forms.IntegerField(label=_("Days a week"), min_value=1, max_value=7)
    from_week = forms.IntegerField(label=_("From week"), min_value=1, max_value=LONGEST_WEEKS)
    to_week = forms.IntegerField(label=_("To week"), min_value=1, max_value=LONGEST_WEEKS)


class AddForm(forms.Form):
    """Another exercise of the library."""

    exercise = forms.ModelChoiceField(
        label=_("Exercise"),
        queryset=Exercise.objects.none(),
        error_messages={"invalid_choice": _("That exercise isn’t offered anymore.")},
    )
    from_week = forms.IntegerField(label=_("From week"), min_value=1, max_value=LONGEST_WEEKS, initial=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["exercise"].queryset = Exercise.objects.offered().order_by("name")  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    """A word to the client."""

    note = LinesField(
        label=_("A word to the client"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stands on their page until you write another one. Kept encrypted."),
    )


class TemplateForm(forms.Form):
    """Which template a program is made from."""

    template = forms.ModelChoiceField(
        queryset=ProgramTemplate.objects.order_by("sport", "name"), widget=forms.RadioSelect, empty_label=None
    )
