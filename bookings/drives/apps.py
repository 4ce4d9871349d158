"""How long drives take."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DrivesConfig(AppConfig):
    name = "bookings.drives"
    label = "drives"
    verbose_name = _("Drives")

    def ready(self) -> None:
        # Imported here: models can be loaded only once the apps are. What makes rows must not know Celery, so the
        # wake-up is plugged in from above.
        from . import rows, tasks

        rows.set_wake_worker(tasks.wake_worker)
