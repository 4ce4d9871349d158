"""How `run.py test` understands its arguments, and what it keeps from tests."""

from pathlib import Path

import pytest

from launch.site import Login, parse_logins
from launch.testing import (
    SECOND_TRIES,
    environment_for_tests,
    files_that_name,
    find_chromium,
    split_marks,
    tried_again,
)
from tests.support.marked import begin_with_stories, refuse_marks_from_elsewhere


@pytest.mark.parametrize(
    ("arguments", "marks", "rest"),
    [
        ([], "", []),
        (["tests/blog", "-k", "feed"], "", ["tests/blog", "-k", "feed"]),
        (["-m", "integrity", "-x"], "integrity", ["-x"]),
        (["-mintegrity"], "integrity", []),
        (["-m=integrity or browser"], "integrity or browser", []),
        (["--maxfail=1"], "", ["--maxfail=1"]),
    ],
)
def test_marks_are_taken_out_of_the_arguments(arguments: list[str], marks: str, rest: list[str]) -> None:
    assert split_marks(arguments) == (marks, rest)


@pytest.mark.parametrize(
    ("there", "named", "whole", "found"),
    [
        (["chromium", "chromium-headless-shell"], "", False, "chromium-headless-shell"),
        (["chromium", "chromium-headless-shell"], "", True, "chromium"),
        (["chromium", "google-chrome"], "", False, "chromium"),
        (["chromium", "google-chrome"], "google-chrome", False, "google-chrome"),
        (["google-chrome"], "no-such-browser", False, "google-chrome"),
        ([], "", False, None),
    ],
)
def test_browser_without_windows_is_preferred(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: list[str],
    named: str,
    whole: bool,
    found: str | None,
) -> None:
    for name in there:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CHROMIUM", named)

    assert find_chromium(whole=whole) == (str(tmp_path / found) if found else None)


def test_marks_are_looked_for_in_files_of_tests(tmp_path: Path) -> None:
    for name, text in {
        "test_site.py": "pytestmark = pytest.mark.browser",
        "rooms/test_one.py": "@pytest.mark.dates\n@pytest.mark.faults\ndef test_it() -> None: ...",
        "rooms/test_other.py": "@pytest.mark.dates\ndef test_browser_and_faults() -> None: ...",
        "rooms/test_alike.py": "pytestmark = pytest.mark.faults_of_people",
        "rooms/conftest.py": "pytest.mark.faults",
    }.items():
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    found = files_that_name(tmp_path, ("browser", "faults"))

    assert found == ["tests/rooms/test_one.py", "tests/test_site.py"]


def test_mark_that_a_file_does_not_name_is_refused(request: pytest.FixtureRequest) -> None:
    refuse_marks_from_elsewhere([request.node])
    request.node.add_marker("integrity")
    with pytest.raises(pytest.UsageError, match="integrity"):
        refuse_marks_from_elsewhere([request.node])


def test_stories_begin_and_short_files_end(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    found: list[pytest.Item] = []
    for name, text in {
        "test_short": "def test_one(): ...",
        "test_long": "def test_one(): ...\n\ndef test_two(): ...",
        "test_story": "import pytest\n\n@pytest.mark.journey\ndef test_all(): ...",
    }.items():
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        found += pytest.Module.from_parent(request.session, path=path).collect()  # type: ignore[arg-type]

    begin_with_stories(found)

    assert [f"{item.path.stem} {item.name}" for item in found] == [
        "test_story test_all",
        "test_long test_one",
        "test_long test_two",
        "test_short test_one",
    ]


def test_own_site_is_kept_from_the_tests(tmp_path: Path) -> None:
    given = {
        "PATH": "/bin",
        "DATABASE_URL": "postgres://real/site",
        "REDIS_URL": "redis://real",
        "EMAIL_HOST": "smtp.real",
        "EMAIL_HOST_PASSWORD": "secret",
        "SECRET_KEY": "real",
        "HEALTH_KEYS": "real",
    }

    environment = environment_for_tests("sqlite:///x", tmp_path, given)

    assert environment["PATH"] == "/bin"
    assert environment["DATABASE_URL"] == "sqlite:///x"
    assert "real" not in " ".join(environment.values())
    assert not [name for name in environment if name.startswith("EMAIL_")]


def test_processes_of_the_tests_keep_what_they_compiled(tmp_path: Path) -> None:
    given = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}

    environment = environment_for_tests("sqlite:///x", tmp_path, given)

    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["PYTHONUNBUFFERED"] == "1"


def test_logins_are_read_from_a_command_s_output() -> None:
    text = "Migrating…\nlogin: owner rosa one-two-three\nnot a login: at all\nlogin: broken\n"

    assert parse_logins(text) == [Login("owner", "rosa", "one-two-three")]


def test_what_failed_once_is_named(tmp_path: Path) -> None:
    assert tried_again(tmp_path) == []
    (tmp_path / SECOND_TRIES).write_text("tests/a.py::test_one\ntests/b.py::test_two")
    assert tried_again(tmp_path) == ["tests/a.py::test_one", "tests/b.py::test_two"]
