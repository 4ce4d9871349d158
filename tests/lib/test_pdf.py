"""Which PDFs are plain documents: what acts is found wherever its name hides, and nothing plain is refused."""

from __future__ import annotations

import zlib

import pytest
from django.core.exceptions import ValidationError

from massagerx.lib import pdf


def document(body: bytes = b"", *, end: bytes = b"%%EOF\n") -> bytes:
    page = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /FitH null] >>\nendobj\n"
    drawn = b"4 0 obj\n<< /Length 3 /Filter /FlateDecode >>\nstream\n\x00\xff\x10\nendstream\nendobj\n"
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + page + body + drawn + b"trailer << /Root 1 0 R >>\n" + end


def packed(objects: bytes, described: bytes = b"/Filter /FlateDecode") -> bytes:
    """A stream of objects."""
    stream = zlib.compress(objects)
    return (
        b"7 0 obj\n<< /Type /ObjStm /N 1 /First 4 "
        + described
        + b" >>\nstream\n"
        + stream
        + b"\nendstream\nendobj\n"
    )


HARMLESS = zlib.compress(b"8 0 null")
SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


@pytest.mark.parametrize(
    "data",
    [
        document(),
        document(packed(b"8 0 << /Type /Page >>")),
        b"\n" + document(),
        document(b"6 0 obj\n<< /A << /S /URI /URI (https://example.com) >> >>\nendobj\n"),
        document(b"6 0 obj\n(A note about JavaScript and Launch day)\nendobj\n"),
        document(b"6 0 obj\n<< /JavaScripture true >>\nendobj\n"),
    ],
)
def test_a_plain_document_is_taken(data: bytes) -> None:
    pdf.refuse_active(data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_pdf"),
        (b"<html>", "no_pdf"),
        (document(end=b""), "no_pdf"),
        (b"x" * 2000 + document(), "no_pdf"),
        (document(b"9 0 obj\n" + SCRIPT + b"\nendobj\n"), "active"),
        (document(b"9 0 obj\n<< /S /Java#53cript /JS 8 0 R >>\nendobj\n"), "active"),
        (document(b"9 0 obj\n<< /S /Launch /F (x.exe) >>\nendobj\n"), "active"),
        (document(b"9 0 obj\n<< /EmbeddedFile 3 0 R >>\nendobj\n"), "active"),
        (document(b"9 0 obj\n<< /XFA 3 0 R >>\nendobj\n"), "active"),
        (document(packed(b"9 0 " + SCRIPT)), "active"),
        (document(packed(b"9 0 << /S /J#61vaScript >>")), "active"),
        (document(b"9 0 obj\n<< /Encrypt 3 0 R >>\nendobj\n"), "locked"),
        # Packed in ways that nobody looks into.
        (document(packed(SCRIPT, b"/Filter [/ASCIIHexDecode /FlateDecode]")), "no_pdf"),
        (document(packed(SCRIPT, b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>")), "no_pdf"),
        (document(packed(SCRIPT, b"/Filter 5 0 R")), "no_pdf"),
        (document(packed(SCRIPT, b"/Filter [/ASCIIHex#44ecode /FlateDecode]")), "no_pdf"),
        (document(packed(SCRIPT, b"/Filter [/AHx /FlateDecode]")), "no_pdf"),
        (document(packed(SCRIPT).replace(b"/ObjStm", b"/Obj#53tm")), "no_pdf"),
        # A harmless stream stands where only a careless reader looks.
        (document(packed(SCRIPT, b"/Filter /FlateDecode /X (stream\n" + HARMLESS + b")")), "no_pdf"),
        (document(packed(SCRIPT, b"/Filter /FlateDecode %stream\n" + HARMLESS + b"\n")), "no_pdf"),
        (document(packed(SCRIPT, b"/Filter /FlateDecode /X <stream\n" + HARMLESS + b">")), "no_pdf"),
        (document(b"7 0 obj\n<< /Type /ObjStm /Filter /FlateDecode >>\nendobj\n"), "no_pdf"),
        (document(packed(SCRIPT)[:-30].replace(b"x\x9c", b"zz")), "no_pdf"),
    ],
)
def test_what_acts_or_hides_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        pdf.refuse_active(data)
    assert refused.value.code == code


def test_a_small_file_does_not_unfold_to_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_UNFOLDED", 1000)
    pdf.refuse_active(document(packed(b" " * 1000)))
    with pytest.raises(ValidationError):
        pdf.refuse_active(document(packed(b" " * 1001)))
    with pytest.raises(ValidationError):
        pdf.refuse_active(document(packed(b" " * 600) + packed(b" " * 600)))


def test_so_many_streams_of_objects_are_taken_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_STREAMS", 2)
    pdf.refuse_active(document(packed(b"8 0 null") * 2))
    with pytest.raises(ValidationError):
        pdf.refuse_active(document(packed(b"8 0 null") * 3))


def test_every_byte_of_packed_streams_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given = 0
    begin = zlib.decompressobj

    class Counted:
        def __init__(self) -> None:
            self.inner = begin()

        def decompress(self, piece: bytes, most: int) -> bytes:
            nonlocal given
            given += len(piece)
            return self.inner.decompress(piece, most)

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

    monkeypatch.setattr(pdf.zlib, "decompressobj", Counted)
    data = document(packed(b"8 0 null") * 400)
    pdf.refuse_active(data)
    # No more than a piece is looked at for each small stream.
    assert given <= 400 * pdf.PIECE < 400 * len(data) / 10


def test_a_stream_of_objects_inside_another_is_refused() -> None:
    """Blocks that unfold to nothing could else be read again for each of thousands."""
    inner = packed(b"8 0 null")
    with pytest.raises(ValidationError):
        pdf.refuse_active(document(stored(inner)))


def stored(objects: bytes) -> bytes:
    """A stream of objects that is not compressed, so that its text stands in the file."""
    level = zlib.compressobj(0)
    body = level.compress(objects) + level.flush()
    return b"9 0 obj\n<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n" + body + b"\nendstream\nendobj\n"
