"""One visit as its client sees it, its calendar entry, and the same visit once more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.domain import operations, queries
from bookings.domain.calendar import visit_calendar
from bookings.enums import BookingStatus, Tier
from bookings.exceptions import BookingError, ConsentTakenBack, InvalidTransition
from bookings.forms import CancelRestForm, shown_value
from bookings.models import Booking, LateFee, OwnConsent
from bookings.refusals import refusal_words
from bookings.views.again import start_again
from massagerx.lib.limits import limited
from services.models import Business

from .labels import headline
from .unsent import keep_unsent, unsent_page
from .visitor import VisitClosed, Visitor, get_visit, proof_missing, visits_page


@require_safe
@visits_page
def visit(request: HttpRequest, reference: str) -> HttpResponse:
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    return visit_page(request, booking, visitor)


def visit_page(
    request: HttpRequest, booking: Booking, visitor: Visitor, *, status: int = 200
) -> HttpResponse:
    """The visit's page: what was booked, how it stands, what can be done with it."""
    now = visitor.now
    stands = operations.may_change(booking, now=now)
    tier = operations.first_tier(booking) if stands else ""
    change = queries.waiting_change(booking)
    context = {
        **visit_context(booking, visitor),
        "here_is_visit": True,
        "headline": headline(booking, now=now),
        "stands": stands,
        "is_refused": stands and OwnConsent.is_taken_back(client=booking.client, name=booking.recipient_name),
        "place": queries.place_together(booking),
        "together": visitor.together_with(booking),
        "change": change,
        "change_of_both": change is not None and len(operations.asked_together(change)) > 1,
        "fee_now": operations.late_fee(booking, now=now) if stands else None,
        "free_until": operations.free_until(booking) if stands else None,
        "named_fee": LateFee.objects.filter(booking=booking).first() if not stands else None,
        "rechecked": booking.rechecks.values_list("evaluated_at", flat=True).first() if stands else None,
        "unsent": unsent_page(request, booking, now=now) if stands else "",
        "needs_note": tier == Tier.CLEARANCE and operations.needs_clinician_note(booking),
        "hands_in": not booking.is_unproved and tier not in ("", Tier.CLEAR),
        "asks_health": stands and not tier,
        "in_calendar": stands and booking.status == BookingStatus.CONFIRMED,
    }
    return render(request, "visits/visit.html", context, status=status)


def visit_context(booking: Booking, visitor: Visitor) -> dict[str, Any]:
    """What every page about one visit needs."""
    return {
        "booking": booking,
        "beside": visitor.side_by_side(booking),
        "is_proved": visitor.is_proved(booking.client.email),
    }


def change_context(booking: Booking, visitor: Visitor) -> dict[str, Any]:
    """What a page on which one visit is moved or canceled needs: the late fee too, as it would be now."""
    return {
        **visit_context(booking, visitor),
        "fee_cents": operations.late_fee(booking, now=visitor.now),
        "notice_hours": booking.terms_version.cancel_notice_hours,
    }


def all_ahead_context(
    booking: Booking, visitor: Visitor, ahead: list[Booking], form: CancelRestForm
) -> dict[str, Any]:
    """What a page needs on which all visits `ahead` that were booked together fall away: each with its late fee."""
    fees = [(visit, operations.late_fee(visit, now=visitor.now)) for visit in ahead]
    return {
        **visit_context(booking, visitor),
        "form": form,
        "shown": shown_value(fees),
        "rows": fees,
        "fee_cents": sum(fee or 0 for _visit, fee in fees),
    }


@require_safe
@visits_page
def calendar(request: HttpRequest, reference: str) -> HttpResponse:
    """The visit as a file for a calendar; with the address only for who proved that the mailbox is theirs."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    if booking.status != BookingStatus.CONFIRMED:
        raise VisitClosed
    text = visit_calendar(
        booking=booking,
        business=Business.load(),
        method="PUBLISH",
        now=now,
        with_place=visitor.is_proved(booking.client.email),
    )
    return HttpResponse(
        text,
        content_type="text/calendar; charset=utf-8; method=PUBLISH",
        headers={"Content-Disposition": f'attachment; filename="{booking.reference}.ics"'},
    )


@require_POST
@limited("20/m", "visits-again")
@visits_page
def again(request: HttpRequest, reference: str) -> HttpResponse:
    """Starts a booking like this one, with what we know filled in; never a health answer."""
    booking, visitor = get_visit(request, reference, now=timezone.now())
    is_proved = visitor.is_proved(booking.client.email)
    return start_again(request, booking, with_details=is_proved, same=True)


def visit_form(
    page: str, *, is_open: Callable[[HttpRequest, Booking, Visitor], bool] = lambda *_: False
) -> Callable[[Callable[[HttpRequest, Booking, Visitor], HttpResponse]], Callable[..., HttpResponse]]:
    """For a form about a visit to come, only for who proved the mailbox, or for whom `is_open`. What others typed is
    kept until they have."""

    def decorate(
        view: Callable[[HttpRequest, Booking, Visitor], HttpResponse],
    ) -> Callable[..., HttpResponse]:
        @wraps(view)
        def inner(request: HttpRequest, reference: str) -> HttpResponse:
            now = timezone.now()
            try:
                booking, visitor = get_visit(request, reference, now=now)
            except VisitClosed:
                raise VisitClosed(kept=keep_unsent(request, reference, page, now=now)) from None
            if (response := proof_missing(request, booking, visitor, then=page)) and not is_open(
                request, booking, visitor
            ):
                keep_unsent(request, reference, page, now=now)
                return response
            if not operations.may_change(booking, now=now):
                return not_any_more(request, booking, visitor)
            return view(request, booking, visitor)

        return inner

    return decorate


def instead_of_change(request: HttpRequest, booking: Booking, visitor: Visitor, words: str) -> HttpResponse:
    """The visit's page instead of a change that can't be had, with why: after a POST with 409."""
    messages.warning(request, words)
    if request.method == "POST":
        return visit_page(request, booking, visitor, status=409)
    return redirect("visits:visit", booking.reference)


def nobody_moves(request: HttpRequest, booking: Booking, visitor: Visitor) -> HttpResponse:
    """The same where nobody could come at another time without a word of staff's."""
    words = _("We can’t move this visit online right now. Please call us, and we’ll find a time together.")
    return instead_of_change(request, booking, visitor, words)


def not_any_more(request: HttpRequest, booking: Booking, visitor: Visitor) -> HttpResponse:
    """The same for a change that it is too late for."""
    words = _("This visit can't be changed anymore. Please call or write if something is wrong.")
    return instead_of_change(request, booking, visitor, words)


def not_agreed(
    request: HttpRequest, booking: Booking, visitor: Visitor, *beside: Booking
) -> HttpResponse | None:
    """The same where who would be visited, or somebody `beside` them, doesn't agree any more; None where all do."""
    visits = (booking, *beside)
    if any(OwnConsent.is_taken_back(client=visit.client, name=visit.recipient_name) for visit in visits):
        return instead_of_change(request, booking, visitor, refusal_words(ConsentTakenBack()))
    return None


def refused(
    request: HttpRequest,
    booking: Booking,
    error: BookingError,
    page: Callable[[HttpRequest, Booking, Visitor], HttpResponse],
) -> HttpResponse:
    """What answers a press that was refused: the `page` of it, as things are now, with the reason; or the visit's own,
    when it is too late."""
    booking, visitor = get_visit(request, booking.reference, now=timezone.now())
    if isinstance(error, InvalidTransition):
        return not_any_more(request, booking, visitor)
    messages.warning(request, refusal_words(error))
    return page(request, booking, visitor)


def asked_already(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Back to the visit's page, where a late move waits that has to be taken back first."""
    messages.info(
        request,
        _(
            "You have already asked us for another time. You can withdraw that here, and then ask for a different one."
        ),
    )
    return redirect("visits:visit", booking.reference)
