"""Tables as CSV that a spreadsheet opens as text and numbers, and as nothing else."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

# Without it Excel takes the file for one of an older alphabet.
BOM = "\ufeff"
# What a spreadsheet may take for the beginning of a formula, also in the wide letters of East Asia, at the start of a
# cell or after what a spreadsheet in another country takes for the end of one.
_FORMULA = re.compile(r"(^|[;|\t\r\n])(\s*)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def safe_cell(value: Any) -> Any:
    """A cell without a formula: text that would begin one gets an apostrophe in front. Numbers stay numbers, and
    None is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return _FORMULA.sub(r"\1'\2", str(value).replace("\x00", ""))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The rows as lines of CSV, one at a time, the byte order mark first."""
    writer = csv.writer(_Echo())
    yield BOM
    for row in rows:
        yield writer.writerow([safe_cell(value) for value in row])


def csv_response(name: str, rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download `name`.csv of these rows, sent while they are read. `name` is ASCII without quotes."""
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response
