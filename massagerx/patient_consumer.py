"""A worker's consumer that gives a broker time: one that is full answers with an error as often as it is asked."""

from __future__ import annotations

import time

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

PAUSE_SECONDS = 5


class PatientConsumer(Consumer):
    """As Celery's own, which asks a broker that can't be reached less and less often, but not one that refuses."""

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Logs it, and waits before the worker begins again."""
        super().on_connection_error_before_connected(exc)
        self._give_time(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """As before it was connected."""
        super().on_connection_error_after_connected(exc)
        self._give_time(exc)

    def _give_time(self, exc: Exception) -> None:
        if not isinstance(exc, self.connection_errors):
            for _second in range(PAUSE_SECONDS):
                maybe_shutdown()
                time.sleep(1)
