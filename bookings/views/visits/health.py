"""The health questions once more, shortly before the visit. Old answers are never shown."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
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

from .pages import not_any_more, visit_context, visit_form
from .unsent import forget_unsent, unsent
from .visitor import Visitor, get_visit, visits_page

# Of the visit whose answers this browser sent last.
SESSION_KEY = "answered"


def _is_open(request: HttpRequest, booking: Booking, visitor: Visitor) -> bool:
    """Who answers for the first time is shown nothing that the email didn't tell; nor is the browser that sends the
    same once more, since its first press was answered to nobody. Another would learn by guessing what was answered."""
    if not operations.first_tier(booking):
        return True
    if request.method != "POST" or request.session.get(SESSION_KEY) != booking.reference:
        return False
    try:
        current = intake.current_screening(now=visitor.now)
        forms = _forms(booking, visitor, current, request.POST)
        return forms.is_valid() and operations.was_just_answered(
            booking=booking, current=current, answers=forms.answers(), now=visitor.now
        )
    except (ScreeningVersion.DoesNotExist, UnreadableValue):
        return False


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-change")
@visits_page
@visit_form("health", is_open=_is_open)
def health(request: HttpRequest, booking: Booking, visitor: Visitor) -> HttpResponse:
    """The questions in force; after the answers, what they come to. A confirmed visit is never canceled by them."""
    if request.method != "POST" and "answered" in request.GET:
        if (done := _done(request, booking, visitor)) is not None:
            return done
    try:
        current = intake.current_screening(now=visitor.now)
    except ScreeningVersion.DoesNotExist:
        messages.info(request, _("There are no health questions to answer at the moment."))
        return redirect("visits:visit", booking.reference)
    if request.method != "POST":
        return _questions(request, booking, visitor, current)
    if request.POST.get("version") != str(current.version.number):
        messages.warning(request, _("Our health questions have changed. Please answer them once more."))
        return _page(request, booking, visitor, _forms(booking, visitor, current), status=409)
    forms = _forms(booking, visitor, current, request.POST)
    if forms.is_valid():
        return _answered(request, booking, visitor, forms)
    if _is_urgent(forms, booking, visitor):
        messages.error(request, _("Please call 911 now. Signs like these need help right away."))
    return _page(request, booking, visitor, forms, status=422)


def _forms(
    booking: Booking, visitor: Visitor, current: intake.Screening, data: QueryDict | None = None
) -> HealthForms:
    return HealthForms(
        data,
        people=booking.people,
        screening_now=current,
        service_slug=booking.service.slug,
        today=timezone.localdate(visitor.now),
    )


def _questions(
    request: HttpRequest, booking: Booking, visitor: Visitor, current: intake.Screening
) -> HttpResponse:
    """The page before it is sent, with answers to the same questions that came too late."""
    forms = _forms(booking, visitor, current)
    kept = unsent(request, booking, "health", now=visitor.now)
    if kept.get("version") == str(current.version.number):
        forms.fill_in(kept)
        messages.info(request, _("These are the answers you chose. They are not sent yet."))
    return _page(request, booking, visitor, forms)


def _answered(request: HttpRequest, booking: Booking, visitor: Visitor, forms: HealthForms) -> HttpResponse:
    now, number = visitor.now, forms.screening.version.number
    try:
        operations.answer_screening(booking=booking, version_number=number, answers=forms.answers(), now=now)
    except exceptions.ScreeningChanged:
        return redirect("visits:health", booking.reference)
    except exceptions.InvalidTransition:
        booking, visitor = get_visit(request, booking.reference, now=now)
        return not_any_more(request, booking, visitor)
    except exceptions.SlotTaken:
        messages.warning(request, _("That did not work just now. Please send your answers once more."))
        return _page(request, booking, visitor, forms, status=409)
    forget_unsent(request, now=now)
    request.session[SESSION_KEY] = booking.reference
    request.session.save()  # the second press may be waiting already
    if not visitor.is_proved(booking.client.email):
        # The page of its own asks for a code from now on; who has just answered is told without.
        booking, visitor = get_visit(request, booking.reference, now=now)
        if (done := _done(request, booking, visitor)) is not None:
            return done
    return redirect(f"{reverse('visits:health', args=[booking.reference])}?answered=yes")


def _done(request: HttpRequest, booking: Booking, visitor: Visitor) -> HttpResponse | None:
    """What the answers came to; None where nobody can tell any more."""
    outcome = _outcome(booking)
    if outcome is None:
        return None
    return render(request, "visits/health_done.html", {**visit_context(booking, visitor), **outcome})


def _is_urgent(forms: HealthForms, booking: Booking, visitor: Visitor) -> bool:
    """Whether an answer can't wait for those that are missing."""
    answers, today = forms.answers(), timezone.localdate(visitor.now)
    result = forms.screening.evaluate_so_far(answers, booking.service.slug, today, people=booking.people)
    return intake.tier_of(result) == Tier.EMERGENCY


def _page(
    request: HttpRequest, booking: Booking, visitor: Visitor, forms: HealthForms, *, status: int = 200
) -> HttpResponse:
    context = {**visit_context(booking, visitor), "forms": forms, "screening": forms.screening}
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
