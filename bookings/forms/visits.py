"""Forms of the client's own pages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from bookings.domain.operations import Shown
from bookings.enums import FileKind
from bookings.models import Booking
from massagerx.lib.fields import LineField
from massagerx.lib.pdf import refuse_active
from massagerx.lib.pictures import encode_upload
from massagerx.lib.upload_limits import MEGABYTE, MOST_NOTE_BYTES

from .booking import TimeForm, ZipForm
from .details import DetailsForm
from .person import PersonForm

_CODE = re.compile(r"[0-9]{6}")
_SHOWN = re.compile(r"([A-Z0-9-]{1,12}):([0-9]{1,6}):([0-9]{0,9})", re.ASCII)


class FindForm(PersonForm):
    """Whom to send a sign-in link."""

    name = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = _("The one you gave us when you booked.")


class CodeForm(forms.Form):
    """Six digits, typed in any way that people type them."""

    code = LineField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "size": 10, "class": "code-field"}
        ),
        error_messages={"required": _("Type the six digits from the email.")},
    )

    def clean_code(self) -> str:
        """Six ASCII digits; blanks, hyphens and digits of other scripts are taken as meant."""
        typed = unicodedata.normalize("NFKC", self.cleaned_data["code"])
        digits = "".join(
            str(unicodedata.decimal(character, "")) for character in typed if character not in " -"
        )
        if not _CODE.fullmatch(digits):
            raise ValidationError(_("The code has six digits, like 123456."), code="not_a_code")
        return digits


def reason_field() -> LineField:
    """What a client adds to a late change, for staff."""
    return LineField(
        label=_("Anything we should know?"),
        max_length=300,
        required=False,
        help_text=_("Please don't write about health here."),
    )


class _Shown(forms.Form):
    """Hidden fields with the state that the submitted page showed."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=1_000_000)
    # Only where staff have to be asked.
    fee_cents = forms.IntegerField(
        widget=forms.HiddenInput, min_value=0, max_value=100_000_000, required=False
    )
    reason = reason_field()

    def shown(self) -> Shown:
        """The visit as the page showed it, once the form is valid."""
        return Shown(self.cleaned_data["revision"], self.cleaned_data["fee_cents"])


class _Waivable(forms.Form):
    """A late fee is decided by staff, who read what is ticked and typed here."""

    asks_waiver = forms.BooleanField(
        label=_("Please waive the late fee: I am ill, or something serious came up."), required=False
    )
    reason = reason_field()


class CancelForm(_Waivable, _Shown):
    """The press that cancels."""


class CancelRestForm(_Waivable):
    """The press that cancels all visits to come of one press; `shown` has them as the page did."""

    shown = LineField(widget=forms.HiddenInput, max_length=4000)

    def clean_shown(self) -> dict[str, Shown]:
        """By reference: `reference:revision:late fee in cents`, separated by blanks; no fee is blank."""
        found = {}
        for part in self.cleaned_data["shown"].split():
            matched = _SHOWN.fullmatch(part)
            if matched is None:
                raise ValidationError(_("Please open this page again."), code="not_shown")
            reference, revision, fee = matched.groups()
            found[reference] = Shown(int(revision), int(fee) if fee else None)
        return found

    def names_a_fee(self) -> bool:
        """Whether the page showed a late fee for any of them, once the form is valid."""
        return any(one.fee_cents for one in self.cleaned_data["shown"].values())


def shown_value(visits: Iterable[tuple[Booking, int | None]]) -> str:
    """What `CancelRestForm` reads: visits with their late fees in cents, None for none."""
    return " ".join(
        f"{visit.reference}:{visit.revision}:{'' if fee is None else fee}" for visit, fee in visits
    )


class MoveForm(_Shown, TimeForm):
    """The press that moves, or asks to."""

    total_cents = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=100_000_000)

    def has_moved(self, booking: Booking) -> bool:
        """Whether this very press has moved the visit already, once the form is valid."""
        moved = (self.cleaned_data["starts_at"][0], self.cleaned_data["revision"] + 1)
        return moved == (booking.starts_at, booking.revision)


class MoveBothForm(MoveForm):
    """The press that moves two visits side by side, or asks to; `revision` is the first one's, the cents are of
    both."""

    second_revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=1_000_000)


class AddressForm(ZipForm, DetailsForm):
    """Where the visit is, and how to get in; as when it was booked."""

    # The rest of the details is not asked again.
    name = email = phone = for_other = person = recipient_name = website = purpose = None  # type: ignore[assignment]
    second_person = second_name = second_purpose = None  # type: ignore[assignment]
    recipient_phone = recipient_language = payer_name = None  # type: ignore[assignment]
    total_cents = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=100_000_000)

    field_order = ("street", "unit", "zip_code", "access_type", *DetailsForm.ACCESS_FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, service=None, **kwargs)
        # No health questions follow here.
        self.fields["notes"].help_text = _("Please don't write about health here.")


class NoteFileForm(forms.Form):
    """A clinician's note as a picture or a PDF; cleaned, what `operations.hand_in_note` keeps of it."""

    file = forms.FileField(
        label=_("The note"),
        help_text=format_lazy(_("A photo or a PDF, {most} MB at most."), most=MOST_NOTE_BYTES // MEGABYTE),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
        error_messages={
            "required": _("Choose a photo or a PDF first."),
            "empty": _("This file is empty. Choose another one."),
            "invalid": _("Choose a photo or a PDF first."),
        },
    )

    def clean_file(self) -> dict[str, Any]:
        """Kind and bytes: a picture is encoded anew, a PDF is kept as it is once nothing in it acts."""
        file = self.cleaned_data["file"]
        if file.size > MOST_NOTE_BYTES:
            raise ValidationError(
                _("This file is too large. Use one of at most %(most)d MB."),
                code="too_large",
                params={"most": MOST_NOTE_BYTES // MEGABYTE},
            )
        if file.read(1024).lstrip().startswith(b"%PDF-"):
            file.seek(0)
            data = file.read()
            refuse_active(data)
            return {"kind": FileKind.PDF, "data": data}
        file.seek(0)
        picture = encode_upload(file, file.size, most_bytes=MOST_NOTE_BYTES)
        return {"kind": FileKind.PICTURE, "data": picture.data}
