"""What Prometheus is told."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from bookings.enums import MessageState
from bookings.models import Message
from massagerx.site import metrics
from massagerx.site.management.commands.metrics import server
from tests.factories import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR, settings.BACKUP_DIR = tmp_path, str(tmp_path)
    monkeypatch.setattr(metrics, "status", lambda: {"database": "ok", "worker": "silent"})


def test_queues_and_parts_are_told_in_numbers(settings: Any) -> None:
    make_world().book()
    first, *_others = Message.objects.order_by("pk")
    Message.objects.filter(pk=first.pk).update(state=MessageState.FAILED)
    Message.objects.exclude(pk=first.pk).update(due_at=NOW - timedelta(minutes=7))
    archive = Path(settings.BACKUP_DIR) / "massagerx-20261201T020000Z.backup"
    archive.touch()
    os.utime(archive, ((NOW - timedelta(hours=1)).timestamp(),) * 2)
    text = metrics.exposition(NOW)
    for line in (
        'massagerx_well{part="database"} 1', 'massagerx_well{part="worker"} 0', "massagerx_requests_waiting 1",
        "massagerx_messages_in_trouble 1", "massagerx_oldest_message_due_minutes 7", "massagerx_errors_lately 0",
        "massagerx_backup_age_seconds 3600", "# TYPE massagerx_well gauge",
    ):  # fmt: skip
        assert f"{line}\n" in text, line
    for word in ("Ana", "example.com", "90026"):
        assert word not in text


def test_without_a_database_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(metrics, "status", lambda: {"database": "down"})
    with django_assert_num_queries(0):
        text = metrics.exposition(timezone.now())
    assert 'massagerx_well{part="database"} 0' in text
    assert "massagerx_disk_free_bytes " in text
    assert "requests_waiting" not in text
    assert "backup_age" not in text


def test_the_port_answers_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "exposition", lambda now: "massagerx_well 1\n")
    with server("127.0.0.1", 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        at = f"http://127.0.0.1:{running.server_port}"
        with urllib.request.urlopen(f"{at}/metrics") as answer:
            assert answer.read() == b"massagerx_well 1\n"
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{at}/")
        running.shutdown()
        thread.join()
