"""What the registrations of this package share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from massagerx.lib.admin import ListMixin


class RowsOnly(ListMixin):
    """A list of rows that others write, and that open on pages of `bookings.desk`: nobody adds or deletes one here."""

    show_full_result_count = False
    list_per_page = 50
    #: Heading of the list; else Django's.
    list_title: Any = None
    #: Whether the field in the bar finds these rows; then the list has none of its own.
    is_found_in_bar = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        title = {"title": self.list_title} if self.list_title else {}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
