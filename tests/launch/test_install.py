"""What stands between a fresh clone and a filled environment, and the sentence for each."""

import json
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from launch import install
from launch.console import Problem, Signals, Stopped
from launch.install import (
    DEVELOPMENT_LOCK,
    LOCAL_LOCK,
    Environment,
    check_room,
    check_writable,
    digest,
    run_step,
)

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with two small locks."""
    monkeypatch.delenv("MASSAGERX_VENV", raising=False)
    (tmp_path / LOCAL_LOCK).write_text("django==5.2.19 \\\n    --hash=sha256:00\n")
    (tmp_path / DEVELOPMENT_LOCK).write_text(
        "django==5.2.19 \\\n    --hash=sha256:00\npytest==9.0 \\\n    --hash=sha256:11\n"
    )
    return tmp_path


class Machine:
    """Stands for the processes that installing starts: what was asked, and how it ends."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.code = 0
        self.log = ""

    def run(self, command: object, *, log: Path, **rest: object) -> int:
        words = [str(word) for word in command]  # type: ignore[attr-defined]
        self.commands.append(words)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(self.log)
        if "venv" in words:
            target = Path(words[-1])
            (target / "bin").mkdir(parents=True)
            (target / "bin" / "python").write_text("")
            (target / "pyvenv.cfg").write_text("version = {}.{}.{}\n".format(*sys.version_info[:3]))
            return 0
        return self.code


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    stands_in = Machine()
    monkeypatch.setattr(install, "run_step", stands_in.run)
    return stands_in


def environment(clone: Path) -> Environment:
    return Environment(clone, clone / "var", Signals())


def test_install_makes_an_environment_and_requires_hashes(clone: Path, machine: Machine) -> None:
    environment(clone).ensure(LOCAL_LOCK)

    assert machine.commands[0][1:3] == ["-m", "venv"]
    assert {"--require-hashes", str(clone / LOCAL_LOCK)} <= set(machine.commands[1])


def test_install_does_nothing_the_second_time(clone: Path, machine: Machine) -> None:
    environment(clone).ensure(LOCAL_LOCK)
    machine.commands.clear()

    environment(clone).ensure(LOCAL_LOCK)

    assert machine.commands == []


def test_install_runs_again_when_the_lock_changes(clone: Path, machine: Machine) -> None:
    environment(clone).ensure(LOCAL_LOCK)
    machine.commands.clear()
    (clone / LOCAL_LOCK).write_text("django==5.2.20 \\\n    --hash=sha256:22\n")

    environment(clone).ensure(LOCAL_LOCK)

    assert ["pip" in command for command in machine.commands] == [True]


def test_install_starts_afresh_with_another_python(clone: Path, machine: Machine) -> None:
    environment(clone).ensure(LOCAL_LOCK)
    stamp = clone / ".venv" / "installed.json"
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "python": "3.10.1"}))
    (clone / ".venv" / "pyvenv.cfg").write_text("version = 3.10.1\n")
    for path in (clone / ".venv" / "bin").iterdir():
        path.unlink()
    (clone / ".venv" / "bin").rmdir()
    machine.commands.clear()

    environment(clone).ensure(LOCAL_LOCK)

    assert "--clear" in machine.commands[0]


def test_development_set_covers_the_local_one(clone: Path, machine: Machine) -> None:
    environment(clone).ensure(DEVELOPMENT_LOCK)
    machine.commands.clear()

    environment(clone).ensure(LOCAL_LOCK)

    assert machine.commands == []


def test_development_set_with_other_versions_does_not_cover_the_local_one(
    clone: Path, machine: Machine
) -> None:
    (clone / LOCAL_LOCK).write_text("django==5.2.18 \\\n    --hash=sha256:33\n")
    environment(clone).ensure(DEVELOPMENT_LOCK)
    machine.commands.clear()

    environment(clone).ensure(LOCAL_LOCK)

    assert len(machine.commands) == 1


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "is full",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "differs from the lock"),
        (
            "WARNING: Retrying: Temporary failure in name resolution\nERROR: No matching distribution",
            "check the network",
        ),
        ("ERROR: something new", "read the log"),
    ],
)
def test_install_says_what_to_do_when_pip_fails(
    clone: Path, machine: Machine, log: str, sentence: str
) -> None:
    machine.code, machine.log = 1, log

    with pytest.raises(Problem, match=sentence) as problem:
        environment(clone).ensure(LOCAL_LOCK)

    assert "\n" not in str(problem.value)
    assert not (clone / ".venv" / "installed.json").exists()


def test_install_says_when_the_disk_has_no_room(
    clone: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: Usage(10**12, 10**12, 399_000_000))

    with pytest.raises(Problem, match=r"The disk is full: .* 399 MB left and 400 MB are needed"):
        environment(clone).ensure(LOCAL_LOCK)

    assert machine.commands == []


def test_running_needs_less_room_than_installing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: Usage(10**12, 10**12, 100_000_000))

    check_room(tmp_path)


def test_install_says_when_venv_is_missing(
    clone: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        install.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object()
    )

    with pytest.raises(Problem, match=r"lacks its module ensurepip: .* apt install python3-venv"):
        environment(clone).ensure(LOCAL_LOCK)


def test_full_disk_is_not_called_unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)

    with pytest.raises(Problem, match="is full: free some space"):
        check_writable(tmp_path)


def test_step_ends_its_command_when_a_signal_comes(tmp_path: Path) -> None:
    signals = Signals()
    signals.received.append(15)

    with pytest.raises(Stopped):
        run_step(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            log=tmp_path / "log", signals=signals, cwd=tmp_path, env={},
        )  # fmt: skip


def test_digest_changes_with_the_content(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.write_text("a")
    before = digest(file)
    file.write_text("b")

    assert digest(file) != before
