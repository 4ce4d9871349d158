"""Courses that surgeons' offices prepare."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReferralsConfig(AppConfig):
    name = "bookings.referrals"
    label = "referrals"
    verbose_name = _("Surgeons’ offices")

    def ready(self) -> None:
        """Registers what the core tells, and what an office's patients and staff are told."""
        # Imported here: models can be loaded only once the apps are.
        from bookings.courses import checking
        from bookings.desk import front_page
        from bookings.domain import export, listeners
        from bookings.enums import MessageKind
        from bookings.notifications import render

        from . import desk, operations, personal_data

        listeners.listen(listeners.BookedTogether, operations.note_booked)
        listeners.listen(listeners.VisitChanged, operations.note_moved)
        listeners.listen(listeners.VisitChanged, operations.note_rechecked)
        listeners.listen(listeners.ClientErased, operations.forget_erased)
        listeners.listen(listeners.HealthPurged, operations.forget_purged)
        checking.ask_of_clearance(operations.clears)
        export.add_section(personal_data.section_of)
        render.add_words_of_link(MessageKind.REFERRED, operations.words_of)
        front_page.add_rows(desk.waiting)
