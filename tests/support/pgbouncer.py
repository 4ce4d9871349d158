"""deploy/pgbouncer.ini as PgBouncer runs it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from launch.processes import Part, Supervisor
from launch.servers import free_port, wait_until
from tests.support import ROOT, require


class PgBouncer:
    """One with the file, before the PostgreSQL at `server`. It is started once the database's name is known.
    `changes` are lines of the file that are others here."""

    def __init__(self, supervisor: Supervisor, server: str, changes: dict[str, str] | None = None) -> None:
        program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
        require("PgBouncer", found=program)
        assert program is not None
        self.supervisor, self.program, self.server = supervisor, program, urlsplit(server)
        self.changes, self.port = changes or {}, free_port()

    def before(self, database: str) -> str:
        """Starts it before the database of that address; returns the address that the site is told."""
        name = urlsplit(database).path.strip("/")
        user = self._user()
        home = self.supervisor.temporary_directory()
        ini, users = home / "pgbouncer.ini", home / "userlist.txt"
        ini.write_text(self._rendered(name, users))
        users.write_text(f'"postgres" "{self.server.password}"\n')
        for path in (home, ini, users):
            if user is not None:
                os.chown(path, user, -1)
        part = Part("PgBouncer", [self.program, str(ini)], home / "log", directory=home, user=user)
        self.supervisor.start(part)
        wait_until(self.answers, part, seconds=60, nap=lambda: None)
        return self.address("massagerx_web") + "?pool=transaction"

    def address(self, database: str) -> str:
        return f"postgres://postgres:{self.server.password}@127.0.0.1:{self.port}/{database}"

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.address("massagerx"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _rendered(self, name: str, users: Path) -> str:
        """The file with this machine's places in it: each that it names is found."""
        text = (ROOT / "deploy/pgbouncer.ini").read_text()
        places = {
            "host=db.internal port=5432 dbname=massagerx": f"host=127.0.0.1 port={self.server.port} dbname={name}",
            "listen_port = 6432": f"listen_port = {self.port}",
            "/etc/pgbouncer/userlist.txt": str(users),
            **self.changes,
        }
        for place, own in places.items():
            assert place in text, place
            text = text.replace(place, own)
        return text

    @staticmethod
    def _user() -> int | None:
        """It refuses to run as root, like PostgreSQL."""
        if os.geteuid() != 0:
            return None
        import pwd

        return next(entry.pw_uid for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody"))
