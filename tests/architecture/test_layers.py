"""Who may import whom: pyproject.toml has the contracts, these tests hold the tree to them."""

import ast
import functools
import re
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

APPS = ("massagerx", "services", "blog", "bookings")


def python_files() -> Iterator[tuple[str, Path]]:
    """Each of our modules outside the tests, with its path from the root."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """The dotted names that a file imports, wherever in it; relative ones are resolved."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def importers(*packages: str) -> set[str]:
    """Our files that import any of these packages or something in them."""
    return {
        name
        for name, path in python_files()
        if any(
            one == package or one.startswith(f"{package}.") for one in imported(path) for package in packages
        )
    }


def test_contracts_are_kept() -> None:
    # In a process of its own: it configures logging anew, which would silence the loggers of the tests that follow.
    program = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stdout + done.stderr


def test_celery_is_touched_in_few_places_only() -> None:
    assert importers("celery", "kombu") <= {
        "blog/tasks.py",
        "bookings/tasks.py",
        "bookings/drives/tasks.py",
        "bookings/program/tasks.py",
        "bookings/reviews/tasks.py",
        "massagerx/celery.py",
        "massagerx/patient_consumer.py",
        "massagerx/site/tasks.py",
    }
    assert "massagerx/celery.py" in importers("celery")


def test_tasks_are_called_by_name_nowhere_else() -> None:
    callers = [
        name
        for name, path in python_files()
        if name not in ("bookings/tasks.py", "bookings/drives/tasks.py")
        and any(call in path.read_text() for call in (".delay(", ".apply_async(", ".send_task("))
    ]

    assert callers == []


def test_mail_is_sent_in_one_place_only() -> None:
    senders = importers("django.core.mail", "smtplib", "requests", "anymail")

    # The second knows their errors, and opens no connection.
    verdicts = "bookings/notifications/verdicts.py"
    assert senders == {"bookings/notifications/delivery.py", verdicts}
    names = set(re.findall(r"smtplib\.(\w+)", (ROOT / verdicts).read_text()))
    assert {name for name in names if not issubclass(getattr(smtplib, name), smtplib.SMTPException)} == set()
    assert not re.search(r"requests\.(?!\w*(Exception|Timeout))", (ROOT / verdicts).read_text())


@pytest.mark.parametrize("package", ["availability", "screening"])
def test_pure_packages_import_only_the_standard_library(package: str) -> None:
    foreign = {
        (path.name, name)
        for path in (ROOT / "bookings" / package).rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith(f"bookings.{package}")
        # a relative import's module name has no package in front
        and not (path.parent / f"{name.split('.')[0]}.py").exists()
    }

    assert foreign == set()


def test_signals_are_not_used_for_our_workflow() -> None:
    assert importers("django.db.models.signals", "django.dispatch") == set()
