"""Reviews by clients."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "bookings.reviews"
    label = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        """Registers what the core tells, what it is told of reviews, and what its pages show of them."""
        # Imported here: models can be loaded only once the apps are.
        from bookings.desk import front_page
        from bookings.domain import export, listeners
        from bookings.enums import MessageKind
        from bookings.notifications import registry, render
        from bookings.templatetags.inserts import insert

        from . import desk, operations, personal_data

        listeners.listen(listeners.ClientErased, operations.forget_erased)
        listeners.listen(listeners.HealthPurged, operations.forget_purged)
        listeners.listen(listeners.LinksRevoked, operations.follow_client)
        export.add_section(personal_data.section_of)
        render.add_words_of_link(MessageKind.REVIEW, operations.words_of)
        registry.add_reason_of_link(MessageKind.REVIEW, operations.why_not_mailed)
        front_page.add_rows(desk.waiting)
        for spot, name in (
            ("service_words", "reviews/of_service.html"),
            ("therapist_words", "reviews/of_therapist.html"),
        ):
            insert(spot, name)
