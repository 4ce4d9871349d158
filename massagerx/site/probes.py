"""What load balancers and watchmen ask: does the process live, can it serve, is everything as it should be?

They are answered before anything else: whatever host name or address they were asked by, and without a session. None
says how much is late or full, which is nobody else's business.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.cache import cache
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from redis.exceptions import RedisError

from bookings.domain.sending import LATE_MINUTES, oldest_due_minutes
from massagerx.backups import places
from massagerx.celery import BEAT, WORKER, broker_state

OK = "ok"
# The sweep of the outbox is sent every half minute, and waits at most two minutes behind another task.
SILENT_AFTER = timedelta(minutes=5)
# Backups are made every night.
BACKUP_LATE_AFTER = timedelta(hours=36)
# Bytes that must be free where the site writes: room for a day of logs and pictures.
DISK_SPARE = 256 * 1024 * 1024
# The middleware that sets them for all other answers comes later.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ProbesMiddleware:
    """Answers `/healthz`, `/readyz` and `/status` to GET and HEAD, and stands before all else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        checks = PROBES.get(request.path_info)
        if checks is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        found = checks()
        well = all(state == OK for state in found.values())
        body = {"status": OK if well else "not ok", **found}
        return JsonResponse(body, status=200 if well else 503, headers=_HEADERS)


def live() -> dict[str, str]:
    """The process answers. Nothing else is asked, so that a restart is not tried for a fault elsewhere."""
    return {}


def ready() -> dict[str, str]:
    """Whether visitors can be served: mail that is late or a broker that sleeps is no reason to send them away."""
    return {"database": _database()}


def status() -> dict[str, str]:
    """Everything that a person should be called for."""
    found = {"database": _database(), "broker": broker_state()}
    if found["database"] == OK:
        found["messages"] = OK if oldest_due_minutes(now=timezone.now()) < LATE_MINUTES else "late"
    try:
        heard: dict[str, float] = cache.get_many([WORKER, BEAT])
        found["cache"] = OK
        for name, key in (("worker", WORKER), ("beat", BEAT)):
            silence = timezone.now().timestamp() - heard.get(key, 0)
            found[name] = OK if silence < SILENT_AFTER.total_seconds() else "silent"
    except RedisError:
        found["cache"] = "down"
    if found["database"] == OK and (backup := _backup()):
        found["backup"] = backup
    found["static"] = _static_files()
    found["disk"] = OK if shutil.disk_usage(settings.VAR_DIR).free >= DISK_SPARE else "full"
    return found


def _backup() -> str:
    """How the nightly backup stands: "none" where there should be one by now; "away"
    while the bucket can't be asked; "" where none is asked for."""
    try:
        newest = places.newest()
    except OSError:
        return "away"
    if newest is None and not settings.BACKUP_EXPECTED:
        return ""
    # A site that was set up today has had no night yet.
    since = newest or MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))["first"]
    if since is None or timezone.now() - since < BACKUP_LATE_AFTER:
        return OK
    return "late" if newest else "none"


def _static_files() -> str:
    """Whether all that pages link to was collected and is there; without a manifest nothing is collected."""
    storage: Any = staticfiles_storage
    if not isinstance(storage, ManifestFilesMixin):
        return OK
    # The manifest itself is what the next start reads.
    names = {storage.manifest_name, *storage.hashed_files.values()}
    root = Path(settings.STATIC_ROOT)
    return OK if len(names) > 1 and all((root / name).is_file() for name in names) else "missing"


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except AnyDatabaseError:
        return "down"
    return OK


PROBES: dict[str, Callable[[], dict[str, str]]] = {"/healthz": live, "/readyz": ready, "/status": status}
