"""What a client writes, and what the owner says to it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.forms.person import NameField
from massagerx.lib.fields import LinesField

from .models import LONGEST_ANSWER, LONGEST_WORDS, Review


class WriteForm(forms.Form):
    """A review, by its client."""

    stars = forms.TypedChoiceField(
        label=_("How was your visit?"),
        choices=[
            (5, _("5 stars: very good")),
            (4, _("4 stars: good")),
            (3, _("3 stars: all right")),
            (2, _("2 stars: not good")),
            (1, _("1 star: bad")),
        ],
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose one to five stars."),
            "invalid_choice": _("Choose one to five stars."),
        },
    )
    words = LinesField(
        label=_("In your own words"),
        max_length=LONGEST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Please leave out your health, and other people’s: anyone may read it here."),
    )
    may_publish = forms.BooleanField(
        label=_("You may show it on your website"),
        required=False,
        help_text=_("Unchecked, only the owner reads it."),
    )
    shown_as = NameField(
        label=_("The name to show beside it"),
        autocomplete="given-name",
        max_length=60,
        required=False,
        help_text=_("Your first name, or another one: as you like."),
    )

    def clean(self) -> dict[str, Any]:
        """Asks for a name only where it is shown."""
        data = super().clean() or self.cleaned_data
        if data.get("may_publish") and not data.get("shown_as") and "shown_as" not in self.errors:
            self.add_error("shown_as", _("Type the name to show beside it."))
        return data


class DeclineForm(forms.Form):
    """Why a review isn't shown."""

    reason = forms.ChoiceField(
        label=_("Why"),
        choices=Review.Why.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose why it isn’t shown."),
            "invalid_choice": _("Choose one of these."),
        },
    )


class AnswerForm(forms.Form):
    """The owner's answer, for everybody to read."""

    answer = LinesField(
        label=_("Your answer"),
        max_length=LONGEST_ANSWER,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Everybody reads it beside the review. Say nothing of the visit that the client hasn’t said."
        ),
    )
