"""Courses of visits."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    name = "bookings.courses"
    label = "courses"
    verbose_name = _("Courses")

    def ready(self) -> None:
        """Registers what the core tells, what a client's own data has of courses, and what its pages show of them."""
        # Imported here: models can be loaded only once the apps are.
        from bookings.desk.rescue import ask_of_same
        from bookings.domain import export, listeners
        from bookings.domain.operations import add_days
        from bookings.templatetags.inserts import insert

        from . import operations, personal_data

        listeners.listen(listeners.ClientErased, operations.forget_erased)
        listeners.listen(listeners.HealthPurged, operations.forget_purged)
        add_days(operations.days_of)
        ask_of_same(operations.wants_same)
        export.add_section(personal_data.section_of)
        for spot, name in (
            ("service_buttons", "courses/service_button.html"),
            ("start_buttons", "courses/start_buttons.html"),
            ("where_onward", "courses/where_onward.html"),
            ("times_for_a_client", "courses/instead.html"),
            ("visit_notices", "courses/visit_notice.html"),
            ("visit_choices", "courses/visit_choices.html"),
            ("visit_beside_others", "courses/visit_beside_others.html"),
            ("visit_between", "courses/visit_between.html"),
            ("visit_marks", "courses/visit_mark.html"),
            ("visit_canceled_alone", "courses/visit_canceled_alone.html"),
        ):
            insert(spot, name)
