"""Waits for PostgreSQL that end when its server falls silent.

A server that is frozen or cut off neither answers nor hangs up. libpq would wait for it for minutes, and the thread of
the web server with it, until none is left for pages that need no database. Here every wait that gets long looks whether
the server answers anybody at all, and goes on for as long as it does: a slow query is not taken for a dead server.
"""

from __future__ import annotations

import logging
import select
import socket
import struct
import threading
import time

import psycopg2
from psycopg2 import extensions

log = logging.getLogger(__name__)

# Seconds: how long a wait lasts before somebody looks, how long a server may take to answer, how long that is believed.
LOOK_AFTER = 0.5
ANSWER_WITHIN = 2.0
BELIEVED_FOR = 1.0

# "May we speak TLS?": PostgreSQL and PgBouncer answer with one letter before they ask who it is.
_TLS_REQUEST = struct.pack("!ii", 8, 80877103)
_EVENTS = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}

Address = tuple[str, int]


class _Verdicts:
    """What this process last found out about each server. One thread looks at a time; the others take its answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Address, tuple[float, bool]] = {}
        # Whether no server is known to be silent; asked at every wait.
        self.are_good = True

    def was_silent(self, address: Address) -> bool:
        """Whether the last look found no answer."""
        return not self._found.get(address, (0.0, True))[1]

    def answers(self, address: Address) -> bool:
        """Whether the server answers, as found out in the last second or now.

        While it is known to be silent, one thread looks again, and holds up nobody else.
        """
        if not self._lock.acquire(blocking=not self.was_silent(address)):
            return False
        try:
            at, answered = self._found.get(address, (-BELIEVED_FOR, True))
            if time.monotonic() - at >= BELIEVED_FOR:
                if self.was_silent(address) == (answered := server_answers(address)):
                    log.warning("the database answers again" if answered else "the database does not answer")
                self._found[address] = (time.monotonic(), answered)
                self.are_good = all(good for _at, good in self._found.values())
            return answered
        finally:
            self._lock.release()


_verdicts = _Verdicts()


def start() -> None:
    """Lets every connection of this process wait in this way."""
    extensions.set_wait_callback(wait)


def wait(connection: extensions.connection) -> None:
    """Waits until `connection` has done what it was asked for; psycopg2 calls it.

    Raises OperationalError when the server is silent; psycopg2 closes the connection then.
    """
    patience: float | None = None
    while (state := connection.poll()) != extensions.POLL_OK:
        if patience is None:
            # Who comes after one that waited in vain doesn't wait as long again.
            is_good = _verdicts.are_good or not _verdicts.was_silent(_address(connection))
            patience = LOOK_AFTER if is_good else 0.0
        poll = select.poll()
        poll.register(connection.fileno(), _EVENTS[state])
        if not poll.poll(patience * 1000):
            if not _verdicts.answers(_address(connection)):
                raise psycopg2.OperationalError("the database server does not answer")
            patience = LOOK_AFTER


def _address(connection: extensions.connection) -> Address:
    return connection.info.host or "127.0.0.1", connection.info.port


def server_answers(address: Address) -> bool:
    """Whether the server at `address` (host, or directory of its socket; port) answers in time."""
    host, port = address
    try:
        with _connected(host, port) as probe:
            probe.sendall(_TLS_REQUEST)
            return probe.recv(1) != b""
    except OSError:
        return False


def _connected(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), timeout=ANSWER_WITHIN)
    probe = socket.socket(socket.AF_UNIX)
    probe.settimeout(ANSWER_WITHIN)
    try:
        probe.connect(f"{host}/.s.PGSQL.{port}")
    except OSError:
        probe.close()
        raise
    return probe
