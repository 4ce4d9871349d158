"""Moving: the calendar page, the visit's own time counted as free; then one page, and one press. Late moves are asked
of staff, with the fee shown before the press."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import operations
from bookings.domain.visit_request import ANYONE
from bookings.forms import MoveForm, TimeForm
from bookings.models import Booking, BookingRules, Therapist
from bookings.refusals import another_words, refusal_words
from bookings.views.calendar import Asked, CalendarPage
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local

from .move_both import move_both
from .pages import asked_already, change_context, nobody_moves, not_agreed, not_any_more, refused
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
    if response := not_agreed(request, booking, visitor):
        return response
    if "starts_at" not in request.GET:
        return _times_page(request, booking, visitor)
    form = TimeForm(request.GET)
    if not form.is_valid():
        words = _("That time is no longer open. Here are the times that are.")
        return _times_page(request, booking, visitor, again=(words, 409))
    if form.cleaned_data["starts_at"][0] == booking.starts_at:
        messages.info(request, _("That is the time you have. Choose another, or keep it."))
        return _times_page(request, booking, visitor)
    return _move_page(request, booking, visitor, form)


def _move(request: HttpRequest, booking: Booking, visitor: Visitor) -> HttpResponse:
    now, form = visitor.now, MoveForm(request.POST)
    if form.is_valid() and form.has_moved(booking):
        return redirect("visits:visit", booking.reference)
    if not operations.may_change(booking, now=now):
        return not_any_more(request, booking, visitor)
    if response := not_agreed(request, booking, visitor):
        return response
    if not form.is_valid():
        words = _("Please choose one of the times shown.")
        return _times_page(request, booking, visitor, again=(words, 422))
    to, shown, reason = form.new_time(), form.shown(), form.cleaned_data["reason"]
    try:
        done = operations.move_or_ask(booking=booking, to=to, shown=shown, now=now, reason=reason)
    except exceptions.ChangeWaiting:
        return asked_already(request, booking)
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered):
        return _move_page(request, booking, visitor, form)
    except exceptions.BookingError as error:
        return refused(request, booking, error, partial(_move_page, form=form, status=409))
    if isinstance(done, Booking):
        # The move ended the link that this session may have come by: it goes on with the next email's.
        open_own(request, done, now=now)
        messages.success(request, _("Your visit is moved. A new email is on its way."))
    else:
        messages.success(request, _("We have your request to move. We’ll answer as soon as we can."))
    return redirect("visits:visit", booking.reference)


def _move_page(
    request: HttpRequest, booking: Booking, visitor: Visitor, form: TimeForm, *, status: int = 200
) -> HttpResponse:
    """Old and new time, and who comes then; or the times that are free, when nobody who is asked for can."""
    now = visitor.now
    to = form.new_time()
    try:
        therapist = operations.therapist_for_move(booking, to, now=now)
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
        again = refusal_words(error), 409
        return _times_page(request, booking, visitor, again=again, missed=to.starts_at)
    if therapist.slug != to.therapist:
        before = Therapist.objects.filter(slug=to.therapist).values_list("name", flat=True).first()
        messages.warning(
            request, another_words(before, therapist.name) if before else _("Please check who is coming.")
        )
        status = 409
    context = {
        **change_context(booking, visitor),
        "form": form if isinstance(form, MoveForm) else MoveForm(),
        "starts_at": to.starts_at,
        "who": to.preference,
        "therapist": therapist,
        "may_be_another": form.cleaned_data["who"].partition(":")[0] != "therapist",
        "total_cents": _cents_at(booking, to.starts_at, BookingRules.load()),
        "times_url": f"{reverse('visits:move', args=[booking.reference])}?"
        + urlencode({"who": to.preference, "day": local(to.starts_at).date()}),
    }
    return render(request, "visits/move.html", context, status=status)


def _cents_at(booking: Booking, starts_at: datetime, rules: BookingRules) -> int:
    """What was agreed, with today's evening fee only where the evening begins."""
    return operations.quote_for_move(booking=booking, starts_at=starts_at, rules=rules).total_cents


def _times_page(
    request: HttpRequest,
    booking: Booking,
    visitor: Visitor,
    *,
    again: tuple[str, int] = ("", 200),
    missed: datetime | None = None,
) -> HttpResponse:
    """The calendar page, the visit's own time counted as free. `again` is why it is shown again, with which status, and
    `missed` a time that has gone."""
    why, status = again
    now, days = visitor.now, operations.days_beside(booking)
    rules = operations.rules_for_move(booking, now=now)
    try:
        visit_request = operations.visit_request_of(booking, now=now, preference=ANYONE)
        visit_request = operations.offered_to_client(visit_request, booking)
    except exceptions.NoLongerOffered:
        return nobody_moves(request, booking, visitor)
    if why:
        messages.warning(request, why)
    asked = Asked(
        visit_request=visit_request,
        preference=booking.preference,
        rules=rules,
        now=now,
        cents=partial(_cents_at, booking, rules=rules),
        plain_cents=booking.total_cents,
        came_last=booking.therapist.slug,
        near=booking.starts_at,
        days=days,
    )
    context = {
        **change_context(booking, visitor),
        "calendar": CalendarPage(request, asked, missed=missed),
        "is_between": booking.together is not None and days != (date.min, date.max),
        # Without a question of its own: this page is asked for at every turn of the calendar.
        "booking_is_open": rules.is_open,
    }
    return render(request, "visits/times.html", context, status=status)
