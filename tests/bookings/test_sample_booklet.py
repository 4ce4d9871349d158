"""The sample booklet is a PDF file that readers can open."""

import re

from bookings.admin.enquiries import LARGEST_BOOKLET
from bookings.sample_booklet import FILE_NAME, sample_booklet


def test_each_object_stands_where_the_table_says() -> None:
    file = sample_booklet()
    [start] = map(int, re.findall(rb"startxref\n(\d+)\n%%EOF\n$", file))
    table = file[start:]
    offsets = [int(offset) for offset in re.findall(rb"(\d{10}) 00000 n \n", table)]

    assert file.startswith(b"%PDF-")
    assert table.startswith(b"xref\n0 %d\n" % (len(offsets) + 1))
    for number, offset in enumerate(offsets, start=1):
        assert file[offset:].startswith(b"%d 0 obj\n" % number)
    for length, stream in re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", file, re.DOTALL):
        assert len(stream) == int(length)


def test_each_page_says_that_it_is_a_sample() -> None:
    file = sample_booklet()
    pages = file.count(b"/Type /Page ")

    assert file.count(b"(Sample booklet, page ") == pages
    assert b"/Count %d /Kids" % pages in file
    assert len(file) < LARGEST_BOOKLET
    assert "sample" in FILE_NAME
