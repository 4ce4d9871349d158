"""deploy/systemd: units that start what docs/hosting.md says, and that systemd can read."""

from __future__ import annotations

import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.support import ROOT

UNITS = sorted((ROOT / "deploy/systemd").iterdir())


def read(path: Path) -> RawConfigParser:
    found = RawConfigParser(strict=True)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(path.read_text())
    return found


def test_each_service_that_is_told_of_has_its_unit() -> None:
    hosting = (ROOT / "docs/hosting.md").read_text()
    commands = [
        line.split(".venv/bin/", 1)[1].strip()
        for line in hosting.splitlines()
        if line.startswith(("    .venv/bin/gunicorn", "    .venv/bin/celery"))
    ]
    assert len(commands) == 3
    started = [read(path)["Service"]["ExecStart"] for path in UNITS if path.suffix == ".service"]
    for command in commands:
        assert any(one.startswith(f"/srv/massagerx/.venv/bin/{command}") for one in started), command
    for command in ("backup", "watch"):
        assert f"/srv/massagerx/.venv/bin/python manage.py {command}" in started


@pytest.mark.parametrize(
    "path", [path for path in UNITS if path.suffix == ".service"], ids=lambda path: path.stem
)
def test_service_may_write_no_more_than_it_must(path: Path) -> None:
    service = read(path)["Service"]
    assert service["User"] != "root"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"


@pytest.mark.parametrize("part", ["web", "worker", "backup"])
def test_who_erases_may_write_beside_the_backups(part: str) -> None:
    """A restore erases again whoever is in the list there."""
    service = read(ROOT / f"deploy/systemd/massagerx-{part}.service")["Service"]
    assert service["ReadWritePaths"] == "-/var/backups/massagerx"


def test_systemd_reads_them() -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("missing part: systemd-analyze of systemd")  # which the summary of the run then names
    done = subprocess.run([program, "verify", *UNITS], capture_output=True, text=True)
    odd = [
        line for line in done.stderr.splitlines() if "massagerx" in line and "is not executable" not in line
    ]
    assert odd == []
