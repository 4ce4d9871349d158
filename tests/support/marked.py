"""What marks do to the tests that were found. `run.py test` imports only files that name a mark, where it runs only
tests that have it; and hands out files in the order of their tests."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from launch.testing import SOUGHT


def refuse_marks_from_elsewhere(items: Iterable[pytest.Item]) -> None:
    """Raises `pytest.UsageError` when a test has such a mark and its file's text doesn't name it."""
    had: dict[Path, set[str]] = defaultdict(set)
    for item in items:
        had[item.path].update(mark.name for mark in item.iter_markers() if mark.name in SOUGHT)
    for path, marks in had.items():
        text = path.read_text(encoding="utf-8") if marks else ""
        if unnamed := sorted(mark for mark in marks if not re.search(rf"\bmark\.{mark}\b", text)):
            raise pytest.UsageError(f"{path} doesn't name the marks of its tests: {', '.join(unnamed)}.")


def begin_with_stories(items: list[pytest.Item]) -> None:
    """Puts files with stories of the whole site first, then those with most tests. A story is long: one that began
    last would run alone, with half of the processors idle."""
    stories = {item.path for item in items if item.get_closest_marker("journey")}
    if stories:
        tests = Counter(item.path for item in items)
        items.sort(key=lambda item: (item.path not in stories, -tests[item.path]))
