"""What is held of a client's review, for a client's own data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.utils.translation import gettext as _

from bookings.domain.export import Section, line, opened
from bookings.models import Booking, Client

from .models import Review


def section_of(client: Client, visits: Sequence[Booking]) -> Section:
    """What was asked about these visits, and what was written; only once the look at health answers is written down."""
    references = {visit.pk: visit.reference for visit in visits}
    # The encrypted column is read one by one, so that a lost key costs a line and not the page.
    rows = Review.objects.filter(booking__in=references).defer("words").order_by("asked_at", "pk")
    return Section(
        "reviews",
        _("Reviews"),
        [
            [
                line("visit", _("visit"), references[row.booking_id]),
                line("asked_at", _("asked at"), row.asked_at),
                line("state", _("state"), row.get_state_display()),
                line("stars", _("stars"), row.stars),
                line("words", _("words"), opened(partial(getattr, row, "words"))),
                line("public_words", _("words as everybody reads them"), row.public_words),
                line("shown_as", _("shown as"), row.shown_as),
                line("may_publish", _("may be shown to everybody"), row.may_publish),
                line("written_at", _("written at"), row.written_at),
                line("decided_at", _("decided at"), row.decided_at),
                line("declined_for", _("why it isn’t shown"), row.get_declined_for_display()),
                line("answer", _("our answer"), row.answer),
                line("answered_at", _("answered at"), row.answered_at),
                line("withdrawn_at", _("withdrawn at"), row.withdrawn_at),
            ]
            for row in rows
        ],
    )
