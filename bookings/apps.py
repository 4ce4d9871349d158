"""Everything that a client asks of us, and the people who answer."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        """Hands the outbox the function that wakes a worker."""
        # Imported here: models can be loaded only once the apps are. The domain must not know Celery, so the
        # wake-up is plugged in from above.
        from . import tasks
        from .domain import outbox

        outbox.set_wake_worker(tasks.wake_worker)
