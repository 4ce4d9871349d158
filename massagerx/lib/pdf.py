"""PDFs as bytes: whether one is a plain document, or carries what acts when it is opened."""

from __future__ import annotations

import re
import zlib

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# So much may unfold from streams of objects; what unfolds to more is refused.
MOST_UNFOLDED = 50 * 1024 * 1024
# A dictionary this long stands before no stream of objects.
_LONGEST_DICTIONARY = 2048
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
# Names of the PDF reference (ISO 32000-1, 12.6, 12.7.8, 7.11.4, 13): scripts, programs, other files, forms that are
# programs, and what plays. A script is always called so, wherever its text stands.
_ACTIVE = re.compile(
    rb"/(?:JavaScript|Launch|SubmitForm|ImportData|GoToR|GoToE|EmbeddedFiles?|XFA|RichMedia|Movie|Rendition)"
    rb"(?![A-Za-z0-9])"
)
_LOCKED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
_OBJECTS = re.compile(rb"/ObjStm(?![A-Za-z0-9])")
_BODY = re.compile(rb"stream\r?\n")
_NO_PDF = _("We can't read this file as a PDF. Please take a photo of the note instead.")
_ACTS = _(
    "This PDF carries a program or other files, which we don't open. Please take a photo of the note instead."
)
_SHUT = _("This PDF asks for a password, so we can't open it. Please take a photo of the note instead.")


def refuse_active(data: bytes) -> None:
    """Raises ValidationError, with words for the person who uploads, for what is no PDF, is locked, or carries scripts,
    programs or other files; also where their names are written with escapes or packed into a stream of objects."""
    if not data[:1024].lstrip().startswith(b"%PDF-") or b"%%EOF" not in data[-2048:]:
        raise ValidationError(_NO_PDF, code="no_pdf")
    plain = _plain(data)
    if _LOCKED.search(plain):
        raise ValidationError(_SHUT, code="locked")
    if _ACTIVE.search(plain) or _ACTIVE.search(_plain(_packed_objects(data))):
        raise ValidationError(_ACTS, code="active")
    if len(_OBJECTS.findall(plain)) != len(_OBJECTS.findall(data)):
        raise ValidationError(_NO_PDF, code="no_pdf")  # nobody writes that name with escapes but to hide it


def _plain(data: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), data)


def _packed_objects(data: bytes) -> bytes:
    """What the streams of objects unfold to; a stream packed in an uncommon way is refused, since nobody looked in."""
    found: list[bytes] = []
    left = MOST_UNFOLDED
    for name in _OBJECTS.finditer(data):
        body = _BODY.search(data, name.end(), name.end() + _LONGEST_DICTIONARY)
        begin = data.rfind(b"obj", 0, name.start())
        described = data[begin : body.start()] if body is not None and begin >= 0 else b""
        if body is None or re.findall(rb"/(\w+Decode|DecodeParms)\b", described) != [b"FlateDecode"]:
            raise ValidationError(_NO_PDF, code="no_pdf")
        try:
            unfolded = zlib.decompressobj().decompress(data[body.end() :], left + 1)
        except zlib.error as error:
            raise ValidationError(_NO_PDF, code="no_pdf") from error
        left -= len(unfolded)
        if left < 0:
            raise ValidationError(_NO_PDF, code="no_pdf")
        found.append(unfolded)
    return b"\n".join(found)
