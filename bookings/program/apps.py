"""Training programs."""

from functools import partial

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProgramConfig(AppConfig):
    name = "bookings.program"
    label = "program"
    verbose_name = _("Training programs")

    def ready(self) -> None:
        """Registers what the core tells, what it is told of programs, and what its pages show of them."""
        # Imported here: models can be loaded only once the apps are.
        from bookings.desk import front_page
        from bookings.domain import export, listeners
        from bookings.enums import MessageKind
        from bookings.notifications import registry, render
        from bookings.templatetags.inserts import insert

        from . import client_link, desk, personal_data, reactions, reminders

        listeners.listen(listeners.ClientErased, reactions.forget_erased)
        listeners.listen(listeners.HealthPurged, reactions.forget_purged)
        listeners.listen(listeners.LinksRevoked, reactions.follow_client)
        listeners.listen(listeners.VisitChanged, reactions.follow_visit)
        listeners.listen(listeners.VisitChanged, reactions.heed_answers)
        export.add_section(personal_data.section_of)
        export.add_section(personal_data.assessments_of)
        for kind in (MessageKind.PROGRAM, MessageKind.PROGRAM_REMINDER):
            render.add_words_of_link(kind, client_link.words_of)
            registry.add_reason_of_link(kind, partial(reminders.why_not_mailed, kind))
        front_page.add_rows(desk.waiting)
        for spot, name in (
            ("service_example", "program/of_service.html"),
            ("visit_buttons", "program/visit_button.html"),
            ("own_visit_buttons", "program/own_visit_button.html"),
            ("course_buttons", "program/course_button.html"),
            ("reports", "program/report.html"),
        ):
            insert(spot, name)
