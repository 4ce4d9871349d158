"""A booklet of three pages for a new installation to hand out until the owner has put the real one in its place.

Written as PDF by hand: text in the typefaces that every reader has, and the lines of our motif.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from massagerx.lib.content_files import read_toml

FILE_NAME = "sample-booklet.pdf"

_WIDTH, _HEIGHT = 612, 792  # US letter, in points
_MARGIN = 72
_INK, _GREEN, _MUTED = "0.11 0.17 0.16", "0.12 0.36 0.34", "0.31 0.38 0.37"
# By kind of paragraph: typeface, size, points from line to line, points above it, characters a line, colour. Of kind
# `line` is one to write on.
_STYLES: dict[str, tuple[str, int, int, int, int, str]] = {
    "title": ("Serif", 34, 40, 0, 26, _GREEN),
    "head": ("Serif", 20, 26, 22, 44, _GREEN),
    "text": ("Sans", 12, 18, 10, 78, _INK),
    "item": ("Sans", 12, 18, 6, 74, _INK),
    "note": ("Sans", 10, 14, 10, 92, _MUTED),
}

_PAGES = Path(__file__).parent / "sample_data" / "booklet.toml"


def sample_booklet() -> bytes:
    """The booklet as a PDF file; the same bytes each time."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en-US) /ViewerPreferences << /DisplayDocTitle true >> >>",
        b"",  # the list of pages, when their numbers are known
        _font("Times-Roman"),
        _font("Helvetica"),
        b"<< /Title (Sample booklet: Standing, sitting, moving) >>",
    ]
    kids = []
    for number, page in enumerate(read_toml(_PAGES)["pages"], start=1):
        content = _page(page["paragraphs"], number)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R"
            b" /Resources << /Font << /Serif 3 0 R /Sans 4 0 R >> >> >>" % (_WIDTH, _HEIGHT, len(objects))
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    return _file(objects)


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _page(paragraphs: list[list[str]], number: int) -> bytes:
    """What one page shows, as PDF's drawing commands."""
    lines = [f"{_GREEN} RG 1 w"]
    for bend in range(3):
        y = _HEIGHT - 30 - 7 * bend
        lines.append(f"0 {y} m 200 {y} 400 {y - 26} {_WIDTH} {y - 26} c S")
    y = _HEIGHT - _MARGIN - 40
    for kind, text in paragraphs:
        if kind == "line":
            y -= 34
            lines.append(f"{_MARGIN} {y} m {_WIDTH - _MARGIN} {y} l S")
            continue
        font, size, leading, above, width, color = _STYLES[kind]
        y -= above
        for line in textwrap.wrap(text, width):
            y -= leading
            lines.append(f"BT {color} rg /{font} {size} Tf {_MARGIN} {y} Td ({_escaped(line)}) Tj ET")
    lines.append(f"BT {_MUTED} rg /Sans 10 Tf {_MARGIN} 40 Td (Sample booklet, page {number}) Tj ET")
    return "\n".join(lines).encode("cp1252")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _file(objects: list[bytes]) -> bytes:
    """Numbered objects with the table that says at which byte each begins (ISO 32000-1, 7.5)."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
    )
    return bytes(out)
