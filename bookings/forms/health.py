"""The health screening as a form of cards, built from the rules in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from bookings import screening
from bookings.domain.intake import Screening, translated
from massagerx.lib.fields import LineField

_LABELS = {screening.YES: _("Yes"), screening.NO: _("No"), screening.UNSURE: _("Not sure")}

#: The answers to a whole card.
NONE_OF_THESE, SOME_OF_THESE = "none", "some"


@dataclass(frozen=True, slots=True)
class HealthGroup:
    """What one card of a page holds: its number, the choice for all of it, and a field for each of its lines. A
    question on no card has neither."""

    number: int
    card: screening.Card | None
    choice: forms.BoundField | None
    lines: list[forms.BoundField]
    spoken: screening.Text | None

    @property
    def signs(self) -> list[forms.BoundField]:
        """The lines without the follow-ups: what the card asks about."""
        return [line for line in self.lines if line.field.question.when is None]  # type: ignore[attr-defined]


class RoughDateBoundField(forms.BoundField):
    """A rough date as its page shows it, part by part; the year is this one until another is given."""

    months = [(f"{number:02}", name) for number, name in MONTHS.items()]

    @property
    def is_unsure(self) -> bool:
        return self.value() == screening.UNSURE

    @property
    def parts(self) -> dict[str, str]:
        """Year, month and day as far as they are given."""
        value = "" if self.is_unsure else str(self.value() or "")
        year, month, day = [*value.split("-"), "", "", ""][:3]
        this_year = str(self.form.today.year)  # type: ignore[attr-defined]
        return {"year": year or this_year, "month": month, "day": day}


class RoughDateField(LineField):
    """A day or a month, as `RoughDateInput` puts it together."""

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> RoughDateBoundField:
        """The field with its parts."""
        return RoughDateBoundField(form, self, field_name)


class RoughDateInput(forms.TextInput):
    """A day as month, day and year, or a tick for 'not sure'. The day may be left out."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """The date as year-month-day or year-month; also taken as a whole."""
        if name in data:
            return data[name]
        if data.get(f"{name}-unsure"):
            return screening.UNSURE
        month, day, year = (
            str(data.get(f"{name}-{part}", ""))[:10].strip() for part in ("month", "day", "year")
        )
        if not month and not day:
            return ""  # the year is filled in beforehand
        return "-".join((year, month.zfill(2), *([day.zfill(2)] if day else [])))


class HealthForm(forms.Form):
    """One person's answers. 'None of these' on a card is an explicit no to each of its questions; 'yes, or not sure'
    asks for an answer to each. A card or a question without an answer is an error, and never a no."""

    def __init__(
        self,
        data: Any = None,
        *,
        screening_now: Screening,
        service_slug: str,
        today: date,
        person: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, prefix=None if person == 1 else f"p{person}", **kwargs)
        self.today = today
        self.screening = screening_now
        self.service_slug = service_slug
        self.person = person
        self.groups_asked = screening_now.groups(service_slug)
        for group in self.groups_asked:
            if group.card is not None:
                self.fields[_of_card(group.card)] = _choice(group)
            for question in group.questions:
                field = _field(question)
                field.question = question  # type: ignore[attr-defined]
                field.after = self.add_prefix(question.when.question) if question.when else ""  # type: ignore[attr-defined]
                field.words = _words(screening_now.rules, question)  # type: ignore[attr-defined]
                self.fields[question.id] = field

    @property
    def groups(self) -> list[HealthGroup]:
        """The page's cards, in order."""
        return [
            HealthGroup(
                number,
                group.card,
                self[_of_card(group.card)] if group.card is not None else None,
                [self[question.id] for question in group.questions],
                self._spoken(group),
            )
            for number, group in enumerate(self.groups_asked, start=1)
        ]

    def _spoken(self, group: screening.Group) -> screening.Text | None:
        """What asks for the whole card in one breath: nothing where this service is asked only some of its lines."""
        of_card = {one for one in self.screening.rules.questions if group.card and one.card == group.card.id}
        return group.card.spoken if group.card and of_card <= set(group.questions) else None

    def clean(self) -> dict[str, Any]:
        """Requires an answer to each card and each question that applies, and a readable past date where one is asked
        for."""
        data = super().clean() or {}
        silent = set()
        for group in self.groups_asked:
            silent |= self._clean_card(group, data)
        asked = screening.visible(self.screening.rules, data, self.service_slug)
        for question in asked:
            if not data.get(question.id) and question.id not in self.errors and question.id not in silent:
                is_date = question.kind is screening.Kind.DATE
                self.add_error(
                    question.id,
                    _("Enter the month and the year. A good guess is fine.")
                    if is_date
                    else _("Choose an answer. “Not sure” is fine."),
                )
        unreadable = self.screening.evaluate(data, self.service_slug, self.today).unanswered
        for question in asked:
            if question.id in unreadable and question.id not in self.errors and question.id not in silent:
                self.add_error(
                    question.id, _("Enter a date in the past, like March 25, 2026. A good guess is fine.")
                )
        return data

    def _clean_card(self, group: screening.Group, data: dict[str, Any]) -> set[str]:
        """Writes the answer to a whole card to its lines; returns the lines about which nothing more is to be said."""
        if group.card is None or _of_card(group.card) in self.errors:
            return set()
        name = _of_card(group.card)
        lines = [question.id for question in group.questions if question.when is None]
        if data.get(name) == NONE_OF_THESE:
            if any(data.get(line, screening.UNSURE) not in ("", screening.NO) for line in lines):
                self.add_error(
                    name, _("You chose “None of these” and another answer below it. Which one is right?")
                )
                return set(lines)
            data.update(dict.fromkeys(lines, screening.NO))
        elif not data.get(name) and not any(data.get(line) or line in self.errors for line in lines):
            self.add_error(name, _("This card has no answer yet."))
            return set(lines)
        return set()

    def answers(self) -> dict[str, str]:
        """What was answered and could be read, question id → answer; unasked and blank ones left out. Also while other
        answers are wrong or missing."""
        asked = {q.id for q in screening.visible(self.screening.rules, self.cleaned_data, self.service_slug)}
        return {
            screening.key_of(name, self.person): value
            for name, value in self.cleaned_data.items()
            if value and name in asked and name not in self.errors
        }


class HealthForms:
    """A form for each person who is visited, of one page.

    `data` is what was sent; without, `given` are answers by key (`screening.key_of`).
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        people: int,
        screening_now: Screening,
        given: Mapping[str, str] | None = None,
        **asked: Any,
    ) -> None:
        self.screening = screening_now
        self.people = [
            HealthForm(data, person=person, screening_now=screening_now, **asked)
            for person in range(1, people + 1)
        ]
        for form in self.people:
            form.initial = _as_given(form, given or {})

    def fill_in(self, kept: Mapping[str, str]) -> None:
        """Shows what an earlier page was sent with, by field name."""
        for form in self.people:
            form.initial = {
                name: field.widget.value_from_datadict(kept, {}, form.add_prefix(name))
                for name, field in form.fields.items()
            }

    def __iter__(self) -> Iterator[HealthForm]:
        return iter(self.people)

    def is_valid(self) -> bool:
        """Whether nobody's answers are wrong or missing."""
        wrong = [form for form in self.people if not form.is_valid()]
        return not wrong

    @property
    def errors(self) -> list[forms.BoundField]:
        """The fields that something is wrong with, in the order of the page."""
        return [form[name] for form in self.people for name in form.fields if name in form.errors]

    def answers(self) -> dict[str, str]:
        """Everybody's answers, as far as they could be read."""
        return {key: value for form in self.people for key, value in form.answers().items()}


def _as_given(form: HealthForm, given: Mapping[str, str]) -> dict[str, Any]:
    """Answers as they stand on the page: a card of nothing but no shows as 'none of these'."""
    answers = screening.answers_of(given, form.person)
    initial: dict[str, Any] = dict(answers)
    for group in form.groups_asked:
        lines = [answers.get(question.id) for question in group.questions if question.when is None]
        if group.card is not None and any(lines):
            is_none = all(answer == screening.NO for answer in lines)
            initial[_of_card(group.card)] = NONE_OF_THESE if is_none else SOME_OF_THESE
    return initial


def _of_card(card: screening.Card) -> str:
    """The name of the field that answers a whole card; no question's id has a full stop."""
    return f"card.{card.id}"


def _choice(group: screening.Group) -> forms.ChoiceField:
    field = forms.ChoiceField(
        label=translated(group.card.text) if group.card else "",
        required=False,
        choices=[(NONE_OF_THESE, _("None of these")), (SOME_OF_THESE, _("Yes, or not sure"))],
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose one of these answers.")},
    )
    field.card = group.card  # type: ignore[attr-defined]
    return field


def _words(rules: screening.RuleSet, question: screening.ScreeningQuestion) -> list[tuple[str, str]]:
    """What is said at once to answers that need care: (answers, words) pairs, the answers with a space between."""
    said: dict[str, list[str]] = {}
    for answer in question.answers:
        tier = question.tier_for(answer)
        if tier >= screening.Tier.CLEARANCE and tier is not screening.Tier.EMERGENCY:
            said.setdefault(translated(rules.message_for(question, tier)), []).append(answer)
    return [(" ".join(answers), words) for words, answers in said.items() if words]


def _field(question: screening.ScreeningQuestion) -> forms.Field:
    label, help_text = translated(question.text), translated(question.help)
    if question.kind is screening.Kind.DATE:
        return RoughDateField(
            label=label,
            help_text=help_text or _("You may leave the day out."),
            required=False,
            max_length=20,
            widget=RoughDateInput,
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
