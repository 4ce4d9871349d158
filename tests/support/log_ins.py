"""Log-ins of staff in tests that go to and fro in time."""

from __future__ import annotations

import pytest

from massagerx.accounts import sessions


def endless_log_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """That a log-in ends is a matter of tests/accounts."""
    monkeypatch.setattr(sessions, "IDLE_SECONDS", 10**9)
    monkeypatch.setattr(sessions, "LASTS_SECONDS", 10**9)
