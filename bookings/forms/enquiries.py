"""Writing to us, and asking for the booklet."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from massagerx.lib.fields import LinesField

from .person import NumberField, PersonForm

LONGEST_MESSAGE = 4000


class MessageField(LinesField):
    """A text of up to `LONGEST_MESSAGE` characters. Without the browser's own limit, which cuts what is pasted and
    says nothing."""

    longest = LONGEST_MESSAGE


class ContactForm(PersonForm):
    """A message to us."""

    phone = NumberField(required=False, help_text=_("If you would like us to call you back."))
    body = MessageField(
        label=_("Your message"),
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_("Only our team reads it, and we keep it encrypted."),
        error_messages={"required": _("Type your message.")},
    )

    field_order = ("name", "email", "phone", "body")


class CallForm(PersonForm):
    """Who wants to be called back: no email is asked for."""

    email = None  # type: ignore[assignment]
    phone = NumberField(error_messages={"required": _("Type the number that we should call.")})
    body = MessageField(
        label=_("What is it about, and when can we reach you?"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Only our team reads it, and we keep it encrypted."),
    )

    field_order = ("name", "phone", "body")


class BookletForm(PersonForm):
    """Who wants the booklet. To be written to later needs a tick of its own, which nothing sets."""

    may_follow_up = forms.BooleanField(
        label=_("You may write to me later about the program"),
        required=False,
        help_text=_("You get the booklet either way."),
    )

    field_order = ("name", "email", "may_follow_up")
