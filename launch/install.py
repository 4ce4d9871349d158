"""Makes the virtual environment and puts the locked requirements into it."""

import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from launch.console import Problem, Signals, say, step

LOCAL_LOCK = "requirements-local.lock"
DEVELOPMENT_LOCK = "requirements-dev.lock"
_ROOM_TO_INSTALL = 400_000_000  # bytes
_ROOM_TO_RUN = 30_000_000
_STAMP = "installed.json"


def check_room(directory: Path, *, needed: int = _ROOM_TO_RUN) -> None:
    """Raise `Problem` when the disk has less than `needed` bytes left."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise Problem(
            f"The disk is full: {directory} has {free // 1_000_000} MB left and {needed // 1_000_000} MB are "
            "needed; free some space and run this again."
        )


def check_writable(directory: Path) -> None:
    """Make a directory. Raises `Problem` when it can't be made or written to."""
    probe = directory / f".write-test-{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise full_disk(directory) from error
        raise Problem(
            f"{directory} can't be written to ({error.strerror}): make it writable, or set VAR_DIR to a directory "
            "that is."
        ) from error


def full_disk(directory: Path) -> Problem:
    """A `Problem` that says that the disk is full."""
    return Problem(f"The disk that holds {directory} is full: free some space and run this again.")


def is_full(directory: Path) -> bool:
    """Whether less than 2 MB are left, so that a failed command failed for want of space."""
    return shutil.disk_usage(directory).free < 2_000_000


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pins(lock: Path) -> dict[str, str]:
    """Every `name==version` of a lock."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def run_step(
    command: Sequence[object], *, log: Path, signals: Signals, cwd: Path, env: Mapping[str, str]
) -> int:
    """Run a command with its output in `log`; returns its exit code. Ends it when a signal comes."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            cwd=cwd, env=env, start_new_session=True,
        )  # fmt: skip
    try:
        while process.poll() is None:
            signals.nap()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return process.returncode


class Environment:
    """The virtual environment in `.venv`, or the one that MASSAGERX_VENV names.

    That one is used as it is: nothing is installed into it. Tests start the site from copies of the tree with it.
    """

    def __init__(self, root: Path, var: Path, signals: Signals) -> None:
        given = os.environ.get("MASSAGERX_VENV")
        self.root = root
        self.given = bool(given)
        self.path = Path(given) if given else root / ".venv"
        self.python = self.path / "bin" / "python"
        self._log = var / "log" / "install.log"
        self._signals = signals

    def ensure(self, lock_name: str) -> None:
        """Make the environment hold what the lock lists. Does nothing when it already does."""
        if self.given:
            if not self.python.exists():
                raise Problem(
                    f"MASSAGERX_VENV names {self.path}, which holds no bin/python: correct it or unset it."
                )
            return
        lock = self.root / lock_name
        if self.python.exists() and self._installed().get(lock_name) == digest(lock):
            return
        check_room(self.root, needed=_ROOM_TO_INSTALL)
        self._make()
        self._install(lock)

    def _installed(self) -> dict[str, str]:
        """Which locks are in, by name, with their digests; nothing when another Python made the environment."""
        try:
            stamp: dict[str, str] = json.loads((self.path / _STAMP).read_text())
        except (OSError, ValueError):
            return {}
        return stamp if stamp.get("python") == _python_version() else {}

    def _make(self) -> None:
        same_python = f"version = {_python_version()}"
        config = self.path / "pyvenv.cfg"
        if self.python.exists() and config.exists() and same_python in config.read_text():
            return
        for module in ("venv", "ensurepip"):
            if importlib.util.find_spec(module) is None:
                raise Problem(
                    f"This Python lacks its module {module}: install it (on Debian and Ubuntu: "
                    f"sudo apt install python3-venv), then run this again."
                )
        with step("Making .venv"):
            command = [sys.executable, "-m", "venv", "--clear", self.path]
            if self._run(command):
                self._explain("the virtual environment could not be made")

    def _install(self, lock: Path) -> None:
        say(f"  Installing {len(pins(lock))} packages takes about a minute; pip writes to {self._log}")
        with step(f"Installing {lock.name}"):
            command = [
                self.python, "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-input",
                "--disable-pip-version-check", "--progress-bar", "off", "-r", lock,
            ]  # fmt: skip
            if self._run(command):
                self._explain("pip could not install the requirements")
        stamp = {**self._installed(), "python": _python_version(), lock.name: digest(lock)}
        smaller = self.root / LOCAL_LOCK
        if lock.name == DEVELOPMENT_LOCK and pins(smaller).items() <= pins(lock).items():
            stamp[LOCAL_LOCK] = digest(smaller)
        (self.path / _STAMP).write_text(json.dumps(stamp))

    def _run(self, command: Sequence[object]) -> int:
        # PIP_REQUIRE_VIRTUALENV and the like stay; a foreign PYTHONPATH or PYTHONHOME would mix two Pythons.
        env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
        return run_step(command, log=self._log, signals=self._signals, cwd=self.root, env=env)

    def _explain(self, what: str) -> None:
        """Show the end of the log and raise one sentence that says what to do."""
        text = self._log.read_text(errors="replace")
        if "No space left on device" in text or "Errno 28" in text or is_full(self.root):
            raise full_disk(self.root)
        lines = [line for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if re.match(r"\s*(ERROR|error)", line)]
        say()
        for line in (errors or lines)[-8:]:
            say(f"    {line[:300]}")
        if "DO NOT MATCH THE HASHES" in text:
            advice = "a downloaded file differs from the lock: check what stands between here and the package index"
        elif re.search(
            r"Temporary failure|Name or service|Connection|timed out|Max retries|ProxyError", text
        ):
            advice = "check the network and run this again"
        else:
            advice = "read the log and run this again"
        raise Problem(f"{what[0].upper()}{what[1:]} ({self._log}): {advice}.")


def _python_version() -> str:
    return "{}.{}.{}".format(*sys.version_info[:3])
