"""Courses of visits."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    name = "bookings.courses"
    label = "courses"
    verbose_name = _("Courses")

    def ready(self) -> None:
        """Registers what the core tells, and what a client's own data has of courses."""
        # Imported here: models can be loaded only once the apps are.
        from bookings.desk.rescue import ask_of_same
        from bookings.domain import export, listeners
        from bookings.domain.operations import add_days

        from . import operations, personal_data

        listeners.listen(listeners.ClientErased, operations.forget_erased)
        listeners.listen(listeners.HealthPurged, operations.forget_purged)
        add_days(operations.days_of)
        ask_of_same(operations.wants_same)
        export.add_section(personal_data.section_of)
