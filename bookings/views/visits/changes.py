"""Canceling: at once, at any hour; inside the notice window with the fee shown before the press."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from bookings import exceptions
from bookings.domain import operations, queries
from bookings.enums import BookingStatus
from bookings.forms import CancelForm, CancelRestForm
from bookings.models import Booking
from bookings.refusals import refusal_words
from massagerx.lib.limits import limited

from .pages import all_ahead_context, change_context, not_any_more, refused
from .visitor import Visitor, get_visit, proof_missing, visits_page


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
    data = form.cleaned_data
    try:
        operations.cancel_by_client(
            booking=booking,
            shown=form.shown(),
            asks_waiver=data["asks_waiver"],
            reason=data["reason"],
            now=visitor.now,
        )
    except exceptions.BookingError as error:
        return refused(request, booking, error, partial(_cancel_page, form=form, status=409))
    messages.success(request, _canceled_words(booking, late=bool(data["fee_cents"])))
    return redirect("visits:visit", booking.reference)


def _canceled_words(booking: Booking, *, late: bool) -> str:
    if late:
        return _("Your visit is canceled. We’ll write to you about the late fee.")
    if booking.status == BookingStatus.REQUESTED:
        return _("Your request is canceled. There is no charge.")
    return _("Your visit is canceled. There is no charge.")


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-change")
@visits_page
def cancel_rest(request: HttpRequest, reference: str) -> HttpResponse:
    """All visits of a course that are still to come, for who proved the mailbox: one page, one press."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    if booking.together is None:
        return redirect("visits:cancel", booking.reference)
    if response := proof_missing(request, booking, visitor, then="cancel-rest"):
        return response
    ahead = list(operations.ahead_together(booking.together, now=now).with_details())
    if not ahead:
        messages.info(request, _("No visit of this course is still to come."))
        return redirect("visits:visit", booking.reference)
    form = CancelRestForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _cancel_rest_page(request, booking, visitor, ahead, form)
    data = form.cleaned_data
    try:
        canceled = operations.cancel_together_by_client(together=booking.together, now=now, **data)
    except exceptions.BookingError as error:
        messages.warning(request, refusal_words(error))
        return _cancel_rest_page(request, booking, visitor, ahead, form)
    words = ngettext("%(count)d visit is canceled.", "%(count)d visits are canceled.", len(canceled))
    messages.success(request, words % {"count": len(canceled)})
    late = _("We’ll write to you about the late fee.")
    messages.info(request, late if form.names_a_fee() else _("There is no charge."))
    return redirect("visits:visit", booking.reference)


def _cancel_rest_page(
    request: HttpRequest, booking: Booking, visitor: Visitor, ahead: list[Booking], form: CancelRestForm
) -> HttpResponse:
    """What falls away, with what it costs, and what stays; 409 where a press without a mistake was refused."""
    status = 200 if not form.is_bound else 422 if form.errors else 409
    stand = Booking.objects.together_with(booking).occupying().count()
    context = {**all_ahead_context(booking, visitor, ahead, form), "kept": stand - len(ahead)}
    return render(request, "visits/cancel_rest.html", context, status=status)


def _cancel_page(
    request: HttpRequest, booking: Booking, visitor: Visitor, form: CancelForm, *, status: int = 200
) -> HttpResponse:
    context = {
        **change_context(booking, visitor),
        "form": form,
        "place": queries.place_together(booking),
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
