"""`kill -9` of a process in the midst of a deed: what it had not committed is gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from django.db import connection

from bookings.domain import listeners


def killed_in_the_midst(deed: Callable[[], Any], *, at_fact: int) -> None:
    """Does the deed in a process of its own, which is killed when it tells listeners of that many changes of visits;
    asserts that it was. Needs `os.fork`."""
    child = os.fork()
    if child == 0:
        _do_and_die(deed, at_fact)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def _do_and_die(deed: Callable[[], Any], at_fact: int) -> None:
    told = 0

    def count(_fact: Any) -> None:
        nonlocal told
        told += 1
        if told == at_fact:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        # The parent's connection is left alone, neither used nor closed: a new one is opened.
        parents = connection.connection
        connection.connection = None
        listeners.listen(listeners.VisitChanged, count)
        deed()
        del parents
    finally:
        os._exit(1)
