"""The owner's logo and colors, each a form of its own, so that a refused one costs nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from massagerx.lib import palette
from massagerx.lib.logo import EncodedLogo, encode_logo
from massagerx.lib.picture_upload import NOT_KEPT, upload_field

from .models import Business

#: Colors to begin with, which browsers offer beside all others; each holds for both uses.
OFFERED = ("#1f5c57", "#a8482a", "#23527c", "#5b3f8c", "#8a2f5b", "#7a4a12", "#3d5a1e", "#3a3f47")


class LogoForm(forms.Form):
    """A new logo."""

    upload = upload_field()
    encoded: EncodedLogo

    def clean_upload(self) -> Any:
        """Encodes the file anew. Raises `ValidationError` in words for the owner."""
        upload = self.cleaned_data["upload"]
        self.encoded = encode_logo(upload, upload.size)
        return upload

    def save(self, business: Business) -> bool:
        """Stores it; False, with words beside the field, when it can't be kept."""
        try:
            business.put_logo(self.encoded)
        except OSError:
            self.add_error("upload", str(NOT_KEPT))
        return not self.errors


class ColorField(forms.CharField):
    """A color as `#rrggbb` that holds; "" for the site's own."""

    def __init__(self, *, own: str, holds: Callable[[str], bool], **options: Any) -> None:
        widget = forms.ColorInput(attrs={"list": "offered-colors"})
        super().__init__(initial=own, required=False, widget=widget, **options)
        self.own, self.holds = own, holds

    def clean(self, value: Any) -> str:
        """Raises `ValidationError` for what is no color, and for one that can't be read: with `nearest` that can."""
        color = str(super().clean(value)).strip().lower()
        if color in ("", self.own):
            return ""
        if not palette.COLOR.fullmatch(color):
            raise forms.ValidationError(
                _("Write a color as # and six digits or letters to f, such as #23527c.")
            )
        nearest = palette.nearest(color, self.holds)
        if nearest != color:
            words = _(
                "%(color)s is too bright: words would be hard to read. The nearest that holds is %(nearest)s."
            )
            raise forms.ValidationError(words, code="too_bright", params={"color": color, "nearest": nearest})
        return color


class ColorsForm(forms.Form):
    """Both colors; a dark page has brighter ones of the same kind."""

    main_color = ColorField(
        label=gettext_lazy("Links, marks and bands"), own=palette.OWN_MAIN, holds=palette.main_holds
    )
    press_color = ColorField(
        label=gettext_lazy("Buttons that book"), own=palette.OWN_PRESS, holds=palette.press_holds
    )

    def save(self, business: Business) -> None:
        """Writes both down."""
        business.keep(**self.cleaned_data)

    @property
    def nearest(self) -> dict[str, str]:
        """By field, the nearest color that holds, of those that were refused."""
        return {
            name: error.params["nearest"]
            for name, errors in self.errors.as_data().items()
            for error in errors
            if error.code == "too_bright" and error.params
        }
