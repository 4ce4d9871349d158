"""The list of late moves, with answers to many of them at once."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import operations
from bookings.models import ChangeRequest
from bookings.staff.labels import two_lines
from bookings.staff.late_changes import (
    ACCEPT,
    ACCEPT_WITH_FEE,
    REFUSE,
    answer_change,
    change_mark,
    change_words,
)
from bookings.staff.search import search_visits
from bookings.staff.visibility import only_seen_by
from services.templatetags.money import dollars

from .base import RowsOnly

# Each answer looks for the way to a door.
MOST_AT_ONCE = 50


@admin.register(ChangeRequest)
class ChangeRequestAdmin(RowsOnly):
    list_display = ["reference", "what", "visit", "asked", "fee", "shown_state"]
    list_select_related = ["booking__client"]
    list_filter = ["state"]
    # Most of the page's time goes into its rows.
    list_per_page = 25
    search_fields = ["booking__reference"]
    ordering = ["-asked_at"]
    actions = ["accept_selected", "accept_with_fee_selected", "refuse_selected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChangeRequest]:
        return only_seen_by(request.user, ChangeRequest.objects.all(), "booking__therapist").with_both()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ChangeRequest], search_term: str
    ) -> tuple[QuerySet[ChangeRequest], bool]:
        return search_visits(queryset, search_term, "booking__"), False

    @admin.display(description=gettext_lazy("booking"), ordering="booking__reference")
    def reference(self, change: ChangeRequest) -> str:
        name = change.booking.visit_for
        return format_html('{}<br><span class="quiet">{}</span>', change.booking.reference, name)

    @admin.display(description=gettext_lazy("what"), ordering="wanted_starts_at")
    def what(self, change: ChangeRequest) -> str:
        return change_words(change, both=change.is_of_both)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("visit"), ordering="booking__starts_at")
    def visit(self, change: ChangeRequest) -> str:
        return two_lines(change.booking.starts_at)

    @admin.display(description=gettext_lazy("asked at"), ordering="asked_at")
    def asked(self, change: ChangeRequest) -> str:
        return two_lines(change.asked_at)

    @admin.display(description=gettext_lazy("late fee shown"), ordering="fee_cents")
    def fee(self, change: ChangeRequest) -> str:
        return dollars(change.fee_cents)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, change: ChangeRequest) -> str:
        return change_mark(change)

    @admin.action(description=gettext_lazy("Accept, without the late fee"), permissions=["change"])
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[ChangeRequest]) -> None:
        self._answer_many(request, queryset, ACCEPT)

    @admin.action(description=gettext_lazy("Accept, with the late fee"), permissions=["change"])
    def accept_with_fee_selected(self, request: HttpRequest, queryset: QuerySet[ChangeRequest]) -> None:
        self._answer_many(request, queryset, ACCEPT_WITH_FEE)

    @admin.action(description=gettext_lazy("Refuse"), permissions=["change"])
    def refuse_selected(self, request: HttpRequest, queryset: QuerySet[ChangeRequest]) -> None:
        self._answer_many(request, queryset, REFUSE)

    def _answer_many(self, request: HttpRequest, queryset: QuerySet[ChangeRequest], answer: str) -> None:
        answered: set[int] = set()
        rows = list(queryset.select_related("booking").order_by("asked_at")[: MOST_AT_ONCE + 1])
        for change in rows[:MOST_AT_ONCE]:
            if change.pk in answered:
                continue
            answered |= {one.pk for one in operations.asked_together(change)}
            ok, sentence = answer_change(
                change,
                answer,
                actor=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
                now=timezone.now(),
            )
            self.message_user(request, sentence, messages.SUCCESS if ok else messages.ERROR)
        if len(rows) > MOST_AT_ONCE:
            words = _("Only the first %(most)d were answered. Please choose the rest once more.")
            self.message_user(request, words % {"most": MOST_AT_ONCE}, messages.WARNING)
