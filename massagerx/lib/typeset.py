"""Papers as PDF: a template of `templates/pdf`, filled with data by typst, tagged for screen readers (PDF/UA-1).

What people wrote reaches a template as values of JSON and is set as text. Nothing of it is read as typst's markup or
code; templates themselves read only files of that folder.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from threading import Lock
from typing import Any

import typst
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

_FOLDER = settings.BASE_DIR / "templates" / "pdf"
# A compiler takes one paper at a time.
_ONE_AT_A_TIME = Lock()


class Paper(models.TextChoices):
    """A size of paper, by typst's name."""

    LETTER = "us-letter", _("US letter")
    A4 = "a4", _("A4")


class NotTypeset(Exception):
    """A template and its data came to no paper; the message is the template's name. Its cause quotes texts."""


def typeset(template: str, data: Mapping[str, Any], *, paper: Paper, made_at: datetime) -> bytes:
    """The PDF that `templates/pdf/<template>.typ` makes of JSON values, and of files' bytes, which it gets as numbers;
    the same for the same arguments. Characters that no typeface has are left out of texts. Raises `NotTypeset`."""
    values = json.dumps({**_printable(data), "paper": paper}, default=list)
    try:
        with _ONE_AT_A_TIME:
            made = _compiler().compile(
                input=str(_FOLDER / f"{template}.typ"),
                format="pdf",
                sys_inputs={"data": values},
                pdf_standards=["ua-1"],
                timestamp=int(made_at.timestamp()),
            )
    except typst.TypstError as error:
        raise NotTypeset(template) from error
    assert isinstance(made, bytes)
    return made


def has_letters(text: str) -> bool:
    """Whether a typeface has all letters of a name."""
    return all(sign in _covered() or sign.isspace() for sign in unicodedata.normalize("NFC", text))


@cache
def _compiler() -> typst.Compiler:
    """Kept for the life of the process: what it has read and measured once, it knows the next time. Made where it is
    used, since its threads don't outlive a fork."""
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(_FOLDER / "fonts")]
    )
    return typst.Compiler(root=_FOLDER, font_paths=fonts, ignore_system_fonts=True)


@cache
def _covered() -> frozenset[str]:
    """The characters that a typeface has."""
    spans = (
        line.split("-") for line in (_FOLDER / "fonts" / "covered.txt").read_text(encoding="ascii").split()
    )
    return frozenset(chr(code) for first, last in spans for code in range(int(first, 16), int(last, 16) + 1))


def _printable(value: Any) -> Any:
    """The same value with texts of characters that can be set; white space is a space or a new line."""
    if isinstance(value, str):
        if value.isascii() and value.isprintable():
            return value
        signs = unicodedata.normalize("NFC", str(value))
        return "".join(
            sign if sign in _covered() or sign == "\n" else " " if sign.isspace() else "" for sign in signs
        )
    if isinstance(value, Mapping):
        return {key: _printable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(each) for each in value]
    return value
