"""`run.py test`: every test, on servers that are started for it."""

import os
import re
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launch.console import Problem, Signals, Stopped, say, step
from launch.install import DEVELOPMENT_LOCK, Environment, check_room, check_writable
from launch.processes import Supervisor
from launch.servers import find_broker, find_postgres, start_throwaway_postgres

# The marks of tests that start whole sites.
_WHOLE_SITE = ("browser", "journey", "faults")
# Tests with these marks are looked for in the files that name them.
SOUGHT = (*_WHOLE_SITE, "integrity")
# Browsers, workers and servers that share two processors: what fails once there is tried once more, and named.
_SECOND_TRY = ["--reruns", "1", "--rerun-show-tracebacks"]
# In a round's directory: the tests that were tried again, a line each.
SECOND_TRIES = "second-tries.txt"
_NOTHING_COLLECTED = 5
# What a person set for their own site must not reach the tests.
_FOREIGN = (
    "DATABASE_URL", "REDIS_URL", "SITE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "HEALTH_KEYS", "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS", "DEFAULT_FROM_EMAIL", "DJANGO_DEBUG", "TRUSTED_PROXIES",
)  # fmt: skip


@dataclass
class Round:
    """One call of pytest with its outcome."""

    name: str
    marks: str
    database_url: str
    options: list[str]
    code: int = 0
    seconds: float = 0
    counts: "dict[str, int] | None" = None
    tried_again: "list[str] | None" = None


def run(root: Path, arguments: list[str], signals: Signals) -> int:
    """Install, start a PostgreSQL, run the rounds and say how they went; returns the exit code."""
    in_ci = os.environ.get("CI", "").lower() in ("1", "true", "yes")
    var = root / "var"
    check_writable(var)
    check_room(var)
    environment = Environment(root, var, signals)
    environment.ensure(DEVELOPMENT_LOCK)
    missing = _missing_parts(environment.path)
    for part in missing:
        say(f"  MISSING: {part}")
    if missing and in_ci:
        raise Problem("In CI every part must be there: install what is missing above.")
    output = var / "test-output"
    if not arguments:
        shutil.rmtree(output, ignore_errors=True)  # pictures of a full run are all of one state
    output.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor()
    scratch = supervisor.temporary_directory()
    try:
        address = None
        if find_postgres(environment.path):
            with step("Starting a PostgreSQL for the tests"):
                address = start_throwaway_postgres(supervisor, environment.path)
        rounds = _rounds(root, arguments, address, scratch)
        for number, round_ in enumerate(rounds):
            say(f"\n=== {round_.name} ===")
            started = time.monotonic()
            round_.code = _pytest(root, environment.python, round_, scratch / str(number), signals)
            round_.seconds = time.monotonic() - started
            round_.counts = _counts(_report(round_, scratch))
            round_.tried_again = tried_again(scratch / str(number))
    finally:
        supervisor.close(hurry=lambda: signals.impatient)
    return _summary(rounds, missing, asked_for_some=bool(arguments))


def _missing_parts(venv: Path) -> list[str]:
    parts = []
    if find_postgres(venv) is None:
        parts.append("PostgreSQL 15 or newer (on Debian: apt install postgresql); nothing is tested on it")
    if find_broker(venv) is None:
        parts.append("redis-server or valkey-server; tests with a worker are skipped")
    if find_chromium() is None:
        parts.append(
            "Chromium (on Debian: apt install chromium-headless-shell; or set CHROMIUM); browser tests are skipped"
        )
    return parts


def find_chromium(*, whole: bool = False) -> str | None:
    """The browser's program: what CHROMIUM names, else one on PATH. The shell, which has no windows, opens pages for
    two thirds of the processor's time; `whole` asks for the browser that visitors have."""
    shell = () if whole else ("chromium-headless-shell",)
    names = (os.environ.get("CHROMIUM", ""), *shell, "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def _rounds(root: Path, arguments: list[str], postgres: str | None, scratch: Path) -> list[Round]:
    """The calls of pytest: on PostgreSQL what may run side by side, then what starts whole sites; then SQLite."""
    theirs, options = split_marks(arguments)
    whole_site = " or ".join(_WHOLE_SITE)
    sqlite = f"sqlite:///{scratch / 'tests.sqlite3'}"
    # The tests of one file share a site, which takes seconds to start. Part of their time they wait: for a sweep, a
    # retry, a frozen server. The order of the files is that of `tests/support/marked.py`.
    side_by_side = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder", *_SECOND_TRY]
    two = ["-n", "2"]
    if not arguments:
        side_by_side += files_that_name(root, _WHOLE_SITE)
    if postgres is not None:
        integrity = two if arguments else [*two, *files_that_name(root, ("integrity",))]
        chosen = [
            ("PostgreSQL", f"not ({whole_site})", postgres, two),
            ("PostgreSQL, whole site and browser", whole_site, postgres, side_by_side),
            ("SQLite, integrity", f"integrity and not ({whole_site})", sqlite, integrity),
        ]
    else:
        chosen = [
            ("SQLite", f"not ({whole_site})", sqlite, two),
            ("SQLite, whole site and browser", whole_site, sqlite, side_by_side),
        ]
    rounds = []
    for name, marks, address, own in chosen:
        both = f"({marks}) and ({theirs})" if theirs else marks
        one = Round(name, both, address, [])
        one.options = [*own, "-m", both, f"--junitxml={_report(one, scratch)}", *options]
        rounds.append(one)
    return rounds


def files_that_name(root: Path, marks: Sequence[str]) -> list[str]:
    """The test files of a checkout in whose text one of these marks stands, by their paths from `root`: for tests
    with such a mark no other file needs to be imported."""
    named = re.compile(rf"\bmark\.(?:{'|'.join(marks)})\b")
    paths = sorted((root / "tests").rglob("test_*.py"))
    return [str(path.relative_to(root)) for path in paths if named.search(path.read_text(encoding="utf-8"))]


def split_marks(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The expression of `-m` in pytest's arguments, and the arguments without it."""
    marks, rest = "", []
    left = iter(arguments)
    for argument in left:
        if argument == "-m":
            marks = next(left, "")
        elif argument.startswith("-m="):
            marks = argument[3:]
        elif argument.startswith("-m") and not argument.startswith("--"):
            marks = argument[2:]
        else:
            rest.append(argument)
    return marks, rest


def _report(round_: Round, scratch: Path) -> Path:
    name = "".join(letter for letter in round_.name.lower() if letter.isalnum())
    return scratch / f"{name}.xml"


def environment_for_tests(address: str, var: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment that pytest runs in, and the sites that it starts.

    Where bytecode isn't written, each of their many processes compiles the whole tree anew.
    """
    foreign = (*_FOREIGN, "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in given.items() if key not in foreign and not key.startswith("EMAIL_")}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "massagerx.settings.test",
        "DATABASE_URL": address,
        "VAR_DIR": str(var),
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        "TZ": "UTC",
    }


def _pytest(root: Path, python: Path, round_: Round, var: Path, signals: Signals) -> int:
    """Run pytest in the foreground. After a signal it may finish its teardowns; then `Stopped` goes on up."""
    var.mkdir()
    process = subprocess.Popen(
        [python, "-m", "pytest", *round_.options],
        cwd=root,
        env=environment_for_tests(round_.database_url, var, os.environ),
    )
    try:
        while process.poll() is None:
            signals.nap(0.1)
    except Stopped:
        process.send_signal(signal.SIGINT)  # a second one, after a Ctrl-C, does no harm
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    return process.returncode


def _counts(report: Path) -> "dict[str, int] | None":
    try:
        suite = next(ElementTree.parse(report).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError, StopIteration):
        return None
    number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    return {
        "passed": number["tests"] - failed - number["skipped"],
        "failed": failed,
        "skipped": number["skipped"],
    }


def tried_again(var: Path) -> list[str]:
    """The tests of a round that failed once, by their node ids, from its directory."""
    try:
        return (var / SECOND_TRIES).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _summary(rounds: list[Round], missing: list[str], *, asked_for_some: bool) -> int:
    say("\n=== Summary ===")
    total = 0
    bad = False
    for round_ in rounds:
        nothing = round_.code == _NOTHING_COLLECTED
        bad = bad or not (round_.code == 0 or (nothing and asked_for_some))
        counts = round_.counts or {"passed": 0, "failed": 0, "skipped": 0}
        total += counts["passed"]
        told = ", ".join(f"{number} {word}" for word, number in counts.items())
        if nothing:
            told = "no test was chosen"
        elif round_.code not in (0, 1):
            told += f" (pytest ended with code {round_.code})"
        say(f"  {round_.name:<36} {told}, {round_.seconds:.0f} s")
        for test in round_.tried_again or ():
            say(f"    FAILED ONCE, tried again: {test}")
    if not asked_for_some and total == 0:
        bad = True
    for part in missing:
        say(f"  MISSING: {part}")
    say("  FAILED" if bad else f"  All passed: {total} tests.")
    return 1 if bad else 0
