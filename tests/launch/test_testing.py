"""How `run.py test` understands its arguments, and what it keeps from tests."""

from pathlib import Path

import pytest

from launch.site import Login, parse_logins
from launch.testing import SECOND_TRIES, environment_for_tests, split_marks, tried_again


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
