"""PDFs as bytes: whether one is a plain document, or carries what acts when it is opened."""

from __future__ import annotations

import re
import zlib

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# So much may unfold from streams of objects; what unfolds to more is refused.
MOST_UNFOLDED = 50 * 1024 * 1024
# So many streams of objects; each holds a hundred objects or so.
MOST_STREAMS = 5000
PIECE = 4096
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
# From `obj` to `stream`, with nothing in which another `stream` or a filter's name could hide: strings, comments, other
# dictionaries, escapes.
_DICTIONARY = re.compile(rb"\s*<<[^()%<>#]*>>\s*")
_FILTERS = re.compile(rb"/(\w+Decode|DecodeParms|DP|AHx|A85|LZW|Fl|RL|CCF|DCT|Crypt)\b")
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
    """What the streams of objects unfold to; a stream packed in an uncommon way is refused, since nobody looked in.
    Every byte is read once: a stream that begins inside another is refused as well."""
    found: list[bytes] = []
    left, end = MOST_UNFOLDED, 0
    for count, name in enumerate(_OBJECTS.finditer(data), start=1):
        body = _BODY.search(data, name.end(), name.end() + _LONGEST_DICTIONARY)
        begin = data.rfind(b"obj", max(end, name.start() - _LONGEST_DICTIONARY), name.start())
        if count > MOST_STREAMS or begin < 0 or body is None:
            raise ValidationError(_NO_PDF, code="no_pdf")
        described = _DICTIONARY.fullmatch(data, begin + len(b"obj"), body.start())
        if described is None or _FILTERS.findall(described[0]) != [b"FlateDecode"]:
            raise ValidationError(_NO_PDF, code="no_pdf")
        unfolded, end = _unfolded(data, body.end(), left)
        left -= len(unfolded)
        found.append(unfolded)
    return b"\n".join(found)


def _unfolded(data: bytes, begin: int, most: int) -> tuple[bytes, int]:
    """What the stream that begins there unfolds to, and where it ends. Piece by piece: zlib copies whatever it is given
    beyond the end."""
    found: list[bytes] = []
    unfold, left, end = zlib.decompressobj(), most, begin
    while not unfold.eof and end < len(data):
        piece = data[end : end + PIECE]
        try:
            found.append(unfold.decompress(piece, left + 1))
        except zlib.error as error:
            raise ValidationError(_NO_PDF, code="no_pdf") from error
        left -= len(found[-1])
        if left < 0:
            raise ValidationError(_NO_PDF, code="no_pdf")
        end += len(piece) - len(unfold.unused_data)
    return b"".join(found), end
