"""Form fields for text, and a trap for robots."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .text import clean_line, clean_lines


class LineField(forms.CharField):
    """One line of text, as `clean_line` leaves it."""

    def to_python(self, value: Any) -> str:
        """The cleaned line; "" for a blank. Raises `ValidationError`."""
        text = super().to_python(value)
        return clean_line(text) if text else ""


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


class LinesField(forms.CharField):
    """Text of several lines, as `clean_lines` leaves it."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """The cleaned text; "" for a blank. Raises `ValidationError`."""
        text = super().to_python(value)
        return clean_lines(text) if text else ""
