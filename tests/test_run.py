"""`run.py` as a person at a terminal meets it: real processes, in a directory of their own."""

import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from launch.servers import free_port
from launch.testing import environment_for_tests
from tests.support import ROOT

START = 300.0  # seconds: only what hangs takes as long, also beside other tests on a slow machine


def environment(var: Path, **more: str) -> dict[str, str]:
    """What a person's shell would give, with this environment's packages and a `var/` of its own."""
    given = environment_for_tests("", var, os.environ)
    del given["DATABASE_URL"], given["DJANGO_SETTINGS_MODULE"]
    return {**given, "MASSAGERX_VENV": sys.prefix, **more}


class Terminal:
    """A started `run.py` and what it has written so far."""

    def __init__(self, var: Path, port: int, **more: str) -> None:
        self.output = var.with_name(f"{var.name}-output.txt")
        self.var = var
        self.port = port
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "run.py", "--port", str(port)],
                cwd=ROOT,
                env=environment(var, **more),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait_for(self, piece: str, *, seconds: float = START) -> None:
        deadline = time.monotonic() + seconds
        while piece not in self.text:
            assert self.process.poll() is None, f"run.py ended with {self.process.returncode}:\n{self.text}"
            assert time.monotonic() < deadline, f"no {piece!r} after {seconds} s:\n{self.text}"
            time.sleep(0.05)

    def children(self) -> dict[str, int]:
        """Process ids of broker, web, worker and beat."""
        marks = {
            "valkey": "broker",
            "redis": "broker",
            "gunicorn": "web",
            " worker ": "worker",
            " beat ": "beat",
        }
        found: dict[str, int] = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                parent = process.joinpath("stat").read_text().rpartition(")")[2].split()[1]
                command = process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(parent) == self.process.pid:
                found |= {name: int(process.name) for mark, name in marks.items() if mark in command}
        return found

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@dataclass(frozen=True)
class FirstStart:
    """What a first start did, from nothing to SIGTERM. Other tests copy its `var/`, which is quicker."""

    var: Path
    port: int
    said: str
    children: dict[str, int]
    code: int


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    terminal = Terminal(tmp_path_factory.mktemp("first") / "var", free_port())
    terminal.wait_for("Press Ctrl-C to stop")
    children = terminal.children()
    said = terminal.text
    code = terminal.end(signal.SIGTERM)
    return FirstStart(terminal.var, terminal.port, said, children, code)


@pytest.fixture
def terminal(first_start: FirstStart, tmp_path: Path) -> Iterator[Terminal]:
    """The site, started from a prepared `var/`."""
    shutil.copytree(first_start.var, tmp_path / "var")
    started = Terminal(tmp_path / "var", free_port())
    started.wait_for("Press Ctrl-C to stop")
    yield started
    if started.process.poll() is None:
        started.end(signal.SIGTERM)


def run(
    *arguments: str, env: dict[str, str], python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "run.py", *arguments],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The error output, which must be one line without a traceback, from a command that failed."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert len(lines) == 1, done.stderr
    return lines[0]


# Things that are wrong from the beginning --------------------------------------------------------------------


def test_run_parses_on_old_pythons() -> None:
    ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 4))


def test_run_says_when_python_is_too_old() -> None:
    old = "import sys, runpy; sys.version_info = (3, 9, 2); runpy.run_path('run.py', run_name='__main__')"

    done = subprocess.run([sys.executable, "-c", old], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "Python 3.11 or newer is needed and this is 3.9" in one_sentence(done)


def test_run_help_names_both_commands(tmp_path: Path) -> None:
    done = run("--help", env=environment(tmp_path))

    assert done.returncode == 0
    assert "--port" in done.stdout
    assert "run.py test" in done.stdout


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8000.0", "٨٠٠٠"])
def test_run_refuses_what_is_no_port(tmp_path: Path, port: str) -> None:
    done = run(f"--port={port}", env=environment(tmp_path))

    assert done.returncode == 2
    assert "is not a port" in done.stderr


def test_run_says_when_the_port_is_taken_and_names_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = run("--port", str(port), env=environment(tmp_path / "var"))

    sentence = one_sentence(done)
    assert f"Port {port} is in use" in sentence
    suggested = re.search(r"--port (\d+)", sentence)
    assert suggested
    assert int(suggested[1]) != port


def test_run_says_when_var_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = run("--port", str(free_port()), env=environment(tmp_path / "file" / "var"))

    assert "can't be written to" in one_sentence(done)


def test_run_says_when_the_disk_fills_up(tmp_path: Path) -> None:
    full = "import shutil, collections; shutil.disk_usage = lambda path: collections.namedtuple('U', 'free')(1_000_000)"
    code = f"import sys; sys.argv = ['run.py', '--port', '{free_port()}']; {full}; import runpy; "
    code += "runpy.run_path('run.py', run_name='__main__')"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment(tmp_path / "var"), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert "The disk is full" in one_sentence(done)


def test_run_says_when_the_named_environment_is_missing(tmp_path: Path) -> None:
    env = environment(tmp_path / "var") | {"MASSAGERX_VENV": str(tmp_path / "none")}

    done = run("--port", str(free_port()), env=env)

    assert "MASSAGERX_VENV" in one_sentence(done)


def test_run_says_when_the_database_does_not_answer(tmp_path: Path) -> None:
    address = f"postgres://nobody:nothing@127.0.0.1:{free_port()}/none"

    done = run("--port", str(free_port()), env=environment(tmp_path / "var", DATABASE_URL=address))

    assert "DATABASE_URL" in one_sentence(done)


# The whole site ----------------------------------------------------------------------------------------------


@pytest.mark.journey
def test_run_starts_everything_and_stops_it_on_sigterm(first_start: FirstStart) -> None:
    assert set(first_start.children) == {"broker", "web", "worker", "beat"}
    assert f"http://127.0.0.1:{first_start.port}/admin/" in first_start.said
    assert "/mailbox/" in first_start.said
    assert "Sample logins" in first_start.said
    assert first_start.code == 0
    assert not any(running(pid) for pid in first_start.children.values())
    assert not (first_start.var / "redis.sock").exists()


@pytest.mark.journey
def test_run_starts_again_without_preparing_and_ctrl_c_stops_it(
    first_start: FirstStart, tmp_path: Path
) -> None:
    shutil.copytree(first_start.var, tmp_path / "var")

    again = Terminal(tmp_path / "var", free_port())
    again.wait_for("Press Ctrl-C to stop")

    assert "Preparing" not in again.text
    assert "Sample logins" in again.text
    assert again.end(signal.SIGINT) == 0


@pytest.mark.faults
def test_run_restarts_what_dies_and_refuses_a_second_run(terminal: Terminal) -> None:
    before = terminal.children()

    second = run("--port", str(free_port()), env=environment(terminal.var))
    os.kill(before["web"], signal.SIGKILL)
    terminal.wait_for("web ended unexpectedly")
    deadline = time.monotonic() + START
    while "web" not in terminal.children():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    after = terminal.children()

    assert "already running" in one_sentence(second)
    assert after["web"] != before["web"]
    assert {name: pid for name, pid in after.items() if name != "web"} == {
        name: pid for name, pid in before.items() if name != "web"
    }
    assert terminal.end(signal.SIGHUP) == 0


@pytest.mark.faults
def test_run_leaves_no_process_behind_when_it_is_killed(terminal: Terminal) -> None:
    children = terminal.children()

    terminal.process.kill()
    terminal.process.wait()

    deadline = time.monotonic() + START
    while any(running(pid) for pid in children.values()):
        assert time.monotonic() < deadline, children
        time.sleep(0.1)


def running(pid: int) -> bool:
    """Whether a process exists and is not just waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
