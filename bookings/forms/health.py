"""The health screening as a form, built from the rules in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings import screening
from bookings.domain.intake import Screening, translated
from massagerx.lib.fields import LineField

_LABELS = {screening.YES: _("Yes"), screening.NO: _("No"), screening.UNSURE: _("Not sure")}


class HealthForm(forms.Form):
    """One field a question. A follow-up is required only when the answer above it asks for it; a blank one is
    taken as 'not sure' and never as no."""

    def __init__(
        self, *args: Any, screening_now: Screening, service_slug: str, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.screening = screening_now
        self.service_slug = service_slug
        for question in screening_now.questions(service_slug):
            field = _field(question)
            field.question = question  # type: ignore[attr-defined]
            self.fields[question.id] = field

    def clean(self) -> dict[str, Any]:
        """Requires an answer to each question that applies, and a readable past date where one is asked
        for."""
        data = super().clean() or {}
        asked = screening.visible(self.screening.rules, data, self.service_slug)
        for question in asked:
            if not data.get(question.id) and question.id not in self.errors:
                is_date = question.kind is screening.Kind.DATE
                self.add_error(
                    question.id,
                    _("Give a date. A good guess is fine.")
                    if is_date
                    else _("Choose an answer. “Not sure” is fine."),
                )
        unreadable = self.screening.evaluate(data, self.service_slug, self.today).unanswered
        for question in asked:
            if question.id in unreadable and question.id not in self.errors:
                self.add_error(
                    question.id, _("Give a day that has passed, like 2026-03-25. A good guess is fine.")
                )
        return data

    def answers(self) -> dict[str, str]:
        """What was answered, question id → answer; unasked and blank ones left out."""
        asked = {q.id for q in screening.visible(self.screening.rules, self.cleaned_data, self.service_slug)}
        return {name: value for name, value in self.cleaned_data.items() if value and name in asked}


def _field(question: screening.ScreeningQuestion) -> forms.Field:
    label, help_text = translated(question.text), translated(question.help)
    if question.kind is screening.Kind.DATE:
        return LineField(
            label=label,
            help_text=help_text or _("As year-month-day, or write “unsure”."),
            required=False,
            max_length=20,
            widget=forms.DateInput(attrs={"type": "date"}),
        )
    offered = [(choice.id, translated(choice.text)) for choice in question.choices]
    if question.kind is screening.Kind.YES_NO_UNSURE:
        offered = [(answer, str(_LABELS[answer])) for answer in question.answers]
    else:
        offered.append((screening.UNSURE, str(_LABELS[screening.UNSURE])))
    return forms.ChoiceField(
        label=label,
        help_text=help_text,
        required=False,
        choices=offered,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose one of these answers.")},
    )
