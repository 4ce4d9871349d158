"""Parts end when they should, in order, and never outlive the process that started them."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.console import Problem
from launch.guardian import alive
from launch.processes import Part, Supervisor
from launch.site import bind
from tests.support import ROOT

WRITES_WHEN_ENDED = """
import signal, sys, time
def end(*args):
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[2] + "\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.close(hurry=lambda: True)


def part(tmp_path: Path, name: str, code: str, *arguments: str, layer: int = 1, grace: float = 5) -> Part:
    return Part(
        name, [sys.executable, "-c", code, *arguments], tmp_path / f"{name}.log", layer=layer, grace=grace
    )


def wait_ready(one: Part) -> None:
    deadline = time.monotonic() + 60
    while "ready" not in one.tail():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_lower_layer_is_stopped_last(tmp_path: Path, supervisor: Supervisor) -> None:
    order = tmp_path / "order"
    for name, layer in (("broker", 0), ("web", 1), ("worker", 1)):
        wait_ready(supervisor.start(part(tmp_path, name, WRITES_WHEN_ENDED, str(order), name, layer=layer)))

    supervisor.close()

    ended = order.read_text().split()
    assert ended[-1] == "broker"
    assert sorted(ended) == ["broker", "web", "worker"]


def test_part_that_does_not_listen_is_killed_after_its_grace(tmp_path: Path, supervisor: Supervisor) -> None:
    deaf = supervisor.start(part(tmp_path, "deaf", DEAF, grace=0.3))
    wait_ready(deaf)
    started = time.monotonic()

    supervisor.stop(deaf)

    assert time.monotonic() - started >= 0.3
    assert not alive(deaf.pid)


def test_impatience_does_not_wait_for_the_grace(tmp_path: Path, supervisor: Supervisor) -> None:
    deaf = supervisor.start(part(tmp_path, "deaf", DEAF, grace=60))
    wait_ready(deaf)
    started = time.monotonic()

    supervisor.stop(deaf, hurry=lambda: True)

    assert time.monotonic() - started < 60
    assert not alive(deaf.pid)


def test_grandchildren_end_with_their_part(tmp_path: Path, supervisor: Supervisor) -> None:
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {DEAF!r}]); time.sleep(60)"
    parent = supervisor.start(part(tmp_path, "parent", code, grace=0.5))
    wait_ready(parent)

    supervisor.stop(parent)

    assert not alive(parent.pid)


def test_nothing_outlives_a_killed_owner(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from launch.processes import Supervisor, Part
supervisor = Supervisor()
part = supervisor.start(Part("deaf", [sys.executable, "-c", {DEAF!r}], Path(sys.argv[1]), grace=0.5))
print(part.pid, supervisor.temporary_directory(), flush=True)
time.sleep(60)
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pid, directory = owner.stdout.readline().split()
    assert alive(int(pid))
    assert Path(directory).is_dir()

    owner.kill()
    owner.wait()
    owner.stdout.close()

    deadline = time.monotonic() + 60
    while Path(directory).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not _breathes(int(pid))


def _breathes(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_long_log_is_put_aside(tmp_path: Path, supervisor: Supervisor) -> None:
    log = tmp_path / "loud.log"
    log.write_bytes(b"x" * 5_000_001)

    supervisor.start(part(tmp_path, "loud", "print('ready')"))

    assert log.stat().st_size < 100
    assert (tmp_path / "loud.1.log").stat().st_size == 5_000_001


def test_bound_port_is_taken_for_others() -> None:
    listener = bind(0)

    with pytest.raises(Problem, match="is in use"):
        bind(listener.getsockname()[1])

    listener.close()
