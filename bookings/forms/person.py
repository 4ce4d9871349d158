"""What every form asks of a person: a name, an email address and a phone that we can use, and one field that only
robots fill."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from massagerx.lib.fields import LineField, PhoneField, TrapField
from massagerx.lib.text import clean_line


class NameField(LineField):
    """A name with a letter in it, or blank: the reader's own, unless `autocomplete` says otherwise."""

    default_error_messages = {"required": _("Type your name.")}

    def __init__(self, *, autocomplete: str = "name", **options: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": autocomplete})
        super().__init__(**{"label": _("Your name"), "max_length": 120, "widget": widget, **options})

    def clean(self, value: Any) -> str:
        """The name. Raises `ValidationError`."""
        name: str = super().clean(value)
        if name and not any(character.isalpha() for character in name):
            raise ValidationError(_("A name needs at least one letter."), code="no_letter")
        return name


class MailboxField(forms.EmailField):
    """An email address in small letters to which our mail system can write, or blank: the reader's own, unless
    `autocomplete` says otherwise."""

    default_error_messages = {
        "required": _("Type your email address."),
        "invalid": _("Type an email address like name@example.com."),
    }

    def __init__(self, *, autocomplete: str = "email", **options: Any) -> None:
        widget = forms.EmailInput(attrs={"autocomplete": autocomplete})
        super().__init__(**{"label": _("Email"), "max_length": 254, "widget": widget, **options})

    def clean(self, value: Any) -> str:
        """The address. Raises `ValidationError`."""
        email = clean_line(super().clean(value), longest=254).lower()
        if not email.isascii():
            raise ValidationError(
                _("Our mail system can only write to addresses with plain letters. Please use another one."),
                code="not_ascii",
            )
        return email


class NumberField(PhoneField):
    """A phone as text in E.164, or blank: the reader's own, unless `autocomplete` says otherwise."""

    default_error_messages = {
        "invalid": _("Type a phone number with its area code, like 213 555 0123."),
    }

    def __init__(self, *, autocomplete: str = "tel", **options: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": autocomplete, "type": "tel", "inputmode": "tel"})
        super().__init__(**{"label": _("Phone"), "widget": widget, **options})

    def clean(self, value: Any) -> str:
        """The number. Raises `ValidationError`."""
        phone = super().clean(value)
        return str(phone.as_e164) if phone else ""


class PersonForm(forms.Form):
    """A name, an email address, and the field for robots."""

    name = NameField()
    email = MailboxField()
    website = TrapField()

    def clean(self) -> dict[str, Any]:
        """Refuses the form when the trap field is filled in."""
        data = super().clean() or {}
        TrapField.refuse(data.get("website"))
        return data
