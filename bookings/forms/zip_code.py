"""A ZIP code as people type it, ZIP+4 too."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.domain import queries
from bookings.domain.reach import Reach
from bookings.exceptions import OutsideArea
from bookings.models import ServiceArea
from massagerx.lib.fields import LineField
from massagerx.lib.zips import centroid, read_zip


class ZipForm(forms.Form):
    """Where to, by ZIP code. A ZIP+4 is read as its first five digits."""

    zip_code = LineField(
        label=_("ZIP code of the visit"),
        max_length=200,
        error_messages={"required": _("Type the five digits of your ZIP code.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "postal-code", "size": 10}),
    )

    def clean_zip_code(self) -> str:
        """The five digits of a ZIP code that exists; ZIP+4 is cut."""
        code = read_zip(self.cleaned_data["zip_code"])
        if code is None:
            raise ValidationError(_("A ZIP code has five digits, like 90012."), code="not_a_zip")
        found = centroid(code)
        if found is None:
            raise ValidationError(
                _("We can't find that ZIP code. Please check the digits."), code="unknown_zip"
            )
        if not found.is_standard:
            raise ValidationError(
                _(
                    "That ZIP code is for PO boxes or a single building. Type the ZIP code of the home we visit."
                ),
                code="not_a_home",
            )
        return code

    def area(self, *, today: date, by_staff: bool = False) -> ServiceArea | None:
        """Where that is, as `queries.area` looks it up; None where it is no ZIP code, none that we drive to, or one
        that is too far for everybody: staff may ask for any."""
        if not self.is_valid():
            return None
        try:
            found = queries.area(self.cleaned_data["zip_code"], today=today, by_staff=by_staff)
        except OutsideArea:
            return None
        return found if by_staff or Reach(today=today).includes(found) else None
