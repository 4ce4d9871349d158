"""What the site's processes get to see, and what happens when one of them won't stay up."""

import http.client
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.console import Problem, Signals
from launch.processes import Part, Supervisor
from launch.site import Site, bind
from tests.support import ROOT


class Quick(Signals):
    """Signals that never come, and naps that take no time."""

    def nap(self, seconds: float = 0.05) -> None:
        super().nap(min(seconds, 0.01))


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.close()


def make_site(tmp_path: Path, supervisor: Supervisor, **given: str) -> Site:
    return Site(
        root=ROOT,
        venv=Path(sys.prefix),
        var=tmp_path,
        listener=bind(0),
        supervisor=supervisor,
        given=given,
        signals=Quick(),
    )


def test_site_embeds_what_is_not_given(tmp_path: Path, supervisor: Supervisor) -> None:
    site = make_site(tmp_path, supervisor, PATH="/bin", PYTHONPATH="/elsewhere")

    assert site.embedded_broker
    assert site.embedded_database
    assert site.mail_as_files
    assert site.environment["REDIS_URL"] == f"unix://{tmp_path}/redis.sock"
    assert site.environment["SITE_URL"] == site.address
    assert site.environment["VAR_DIR"] == str(tmp_path)
    assert "PYTHONPATH" not in site.environment
    site.stop()


def test_site_uses_what_is_given(tmp_path: Path, supervisor: Supervisor) -> None:
    given = {
        "DATABASE_URL": "postgres://db.internal/massagerx",
        "REDIS_URL": "redis://broker.internal",
        "EMAIL_HOST": "smtp.internal",
        "SITE_URL": "https://visits.test",
    }
    site = make_site(tmp_path, supervisor, **given)

    site.start_broker()

    assert [site.embedded_broker, site.embedded_database, site.mail_as_files] == [False] * 3
    assert given.items() <= site.environment.items()
    assert site.parts == {}
    site.stop()


def test_broker_keeps_its_tasks_over_a_restart(tmp_path: Path, supervisor: Supervisor) -> None:
    import redis

    site = make_site(tmp_path, supervisor)
    site.start_broker()
    client = redis.Redis(unix_socket_path=str(tmp_path / "redis.sock"))
    client.rpush("massagerx", "a task")

    site.stop_part("broker")
    site.start_part("broker")

    assert client.lrange("massagerx", 0, -1) == [b"a task"]
    client.close()
    site.stop()
    assert not (tmp_path / "redis.sock").exists()


def test_broker_starts_afresh_when_its_file_is_damaged(
    tmp_path: Path, supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "broker" / "appendonlydir" / "appendonly.aof.manifest"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("this is no manifest\n")
    site = make_site(tmp_path, supervisor)

    site.start_broker()

    assert site.parts["broker"].running
    assert "put aside" in capsys.readouterr().out
    assert len(list(tmp_path.glob("broker-unreadable-*/appendonlydir/*"))) == 1
    site.stop()


def test_web_server_believes_no_visitor_about_the_prefix(tmp_path: Path, supervisor: Supervisor) -> None:
    site = make_site(tmp_path, supervisor, PATH=os.environ["PATH"])
    site.start()
    deadline = time.monotonic() + 60
    while not site.answers() and time.monotonic() < deadline:
        time.sleep(0.1)

    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.request("GET", "/healthz", headers={"SCRIPT_NAME": "//evil.example"})
    answer = connection.getresponse()

    assert (answer.status, answer.read()) == (200, b'{"status": "ok"}')
    connection.close()
    site.stop()


def watch_until_it_ends(site: Site, part: Part) -> None:
    for _turn in range(100):
        assert part.process is not None
        part.process.wait()
        site.watch_once()


def test_part_that_keeps_ending_is_given_up_with_its_name_and_log(
    tmp_path: Path,
    supervisor: Supervisor,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("launch.site._FIRST_PAUSE", 0.001)
    site = make_site(tmp_path, supervisor)
    part = Part("worker", [sys.executable, "-S", "-c", "print('broken')"], tmp_path / "worker.log")
    site.parts["worker"] = supervisor.start(part)

    with pytest.raises(Problem, match="worker keeps ending") as problem:
        watch_until_it_ends(site, part)

    assert str(tmp_path / "worker.log") in str(problem.value)
    assert capsys.readouterr().out.count("starting it again") == 5
    site.stop()


def test_a_new_migration_of_any_app_is_prepared(tmp_path: Path, supervisor: Supervisor) -> None:
    root = tmp_path / "site"
    for folder in ("massagerx/accounts", "services", "bookings", "bookings/courses"):
        (root / folder / "migrations").mkdir(parents=True)
    site = make_site(tmp_path, supervisor)
    site.root = root

    seen = [site._fingerprint()["code"]]
    for folder in ("massagerx/accounts", "services", "bookings", "bookings/courses"):
        (root / folder / "migrations" / "0009_later.py").write_text("")
        seen.append(site._fingerprint()["code"])

    assert len(set(seen)) == 5
    site.stop()
