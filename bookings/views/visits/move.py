"""Moving: the calendar page, the visit's own time counted as free; then one page, and one press. Late moves are asked
of staff, with the fee shown before the press."""

from __future__ import annotations

from datetime import date, datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import operations, scheduling
from bookings.domain.operations import NewTime, Shown
from bookings.domain.visit_request import ANYONE, VisitRequest
from bookings.forms import MoveForm, TimeForm
from bookings.models import Booking, BookingRules, Therapist
from bookings.refusals import another_words, refusal_words
from bookings.views.calendar import Asked, CalendarPage
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local

from .move_both import move_both
from .pages import asked_already, not_any_more, visit_context
from .visitor import Visitor, get_visit, open_own, visits_page


@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m", "visits-change")
@visits_page
def move(request: HttpRequest, reference: str) -> HttpResponse:
    """The calendar page; then one page with old and new time, and one press."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    if (beside := visitor.side_by_side(booking)) is not None:
        return move_both(request, booking, beside, visitor)
    if request.method == "POST":
        return _move(request, booking, visitor)
    if not operations.may_change(booking, now=now):
        return not_any_more(request, booking, visitor)
    if booking.asks_change:  # type: ignore[attr-defined]
        return asked_already(request, booking)
    if "starts_at" not in request.GET:
        return _times_page(request, booking, visitor)
    form = TimeForm(request.GET)
    if not form.is_valid():
        messages.warning(request, _("That time is no longer open. Here are the times that are."))
        return _times_page(request, booking, visitor, status=409)
    if form.cleaned_data["starts_at"][0] == booking.starts_at:
        messages.info(request, _("That is the time you have. Choose another, or keep it."))
        return _times_page(request, booking, visitor)
    return _move_page(request, booking, visitor, form)


def _move(request: HttpRequest, booking: Booking, visitor: Visitor) -> HttpResponse:
    now = visitor.now
    form = MoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose one of the times shown."))
        if not operations.may_change(booking, now=now):
            return not_any_more(request, booking, visitor)
        return _times_page(request, booking, visitor, status=422)
    data = form.cleaned_data
    starts_at, therapist = data["starts_at"]
    if booking.starts_at == starts_at and booking.revision == data["revision"] + 1:
        # The same press once more.
        return redirect("visits:visit", booking.reference)
    if not operations.may_change(booking, now=now):
        return not_any_more(request, booking, visitor)
    shown = Shown(data["revision"], data["fee_cents"])
    try:
        if shown.fee_cents is None:
            moved = operations.move_by_client(
                booking=booking,
                to=NewTime(starts_at, data["who"], therapist, data["total_cents"]),
                shown=shown,
                now=now,
            )
            # The move ended the link that this session may have come by: it goes on with the next email's.
            open_own(request, moved, now=now)
            messages.success(request, _("Your visit is moved. A new email is on its way."))
        else:
            _therapist_at(booking, data["who"], starts_at, therapist, now)
            to = NewTime(starts_at, data["who"])
            operations.ask_move(booking=booking, to=to, shown=shown, now=now, reason=data["reason"])
            messages.success(request, _("We have your request to move. We’ll answer as soon as we can."))
    except exceptions.ChangeWaiting:
        return asked_already(request, booking)
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered):
        return _move_page(request, booking, visitor, form)
    except exceptions.InvalidTransition:
        booking, visitor = get_visit(request, booking.reference, now=now)
        return not_any_more(request, booking, visitor)
    except exceptions.BookingError as error:
        # Price, fee or the visit itself are not as they were shown: the same page, as things are now.
        booking, visitor = get_visit(request, booking.reference, now=now)
        messages.warning(request, refusal_words(error))
        return _move_page(request, booking, visitor, form, status=409)
    return redirect("visits:visit", booking.reference)


def _therapist_at(
    booking: Booking, preference: str, starts_at: datetime, shown: str, now: datetime
) -> Therapist:
    """Who would come at a start: the therapist of the slug that was `shown`, else another who is asked for. Raises
    `SlotNotOffered`, also for a day on which a visit of a course can't be, or `NoLongerOffered`."""
    first, last = operations.days_beside(booking)
    if not first <= local(starts_at).date() <= last:
        raise exceptions.SlotNotOffered("course")
    visit_request = operations.visit_request_of(booking, now=now, preference=preference)
    rules = operations.rules_for_move(booking, now=now)

    def chosen(visit_request: VisitRequest) -> Therapist:
        slot = scheduling.choose_slot(
            visit_request=visit_request,
            therapists=visit_request.therapists,
            starts_at=starts_at,
            rules=rules,
            now=now,
        )
        return next(row for row in visit_request.therapists if row.pk == slot.therapist_id)

    try:
        return chosen(visit_request.with_therapist(shown))
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered):
        return chosen(visit_request)


def _move_page(
    request: HttpRequest, booking: Booking, visitor: Visitor, form: TimeForm, *, status: int = 200
) -> HttpResponse:
    """Old and new time, and who comes then; or the times that are free, when nobody who is asked for can."""
    rules, now = BookingRules.load(), visitor.now
    who = form.cleaned_data["who"]
    starts_at, shown = form.cleaned_data["starts_at"]
    try:
        therapist = _therapist_at(booking, who, starts_at, shown, now)
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
        messages.error(request, refusal_words(error))
        # A day that is none of its own isn't opened.
        first, last = operations.days_beside(booking)
        missed = starts_at if first <= local(starts_at).date() <= last else None
        return _times_page(request, booking, visitor, missed=missed, status=409)
    if therapist.slug != shown:
        before = Therapist.objects.filter(slug=shown).values_list("name", flat=True).first()
        messages.warning(
            request, another_words(before, therapist.name) if before else _("Please check who is coming.")
        )
        status = 409
    context = {
        **visit_context(booking, visitor),
        "form": form if isinstance(form, MoveForm) else MoveForm(),
        "starts_at": starts_at,
        "who": who,
        "therapist": therapist,
        "may_be_another": who.partition(":")[0] != "therapist",
        "total_cents": operations.quote_for_move(
            booking=booking, starts_at=starts_at, rules=rules
        ).total_cents,
        "fee_cents": operations.late_fee(booking, now=now),
        "notice_hours": booking.terms_version.cancel_notice_hours,
        "times_url": f"{reverse('visits:move', args=[booking.reference])}?"
        + urlencode({"who": who, "day": local(starts_at).date()}),
    }
    return render(request, "visits/move.html", context, status=status)


def _times_page(
    request: HttpRequest,
    booking: Booking,
    visitor: Visitor,
    *,
    missed: datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    """The calendar page, the visit's own time counted as free. `missed` opens the day of a time that has gone."""
    now, days = visitor.now, operations.days_beside(booking)
    rules = operations.rules_for_move(booking, now=now)
    try:
        visit_request = operations.visit_request_of(booking, now=now, preference=ANYONE)
    except exceptions.NoLongerOffered:
        visit_request = None
    asked = Asked(
        visit_request=visit_request,
        preference=booking.preference,
        rules=rules,
        now=now,
        # What was agreed, with today's evening fee only where the evening begins.
        cents=lambda starts_at: (
            operations.quote_for_move(booking=booking, starts_at=starts_at, rules=rules).total_cents
        ),
        plain_cents=booking.total_cents,
        came_last=booking.therapist.slug,
        hour=local(booking.starts_at).time(),
        days=days,
    )
    calendar = CalendarPage(
        request,
        asked,
        opens=local(missed).date() if missed is not None else None,
        around=local(booking.starts_at).date(),
        missed=missed,
    )
    context = {
        **visit_context(booking, visitor),
        "calendar": calendar,
        "is_between": booking.together is not None and days != (date.min, date.max),
        "fee_cents": operations.late_fee(booking, now=now),
        "notice_hours": booking.terms_version.cancel_notice_hours,
        # Without a question of its own: this page is asked for at every turn of the calendar.
        "booking_is_open": rules.is_open,
    }
    return render(request, "visits/times.html", context, status=status)
