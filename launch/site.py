"""The whole site on one machine: broker, web, worker and beat."""

import fcntl
import hashlib
import http.client
import json
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from launch.console import Problem, Signals, say, step
from launch.install import check_writable, full_disk, is_full, run_step
from launch.processes import Part, Supervisor
from launch.servers import broker_answers, broker_part, find_broker, socket_directory, wait_until

_RESTARTS = 5  # within _RESTART_WINDOW seconds; then the site gives up
_RESTART_WINDOW = 60.0
_FIRST_PAUSE = 0.5  # seconds before the first restart; doubles with each
_STAMP = "prepared.json"


@dataclass(frozen=True)
class Login:
    """A sample account whose password nobody has changed yet."""

    role: str
    username: str
    password: str


def bind(port: int) -> socket.socket:
    """Take a port of 127.0.0.1 for the web server; 0 takes a free one. Raises `Problem` when it can't be had."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        # Without listening, a second program could bind the same port until the web server is up.
        listener.listen(128)
    except PermissionError as error:
        listener.close()
        raise Problem(
            f"Port {port} is reserved for the system: use another one, --port 8000 for example."
        ) from error
    except OSError as error:
        listener.close()
        raise Problem(
            f"Port {port} is in use: stop the program that uses it, or choose another one with "
            f"--port {_next_free(port)}."
        ) from error
    return listener


def _next_free(port: int) -> int:
    for candidate in (*range(port + 1, min(port + 50, 65536)), 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0


def lock(var: Path) -> int:
    """Hold `var/` for this process. Returns the lock's file descriptor; raises `Problem` when another holds it."""
    descriptor = os.open(var / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + 3  # one that is just ending
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise Problem(
                f"The site is already running from {var} (process {holder or 'unknown'}): stop that one first, or "
                "set VAR_DIR to another directory."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor


class Site:
    """Prepares, starts, watches and stops the site.

    `given` is the environment it runs in: DATABASE_URL, REDIS_URL and EMAIL_HOST in it replace the embedded
    database, the embedded broker and mail as files. `supervisor` owns its processes.
    """

    def __init__(
        self,
        *,
        root: Path,
        venv: Path,
        var: Path,
        listener: socket.socket,
        supervisor: Supervisor,
        given: Mapping[str, str],
        signals: Signals,
    ) -> None:
        self.root = root
        self.var = var
        self._venv = venv
        self._python = venv / "bin" / "python"
        self._listener = listener
        self._supervisor = supervisor
        self._signals = signals
        self.port: int = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.embedded_broker = not given.get("REDIS_URL")
        self.embedded_database = not given.get("DATABASE_URL")
        self.mail_as_files = not given.get("EMAIL_HOST")
        self._socket = (socket_directory(var, supervisor) if self.embedded_broker else var) / "redis.sock"
        self.environment = {
            key: value for key, value in given.items() if key not in ("PYTHONPATH", "PYTHONHOME")
        }
        self.environment["VAR_DIR"] = str(var)
        self.environment["PYTHONUNBUFFERED"] = "1"
        self.environment.setdefault("DJANGO_SETTINGS_MODULE", "massagerx.settings.local")
        if not self.environment.get("SITE_URL"):
            self.environment["SITE_URL"] = self.address
        if self.embedded_broker:
            self.environment["REDIS_URL"] = f"unix://{self._socket}"
        self.parts: dict[str, Part] = {}
        self._log_positions: dict[str, int] = {}
        self._hinted = 0.0

    # Preparing ---------------------------------------------------------------------------------------------

    def manage_command(self, *arguments: str) -> list[str]:
        """The command line of a management command in the site's Python."""
        return [str(self._python), str(self.root / "manage.py"), *arguments]

    def prepare(self) -> "list[Login] | None":
        """Migrate, load sample data into an empty database and collect static files.

        Returns the sample logins, or None when nothing had changed since the last time and all of it was left
        out. Raises `Problem` when a step fails.
        """
        for name in ("log", "mail", "media"):
            check_writable(self.var / name)
        now = self._fingerprint()
        if self.embedded_database and now == self._read_stamp():
            return None
        log = self.var / "log" / "prepare.log"
        with step("Preparing database, sample data and static files"):
            code = run_step(
                self.manage_command("prepare"),
                log=log, signals=self._signals, cwd=self.root, env=self.environment,
            )  # fmt: skip
        text = log.read_text(errors="replace")
        if code:
            for line in [line for line in text.splitlines() if line.strip()][-8:]:
                say(f"    {line[:300]}")
            if "No space left on device" in text or "database or disk is full" in text or is_full(self.var):
                raise full_disk(self.var)
            if not self.embedded_database and "OperationalError" in text:
                raise Problem(
                    f"The database that DATABASE_URL names does not answer ({log}): start it or correct it."
                )
            raise Problem(f"Preparing the database failed: read {log}, put it right and run this again.")
        (self.var / _STAMP).write_text(json.dumps(self._fingerprint()))
        return parse_logins(text)

    def _read_stamp(self) -> "dict[str, str] | None":
        try:
            stamp: dict[str, str] = json.loads((self.var / _STAMP).read_text())
        except (OSError, ValueError):
            return None
        return stamp

    def _fingerprint(self) -> dict[str, str]:
        """A digest of everything that the prepared state depends on: code that makes the schema and the sample
        data, static files with the packages they come from, and the migrations that the database says it has."""
        apps = ("massagerx", "services", "blog", "bookings")
        code = [path for app in apps for path in (self.root / app).glob("**/migrations/*.py")]
        code += [path for app in apps for path in (self.root / app).glob("**/management/**/*")]
        static = [
            path
            for place in ("static", *(f"{app}/static" for app in apps))
            for path in (self.root / place).rglob("*")
        ]
        installed = self._venv / "installed.json"
        return {
            "code": _digest_files(code, self.root),
            "static": _digest_files([*static, installed], self.root),
            "collected": str((self.var / "static" / "staticfiles.json").exists()),
            "database": self._applied(),
        }

    def _applied(self) -> str:
        path = self.var / "db.sqlite3"
        if not path.exists():
            return "none"
        try:
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
            try:
                rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
            finally:
                connection.close()
        except sqlite3.Error:
            return "unreadable"
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    def ask_logins(self) -> "subprocess.Popen[str]":
        """Start asking the database for the sample logins that still work; `parse_logins` reads the answer."""
        return subprocess.Popen(
            self.manage_command("load_sample_data", "--show-logins"),
            cwd=self.root, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    # Running -----------------------------------------------------------------------------------------------

    def start_broker(self) -> None:
        """Start the embedded broker, unless REDIS_URL was given. Raises `Problem` when it can't be."""
        if not self.embedded_broker:
            return
        binary = find_broker(self._venv)
        if binary is None:
            raise Problem(
                "No broker was found for this kind of machine: install redis-server or valkey-server, or set REDIS_URL."
            )
        self._socket.unlink(missing_ok=True)
        data = self.var / "broker"
        part = self._part(broker_part(binary, socket_path=self._socket, log=self._log("broker"), data=data))
        try:
            self._start_broker(part)
        except Problem:
            if part.running or not any(data.iterdir()):
                raise
            # Another broker's file format, or a damaged file. Tasks are only wake-ups: the sweep finds what waits.
            aside = self.var / f"broker-unreadable-{time.time():.0f}"
            data.rename(aside)
            data.mkdir(mode=0o700)
            say(f"  The broker could not read its file, which was put aside: {aside}")
            self._start_broker(part)

    def _start_broker(self, part: Part) -> None:
        self._supervisor.start(part)
        wait_until(
            lambda: broker_answers(self._socket), part, seconds=30, nap=lambda: self._signals.nap(0.02)
        )

    def start(self) -> None:
        """Start the broker and the web server."""
        self.start_broker()
        descriptor = self._listener.fileno()
        # The rest of its options is in gunicorn.conf.py.
        web = [
            "gunicorn", "massagerx.wsgi:application", "--bind", f"fd://{descriptor}", "--preload",
            "--graceful-timeout", "8", "--timeout", "60",
            # No proxy stands before it: what a visitor says of scheme and prefix counts for nothing.
            "--forwarded-allow-ips", "",
        ]  # fmt: skip
        self._launch("web", web, grace=10, pass_fds=(descriptor,))

    def start_background(self) -> None:
        """Start worker and beat. They come after the first page, which they would only slow down."""
        celery = ["celery", "--app", "massagerx", "--quiet"]
        worker = [
            "worker",
            "--loglevel",
            "INFO",
            "--concurrency",
            "2",
            "--without-gossip",
            "--without-mingle",
        ]
        beat = ["beat", "--loglevel", "INFO", "--schedule", str(self.var / "celerybeat-schedule")]
        self._launch("worker", [*celery, *worker], grace=15)
        self._launch("beat", [*celery, *beat], grace=5)

    def _log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def _part(self, part: Part) -> Part:
        part.directory = self.root
        self.parts[part.name] = part
        return part

    def _launch(self, name: str, module: list[str], *, grace: float, pass_fds: tuple[int, ...] = ()) -> None:
        command = [str(self._python), "-m", *module]
        part = Part(name, command, self._log(name), self.environment, grace=grace, pass_fds=pass_fds)
        self._log_positions[name] = part.log.stat().st_size if part.log.exists() else 0
        self._supervisor.start(self._part(part))

    def answers(self, path: str = "/healthz") -> bool:
        """Whether the web server answers 200 on a path."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_ready(self, *, seconds: float = 60) -> None:
        """Wait until pages are served. Raises `Problem` when the web server ends or does not answer."""
        wait_until(self.answers, self.parts["web"], seconds=seconds, nap=self._signals.nap)

    def watch_once(self) -> None:
        """Start again what ended by itself. Raises `Problem` when one part keeps ending."""
        now = time.monotonic()
        for part in self.parts.values():
            if part.running:
                continue
            part.ended = [*(at for at in part.ended if now - at < _RESTART_WINDOW), now]
            if len(part.ended) > _RESTARTS:
                say(part.tail())
                raise Problem(
                    f"{part.name} keeps ending ({len(part.ended)} times in a minute): read {part.log}."
                )
            pause = _FIRST_PAUSE * 2 ** (len(part.ended) - 1)
            say(f"{part.name} ended unexpectedly (log: {part.log}); starting it again in {pause:.1f} s.")
            deadline = now + pause
            while time.monotonic() < deadline:
                self._signals.nap()
            if part.name == "broker":
                self._socket.unlink(missing_ok=True)
            self._supervisor.start(part)
        self._hint_at_errors()

    def _hint_at_errors(self) -> None:
        """Say on the console, at most every ten seconds, that a log got an error."""
        for name in ("web", "worker"):
            log = self._log(name)
            size = log.stat().st_size if log.exists() else 0
            position = min(self._log_positions.get(name, 0), size)
            if size == position:
                continue
            with log.open("rb") as file:
                file.seek(position)
                fresh = file.read(1_000_000)
            self._log_positions[name] = position + len(fresh)
            if b'"level": "ERROR"' in fresh and time.monotonic() - self._hinted > 10:
                self._hinted = time.monotonic()
                say(f"{name} wrote an error to {log}")

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Stop beat, web and worker, then the broker."""
        self._listener.close()  # else new visitors would wait in its queue
        self._supervisor.stop(*self.parts.values(), hurry=hurry)
        if self.embedded_broker:
            self._socket.unlink(missing_ok=True)

    def stop_part(self, name: str) -> None:
        """Stop one part by itself."""
        self._supervisor.stop(self.parts[name])

    def start_part(self, name: str) -> None:
        """Start a stopped part again, and wait until the broker or the web server answers."""
        part = self.parts[name]
        if name == "broker":
            self._socket.unlink(missing_ok=True)
            self._start_broker(part)
        else:
            self._supervisor.start(part)
            if name == "web":
                self.wait_ready()

    @property
    def pids(self) -> dict[str, int]:
        """The leading process of each part, by name."""
        return {name: part.pid for name, part in self.parts.items()}


def parse_logins(text: str) -> list[Login]:
    """The `login: ROLE USERNAME PASSWORD` lines of a command's output."""
    lines = (line.split() for line in text.splitlines() if line.startswith("login: "))
    return [Login(*words[1:4]) for words in lines if len(words) == 4]


def _digest_files(paths: Iterable[Path], root: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(root) if path.is_relative_to(root) else path.name
            total.update(f"{name}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
