"""A PostgreSQL that tests may stop and kill, and the processes that die with it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psycopg2

from launch.processes import Part, Supervisor


def children_of(parent: int) -> list[int]:
    """The processes that a process of ours started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(entry.name))
    return found


class Database:
    """A PostgreSQL of this test's own, that may be killed and comes up again."""

    def __init__(self, supervisor: Supervisor, address: str) -> None:
        self.supervisor = supervisor
        self.address = address
        self.part: Part = supervisor.parts[-1]

    def kill(self) -> None:
        """SIGKILL to the server and to each of its processes, then a new server on the same files."""
        children = children_of(self.part.pid)
        for pid in (self.part.pid, *children):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # its own end came first
        self.start()

    def stop(self) -> None:
        """Ends it as a person would; connections are closed."""
        self.supervisor.stop(self.part)

    def start(self) -> None:
        """Starts it again and waits until it answers."""
        deadline = time.monotonic() + 60
        self.supervisor.start(self.part)
        while not self.answers():
            assert time.monotonic() < deadline, f"PostgreSQL did not come back:\n{self.part.tail(40)}"
            time.sleep(0.1)
            if not self.part.running:
                self.supervisor.start(self.part)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg2.connect(self.address, connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True
