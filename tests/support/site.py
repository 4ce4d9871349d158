"""The whole site as `run.py` starts it, with a database of its own."""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from launch.console import Signals
from launch.processes import Supervisor
from launch.servers import free_port
from launch.site import Login, Site, bind
from launch.testing import environment_for_tests
from tests.support import ROOT, clock, require
from tests.support.nginx import nginx
from tests.support.prepared_databases import populate, run_on
from tests.support.smtp import MailServer


@dataclass
class RunningSite:
    """A started site. `smtp` is the mail server that its worker sends to; `logins` the sample accounts."""

    site: Site
    smtp: MailServer
    logins: list[Login]

    @property
    def url(self) -> str:
        """The address that visitors use, without a slash at the end."""
        return self.site.environment["SITE_URL"]

    @property
    def var(self) -> Path:
        return self.site.var

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by part: broker, web, worker, beat."""
        return self.site.pids

    def login(self, role: str) -> Login:
        """The sample account of a role."""
        return next(login for login in self.logins if login.role == role)

    def manage(self, *arguments: str) -> str:
        """Run a management command against this site's database; returns its output."""
        done = subprocess.run(
            self.site.manage_command(*arguments),
            cwd=ROOT, env=self.site.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def shell(self, code: str) -> str:
        """Run Python with this site's settings; returns what it printed."""
        return self.manage("shell", "--no-imports", "-c", code).strip()

    def stop(self, name: str) -> None:
        """Stop one part: broker, web, worker or beat."""
        self.site.stop_part(name)

    def start(self, name: str) -> None:
        """Start a stopped part again and wait until it is ready."""
        self.site.start_part(name)

    def logs(self, lines: int = 40) -> dict[str, str]:
        """The last lines of every part's log."""
        return {name: part.tail(lines) for name, part in self.site.parts.items()}


@contextmanager
def running_site(
    tmp: Path,
    prepared_databases: Path | None = None,
    *,
    server: str | None = None,
    rows: str = "sample",
    through: Callable[[str], str] = lambda address: address,
    **environment: str,
) -> Iterator[RunningSite]:
    """Start a site in `tmp`, and stop it afterwards. `environment` adds to what its processes see.

    With `rows="none"` it has its tables, and not a row of the sample. Else it begins with a copy of what
    `prepared_databases` holds, the directory of this run of pytest; without one it is made for this site alone. Its
    database is a new one on `server`: the address of a PostgreSQL, or `sqlite`; by default where the tests run.
    `through` makes of its address the one that the site's processes are told.
    """
    smtp = MailServer().start()
    supervisor = Supervisor()
    var = tmp / "var"
    var.mkdir(parents=True)
    if prepared_databases is None:
        prepared_databases = tmp / "prepared_databases"
        prepared_databases.mkdir()
    with own_database(server or os.environ.get("DATABASE_URL", "sqlite"), var) as database_url:
        given = environment_for_tests(database_url, var, os.environ)
        given |= {
            "DJANGO_SETTINGS_MODULE": clock.SETTINGS if clock.is_asked_for() else "massagerx.settings.local",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(smtp.port),
            **environment,
        }
        site = Site(
            root=ROOT,
            venv=Path(sys.prefix),
            var=var,
            listener=bind(0),
            supervisor=supervisor,
            given=given,
            signals=Signals(),
        )
        try:
            logins = populate(site, prepared_databases, database_url=database_url, is_empty=rows == "none")
            site.environment["DATABASE_URL"] = through(database_url)
            site.start()
            site.wait_ready()
            site.start_background()
            yield RunningSite(site, smtp, logins)
        finally:
            site.stop()
            supervisor.close()
            smtp.stop()


PUBLIC_HOST = "www.massage-rx.test"


@contextmanager
def public_site(tmp: Path, prepared_databases: Path, *, password: str) -> Iterator[RunningSite]:
    """A site as a real one is run: production settings, its tables and not a row in them, and nginx before it, whose
    certificate browsers don't know. `password` is for whom `createsuperuser` makes."""
    require("PostgreSQL", found=os.environ.get("DATABASE_URL", "").startswith("postgres"))
    tls = free_port()
    site = running_site(
        tmp,
        prepared_databases,
        rows="none",
        DJANGO_SETTINGS_MODULE="massagerx.settings.production",
        SECRET_KEY=secrets.token_urlsafe(60),
        HEALTH_KEYS=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        ALLOWED_HOSTS=PUBLIC_HOST,
        SITE_URL=f"https://{PUBLIC_HOST}:{tls}",
        DEFAULT_FROM_EMAIL=f"Massage Rx <visits@{PUBLIC_HOST}>",
        TRUSTED_PROXIES="1",
        # Only the tests' own process has Playwright in it.
        DJANGO_ALLOW_ASYNC_UNSAFE="",
        DJANGO_SUPERUSER_PASSWORD=password,
    )
    with site as running:
        before = tmp / "nginx"
        before.mkdir()
        port, media = running.site.port, running.var / "media"
        with nginx(before, web=port, media=media, host=PUBLIC_HOST, tls=tls):
            yield running


@contextmanager
def own_database(server: str, var: Path) -> Iterator[str]:
    """An address for a database, which doesn't exist yet: on the tests' PostgreSQL, or a file when the tests run on
    SQLite. It is dropped afterwards."""
    if not server.startswith("postgres"):
        yield f"sqlite:///{var / 'db.sqlite3'}"
        return
    name = f"site_{secrets.token_hex(6)}"
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        # On a new connection: a test may have killed the server in between.
        run_on(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
