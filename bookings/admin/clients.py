"""The list of clients, and of those who were erased."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.enums import ComplaintState
from bookings.models import Client, Erasure, HeardFrom, NoteTemplate
from bookings.sample import starting_note_templates, starting_ways
from bookings.staff.client_notes import notes_seen_by
from bookings.staff.labels import mark, two_lines
from bookings.staff.search import search_clients, visits_of_client
from bookings.staff.visibility import clients_seen_by, sees_rows
from massagerx.lib.admin import KindFieldsMixin, ListMixin, PreparedMixin
from massagerx.lib.admin_history import HistoryMixin
from massagerx.lib.urls import absolute_url

from .base import RowsOnly


class ComplaintFilter(admin.SimpleListFilter):
    """For those who may read notes on clients: a therapist finds none that are not for therapists."""

    title = gettext_lazy("complaint")
    parameter_name = "complaint"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("open", _("Not settled"))] if sees_rows(request.user, "clientnote") else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Client]) -> QuerySet[Client]:
        if self.value() != "open":
            return queryset
        notes = notes_seen_by(request.user).filter(client=OuterRef("pk"), complaint=ComplaintState.OPEN)
        return queryset.filter(Exists(notes))


@admin.register(Client)
class ClientAdmin(RowsOnly):
    list_display = ["name", "address", "phone", "visits", "blocked", "first_seen"]
    list_filter = ["is_blocked", ComplaintFilter]
    is_found_in_bar = True
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name, email, or phone in any format.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Client]:
        rows = super().get_queryset(request)
        return (rows & clients_seen_by(request.user)).annotate(visit_count=visits_of_client())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Client], search_term: str
    ) -> tuple[QuerySet[Client], bool]:
        return search_clients(queryset, search_term) if search_term else queryset, False

    @admin.display(description=gettext_lazy("email"), ordering="email")
    def address(self, client: Client) -> str:
        """A long one breaks before its domain, not inside a word."""
        mailbox, at, domain = client.email.rpartition("@")
        return format_html("{}<wbr>{}{}", mailbox, at, domain) if at else "–"

    @admin.display(description=gettext_lazy("first seen"), ordering="created_at")
    def first_seen(self, client: Client) -> str:
        return two_lines(client.created_at)

    @admin.display(description=gettext_lazy("visits"), ordering="visit_count")
    def visits(self, client: Any) -> int:
        return int(client.visit_count)

    @admin.display(description=gettext_lazy("blocked"), ordering="is_blocked")
    def blocked(self, client: Client) -> str:
        return mark("bad", "✕", _("Blocked")) if client.is_blocked else "–"


@admin.register(HeardFrom)
class HeardFromAdmin(PreparedMixin, HistoryMixin, KindFieldsMixin, ListMixin):
    """The owner's choices; one that clients have chosen can be put away, not deleted."""

    list_display = ["name", "address", "is_offered", "position"]
    search_fields = ["name"]
    fields = ["name", "link_name", "is_offered", "position"]
    prepopulated_fields = {"link_name": ["name"]}

    def prepared_rows(self) -> list[HeardFrom]:
        return starting_ways()

    @admin.display(description=gettext_lazy("link to give out"))
    def address(self, row: HeardFrom) -> str:
        return absolute_url(f"{reverse('bookings:start')}?from={row.link_name}")


@admin.register(NoteTemplate)
class NoteTemplateAdmin(PreparedMixin, HistoryMixin, KindFieldsMixin, ListMixin):
    """The owner's texts with which notes of staff begin."""

    list_display = ["name", "kind", "position"]
    list_filter = ["kind"]
    search_fields = ["name", "text"]
    fields = ["kind", "name", "text", "position"]

    def prepared_rows(self) -> list[NoteTemplate]:
        return starting_note_templates()


@admin.register(Erasure)
class ErasureAdmin(RowsOnly):
    """Who was erased by whom and when. To be read again after a backup was restored."""

    list_display = ["number", "when", "by", "visits"]
    list_display_links = None
    list_select_related = ["by"]
    readonly_fields = ["number", "when", "by", "visits"]
    fields = tuple(readonly_fields)

    @admin.display(description=gettext_lazy("client"), ordering="client")
    def number(self, erasure: Erasure) -> str:
        return _("Client %(number)d") % {"number": erasure.client_id}

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def when(self, erasure: Erasure) -> str:
        return two_lines(erasure.at)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
