"""Writing to us, and asking for the booklet."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from massagerx.lib.fields import LinesField, PhoneField

from .person import PersonForm

LONGEST_MESSAGE = 4000


class MessageField(LinesField):
    """A text of up to `LONGEST_MESSAGE` characters. Without the browser's own limit, which cuts what is pasted and
    says nothing."""

    longest = LONGEST_MESSAGE


class ContactForm(PersonForm):
    """A message to us."""

    phone = PhoneField(
        label=_("Phone"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel", "inputmode": "tel"}),
        help_text=_("If you would like us to call you back."),
        error_messages={"invalid": _("Type a phone number with its area code, like 213 555 0123.")},
    )
    body = MessageField(
        label=_("Your message"),
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_("Only our team reads it, and we keep it encrypted."),
        error_messages={"required": _("Type your message.")},
    )

    field_order = ("name", "email", "phone", "body")

    def clean_phone(self) -> str:
        """The number in E.164; "" for a blank."""
        phone = self.cleaned_data["phone"]
        return phone.as_e164 if phone else ""


class CallForm(PersonForm):
    """Who wants to be called back: no email is asked for."""

    email = None  # type: ignore[assignment]
    phone = PhoneField(
        label=_("Phone"),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel", "inputmode": "tel"}),
        error_messages={
            "required": _("Type the number that we should call."),
            "invalid": _("Type a phone number with its area code, like 213 555 0123."),
        },
    )
    body = MessageField(
        label=_("What is it about, and when can we reach you?"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Only our team reads it, and we keep it encrypted."),
    )

    field_order = ("name", "phone", "body")

    def clean_phone(self) -> str:
        """The number in E.164."""
        return str(self.cleaned_data["phone"].as_e164)


class BookletForm(PersonForm):
    """Who wants the booklet. To be written to later needs a tick of its own, which nothing sets."""

    may_follow_up = forms.BooleanField(
        label=_("You may write to me later about the program"),
        required=False,
        help_text=_("You get the booklet either way."),
    )

    field_order = ("name", "email", "may_follow_up")
