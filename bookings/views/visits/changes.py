"""Canceling: at once while that is free, later by asking staff, with the fee shown before the press."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings import exceptions
from bookings.domain import operations, queries
from bookings.enums import BookingStatus, ChangeKind
from bookings.forms import CancelForm
from bookings.models import Booking, BookingRules
from bookings.refusals import refusal_words
from massagerx.lib.limits import limited

from .pages import asked_already, not_any_more, visit_context
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
    if queries.waiting_change(booking) is not None:
        return asked_already(request, booking)
    if request.method != "POST":
        return _cancel_page(request, booking, visitor, CancelForm())
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _cancel_page(request, booking, visitor, form, status=422)
    data = form.cleaned_data
    try:
        if data["fee_cents"] is None:
            operations.cancel_by_client(booking=booking, shown_revision=data["revision"], now=now)
            messages.success(request, _("Your visit is canceled. There is no charge."))
        else:
            operations.ask_change(
                booking=booking,
                kind=ChangeKind.CANCEL,
                shown_revision=data["revision"],
                shown_fee_cents=data["fee_cents"],
                reason=data["reason"],
                now=now,
            )
            messages.success(request, _("We have your request to cancel. We answer as soon as we can."))
    except exceptions.InvalidTransition:
        booking, visitor = get_visit(request, reference, now=now)
        return not_any_more(request, booking, visitor)
    except exceptions.ChangeWaiting:
        return asked_already(request, booking)
    except exceptions.BookingError as error:
        booking, visitor = get_visit(request, reference, now=now)
        messages.warning(request, refusal_words(error))
        return _cancel_page(request, booking, visitor, form, status=409)
    return redirect("visits:visit", booking.reference)


def _cancel_page(
    request: HttpRequest, booking: Booking, visitor: Visitor, form: CancelForm, *, status: int = 200
) -> HttpResponse:
    rules = BookingRules.load()
    context = {
        **visit_context(booking, visitor),
        "form": form,
        "fee_cents": operations.late_fee(booking, rules, now=visitor.now),
        "notice_hours": rules.cancel_notice_hours,
        "free_until": operations.free_until(booking, rules),
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
