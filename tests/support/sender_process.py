"""A Celery worker or beat as it is, or with its waits cut to seconds (`quick`): `sender_process.py worker quick …`.

What is made quicker are waits alone; what is done after them is the site's own code.
"""

from __future__ import annotations

import sys
from datetime import timedelta


def main() -> None:
    role, pace, *arguments = sys.argv[1:]
    from massagerx.celery import app

    app.loader.import_default_modules()
    if pace == "quick":
        _be_quick()
    if role == "beat":
        # The sweep only: other tasks would ask the database in the middle of a count.
        every = 1.0 if pace == "quick" else 30.0
        app.conf.beat_schedule = {"sweep": {"task": "bookings.tasks.sweep_outbox", "schedule": every}}
        app.start(["beat", "--loglevel", "WARNING", *arguments])
    else:
        app.worker_main(["worker", "--pool", "solo", "--loglevel", "WARNING", "--without-mingle", *arguments])


def _be_quick() -> None:
    from django.conf import settings

    from bookings.domain import sending
    from bookings.notifications import delivery

    settings.EMAIL_TIMEOUT = 5
    sending.RESEND_AFTER = timedelta(seconds=2)
    for step in (sending.claim_due, sending.mark_handing_over):
        assert step.__kwdefaults__ is not None
        step.__kwdefaults__["lease_seconds"] = 12
    delivery.FIRST_RETRY = delivery.SERVER_RETRY = timedelta(seconds=1)


if __name__ == "__main__":
    main()
