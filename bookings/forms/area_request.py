"""For people at a ZIP code that we don't drive to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from massagerx.lib.fields import LineField, LinesField, TrapField

from .booking import ZipForm
from .person import MailboxField, NameField, NumberField


class AreaRequestForm(ZipForm):
    """Whom to tell when we can come, by email or phone; the ZIP code goes along unseen."""

    zip_code = LineField(max_length=200, widget=forms.HiddenInput)
    name = NameField()
    email = MailboxField(required=False, help_text=_("Email or phone, or both."))
    phone = NumberField(required=False)
    note = LinesField(
        label=_("Anything we should know?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Such as which days work for you. Please don't write about health here."),
    )
    consent = forms.BooleanField(
        label=_("You may call or email me about this request"),
        error_messages={"required": _("Please tick the box, so that we may answer you.")},
    )
    website = TrapField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The page has another form with a ZIP code.
        super().__init__(*args, **{"auto_id": "id_area_%s", **kwargs})

    def clean(self) -> dict[str, Any]:
        """Requires an email address or a phone number."""
        data = super().clean() or {}
        told = {"email", "phone"}
        if not told & self.errors.keys() and not any(data.get(name) for name in told):
            self.add_error("email", _("Type an email address or a phone number, so that we can answer you."))
        TrapField.refuse(data.get("website"))
        return data
