"""The list of reviews; each opens on its page in `reviews.desk`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin.base import RowsOnly
from bookings.staff.labels import local_when, mark

from .models import Review


@admin.register(Review)
class ReviewAdmin(RowsOnly):
    list_display = ["client", "stars", "how_it_stands", "written"]
    list_filter = ["state", "stars"]
    list_select_related = ["booking__client"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return super().get_queryset(request).defer("words")

    @admin.display(description=gettext_lazy("client"))
    def client(self, review: Review) -> str:
        return str(review.booking.client)

    @admin.display(description=gettext_lazy("how it stands"))
    def how_it_stands(self, review: Review) -> SafeString:
        return state_mark(review)

    @admin.display(description=gettext_lazy("written (Los Angeles)"), ordering="written_at")
    def written(self, review: Review) -> str:
        return local_when(review.written_at) if review.written_at else "–"


def state_mark(review: Review) -> SafeString:
    """How a review stands, as a word with a sign."""
    state = Review.State(review.state)
    if state == Review.State.WRITTEN:
        return (
            mark("waiting", "!", _("To look at")) if review.may_publish else mark("off", "–", _("Not public"))
        )
    kinds = {
        Review.State.ASKED: ("note", "…"),
        Review.State.PUBLISHED: ("good", "✓"),
        Review.State.DECLINED: ("off", "–"),
    }
    return mark(*kinds[state], str(state.label))
