"""Celery's tasks: shells around one call each. What is to be done stands in the database; a task is a wake-up."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Sequence

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from bookings.domain import (
    area_requests,
    check_ins,
    closing,
    erasure,
    incidents,
    intake,
    links,
    message_copies,
    operations,
    privacy,
    stranding,
)
from bookings.models import Photo
from bookings.notifications import calls, delivery
from massagerx.accounts import log_ins
from massagerx.lib.batches import delete_in_batches
from massagerx.lib.stored_picture import make_sizes
from services.models import ServiceOption

log = logging.getLogger("massagerx.tasks")

# What is written within so many seconds is woken for together, up to so many messages: to tell the broker takes a
# process as long as a tenth of a press.
TOGETHER_WITHIN = 0.05
MOST_TOGETHER = 20


@shared_task
def deliver_messages(*keys: int) -> None:
    """Sends these messages now, those that are still due and that nobody else has."""
    delivery.send_due(clock=timezone.now, keys=keys)


@shared_task
def sweep_outbox() -> None:
    """Sends whatever is due: messages whose wake-up was lost, second tries, and those of senders that died. Takes from
    the list of calls what is no longer true."""
    delivery.send_due(clock=timezone.now)
    calls.drop_overtaken(now=timezone.now())


@shared_task
def expire_requests() -> None:
    """Lets requests go that nobody answered in time."""
    operations.expire_requests(now=timezone.now())


@shared_task
def tell_of_stranded_visits() -> None:
    """Writes to the desk about visits of the next days that can't be kept."""
    stranding.tell_desk(now=timezone.now())


@shared_task
def tell_of_visits_not_closed() -> None:
    """Writes to the desk in the morning about visits of days before that nobody has closed."""
    closing.tell_desk(now=timezone.now())


@shared_task
def watch_doors() -> None:
    """Asks therapists of whom nobody has heard in time, and alerts whoever is next on the list."""
    check_ins.watch(now=timezone.now())


@shared_task
def purge_drafts() -> None:
    """Deletes unfinished bookings, and the health answers in them, a day after the last change."""
    intake.purge_drafts(now=timezone.now())


@shared_task
def purge_health_answers() -> None:
    """Deletes health answers of clients who have not been visited for as long as the owner keeps them."""
    intake.purge_health_answers(now=timezone.now())


@shared_task
def purge_access_notes() -> None:
    """Deletes gate codes and notes about homes some weeks after a client's last visit."""
    privacy.purge_access_notes(now=timezone.now())


@shared_task
def erase_long_gone_clients() -> None:
    """Erases clients who have not come for the owner's years."""
    erasure.erase_long_gone(now=timezone.now())


@shared_task
def purge_area_requests() -> None:
    """Deletes requests from outside our area that are older than the owner keeps them."""
    area_requests.purge_area_requests(now=timezone.now())


@shared_task
def purge_links() -> None:
    """Deletes links that ended a day ago or longer."""
    links.purge_links(now=timezone.now())


@shared_task
def purge_copies() -> None:
    """Deletes the copies of emails that were sent long ago."""
    message_copies.purge_copies(now=timezone.now())


@shared_task
def purge_sessions() -> None:
    """Deletes sessions whose time is over, and old records of log-ins."""
    delete_in_batches(Session.objects.filter(expire_date__lt=timezone.now()))
    log_ins.purge(now=timezone.now())


@shared_task
def purge_records() -> None:
    """Empties why therapists were away long ago, and deletes old lines of the admin's log and of histories."""
    privacy.purge_records(now=timezone.now())


@shared_task
def release_expired_holds() -> None:
    """Deletes held times whose minutes are over."""
    operations.release_expired_holds(now=timezone.now())


@shared_task
def purge_steps() -> None:
    """Deletes what was pressed on the way to visits of long ago and at their doors."""
    operations.purge_steps(now=timezone.now())
    check_ins.purge(now=timezone.now())


@shared_task
def purge_incidents() -> None:
    """Deletes incidents that the law no longer asks us to keep."""
    incidents.purge(now=timezone.now())


@shared_task
def purge_second_thoughts() -> None:
    """Deletes what is kept of acts that can't be undone any more."""
    operations.purge_second_thoughts(now=timezone.now())


@shared_task
def purge_enquiries() -> None:
    """Deletes messages from the site and requests for the booklet whose time is over."""
    operations.purge_enquiries(now=timezone.now())


@shared_task
def take_up_next_prices() -> None:
    """Makes planned prices the prices, from the first minute of their day."""
    ServiceOption.objects.take_up_next_prices(today=timezone.localdate())


@shared_task
def make_photo_sizes() -> None:
    """Makes the cut sizes of photos that are new, or whose focus moved."""
    make_sizes(Photo, now=timezone.now())


class _Publisher:
    """Publishes wake-ups from a thread of its own: a broker that is down or frozen costs the client nothing.

    What does not fit in the queue, or is in it a second after the process wanted to end, is left to the sweep.
    """

    def __init__(self) -> None:
        self._keys: queue.Queue[int] = queue.Queue(maxsize=1000)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, keys: Sequence[int]) -> None:
        """Returns at once and never raises for a full queue."""
        for key in keys:
            try:
                self._keys.put_nowait(key)
            except queue.Full:
                log.warning("wake-up left to the sweep", extra={"cause": "queue full"})
                break
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wake-ups", daemon=True)
                self._thread.start()

    def finish(self, *, seconds: float) -> None:
        """Waits until all is published, at most `seconds`: a command that wrote a message often ends at once."""
        until = time.monotonic() + seconds
        while self._keys.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.01)

    def _run(self) -> None:
        while True:
            keys = [self._keys.get()]
            time.sleep(TOGETHER_WITHIN)
            while len(keys) < MOST_TOGETHER and not self._keys.empty():  # nobody else takes any
                keys.append(self._keys.get())
            try:
                deliver_messages.apply_async(args=keys, retry=False)
            # Whatever the client library raises, the row is there and the sweep finds it.
            except Exception as error:
                log.warning("wake-up left to the sweep", extra={"cause": type(error).__name__})
            finally:
                for _key in keys:
                    self._keys.task_done()


_publisher = _Publisher()


def _renew_publisher() -> None:
    global _publisher
    _publisher = _Publisher()


# A forked web or worker process has none of its parent's threads, only what they held.
os.register_at_fork(after_in_child=_renew_publisher)
atexit.register(lambda: _publisher.finish(seconds=1))


def wake_worker(keys: Sequence[int]) -> None:
    """Tells the workers of new messages. Never blocks and never fails."""
    _publisher.put(keys)
