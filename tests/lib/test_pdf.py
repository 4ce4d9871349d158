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
    stream = zlib.compress(objects) if b"Flate" in described else objects
    return (
        b"7 0 obj\n<< /Type /ObjStm /N 1 /First 4 "
        + described
        + b" >>\nstream\n"
        + stream
        + b"\nendstream\nendobj\n"
    )


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
        (document(packed(SCRIPT).replace(b"/ObjStm", b"/Obj#53tm")), "no_pdf"),
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
