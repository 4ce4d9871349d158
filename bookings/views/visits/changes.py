"""Canceling: at once, at any hour; inside the notice window with the fee shown before the press."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings import exceptions
from bookings.domain import operations, queries
from bookings.enums import BookingStatus
from bookings.forms import CancelForm
from bookings.models import Booking
from bookings.refusals import refusal_words
from massagerx.lib.limits import limited

from .pages import not_any_more, visit_context
from .visitor import Visitor, get_visit, visits_page


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-change")
@visits_page
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """One page, one press."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    if booking.status == BookingStatus.CANCELED:
        # Pressed twice, or in another tab.
        messages.info(request, _("Your visit is canceled."))
        return redirect("visits:visit", booking.reference)
    if not operations.may_change(booking, now=now):
        return not_any_more(request, booking, visitor)
    if request.method != "POST":
        return _cancel_page(request, booking, visitor, CancelForm())
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _cancel_page(request, booking, visitor, form, status=422)
    return _cancel(request, booking, visitor, form)


def _cancel(request: HttpRequest, booking: Booking, visitor: Visitor, form: CancelForm) -> HttpResponse:
    data, now = form.cleaned_data, visitor.now
    try:
        operations.cancel_by_client(
            booking=booking,
            shown_revision=data["revision"],
            shown_fee_cents=data["fee_cents"],
            asks_waiver=data["asks_waiver"],
            reason=data["reason"],
            now=now,
        )
    except exceptions.InvalidTransition:
        booking, visitor = get_visit(request, booking.reference, now=now)
        return not_any_more(request, booking, visitor)
    except exceptions.BookingError as error:
        booking, visitor = get_visit(request, booking.reference, now=now)
        messages.warning(request, refusal_words(error))
        return _cancel_page(request, booking, visitor, form, status=409)
    messages.success(request, _canceled_words(booking, late=bool(data["fee_cents"])))
    return redirect("visits:visit", booking.reference)


def _canceled_words(booking: Booking, *, late: bool) -> str:
    if late:
        return _("Your visit is canceled. We’ll write to you about the late fee.")
    if booking.status == BookingStatus.REQUESTED:
        return _("Your request is canceled. There is no charge.")
    return _("Your visit is canceled. There is no charge.")


def _cancel_page(
    request: HttpRequest, booking: Booking, visitor: Visitor, form: CancelForm, *, status: int = 200
) -> HttpResponse:
    context = {
        **visit_context(booking, visitor),
        "form": form,
        "fee_cents": operations.late_fee(booking, now=visitor.now),
        "notice_hours": booking.terms_version.cancel_notice_hours,
    }
    return render(request, "visits/cancel.html", context, status=status)


@require_POST
@limited("20/m", "visits-change")
@visits_page
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """The visit is to stay as it is."""
    now = timezone.now()
    booking, _access = get_visit(request, reference, now=now)
    change = queries.waiting_change(booking)
    try:
        if change is not None:
            operations.withdraw_change(change=change, now=now)
        messages.success(request, _("Good. Your visit stays as it is."))
    except exceptions.BookingError as error:
        messages.warning(request, refusal_words(error))
    return redirect("visits:visit", booking.reference)
