"""What stands still is told to the owner by whoever still runs."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from bookings.models import BookingRules
from massagerx import celery
from massagerx.lib.error_kinds import ErrorKindHandler
from massagerx.site import watch
from massagerx.site.watch import AGAIN_AFTER, LASTS, LOOK_EVERY
from tests.factories import NOW, make_world
from tests.support.smtp import MailServer

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
DEAD = {"worker": "silent", "beat": "silent"}
WELL = dict.fromkeys(("database", "broker", "worker", "beat"), "ok")


@pytest.fixture(autouse=True)
def _site(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    make_world()


class Site:
    """What the probes find; all is well at first."""

    found: dict[str, str]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    here = Site()
    here.found = dict(WELL)
    monkeypatch.setattr(watch, "status", lambda: here.found)
    return here


def test_what_lasts_is_told_once_an_hour_and_what_is_new_at_once(site: Site, smtp_server: MailServer) -> None:
    assert watch.look(now=NOW) == {}
    site.found = WELL | DEAD
    assert watch.look(now=NOW + MINUTE) == DEAD
    # A restart is nobody's trouble.
    assert smtp_server.messages == []
    watch.look(now=NOW + MINUTE + LASTS)
    (mail,) = smtp_server.messages
    assert mail.recipients == ["hello@example.com"]
    assert "beat: silent, worker: silent" in mail.text
    for minutes in range(4, 60):
        watch.look(now=NOW + minutes * MINUTE)
    assert len(smtp_server.messages) == 1
    watch.look(now=NOW + MINUTE + LASTS + AGAIN_AFTER)
    assert len(smtp_server.messages) == 2
    site.found = WELL | DEAD | {"disk": "full"}
    for minutes in (65, 67):
        watch.look(now=NOW + minutes * MINUTE)
    assert len(smtp_server.messages) == 3
    # Well for a moment, and it begins anew.
    site.found = dict(WELL)
    watch.look(now=NOW + 68 * MINUTE)
    site.found = WELL | DEAD
    for minutes in (69, 70):
        watch.look(now=NOW + minutes * MINUTE)
    assert len(smtp_server.messages) == 3
    watch.look(now=NOW + 71 * MINUTE)
    assert len(smtp_server.messages) == 4


def test_without_a_database_the_last_address_is_told(
    site: Site, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    BookingRules.objects.update(alert_email="owner@example.com")
    watch.look(now=NOW)
    monkeypatch.setattr(watch, "_address", lambda: "")
    site.found = {"database": "down"}
    for minutes in (1, 4):
        watch.look(now=NOW + minutes * MINUTE)
    (mail,) = smtp_server.messages
    assert mail.recipients == ["owner@example.com"]


def test_what_nobody_could_be_told_is_told_as_soon_as_one_can(site: Site, settings: Any) -> None:
    site.found = WELL | DEAD
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    for minutes in (0, 3):
        watch.look(now=NOW + minutes * MINUTE)
    server = MailServer().start()
    settings.EMAIL_PORT = server.port
    watch.look(now=NOW + 4 * MINUTE)
    assert len(server.messages) == 1
    server.stop()


def meet(what: str, at: datetime) -> None:
    """An error, as a process' log meets it."""
    record = logging.LogRecord("massagerx.test", logging.ERROR, "", 0, what, (), None)
    record.created = at.timestamp()
    ErrorKindHandler().handle(record)


def test_what_broke_is_told_in_one_email_and_again_after_an_hour(site: Site, smtp_server: MailServer) -> None:
    meet("a picture could not be read", NOW)
    for seconds in (5, 6):
        meet("a message could not be written", NOW + timedelta(seconds=seconds))
    for minutes in (1, 2, 3):
        watch.look(now=NOW + minutes * MINUTE)
    (mail,) = smtp_server.messages
    assert mail.recipients == ["hello@example.com"]
    assert "a picture could not be read: once, at 12:00 PM PST" in mail.text
    assert "a message could not be written: 2 times since 12:00 PM PST" in mail.text
    meet("a picture could not be read", NOW + 4 * MINUTE)
    watch.look(now=NOW + 60 * MINUTE)
    assert len(smtp_server.messages) == 1
    watch.look(now=NOW + 61 * MINUTE)
    assert "a message" not in smtp_server.messages[1].text
    watch.look(now=NOW + 200 * MINUTE)
    assert len(smtp_server.messages) == 2


def test_what_broke_and_nobody_could_be_told_is_told_later(
    site: Site, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet("a picture could not be read", NOW)
    with monkeypatch.context() as patch:
        patch.setattr(watch.delivery, "send_at_once", lambda **email: False)
        watch.look(now=NOW + MINUTE)
    watch.look(now=NOW + 2 * MINUTE)
    assert len(smtp_server.messages) == 1


def test_what_broke_first_on_another_day_names_the_day(site: Site, smtp_server: MailServer) -> None:
    for hours in (20, 0):
        meet("a picture could not be read", NOW - timedelta(hours=hours))
    watch.look(now=NOW + MINUTE)
    text = smtp_server.messages[0].text.replace("\N{NO-BREAK SPACE}", " ")
    assert "a picture could not be read: 2 times since Tue, Dec 1, 4:00 PM PST" in text


@pytest.mark.parametrize("lost", [True, False])
def test_an_email_whose_answer_is_lost_or_is_refused_for_good_is_not_sent_each_minute(
    site: Site, smtp_server: MailServer, lost: bool
) -> None:
    if lost:
        smtp_server.drop(times=9)
    else:
        smtp_server.refuse("550 5.1.1 No such mailbox", times=9)
    meet("a picture could not be read", NOW)
    site.found = WELL | DEAD
    for minutes in range(6):
        watch.look(now=NOW + minutes * MINUTE)
    # One of what broke, one of what stands still.
    assert smtp_server.attempts == 2


@pytest.mark.parametrize("kept", ["", "{", "[]"])
def test_a_file_that_was_cut_off_is_begun_anew(
    site: Site, smtp_server: MailServer, tmp_path: Path, kept: str
) -> None:
    (tmp_path / "watch.json").write_text(kept)
    site.found = WELL | DEAD
    for minutes in (0, 3):
        watch.look(now=NOW + minutes * MINUTE)
    assert len(smtp_server.messages) == 1


def test_the_command_says_how_it_stands_and_fails_where_something_does(redis_url: str) -> None:
    now = timezone.now().timestamp()
    cache.set_many({celery.WORKER: now, celery.BEAT: now})
    out = StringIO()
    call_command("watch", stdout=out)
    assert "All is well." in out.getvalue()
    cache.delete(celery.WORKER)
    with pytest.raises(CommandError, match="worker: silent"):
        call_command("watch")


def test_a_web_process_looks_each_minute_while_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Semaphore(0)
    clock = [100.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(watch, "_look_beside", looked.release)
    middleware = watch.WatchMiddleware(lambda request: HttpResponse("page"))
    asked = RequestFactory().get("/")
    assert middleware(asked).content == b"page"
    assert not looked.acquire(blocking=False)
    clock[0] += LOOK_EVERY
    for _twice in range(2):
        assert middleware(asked).content == b"page"
    assert looked.acquire(timeout=60)
    assert not looked.acquire(timeout=0.2)


def test_a_watch_that_fails_is_said_and_hurts_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*, now: Any) -> None:
        raise OSError

    closed: list[bool] = []
    monkeypatch.setattr(watch, "look", broken)
    monkeypatch.setattr(watch.connections, "close_all", lambda: closed.append(True))
    watch._look_beside()
    assert closed == [True]
    assert "the watch failed" in caplog.text
