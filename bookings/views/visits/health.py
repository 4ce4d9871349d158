"""The health questions once more, shortly before the visit. Old answers are never shown."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import intake, operations
from bookings.enums import Tier
from bookings.forms import HealthForms
from bookings.models import Booking, ScreeningVersion
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.limits import limited

from .pages import not_any_more, visit_context
from .unsent import forget_unsent, keep_unsent, unsent
from .visitor import VisitClosed, Visitor, get_visit, proof_missing, visits_page


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-change")
@visits_page
def health(request: HttpRequest, reference: str) -> HttpResponse:
    """The questions in force; after the answers, what they come to. A confirmed visit is never canceled by them."""
    now = timezone.now()
    try:
        booking, visitor = get_visit(request, reference, now=now)
    except VisitClosed:
        raise VisitClosed(kept=keep_unsent(request, reference, "health", now=now)) from None
    if response := proof_missing(request, booking, visitor, then="health"):
        keep_unsent(request, reference, "health", now=now)
        return response
    if not operations.may_change(booking, now=now):
        return not_any_more(request, booking, visitor)
    if request.method != "POST" and "answered" in request.GET:
        if (outcome := _outcome(booking)) is not None:
            context = {**visit_context(booking, visitor), **outcome}
            return render(request, "visits/health_done.html", context)
    try:
        current = intake.current_screening(now=now)
    except ScreeningVersion.DoesNotExist:
        messages.info(request, _("There are no health questions to answer at the moment."))
        return redirect("visits:visit", booking.reference)
    today = timezone.localdate(now)
    asked: dict[str, Any] = {
        "people": booking.people,
        "screening_now": current,
        "service_slug": booking.service.slug,
        "today": today,
    }
    if request.method != "POST":
        kept = unsent(request, booking, "health", now=now)
        if kept.get("version") != str(current.version.number):
            kept = {}
        if kept:
            messages.info(request, _("These are the answers you had chosen. They are not sent yet."))
        return _page(request, booking, visitor, HealthForms(kept=kept, **asked), current)
    forms = HealthForms(request.POST, **asked)
    if request.POST.get("version") != str(current.version.number):
        return _changed(request, booking, visitor, HealthForms(**asked), current)
    if not forms.is_valid():
        if _is_urgent(forms, current, booking, today):
            messages.error(request, _("Please call 911 now. Signs like these need help right away."))
        return _page(request, booking, visitor, forms, current, status=422)
    try:
        operations.recheck_screening(
            booking=booking, version_number=current.version.number, answers=forms.answers(), now=now
        )
    except exceptions.ScreeningChanged:
        return redirect("visits:health", booking.reference)
    except exceptions.InvalidTransition:
        booking, visitor = get_visit(request, reference, now=now)
        return not_any_more(request, booking, visitor)
    except exceptions.SlotTaken:
        messages.warning(request, _("That did not work just now. Please send your answers once more."))
        return _page(request, booking, visitor, forms, current, status=409)
    forget_unsent(request, now=now)
    return redirect(f"{reverse('visits:health', args=[booking.reference])}?answered=yes")


def _is_urgent(forms: HealthForms, current: intake.Screening, booking: Booking, today: date) -> bool:
    """Whether an answer can't wait for those that are missing."""
    result = current.evaluate_so_far(forms.answers(), booking.service.slug, today, people=booking.people)
    return intake.tier_of(result) == Tier.EMERGENCY


def _changed(
    request: HttpRequest, booking: Booking, visitor: Visitor, forms: HealthForms, current: intake.Screening
) -> HttpResponse:
    messages.warning(request, _("Our health questions have changed. Please answer them once more."))
    return _page(request, booking, visitor, forms, current, status=409)


def _page(
    request: HttpRequest,
    booking: Booking,
    visitor: Visitor,
    forms: HealthForms,
    current: intake.Screening,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {**visit_context(booking, visitor), "forms": forms, "screening": current}
    return render(request, "visits/health.html", context, status=status)


def _outcome(booking: Booking) -> dict[str, Any] | None:
    """What the answers given last came to: the tier, and the words of the rules."""
    try:
        result = intake.result_of_recheck(booking)
    except UnreadableValue:
        return None
    if result is None:
        return None
    tier = intake.tier_of(result)
    return {
        "emergency": tier == Tier.EMERGENCY,
        "needs_a_call": tier in (Tier.STOP, Tier.CLEARANCE),
        "call_today": tier == Tier.STOP,
        "rule_words": [intake.translated(text) for text in result.messages],
    }
