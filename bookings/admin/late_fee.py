"""Canceling with the late fee, for a client who phones inside the notice window."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import operations
from bookings.exceptions import BookingError
from bookings.refusals import explain
from massagerx.lib.fields import LineField
from services.templatetags.money import dollars

from .one_visit import OneVisitMixin


class LateCancelForm(forms.Form):
    reason = LineField(max_length=300, required=False)
    # What the page showed, and staff have told the client.
    fee_cents = forms.IntegerField(min_value=1, max_value=10_000_000)


class LateFeeMixin(OneVisitMixin):
    """Adds the button that cancels with the late fee to the admin of bookings."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.cancel_late_view)
        own = path("<int:pk>/cancel-late/", view, name="bookings_booking_cancel_late")
        return [own, *super().get_urls()]

    def cancel_late_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Cancels, and writes the fee that the page showed on the visit; another fee by now changes nothing."""
        booking = self._booking(request, pk)
        if not self.has_change_permission(request, booking):
            raise PermissionDenied
        if request.method != "POST":
            return self._only(request, booking, "POST")
        form = LateCancelForm(request.POST)
        if not form.is_valid():
            return self._refused(request, booking, form)
        fee_cents = form.cleaned_data["fee_cents"]
        try:
            operations.cancel_late(
                booking=booking,
                actor=self._staff(request),
                shown_fee_cents=fee_cents,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except BookingError as error:
            self.message_user(request, f"{booking.reference}: {explain(error)}", messages.ERROR)
        else:
            sentence = _("%(reference)s: canceled, with a late fee of %(fee)s to ask for.")
            facts = {"reference": booking.reference, "fee": dollars(fee_cents)}
            self.message_user(request, sentence % facts, messages.SUCCESS)
        return self._back(booking)
