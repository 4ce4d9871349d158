"""The address of the database, and what it says of a pool before it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from massagerx.settings.base import database

ADDRESS = "postgres://massagerx:word@db.internal:6432/massagerx"


def test_without_a_pool_each_connection_brings_its_limits() -> None:
    config = database(ADDRESS)
    limits = "-c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
    assert config["OPTIONS"]["options"] == limits
    assert "DISABLE_SERVER_SIDE_CURSORS" not in config


def test_behind_a_pool_nothing_is_asked_that_outlives_a_transaction() -> None:
    config = database(f"{ADDRESS}?pool=transaction&sslmode=require")
    assert not {"options", "pool"} & config["OPTIONS"].keys()
    assert config["OPTIONS"]["sslmode"] == "require"
    assert config["DISABLE_SERVER_SIDE_CURSORS"] is True


@pytest.mark.parametrize("address", [f"{ADDRESS}?pool=session", "sqlite:///x?pool=transaction"])
def test_other_pools_are_refused(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="pool= can only be transaction"):
        database(address)


@pytest.mark.parametrize(
    "address", ["postgres://me@%2Frun%2Fpostgresql/site", "postgres://me@//run/postgresql/site"]
)
def test_a_socket_may_be_written_either_way(address: str) -> None:
    config = database(address)
    assert (config["HOST"], config["NAME"], config["USER"]) == ("/run/postgresql", "site", "me")
