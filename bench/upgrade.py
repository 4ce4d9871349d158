"""An upgrade while visitors press: the code of before serves on while the new one migrates, then both, then the new.

Run from the repository: python -m bench.upgrade [--to TREE] [--back] [--clients 4]

The web server of this tree runs as `run.py` starts one (gunicorn, 2 processes of 4 threads) on a PostgreSQL and a
broker started for it. Clients press the last booking step, one press after another, each for a time of its own, through
what a proxy does: to the new server once that is up. Meanwhile `migrate` of the new tree runs, its server starts, and
the old one is ended. Without --to the new tree is a copy of this one with migrations that may run beside old code: a
column that may be empty and has a default, a table, an index built beside the writes. With --to it is another version,
which is how a real upgrade is rehearsed. With --back the code of before takes over again at the end, on the tables of
after, which is how a rollback is rehearsed. Exits with an error when a press is lost, doubled or refused.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

from bench.booking import overlaps, stored
from bench.over_http import ROOT, Request, Visitors, free_times, send, web_server
from bench.world import Calendar, found_business, own_postgres
from launch.processes import Supervisor
from launch.servers import start_throwaway_broker

STORED = 1000
# Seconds in which nothing happens but presses.
QUIET = 3
_EXPAND = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "{last}")]
    operations = [
        migrations.AddField("booking", "rehearsed", models.TextField(db_default="")),
        migrations.CreateModel(
            "Rehearsal", [("id", models.BigAutoField(primary_key=True)), ("words", models.TextField())]
        ),
        AddIndexConcurrently("booking", models.Index(fields=["rehearsed"], name="booking_rehearsed")),
    ]
"""


@dataclass
class Presses:
    """What the clients send, and what came back: milliseconds by what went on, and every press that was not done."""

    waiting: list[Request]
    port: int
    phase: str = "before"
    over: bool = False
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    done: list[Request] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def run(self) -> None:
        """One client: presses until it is over."""
        while not self.over and self.waiting:
            request, phase = self.waiting.pop(), self.phase
            try:
                status, location, milliseconds = send(self.port, request)
            except OSError as error:
                self.lost.append(f"{phase}: {error!r}")
                continue
            if status == 302 and location.endswith("/done/"):
                self.done.append(request)
                self.milliseconds[phase].append(milliseconds)
            else:
                self.lost.append(f"{phase}: {status} {location}")


def next_tree(supervisor: Supervisor) -> Path:
    """A copy of this tree with a migration that may run while old code serves."""
    tree = supervisor.temporary_directory() / "next"
    left_out = shutil.ignore_patterns(".git", "var", "__pycache__", ".*_cache", "results")
    shutil.copytree(ROOT, tree, ignore=left_out)
    folder = tree / "bookings" / "migrations"
    last = max(path.stem for path in folder.glob("0*.py"))
    (folder / "9000_rehearsed.py").write_text(_EXPAND.format(last=last))
    return tree


def migrate(tree: Path) -> float:
    """Runs the tree's migrations as the upgrade does; how many seconds they took."""
    started = time.perf_counter()
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=tree, env=_environment(), check=True)
    return time.perf_counter() - started


def _environment() -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "massagerx.settings.local"}


def main() -> None:
    """Print what each part of the upgrade took, and how long the slowest press in it waited."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path)
    parser.add_argument("--back", action="store_true")
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    supervisor = Supervisor()
    try:
        broker = start_throwaway_broker(supervisor, Path(sys.prefix))
        if broker is None:
            raise SystemExit("A broker is needed: install redis-server or valkey-server.")
        with own_postgres():
            from django.conf import settings

            from bookings.models import Closure

            business = found_business(datetime.now(UTC) - timedelta(days=1))
            Closure.objects.all().delete()
            Calendar(business).grow_to(STORED, ahead=False)
            os.environ.update(
                REDIS_URL=broker, TRUSTED_PROXIES="1", EMAIL_HOST="", SECRET_KEY=settings.SECRET_KEY
            )
            collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
            subprocess.run(collect, cwd=ROOT, env=_environment(), check=True)
            visitors = Visitors(business)
            rehearse(supervisor, visitors, options.to or next_tree(supervisor), options)
    finally:
        supervisor.close()


def rehearse(supervisor: Supervisor, visitors: Visitors, tree: Path, options: argparse.Namespace) -> None:
    """The upgrade, and the way back if asked for. Raises `SystemExit` when a press is lost, doubled or refused."""
    places = [(therapist, start) for start in free_times() for therapist in visitors.business.therapists]
    with ExitStack() as old, ExitStack() as new, ExitStack() as returned:
        port = old.enter_context(web_server(supervisor, "massagerx.settings.local"))
        presses = Presses([visitors.ours(*place) for place in reversed(places)], port)
        threads = [threading.Thread(target=presses.run) for _ in range(options.clients)]
        for thread in threads:
            thread.start()
        time.sleep(QUIET)
        presses.phase = "while it migrates"
        seconds = migrate(tree)
        presses.phase = "old code on the new tables"
        port = new.enter_context(web_server(supervisor, "massagerx.settings.local", tree))
        time.sleep(QUIET)
        presses.port, presses.phase = port, "new code"
        old.close()
        time.sleep(QUIET)
        if options.back:
            port = returned.enter_context(web_server(supervisor, "massagerx.settings.local"))
            presses.port, presses.phase = port, "old code again"
            new.close()
            time.sleep(QUIET)
        presses.over = True
        for thread in threads:
            thread.join()
        if not presses.waiting:
            raise SystemExit("All times were booked before the upgrade was over: more days are needed.")
        print(f"migrated in {seconds:.1f} s\n{'press':28} {'done':>5} {'slowest ms':>10}")
        for phase, taken in presses.milliseconds.items():
            print(f"{phase:28} {len(taken):5} {max(taken):10.0f}")
        # Pressed once more, each is the same visit.
        again = [send(port, request)[:2] for request in presses.done]
    found = stored() - STORED
    keys = {parse_qs(request.body)["submission_key"][0] for request in presses.done}
    if presses.lost or overlaps() or found != len(keys):
        raise SystemExit(f"{len(keys)} done, {found} stored, lost: {presses.lost}")
    if {status for status, _location in again} != {302} or len(presses.milliseconds) < 4 + options.back:
        raise SystemExit(f"Pressed once more: {again}; {dict(presses.milliseconds)}")


if __name__ == "__main__":
    main()
