"""What is told of somebody for whom a client books."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import PhoneNumber

from bookings.domain.persons import Told

from .details import DetailsForm
from .person import NameField


class ToldForm(forms.Form):
    """Name, number to call at the door, and language; the phone is cleaned to E.164, or blank."""

    name = NameField(
        label=_("Name"),
        autocomplete="off",
        error_messages={"required": _("Type the name of the person we visit.")},
    )
    phone = DetailsForm.base_fields["recipient_phone"]
    language = DetailsForm.base_fields["recipient_language"]

    @classmethod
    def of_person(cls, told: Told) -> ToldForm:
        """Filled in with what is told of a person."""
        phone = PhoneNumber.from_string(told.phone).as_national if told.phone else ""
        return cls(initial={"name": told.name, "phone": phone, "language": told.language})
