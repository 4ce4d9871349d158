"""What every form asks of a person: a name and an email address we can use, and one field that only robots fill."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from massagerx.lib.fields import LineField, TrapField
from massagerx.lib.text import clean_line


def readable_name(name: str) -> str:
    """`name`, or `ValidationError` when it has no letter in it."""
    if not any(character.isalpha() for character in name):
        raise ValidationError(_("A name needs at least one letter."), code="no_letter")
    return name


def mailable_address(email: str) -> str:
    """`email` in small letters, or `ValidationError` when our mail system can't write to it."""
    email = clean_line(email, longest=254).lower()
    if not email.isascii():
        raise ValidationError(
            _("Our mail system can only write to addresses with plain letters. Please use another one."),
            code="not_ascii",
        )
    return email


class PersonForm(forms.Form):
    """A name, an email address, and the field for robots."""

    name = LineField(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Type your name.")},
    )
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Type your email address."),
            "invalid": _("Type an email address like name@example.com."),
        },
    )
    website = TrapField()

    def clean_name(self) -> str:
        """The name, if it can be read as one."""
        return readable_name(self.cleaned_data["name"])

    def clean_email(self) -> str:
        """The address, if mail can be sent to it."""
        return mailable_address(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        """Refuses the form when the trap field is filled in."""
        data = super().clean() or {}
        TrapField.refuse(data.get("website"))
        return data
