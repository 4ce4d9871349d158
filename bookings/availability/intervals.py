"""Arithmetic on spans: half-open pairs of whole numbers, in the engine minutes since 1970-01-01T00:00 UTC.

Whole numbers, because comparing and adding them costs a tenth of what datetimes cost, and the loops here run
for every therapist on every day of a month. Every function is one sorted sweep.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

Span = tuple[int, int]


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same minutes as sorted spans that neither overlap nor touch. Empty and reversed spans are dropped."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def subtract(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """The minutes of `spans` that are not in `taken`. Both have to be merged; the result is."""
    left: list[Span] = []
    first = 0
    for start, end in spans:
        while first < len(taken) and taken[first][1] <= start:
            first += 1
        cursor = start
        index = first
        while index < len(taken) and taken[index][0] < end:
            taken_start, taken_end = taken[index]
            if cursor < taken_start:
                left.append((cursor, taken_start))
            cursor = max(cursor, taken_end)
            index += 1
        if cursor < end:
            left.append((cursor, end))
    return left


def overlaps(spans: Sequence[Span], span: Span) -> bool:
    """Whether a minute of `span` is in `spans`, which have to be merged. An empty span overlaps nothing."""
    start, end = span
    index = bisect_left(spans, (end,)) - 1
    return start < end and index >= 0 and spans[index][1] > start


def contains(spans: Sequence[Span], span: Span) -> bool:
    """Whether one of `spans`, which have to be merged, holds all of `span`. An empty span is in nothing."""
    start, end = span
    index = bisect_right(spans, start, key=lambda candidate: candidate[0]) - 1
    return start < end and index >= 0 and end <= spans[index][1]
