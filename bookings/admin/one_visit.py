"""What every page and button of one visit needs: to find it among those that this member of staff may see, and ways
back to it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from bookings.models import Booking

from .visibility import only_seen_by


def unreadable() -> str:
    """Says that something is there and no key opens it."""
    return _("This can't be opened with the keys of this installation (HEALTH_KEYS). Tell the owner.")


class OneVisitMixin(admin.ModelAdmin):
    """For the parts of the admin of bookings that speak of one visit."""

    @staticmethod
    def _staff(request: HttpRequest) -> User:
        user = request.user
        assert isinstance(user, User)  # the admin lets nobody else in
        return user

    def _visit(self, request: HttpRequest, object_id: str) -> Booking | None:
        """With all that the page shows, except the encrypted columns, which are read one by one so that a lost
        key costs a line and not the page."""
        queryset = Booking.objects.select_related(
            "client", "therapist", "service", "option", "area__zone", "terms_version"
        ).annotate(tier=F("screening__tier"))
        try:
            rows = queryset.prefetch_related("add_ons").filter(pk=int(object_id))
            return only_seen_by(request.user, rows, "therapist").first()
        except ValueError:
            return None

    def _booking(self, request: HttpRequest, pk: int) -> Booking:
        booking = self._visit(request, str(pk)) if pk < 2**63 else None
        if booking is None:
            raise Http404
        return booking

    def _context(self, request: HttpRequest, booking: Booking) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "booking": booking}

    def _back(self, booking: Booking) -> HttpResponse:
        return redirect("admin:bookings_booking_change", booking.pk)

    def _refused(self, request: HttpRequest, booking: Booking, form: forms.Form) -> HttpResponse:
        for errors in form.errors.values():
            for error in errors:
                self.message_user(request, f"{booking.reference}: {error}", messages.ERROR)
        return self._back(booking)

    def _only(self, request: HttpRequest, booking: Booking, method: str) -> HttpResponse:
        """405 with the way back: somebody who was logged out in between lands here with a GET."""
        context = {**self._context(request, booking), "title": _("Nothing was changed")}
        response = TemplateResponse(request, "admin/bookings/booking/only.html", context, status=405)
        response["Allow"] = "POST" if method == "POST" else "GET, HEAD"
        return response
