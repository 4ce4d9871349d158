"""Moving: a month and its times, the visit's own time counted as free; then one page, and one press. Late moves are
asked of staff, with the fee shown before the press."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import alternatives, operations, queries, scheduling
from bookings.domain.visit_request import ANYONE, VisitRequest
from bookings.forms import MoveForm, TimeForm
from bookings.models import Booking, BookingRules, Therapist
from bookings.refusals import day_words, month_words, refusal_words
from bookings.views.month import Month, choice, read_day, read_month
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local

from .pages import asked_already, not_any_more, visit_context
from .visitor import Visitor, get_visit, open_own, visits_page


@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m", "visits-change")
@visits_page
def move(request: HttpRequest, reference: str) -> HttpResponse:
    """A month and the times of a day; then one page with old and new time, and one press."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    if request.method == "POST":
        return _move(request, booking, visitor)
    if not operations.may_change(booking, now=now):
        return not_any_more(request, booking, visitor)
    if queries.waiting_change(booking) is not None:
        return asked_already(request, booking)
    if "starts_at" not in request.GET:
        return _times_page(request, booking, visitor)
    form = TimeForm(request.GET)
    _preference, visit_request = _visit_request(request, booking, now)
    if form.is_valid():
        starts_at = form.cleaned_data["starts_at"]
        if starts_at == booking.starts_at:
            messages.info(request, _("That is the time you have. Choose another, or keep it."))
            return _times_page(request, booking, visitor)
        if visit_request is not None and _is_offered(booking, visit_request, starts_at, now):
            return _move_page(request, booking, visitor, starts_at, visit_request)
    messages.warning(request, _("That time is not free any more. Here are the times that are."))
    return _times_page(request, booking, visitor, status=409)


def _move(request: HttpRequest, booking: Booking, visitor: Visitor) -> HttpResponse:
    now = visitor.now
    form = MoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose one of the times shown."))
        if not operations.may_change(booking, now=now):
            return not_any_more(request, booking, visitor)
        return _times_page(request, booking, visitor, status=422)
    data = form.cleaned_data
    if booking.starts_at == data["starts_at"] and booking.revision == data["revision"] + 1:
        # The same press once more.
        return redirect("visits:visit", booking.reference)
    if not operations.may_change(booking, now=now):
        return not_any_more(request, booking, visitor)
    preference, visit_request = _visit_request(request, booking, now)
    try:
        if data["fee_cents"] is None:
            moved = operations.move_by_client(
                booking=booking,
                starts_at=data["starts_at"],
                preference=preference,
                shown_revision=data["revision"],
                total_cents=data["total_cents"],
                now=now,
            )
            # The move ended the link that this session may have come by: it goes on with the next email's.
            open_own(request, moved, now=now)
            messages.success(request, _("Your visit is moved. A new email is on its way."))
        else:
            if visit_request is None or not _is_offered(booking, visit_request, data["starts_at"], now):
                raise exceptions.SlotTaken
            operations.ask_move(
                booking=booking,
                wanted_starts_at=data["starts_at"],
                preference=preference,
                shown_revision=data["revision"],
                shown_fee_cents=data["fee_cents"],
                reason=data["reason"],
                now=now,
            )
            messages.success(request, _("We have your request to move. We’ll answer as soon as we can."))
    except exceptions.ChangeWaiting:
        return asked_already(request, booking)
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
        messages.error(request, refusal_words(error))
        return _times_page(request, booking, visitor, near=data["starts_at"], status=409)
    except exceptions.InvalidTransition:
        booking, visitor = get_visit(request, booking.reference, now=now)
        return not_any_more(request, booking, visitor)
    except exceptions.BookingError as error:
        # Price, fee or the visit itself are not as they were shown: the same page, as things are now.
        booking, visitor = get_visit(request, booking.reference, now=now)
        messages.warning(request, refusal_words(error))
        return _move_page(request, booking, visitor, data["starts_at"], visit_request, form=form, status=409)
    return redirect("visits:visit", booking.reference)


def _visit_request(request: HttpRequest, booking: Booking, now: datetime) -> tuple[str, VisitRequest | None]:
    """Whom the client asked for; anyone qualified when `who=any` says so or nobody like that is left; None when
    nobody at all is."""
    asked = request.POST.get("who") or request.GET.get("who")
    for preference in (ANYONE,) if asked == ANYONE else (booking.preference, ANYONE):
        try:
            return preference, operations.visit_request_of(booking, now=now, preference=preference)
        except exceptions.NoLongerOffered:
            continue
    return ANYONE, None


def _is_offered(booking: Booking, visit_request: VisitRequest, starts_at: datetime, now: datetime) -> bool:
    day = local(starts_at).date()
    offer = scheduling.find_times_between(
        visit_request=visit_request,
        first_day=day,
        last_day=day,
        rules=BookingRules.load(),
        now=now,
    )
    return any(start.starts_at == starts_at for start in offer.by_day.get(day, ()))


def _move_page(
    request: HttpRequest,
    booking: Booking,
    visitor: Visitor,
    starts_at: datetime,
    visit_request: VisitRequest | None,
    *,
    form: MoveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    rules = BookingRules.load()
    quote = operations.quote_for_move(booking=booking, starts_at=starts_at, rules=rules)
    context = {
        **visit_context(booking, visitor),
        "form": form or MoveForm(),
        "starts_at": starts_at,
        "who": ANYONE if visit_request is not None and visit_request.preference != booking.preference else "",
        "may_be_another": visit_request is not None and len(visit_request.therapists) > 1,
        "therapist": _who_would_come(booking, visit_request, starts_at, rules, visitor.now),
        "total_cents": quote.total_cents,
        "fee_cents": operations.late_fee(booking, now=visitor.now),
        "notice_hours": booking.terms_version.cancel_notice_hours,
        "times_url": _times_url(booking, request, day=f"{local(starts_at):%Y-%m-%d}"),
    }
    return render(request, "visits/move.html", context, status=status)


def _who_would_come(
    booking: Booking,
    visit_request: VisitRequest | None,
    starts_at: datetime,
    rules: BookingRules,
    now: datetime,
) -> Therapist | None:
    """The therapist who would be chosen now, as under the lock; None when the time has gone meanwhile."""
    if visit_request is None:
        return None
    try:
        slot = scheduling.choose_slot(
            visit_request=visit_request,
            therapists=visit_request.therapists,
            starts_at=starts_at,
            rules=rules,
            now=now,
        )
    except exceptions.SlotNotOffered:
        return None
    return next(row for row in visit_request.therapists if row.pk == slot.therapist_id)


def _times_url(booking: Booking, request: HttpRequest, **query: str) -> str:
    who = {"who": ANYONE} if (request.POST.get("who") or request.GET.get("who")) == ANYONE else {}
    return f"{reverse('visits:move', args=[booking.reference])}?{urlencode({**who, **query})}"


def _times_page(
    request: HttpRequest,
    booking: Booking,
    visitor: Visitor,
    *,
    near: datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    """The month and its times, the visit's own time counted as free. `near` opens the day of a time that has gone."""
    now, rules = visitor.now, BookingRules.load()
    preference, visit_request = _visit_request(request, booking, now)
    today, last_day = timezone.localdate(now), scheduling.last_day(rules=rules, now=now)
    asked = f"{local(near):%Y-%m-%d}" if near is not None else request.GET.get("day", "")
    day = read_day(asked, today=today, last_day=last_day)
    month_asked = request.GET.get("month", "")
    if day is None and not month_asked:
        # The month of the visit, from the first day on that has times.
        month_asked = f"{local(booking.starts_at):%Y-%m}"
    first = day.replace(day=1) if day else read_month(month_asked, today=today, last_day=last_day)
    offer = (
        _without_own(
            scheduling.find_times(visit_request=visit_request, month=first, rules=rules, now=now), booking
        )
        if visit_request is not None
        else scheduling.Offer.nothing()
    )
    month = Month(first=first, today=today, last_day=last_day, offer=offer, selected=day)
    if day is None and month.first_open_day is not None and not request.GET.get("month"):
        own = local(booking.starts_at).date()
        month.selected = min((d for d in offer.by_day if d >= own), default=month.first_open_day)
    context = {
        **visit_context(booking, visitor),
        "month": month,
        "times": _times(month, booking, rules, missed=near),
        "instead": _instead(month, booking, rules, visit_request, now),
        "query": "who=any&" if preference == ANYONE != booking.preference else "",
        "may_widen": preference != ANYONE,
        "anyone_url": f"{reverse('visits:move', args=[booking.reference])}?who=any",
        "fee_cents": operations.late_fee(booking, now=now),
        "notice_hours": booking.terms_version.cancel_notice_hours,
    }
    return render(request, "visits/times.html", context, status=status)


def _without_own(offer: scheduling.Offer, booking: Booking) -> scheduling.Offer:
    """The offer less the time that the visit has already."""
    days = {
        day: tuple(start for start in starts if start.starts_at != booking.starts_at)
        for day, starts in offer.by_day.items()
    }
    return scheduling.Offer({day: starts for day, starts in days.items() if starts})


def _times(
    month: Month, booking: Booking, rules: BookingRules, *, missed: datetime | None
) -> list[dict[str, Any]]:
    """The selected day's times in groups, those nearest to one that has gone first."""
    groups = month.times_of_selected(rules, operations.treatment_of(booking), booking.area, missed=missed)
    for group in groups:
        for start in group["starts"]:
            _price(start, booking, rules)
    return groups


def _price(start: dict[str, Any], booking: Booking, rules: BookingRules) -> None:
    """What this visit would cost then: what was agreed, with today's evening fee only where the evening begins."""
    quote = operations.quote_for_move(booking=booking, starts_at=start["starts_at"], rules=rules)
    start["cents"] = quote.total_cents
    start["is_evening_price"] = quote.total_cents != booking.total_cents


def _instead(
    month: Month, booking: Booking, rules: BookingRules, visit_request: VisitRequest | None, now: datetime
) -> dict[str, Any] | None:
    """What stands where the times would: why there are none, and the nearest."""
    chosen = month.selected
    if chosen in month.offer.by_day or (chosen is None and month.any_times):
        return None
    found = alternatives.find_alternatives(
        visit_request=visit_request,
        first_day=chosen or month.first,
        last_day=chosen or month.last,
        rules=rules,
        now=now,
        hour=local(booking.starts_at).time(),
    )
    asked_for = visit_request is not None and visit_request.preference != ANYONE
    words = day_words if chosen is not None else month_words
    nearest: list[tuple[date, list[dict[str, Any]]]] = []
    for day, starts in found.nearest:
        others = [
            choice(start, rules, operations.treatment_of(booking), booking.area)
            for start in starts
            if start.starts_at != booking.starts_at
        ]
        for other in others:
            _price(other, booking, rules)
        if others:
            nearest.append((day, others))
    return {"why": words(found.reason, asked_for=asked_for), "nearest": nearest}
