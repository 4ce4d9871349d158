"""A form with a picture to upload: encoded anew, stored, and told of kindly when that can't be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from .pictures import Encoded, encode_upload
from .upload_limits import MEGABYTE, MOST_PICTURE_BYTES

#: Beside the field, when the file was good and its place is not.
NOT_KEPT = _(
    "The picture can't be kept right now: the place for pictures is full, or doesn't answer. Nothing else is lost: "
    "please choose it again and save in some minutes."
)


def upload_field(widget: type[forms.FileInput] = forms.FileInput) -> forms.FileField:
    """The field for a picture's file; a script says that it is too large before it is sent."""
    most = MOST_PICTURE_BYTES // MEGABYTE
    return forms.FileField(
        label=_("File"),
        help_text=format_lazy(
            _(
                "A JPEG, PNG or WebP of at most {most} MB. What the camera wrote into it, such as the place, is "
                "left out."
            ),
            most=most,
        ),
        widget=widget(
            attrs={
                "accept": "image/jpeg,image/png,image/webp,image/gif,image/avif",
                "data-most": MOST_PICTURE_BYTES,
                "data-too-large": format_lazy(
                    _("This picture is over {most} MB. Please choose a smaller one."), most=most
                ),
            }
        ),
    )


class PictureUploadForm(forms.ModelForm):
    """For a `StoredPicture` and its field `upload`. Once it is valid the file is stored, and the row may be saved."""

    encoded: Encoded | None = None

    def clean_upload(self) -> Any:
        """Encodes the upload anew. Raises `ValidationError` for one that is too large, or no picture."""
        upload = self.cleaned_data["upload"]
        if upload:
            self.encoded = encode_upload(upload, upload.size)
        return upload

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.encoded is None or self.errors:
            return
        try:
            self.instance.put_away(self.encoded, now=timezone.now())
        except OSError:
            self.encoded = None
            self.add_error("upload", ValidationError(NOT_KEPT, code="not_kept"))
