"""Everything that a client asks of us, and the people who answer."""

from django.apps import AppConfig
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        """Plugs in what wakes a worker, and the condition that somebody is qualified for a service."""
        # Imported here: models can be loaded only once the apps are. The domain must not know Celery, and the
        # catalogue must not know the people, so both are told from above.
        from services.models import set_somebody_does

        from . import tasks
        from .domain import outbox
        from .models import Therapist

        outbox.set_wake_worker(tasks.wake_worker)
        set_somebody_does(
            lambda today: Exists(Therapist.objects.bookable(today).qualified_for(OuterRef("pk")))
        )
