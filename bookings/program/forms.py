"""What a client's press sends, and what staff choose for a program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from massagerx.lib.fields import LineField, LinesField

from .body import REGIONS
from .models import LONGEST_WEEKS, Exercise, ExerciseDay, ProgramTemplate, Sport, TemplateExercise
from .presses import OLDEST_PRESS, Pressed


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


_SCALE = [(str(number), str(number)) for number in range(11)]
_CHOOSE = {"required": _("Choose one."), "invalid_choice": _("Choose one.")}


class WeekForm(forms.Form):
    """Five questions about a week; the week stands in the page."""

    week = forms.IntegerField(min_value=1, max_value=LONGEST_WEEKS, widget=forms.HiddenInput)
    at_rest = forms.TypedChoiceField(
        label=_("How much does it hurt at rest? 0 is not at all, 10 is as bad as it gets"),
        coerce=int,
        choices=_SCALE,
        widget=forms.RadioSelect,
        error_messages=_CHOOSE,
    )
    moving = forms.TypedChoiceField(
        label=_("And when you move or train?"),
        coerce=int,
        choices=_SCALE,
        widget=forms.RadioSelect,
        error_messages=_CHOOSE,
    )
    ease = forms.ChoiceField(
        label=_("How were the exercises?"),
        choices=[("easy", _("Too easy")), ("right", _("About right")), ("hard", _("Too hard"))],
        widget=forms.RadioSelect,
        error_messages=_CHOOSE,
    )
    posture = forms.ChoiceField(
        label=_("How did you hold yourself, compared with the week before?"),
        choices=[("better", _("Better")), ("same", _("The same")), ("worse", _("Worse"))],
        widget=forms.RadioSelect,
        error_messages=_CHOOSE,
    )
    words = LinesField(
        label=_("Anything that your therapist should know?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def answers(self) -> dict[str, Any]:
        """What is kept encrypted of the cleaned form."""
        return {name: value for name, value in self.cleaned_data.items() if name != "week"}


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


class AssessmentForm(forms.Form):
    """What a therapist found and heard."""

    regions = forms.MultipleChoiceField(
        label=_("Problem areas"),
        choices=[(region.key, region.name) for region in REGIONS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    pain = forms.IntegerField(
        label=_("How much it hurts, 0 to 10"), min_value=0, max_value=10, required=False
    )
    sport = forms.ChoiceField(label=_("Sport"), choices=[("", "–"), *Sport.choices], required=False)
    goal = LineField(label=_("Goal, in the client’s words"), max_length=160, required=False)
    sitting = forms.IntegerField(label=_("Hours sitting a day"), min_value=0, max_value=24, required=False)
    training = forms.IntegerField(label=_("Hours training a week"), min_value=0, max_value=60, required=False)
    posture = LinesField(
        label=_("Posture, in your words"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    measures = LinesField(
        label=_("Measures"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Such as: chin to wall 4 cm, hip turns 30 degrees less on the left."),
    )

    def clean(self) -> dict[str, Any]:
        """Asks for something at least."""
        data = super().clean() or {}
        if not self.errors and not any(value not in ("", None, []) for value in data.values()):
            raise forms.ValidationError(_("Nothing is filled in yet."), code="empty")
        return data
