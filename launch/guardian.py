"""Stops process groups, also when the process that started them is killed and can't.

Run as a script, it reads from its standard input which groups exist: `start GROUP SIGNAL GRACE LAYER` and
`end GROUP` lines, and `remove DIRECTORY`. When the input ends, because its parent ended or died, it stops what
is left and removes the directories.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """A process group: the signal that asks it to end, how many seconds it gets, and its layer.

    Higher layers are stopped first; a lower one (the broker, a database) only when all above it have ended.
    """

    id: int
    signal: int
    grace: float
    layer: int


def alive(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for zombies
        return False
    return True


def ended(group: int) -> bool:
    """Whether a group is over. A dead leader that nobody has collected yet counts as over; what it left is killed."""
    if not alive(group):
        return True
    try:
        with open(f"/proc/{group}/stat") as stat:
            dead_leader = stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False  # the leader is gone and others of its group are not, or there is no /proc
    if dead_leader:
        send(group, signal.SIGKILL, leader_only=False)
    return dead_leader


def send(group: int, number: int, *, leader_only: bool) -> None:
    """Send a signal to a group or only to its leader; a group that has ended is no error."""
    try:
        (os.kill if leader_only else os.killpg)(group, number)
    except (ProcessLookupError, PermissionError):
        pass


def stop(groups: Iterable[Group], *, reap: Callable[[], object], hurry: Callable[[], bool]) -> None:
    """Stop groups, the last started first, a layer at a time.

    Only leaders get the signal that asks them to end; they end their own children. What has not ended
    after its grace, or as soon as `hurry` says so, is killed with everything in its group. `reap` is called meanwhile.
    """
    for layer in sorted({group.layer for group in groups}, reverse=True):
        waiting = [group for group in reversed(list(groups)) if group.layer == layer]
        for group in waiting:
            send(group.id, group.signal, leader_only=True)
        started = time.monotonic()
        while waiting:
            reap()
            waiting = [group for group in waiting if not ended(group.id)]
            for group in waiting:
                if hurry() or time.monotonic() - started > group.grace:
                    send(group.id, signal.SIGKILL, leader_only=False)
            if time.monotonic() - started > max((group.grace for group in waiting), default=0) + 3:
                break  # a zombie that nobody collects looks alive
            if waiting:
                time.sleep(0.03)


def watch() -> None:
    """Follow the parent's lines until they end, then stop what it left behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, Group] = {}
    directories: list[str] = []
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "start":
            group, stop_signal, grace, layer = rest.split()
            groups[int(group)] = Group(int(group), int(stop_signal), float(grace), int(layer))
        elif word == "end":
            groups.pop(int(rest), None)
        elif word == "remove":
            directories.append(rest)
    stop(list(groups.values()), reap=lambda: None, hurry=lambda: False)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    watch()
