"""Waits for PostgreSQL end when its server is silent, and go on while it works. tests/faults freezes a real one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

from massagerx.lib import database_waits
from massagerx.lib.database_waits import _Verdicts, server_answers


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that takes connections, as the kernel does for one that is frozen, and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(5)
        yield server


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_waits, "ANSWER_WITHIN", 0.2)
    monkeypatch.setattr(database_waits, "_verdicts", _Verdicts())


def test_silent_server_and_one_that_is_not_there_do_not_answer(
    listener: socket.socket, tmp_path: Path
) -> None:
    host, port = listener.getsockname()
    assert not server_answers((host, port))
    listener.close()
    assert not server_answers((host, port))
    assert not server_answers((str(tmp_path), 5432))


def test_one_letter_is_an_answer(listener: socket.socket) -> None:
    def answer() -> None:
        talk, _ = listener.accept()
        with talk:
            assert talk.recv(8) == bytes.fromhex("0000000804d2162f")
            talk.sendall(b"N")

    thread = threading.Thread(target=answer)
    thread.start()
    assert server_answers(listener.getsockname())
    thread.join()


def test_connection_to_a_silent_server_is_given_up(listener: socket.socket) -> None:
    host, port = listener.getsockname()
    database_waits.start()
    with pytest.raises(psycopg2.OperationalError, match="does not answer"):
        psycopg2.connect(host=host, port=port, dbname="any", user="any", connect_timeout=30)


def test_while_a_server_is_silent_one_thread_looks_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verdicts, address = _Verdicts(), ("127.0.0.1", 5432)
    looks: list[bool] = []
    begun, go_on = threading.Event(), threading.Event()

    def look(asked: object) -> bool:
        looks.append(True)
        if len(looks) > 1:
            begun.set()
            go_on.wait(60)
        return False

    monkeypatch.setattr(database_waits, "server_answers", look)
    monkeypatch.setattr(database_waits, "BELIEVED_FOR", 0.0)
    assert not verdicts.was_silent(address)
    assert not verdicts.answers(address)
    assert verdicts.was_silent(address)
    slow = threading.Thread(target=verdicts.answers, args=[address])
    slow.start()
    assert begun.wait(60)
    # Would wait for ever if it had to wait for the other.
    assert not verdicts.answers(address)
    go_on.set()
    slow.join()
    assert len(looks) == 2


@pytest.mark.django_db
def test_slow_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("about PostgreSQL alone")
    monkeypatch.setattr(database_waits, "LOOK_AFTER", 0.02)
    monkeypatch.setattr(database_waits, "ANSWER_WITHIN", 5.0)
    monkeypatch.setattr(database_waits, "BELIEVED_FOR", 0.0)
    looks: list[bool] = []

    def look(address: tuple[str, int]) -> bool:
        looks.append(server_answers(address))
        return looks[-1]

    monkeypatch.setattr(database_waits, "server_answers", look)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.2)")
        cursor.execute("SELECT 7")
        assert cursor.fetchone() == (7,)
    assert looks
    assert all(looks)
