"""A guard for marks: `run.py test` imports only files that name a mark, where it runs only tests that have it."""

from __future__ import annotations

from collections import defaultdict
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
        if unnamed := sorted(mark for mark in marks if f"mark.{mark}" not in text):
            raise pytest.UsageError(f"{path} doesn't name the marks of its tests: {', '.join(unnamed)}.")
