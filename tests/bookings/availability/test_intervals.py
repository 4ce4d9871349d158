"""Sorted sweeps against plain sets of minutes."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability.intervals import Span, contains, merge, overlaps, subtract
from tests.bookings.availability.strategies import UNHURRIED

spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def minutes(some: list[Span]) -> set[int]:
    return {minute for start, end in some for minute in range(start, end)}


def is_merged(some: list[Span]) -> bool:
    return all(start < end for start, end in some) and all(
        earlier[1] < later[0] for earlier, later in pairwise(some)
    )


@settings(UNHURRIED)
@given(spans)
def test_merge_keeps_the_minutes_and_joins_what_touches(some: list[Span]) -> None:
    merged = merge(some)

    assert minutes(merged) == minutes(some)
    assert is_merged(merged)


@settings(UNHURRIED)
@given(spans, spans)
def test_subtract_takes_exactly_the_taken_minutes(some: list[Span], taken: list[Span]) -> None:
    left = subtract(merge(some), merge(taken))

    assert minutes(left) == minutes(some) - minutes(taken)
    assert is_merged(left)


@settings(UNHURRIED)
@given(spans, st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_overlaps_and_contains_agree_with_sets(some: list[Span], span: Span) -> None:
    asked = minutes([span])

    assert overlaps(merge(some), span) == bool(asked & minutes(some))
    assert contains(merge(some), span) == (bool(asked) and asked <= minutes(some))


def test_touching_spans_do_not_overlap() -> None:
    assert not overlaps([(10, 20)], (20, 30))
    assert not overlaps([(10, 20)], (0, 10))
    assert contains([(10, 20)], (10, 20))
