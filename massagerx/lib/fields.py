"""Form fields for text, and a trap for robots."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from .text import clean_line, clean_lines


class LineField(forms.CharField):
    """One line of text, as `clean_line` leaves it; its length is looked at before anything else."""

    #: Where no `max_length` is given.
    longest = 500
    _clean = staticmethod(clean_line)

    def to_python(self, value: Any) -> str:
        """The cleaned line; "" for a blank. Raises `ValidationError`."""
        text = super().to_python(value)
        return self._clean(text, longest=self.max_length or self.longest) if text else ""


class PhoneField(PhoneNumberField):
    """A telephone number, of the United States unless it says otherwise. One with an extension is refused: numbers are
    kept and dialed without, and to drop it would reach somebody else."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"region": "US", **options})

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and value.extension:
            raise ValidationError(
                _(
                    "We can't dial extension %(extension)s. Please give a number that reaches you without one."
                ),
                code="extension",
                params={"extension": value.extension},
            )


class _NeverShown(forms.TextInput):
    def format_value(self, value: Any) -> None:
        return None


class TrapField(forms.CharField):
    """A field that people don't see and simple robots fill in. It comes back empty, so that somebody whose browser
    filled it in has only to send the form again."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=_NeverShown({"tabindex": "-1", "autocomplete": "off"}))

    @staticmethod
    def refuse(value: Any) -> None:
        """For the form's `clean`, so that it is said above the form: raises ValidationError when something is in it."""
        if value:
            # Said in words that a person whose browser filled the field in can act on.
            raise ValidationError(
                _(
                    "Your browser filled in a field that people don't see. It is empty again: please press once more."
                ),
                code="robot",
            )


class LinesField(LineField):
    """Text of several lines, as `clean_lines` leaves it."""

    longest = 50_000
    widget = forms.Textarea
    _clean = staticmethod(clean_lines)
