"""The two commands of `run.py`."""

import argparse
import errno
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from launch import testing
from launch.console import Problem, Signals, Stopped, complain, say, step
from launch.install import LOCAL_LOCK, Environment, check_room, check_writable, full_disk
from launch.processes import Supervisor
from launch.site import Login, Site, bind, lock, parse_logins

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands; returns the exit code."""
    signals = Signals()
    signals.listen()
    try:
        if arguments[:1] == ["test"]:
            return testing.run(ROOT, list(arguments[1:]), signals)
        return start(_parse(arguments), signals)
    except Problem as problem:
        complain(problem)
        return 1
    except Stopped:
        say("Stopped.")
        return 130
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        complain(full_disk(ROOT))
        return 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Start the whole site on this machine: web server, worker, beat, and, unless DATABASE_URL, "
        "REDIS_URL or EMAIL_HOST name others, a database, a broker and mail as files in var/.",
        epilog="python3 run.py test [pytest options] runs every test on throw-away servers.",
    )
    parser.add_argument(
        "--port", type=_port, default=8000, help="the web server's port on 127.0.0.1 (default: 8000)"
    )
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text} is not a port: give a number from 1 to 65535")
    return int(text)


def start(options: argparse.Namespace, signals: Signals) -> int:
    """Install, prepare, start and watch the site until a signal comes; returns the exit code."""
    var = Path(os.environ.get("VAR_DIR") or ROOT / "var").absolute()
    check_writable(var)
    check_room(var)
    held = lock(var)
    listener = bind(options.port)
    environment = Environment(ROOT, var, signals)
    environment.ensure(LOCAL_LOCK)
    # From here on, files hold clients' names and addresses: they are for this user only.
    os.umask(0o077)
    supervisor = Supervisor(keep_open=held)
    site = None
    asked: subprocess.Popen[str] | None = None
    try:
        site = Site(
            root=ROOT,
            venv=environment.path,
            var=var,
            listener=listener,
            supervisor=supervisor,
            given=os.environ,
            signals=signals,
        )
        logins = site.prepare()
        if logins is None:
            asked = site.ask_logins()  # takes a second of its own, while the servers start
        with step("Starting"):
            site.start()
            site.wait_ready()
            site.start_background()
        if asked:
            logins = parse_logins(asked.communicate(timeout=30)[0])
        _introduce(site, logins or [])
        while True:
            signals.nap(0.25)
            site.watch_once()
    except Stopped:
        say("\nStopping …")
        if site is None or not site.parts:
            raise
        site.stop(hurry=lambda: signals.impatient)
        say("Stopped.")
        return 0
    finally:
        if asked and asked.poll() is None:
            asked.kill()
        supervisor.close(hurry=lambda: signals.impatient)


def _introduce(site: Site, logins: list[Login]) -> None:
    say(f"\nThe site is running:\n\n  Site     {site.address}/\n  Staff    {site.address}/admin/")
    if site.mail_as_files:
        say(f"  Mailbox  {site.address}/mailbox/   (mail stays on this machine, in {site.var / 'mail'})")
    if logins:
        width = max(len(login.username) for login in logins)
        say("\n  Sample logins:")
        for login in logins:
            say(f"    {login.role:<12} {login.username:<{width}}  {login.password}")
    say(f"\n  Logs are in {site.var / 'log'}. Press Ctrl-C to stop.\n")
