"""A download that a spreadsheet can't be attacked with."""

from __future__ import annotations

import csv
import io

import pytest

from massagerx.lib.csv import BOM, csv_lines, csv_response, safe_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "=HYPERLINK(\"//x\")", "--", "\x00=1"],
)  # fmt: skip
def test_what_would_begin_a_formula_is_text(text: str) -> None:
    assert str(safe_cell(text)).startswith("'")


@pytest.mark.parametrize("text", ["a;=1", "a\n=1", "a\t@x", "a | +1", "a;  -1"])
def test_what_would_begin_one_after_another_countrys_separator_is_text(text: str) -> None:
    cell = str(safe_cell(text))
    assert "'" in cell
    assert not any(part.strip()[:1] in "=+-@" for part in cell.replace("|", ";").split(";")[1:])


@pytest.mark.parametrize(
    "text", ["Ana O'Brien", "12 Sample Street", "a-b", "90026", "", "a@example.com", "1=1"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize("number", [-5, 0, 3.25])
def test_numbers_stay_numbers(number: float) -> None:
    assert safe_cell(number) == number


def test_lines_are_read_back_as_they_were() -> None:
    rows: list[list[object]] = [
        ["Name", "Figure"],
        ['Quote "this", please', 5],
        ["two\nlines", None],
        ["=1", -2],
    ]
    text = "".join(csv_lines(rows))
    assert text.startswith(BOM)
    read = list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))
    assert read == [
        ["Name", "Figure"],
        ['Quote "this", please', "5"],
        ["two\nlines", ""],
        ["'=1", "-2"],
    ]


def test_download_is_a_file_that_nobody_keeps() -> None:
    response = csv_response("months", [["a"]])
    assert response["Content-Disposition"] == 'attachment; filename="months.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    assert b"".join(response).startswith(b"\xef\xbb\xbf")
