"""What tests begin with, made once for a run of pytest by whichever of its processes needs it first, and copied.

Migrating takes seconds, and so do collecting and compressing static files. What proves these steps themselves
(`tests/test_run.py`, `tests/bookings/test_migrations.py`) does them anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from django.db import connections

from launch.site import Login, Site, parse_logins

# What `manage.py prepare` does, but for the static files; and what the worker of each copy would find to do in its
# first minute. That a worker makes pictures' sizes by itself is proved with a writer's own.
_SAMPLE = """
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
call_command("load_sample_data", if_empty=True)
call_command("load_sample_data", show_logins=True)
# All tests of a run press from one address.
from bookings.models import BookingRules
BookingRules.objects.update(unproved_per_address=1000, unproved_in_all=1000)
from blog.tasks import draw_share_pictures, make_picture_sizes
from bookings.drives.tasks import refresh_drives
make_picture_sizes()
draw_share_pictures()
refresh_drives()
"""


def once(directory: Path, name: str, make: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """What `make` returned (it goes through JSON) in the first process that asked for this name in the directory.

    The others wait for it. When it raises, the next one that asks tries again.
    """
    kept = directory / f"{name}.json"
    with (directory / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(make()))
    made: dict[str, Any] = json.loads(kept.read_text())
    return made


# The tests' own database -------------------------------------------------------------------------------------


def migrated(directory: Path) -> str:
    """A database of the tests' kind with all tables and no process on it: a name on the tests' PostgreSQL, or the
    path of an SQLite file. Django must be allowed to use the database."""
    return str(once(directory, "migrated", lambda: _migrate(directory))["name"])


def _migrate(directory: Path) -> dict[str, Any]:
    connection = connections["default"]
    own, test = connection.settings_dict["NAME"], connection.settings_dict["TEST"]
    before = test["NAME"]
    is_file = connection.vendor == "sqlite"
    test["NAME"] = str(directory / "migrated.sqlite3") if is_file else f"migrated_{secrets.token_hex(6)}"
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.creation.destroy_test_db(own, verbosity=0, keepdb=True)
        return {"name": test["NAME"], "server": None if is_file else os.environ["DATABASE_URL"]}
    finally:
        test["NAME"] = before


# A whole site's ----------------------------------------------------------------------------------------------


def populate(site: Site, directory: Path, *, database_url: str, is_empty: bool = False) -> list[Login]:
    """Give a site that has not been started what `Site.prepare` would: tables, sample data, pictures and static files;
    with `is_empty`, no sample data and no pictures.

    `database_url` is a PostgreSQL's database that does not exist yet, or an SQLite file that doesn't. Returns the
    sample log-ins.
    """
    for name in ("log", "mail"):
        (site.var / name).mkdir(parents=True, exist_ok=True)
    on_server = database_url.startswith("postgres")
    if is_empty:
        static = Path(once(directory, "static", lambda: _collect(site, directory / "static"))["path"])
        shutil.copytree(static, site.var / "static")
        if on_server:
            address = urlsplit(database_url)
            run_on(
                address._replace(path="/postgres").geturl(), f'CREATE DATABASE "{address.path.strip("/")}"'
            )
        _manage(site, site.var, database_url, ["migrate", "--no-input", "--verbosity", "0"])
        return []
    key = hashlib.sha256(urlsplit(database_url).netloc.encode()).hexdigest()[:12] if on_server else "sqlite"
    with ThreadPoolExecutor() as pool:  # static files and tables don't need each other
        collecting = pool.submit(once, directory, "static", lambda: _collect(site, directory / "static"))
        sample = once(directory, key, lambda: _load_sample(site, directory / key, database_url))
        static = Path(collecting.result()["path"])
    shutil.copytree(static, site.var / "static")
    shutil.copytree(directory / key / "media", site.var / "media")
    if on_server:
        name = urlsplit(database_url).path.strip("/")
        run_on(sample["server"], f'CREATE DATABASE "{name}" TEMPLATE "{sample["name"]}"')
    else:
        shutil.copy(sample["name"], database_url.removeprefix("sqlite:///"))
    return [Login(**login) for login in sample["logins"]]


def _collect(site: Site, var: Path) -> dict[str, Any]:
    _manage(site, var, None, ["collectstatic", "--no-input", "--verbosity", "0"])
    return {"path": str(var / "static")}


def _load_sample(site: Site, var: Path, database_url: str) -> dict[str, Any]:
    (var / "media").mkdir(parents=True)
    name = str(var / "db.sqlite3")
    server = None
    address = f"sqlite:///{name}"
    if database_url.startswith("postgres"):
        name, server = (
            f"sample_{secrets.token_hex(6)}",
            urlsplit(database_url)._replace(path="/postgres").geturl(),
        )
        run_on(server, f'CREATE DATABASE "{name}"')
        address = urlsplit(database_url)._replace(path=f"/{name}").geturl()
    said = _manage(site, var, address, ["shell", "--no-imports", "-c", _SAMPLE])
    return {"name": name, "server": server, "logins": [asdict(login) for login in parse_logins(said)]}


def _manage(site: Site, var: Path, database_url: str | None, arguments: Sequence[str]) -> str:
    environment = {**site.environment, "VAR_DIR": str(var)}
    if database_url is not None:
        environment["DATABASE_URL"] = database_url
    done = subprocess.run(
        site.manage_command(*arguments),
        cwd=site.root, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


# PostgreSQL --------------------------------------------------------------------------------------------------


def run_on(server: str, statement: str) -> None:
    """One statement, outside of any transaction. Raises `psycopg2.OperationalError` when the server is away."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def clear_away(directory: Path) -> None:
    """Remove the directory and drop the databases that were made for it, where their servers are still there."""
    for kept in directory.glob("*.json"):
        made = json.loads(kept.read_text())
        if made.get("server"):
            try:
                run_on(made["server"], f'DROP DATABASE IF EXISTS "{made["name"]}" WITH (FORCE)')
            except psycopg2.OperationalError:
                pass  # it ended with the tests that it was started for
    shutil.rmtree(directory, ignore_errors=True)
