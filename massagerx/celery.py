"""The Celery application. Tasks stand in each app's `tasks`."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.core.cache import cache
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError, ResponseError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massagerx.settings.local")

app = Celery("massagerx")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Which of them ran last, and when: a worker has done anything, and beat has sent what it sends every half minute.
WORKER, BEAT = "heartbeat:worker", "heartbeat:beat"
_SENT_BY_BEAT = "bookings.tasks.sweep_outbox"


@task_prerun.connect
def _write_heartbeats(*, task: Any, **others: Any) -> None:
    now = timezone.now().timestamp()
    try:
        cache.set(WORKER, now, timeout=None)
        if task.name == _SENT_BY_BEAT:
            cache.set(BEAT, now, timeout=None)
    except RedisError:
        pass  # the status page says that nothing is known, which is as much


def broker_state() -> str:
    """How the broker itself answers within a second (the cache may be another server): "ok"; "down"; "refuses" when it
    takes no messages, since it is full, can't write to its disk or is a copy of another. Leaves nothing in it."""
    with app.connection_for_write() as broker:
        try:
            broker.ensure_connection(max_retries=1, timeout=1)
            # Refused as a message is, and adds nothing, since no list has this name.
            broker.channel().client.lpushx("massagerx-status", "")
        except ResponseError:
            return "refuses"
        except (OperationalError, *broker.connection_errors) as error:
            # One that refuses even the greeting, such as one that can't write to its disk.
            return "refuses" if isinstance(error.__cause__, ResponseError) else "down"
    return "ok"
