"""Requests from people at ZIP codes that we don't drive to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy, ngettext

from bookings.models import AreaRequest
from bookings.staff.labels import two_lines
from bookings.staff.search import search
from massagerx.lib.admin import KindFieldsMixin, ListMixin


class AreaRequestForm(forms.ModelForm):
    class Meta:
        model = AreaRequest
        fields = ["is_answered"]

    def clean_is_answered(self) -> bool:
        """The page shows the other fields to be read only, so the form doesn't know that they must differ."""
        is_answered: bool = self.cleaned_data["is_answered"]
        row = self.instance
        same = AreaRequest.objects.filter(email=row.email, phone=row.phone, zip_code=row.zip_code)
        if not is_answered and same.filter(is_answered=False).exclude(pk=row.pk).exists():
            raise forms.ValidationError(gettext("This person has another open request for this ZIP code."))
        return is_answered


@admin.register(AreaRequest)
class AreaRequestAdmin(KindFieldsMixin, ListMixin):
    form = AreaRequestForm
    list_display = ["name", "zip_code", "email", "phone", "service", "asked", "is_answered"]
    list_filter = ["is_answered", "service"]
    list_select_related = ["service"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name, email, ZIP code, or phone in any format.")
    actions = ["mark_answered"]
    readonly_fields = ["name", "email", "phone", "zip_code", "service", "note", "asked", "agreed"]
    fields = [*readonly_fields, "is_answered"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AreaRequest], search_term: str
    ) -> tuple[QuerySet[AreaRequest], bool]:
        return search(queryset, search_term, "name", "email", "zip_code", "phone"), False

    @admin.display(description=gettext_lazy("asked"), ordering="created_at")
    def asked(self, area_request: AreaRequest) -> str:
        return two_lines(area_request.created_at)

    @admin.display(description=gettext_lazy("agreed to be contacted"))
    def agreed(self, area_request: AreaRequest) -> str:
        return two_lines(area_request.agreed_at)

    @admin.action(description=gettext_lazy("Mark as answered"), permissions=["change"])
    def mark_answered(self, request: HttpRequest, queryset: QuerySet[AreaRequest]) -> None:
        rows = list(queryset.filter(is_answered=False))
        queryset.filter(pk__in=[row.pk for row in rows]).update(is_answered=True)
        for row in rows:
            self.log_change(request, row, [{"changed": {"fields": [str(gettext_lazy("answered"))]}}])
        self.message_user(
            request,
            ngettext("%(count)d marked as answered.", "%(count)d marked as answered.", len(rows))
            % {"count": len(rows)},
        )

    # A request comes in by the site.
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
