"""The tree is as docs/architecture.md describes it."""

import re
import subprocess

from launch.install import LOCAL_LOCK, pins
from tests.support import ROOT, require

TOP = {
    ".ci", ".editorconfig", ".gitattributes", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md",
    "bench", "bin", "blog", "bookings", "deploy", "docs", "gunicorn.conf.py", "launch", "locale", "manage.py",
    "massagerx", "pyproject.toml",
    "requirements-dev.lock", "requirements-dev.txt", "requirements-local.lock", "requirements-local.txt",
    "requirements-sentry.lock", "requirements-sentry.txt", "requirements.lock", "requirements.txt", "run.py",
    "services", "static", "templates", "tests",
}  # fmt: skip
TEXT = {".py", ".html", ".txt", ".css", ".js", ".md", ".toml", ".sh", ".json", ".yml", ""}


def tracked() -> list[str]:
    """The files that git knows or would add."""
    require("a git clone", found=(ROOT / ".git").exists())
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


def test_top_level_holds_what_the_documentation_lists() -> None:
    assert {path.split("/")[0] for path in tracked()} - TOP == set()


def test_no_unfinished_business() -> None:
    words = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")  # written so that this line is not found
    found = []
    for path in tracked():
        file = ROOT / path
        if file.suffix not in TEXT or "vendor" in file.parts or file.stat().st_size > 500_000:
            continue
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            if words.search(line):
                found.append(f"{path}:{number}: {line.strip()[:80]}")
    assert found == []


def test_locks_agree_with_each_other() -> None:
    production = pins(ROOT / "requirements.lock")
    local = pins(ROOT / LOCAL_LOCK)
    development = pins(ROOT / "requirements-dev.lock")

    assert production.items() <= local.items() <= development.items()
    assert pins(ROOT / "requirements-sentry.lock").items() <= development.items()


def test_locks_hold_what_is_asked_for() -> None:
    for name in ("requirements", "requirements-local", "requirements-sentry", "requirements-dev"):
        asked = re.findall(
            r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==(\S+)", (ROOT / f"{name}.txt").read_text(), re.MULTILINE
        )
        locked = {key.lower().replace("_", "-"): value for key, value in pins(ROOT / f"{name}.lock").items()}

        for package, version in asked:
            assert locked[package.lower().replace("_", "-")] == version


def test_every_locked_package_carries_hashes() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        blocks = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text())
        assert [block.split()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []
