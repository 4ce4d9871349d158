"""What a PostgreSQL database holds, in a few figures: as many rows, with the same content, or not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.db import connection

# Rows and the sum of their hashes, by table: the same in whatever order rows lie.
Figures = dict[str, tuple[int, str]]


class ProgramFailed(Exception):
    """`pg_dump` or `pg_restore` is missing, or ended with an error; the message is what it said."""


def figures() -> Figures:
    """The figures of each table of the schema that Django's tables are in, as the open transaction sees them."""
    found: Figures = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            name = connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {name} t"  # noqa: S608
            )
            rows, digest = cursor.fetchone()
            found[table] = (rows, digest)
    return found


def is_empty() -> bool:
    """Whether the database has no table yet."""
    with connection.cursor() as cursor:
        return not connection.introspection.table_names(cursor, include_views=True)


def dump(target: Path, *, snapshot: str) -> None:
    """Writes all tables into `target`, as the transaction that exported `snapshot` sees them.

    Raises `ProgramFailed`."""
    _run(
        "pg_dump",
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
        f"--file={target}",
    )


def load(source: Path) -> None:
    """Fills the empty database from a dump, wholly or not at all. Raises `ProgramFailed`."""
    parameters = _parameters()
    _run(
        "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges",
        f"--dbname={parameters['PGDATABASE']}", str(source),
    )  # fmt: skip


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise ProgramFailed(
            f"{program} is missing: install PostgreSQL's client programs (Debian: postgresql-client)."
        )
    done = subprocess.run(
        [found, *arguments], env={**os.environ, **_parameters()}, capture_output=True, text=True
    )
    if done.returncode:
        raise ProgramFailed(f"{program}: {done.stderr.strip()[-1000:]}")


def _parameters() -> dict[str, str]:
    """Where the database is, as libpq reads it from the environment: a password on a command line is everybody's."""
    known: dict[str, Any] = connection.get_connection_params()
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    names |= {
        "sslmode": "PGSSLMODE",
        "sslrootcert": "PGSSLROOTCERT",
        "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY",
    }
    return {variable: str(known[name]) for name, variable in names.items() if known.get(name)}
