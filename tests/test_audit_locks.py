"""bin/audit_locks: which locked versions an advisory names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT


def audit(tmp: Path, lock: str, *, advisory: dict[str, Any] | None) -> tuple[int, str]:
    """Exit code and output for one lock file and one advisory, as YAML reads JSON too."""
    (tmp / "requirements.lock").write_text(lock)
    (tmp / "vulns").mkdir()
    if advisory is not None:
        (tmp / "vulns/PYSEC-1.yaml").write_text(json.dumps(advisory))
    command = [sys.executable, str(ROOT / "bin/audit_locks"), str(tmp / "vulns"), str(tmp)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def named(name: str = "some-thing", **affected: Any) -> dict[str, Any]:
    return {"id": "PYSEC-1", "affected": [{"package": {"ecosystem": "PyPI", "name": name}, **affected}]}


def between(*events: dict[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": list(events)}]}


SINCE_1 = between({"introduced": "1.0"}, {"fixed": "1.10"})
LOCK = "some-thing[extra]==1.9 \\\n    --hash=sha256:00\nother==2.0\n"


@pytest.mark.parametrize(
    "advisory",
    [
        named(**SINCE_1),
        named("Some_Thing", **SINCE_1),
        named(versions=["1.9.0"]),
        named(**between({"introduced": "0"}, {"last_affected": "1.9"})),
        named(**between({"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "1.8"})),
        named(**between({"introduced": "not a version"}, {"fixed": "neither"})),
    ],
)
def test_a_locked_version_that_is_named_is_hit(tmp_path: Path, advisory: dict[str, Any]) -> None:
    code, said = audit(tmp_path, LOCK, advisory=advisory)
    assert code == 1, said
    assert "some-thing 1.9: PYSEC-1, fixed in " in said


@pytest.mark.parametrize(
    "advisory",
    [
        named(**between({"introduced": "0"}, {"fixed": "1.9"})),
        named(**between({"introduced": "1.10"})),
        named(**between({"introduced": "not a version"}, {"fixed": "1.9"})),
        named(**between({"introduced": "0"}, {"last_affected": "1.8"})),
        named(**between({"introduced": "0"}, kind="GIT")),
        named(versions=["1.90", "not a version"]),
        named("something", **SINCE_1),
        {**named(**SINCE_1), "withdrawn": "2026-01-01T00:00:00Z"},
    ],
)
def test_another_version_is_not(tmp_path: Path, advisory: dict[str, Any]) -> None:
    code, said = audit(tmp_path, LOCK, advisory=advisory)
    assert "0 hits" in said
    # A folder in which all is withdrawn says nothing.
    assert code == (2 if "withdrawn" in advisory else 0)


def test_a_folder_without_advisories_is_no_all_clear(tmp_path: Path) -> None:
    assert audit(tmp_path, LOCK, advisory=None)[0] == 2
