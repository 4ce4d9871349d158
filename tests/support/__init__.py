"""Real parts that tests start: a mail server, the whole site, a browser."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OUTPUT = ROOT / "var" / "test-output"
IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def require(part: str, *, found: object) -> None:
    """Skip the test when a part of the machine is missing; in CI, where all must be there, fail it.

    `part` is what a person would install; `found` is falsy when it is missing.
    """
    if found:
        return
    if IN_CI:
        pytest.fail(f"missing part: {part}", pytrace=False)
    pytest.skip(f"missing part: {part}")
