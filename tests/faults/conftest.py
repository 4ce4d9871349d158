"""Sites that the proofs crowd: behind one trusted proxy, which the tests play."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.processes import Household
from launch.servers import find_postgres, start_throwaway_postgres
from tests.support import require
from tests.support.mortal import Database
from tests.support.site import RunningSite, running_site

#: The database behind a site of these tests.
DATABASES = ["postgresql", "sqlite"]


@pytest.fixture(scope="session")
def crowded_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The whole site on the tests' PostgreSQL."""
    on_postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")
    require("PostgreSQL", found=on_postgresql)
    with running_site(tmp_path_factory.mktemp("crowded"), TRUSTED_PROXIES="1") as running:
        yield running


@pytest.fixture(scope="session")
def crowded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The whole site on SQLite, whatever the tests run on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", "sqlite")
        with running_site(tmp_path_factory.mktemp("crowded-sqlite"), TRUSTED_PROXIES="1") as running:
            yield running


@pytest.fixture(params=DATABASES)
def crowded_site(request: pytest.FixtureRequest) -> RunningSite:
    """The whole site with its worker processes, on each of the two databases."""
    site: RunningSite = request.getfixturevalue(f"crowded_{request.param}")
    return site


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """A PostgreSQL of these tests' own, which keeps what it acknowledged."""
    require("PostgreSQL", found=find_postgres(Path(sys.prefix)))
    household = Household()
    try:
        address = start_throwaway_postgres(household, Path(sys.prefix), durable=True)
        assert address is not None
        yield Database(household, address)
    finally:
        household.close()


@pytest.fixture(scope="session")
def mortal_site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The whole site on a database that may be stopped and killed, and is left running."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", database.address)
        with running_site(tmp_path_factory.mktemp("mortal"), TRUSTED_PROXIES="1") as running:
            yield running
