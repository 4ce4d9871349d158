"""Booking for somebody who phones: find the client, then go through the site's own steps."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Max
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from bookings.models import Booking, Client

from .search import search
from .words import local_when

MOST_FOUND = 12
# Fewer letters would find half of the book.
FEWEST_LETTERS = 2


class PhoneMixin(admin.ModelAdmin):
    """Adds the page that finds a client to the admin of bookings."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [path("book/", wrap(self.book_view), name="bookings_booking_book"), *super().get_urls()]

    def book_view(self, request: HttpRequest) -> HttpResponse:
        """Looks clients up as they are typed, by name, email, or phone in any format."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        asked = request.GET.get("q", "").strip()[:200]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Book for a client"),
            "asked": asked,
            "found": _found(asked) if len(asked) >= FEWEST_LETTERS else None,
        }
        part = request.headers.get("X-Part") == "found"
        name = "admin/bookings/booking/_found.html" if part else "admin/bookings/booking/book.html"
        response = TemplateResponse(request, name, context)
        response["Cache-Control"] = "no-store"
        response["Vary"] = "X-Part"
        return response


def _found(asked: str) -> list[dict[str, Any]]:
    """Clients who fit, those seen last first, each with the address of the last visit; two queries."""
    clients = list(
        search(Client.objects.all(), asked, words=["name", "email"], phone="phone")
        .annotate(last=Max("bookings__starts_at"), count=Count("bookings"))
        .order_by(F("last").desc(nulls_last=True), "name", "pk")[:MOST_FOUND]
    )
    newest: dict[int, Booking] = {}
    rows = Booking.objects.filter(
        client__in=clients, starts_at__in=[client.last for client in clients if client.last]
    )
    for booking in rows.select_related("area", "service"):
        newest[booking.client_id] = booking
    return [
        {
            "client": client,
            "count": client.count,
            "last": newest.get(client.pk),
            "last_when": local_when(client.last),
        }
        for client in clients
    ]
