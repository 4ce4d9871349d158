"""Sites that the proofs crowd: behind one trusted proxy, which the tests play."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.processes import Supervisor
from launch.servers import find_postgres, start_throwaway_postgres
from tests.support import require
from tests.support.site import RunningSite, running_site
from tests.support.stoppable_database import Database


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """A PostgreSQL of these tests' own, which keeps what it acknowledged."""
    require("PostgreSQL", found=find_postgres(Path(sys.prefix)))
    supervisor = Supervisor()
    try:
        address = start_throwaway_postgres(supervisor, Path(sys.prefix), durable=True)
        assert address is not None
        yield Database(supervisor, address)
    finally:
        supervisor.close()


@pytest.fixture(scope="session")
def postgresql_site(
    database: Database, prepared_databases: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """The whole site on that PostgreSQL, which tests may stop and kill, and leave running."""
    tmp = tmp_path_factory.mktemp("postgresql")
    with running_site(tmp, prepared_databases, server=database.address, TRUSTED_PROXIES="1") as running:
        yield running


@pytest.fixture(scope="session")
def sqlite_site(prepared_databases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The whole site on SQLite, whatever the tests run on."""
    tmp = tmp_path_factory.mktemp("sqlite")
    with running_site(tmp, prepared_databases, server="sqlite", TRUSTED_PROXIES="1") as running:
        yield running


@pytest.fixture(params=["postgresql", "sqlite"])
def crowded_site(request: pytest.FixtureRequest) -> RunningSite:
    """The whole site with its worker processes, on each of the two databases."""
    site: RunningSite = request.getfixturevalue(f"{request.param}_site")
    return site
