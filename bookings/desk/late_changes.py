"""What clients leave to staff inside the notice window: late moves to answer, late fees to decide; and canceling with
the fee by phone."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from bookings.domain import operations
from bookings.enums import LateFeeState
from bookings.exceptions import BookingError
from bookings.models import ChangeRequest, LateFee
from bookings.refusals import explain
from bookings.staff.labels import local_when
from bookings.staff.late_changes import (
    ANSWERS,
    answer_change,
    answered_words,
    change_mark,
    change_words,
    waiting_words,
)
from bookings.staff.visibility import only_seen_by, sees_rows, sees_visits
from services.templatetags.money import dollars

from .forms import AnswerChangeForm, LateCancelForm, WaiveForm
from .frame import StaffRequest, desk_page, get_visit, page, read_key, say, say_faults, to_visit

CHANGE_REQUEST = "bookings.change_changerequest"
DECISIONS = {
    "charge": (LateFeeState.CHARGED, gettext_lazy("%(reference)s: the late fee of %(fee)s is charged.")),
    "paid": (LateFeeState.PAID, gettext_lazy("%(reference)s: the late fee of %(fee)s is paid.")),
    "waive": (LateFeeState.WAIVED, gettext_lazy("%(reference)s: the late fee of %(fee)s is waived.")),
}


def _sees_changes(user: Any) -> bool:
    return sees_rows(user, "changerequest")


@desk_page(_sees_changes)
@require_safe
def late_change_page(request: StaffRequest, key: str) -> HttpResponse:
    """What was asked for; while it waits, with the buttons that answer it."""
    change = _get(request, read_key(key))
    context = {
        "title": _("Late move"),
        "change": change,
        "booking": change.booking,
        "what": change_words(change, both=len(operations.asked_together(change)) > 1),
        "when": local_when(change.booking.starts_at),
        "asked": local_when(change.asked_at),
        "state": change_mark(change),
        "answered": answered_words(change),
        "late_change": waiting_words(change, timezone.now()),
        "may_answer": request.user.has_perm(CHANGE_REQUEST),
    }
    return page(request, "late_change", context)


@desk_page(CHANGE_REQUEST, pressed_on="changerequest")
def answer_late_change(request: StaffRequest, pk: int, answer: str) -> HttpResponse:
    """One answer, from the visit's page."""
    change = _get(request, pk)
    if answer not in ANSWERS:
        raise Http404
    form = AnswerChangeForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        say(request, *answer_change(change, answer, actor=request.user, now=timezone.now(), **told))
    else:
        say(request, False, _("Use one line only for the reason."))
    return to_visit(change.booking)


@desk_page(sees_visits, "bookings.change_booking", pressed_on="booking")
def cancel_with_fee(request: StaffRequest, pk: int) -> HttpResponse:
    """For a client who phones: cancels, and writes the fee that the page showed on the visit; another fee by now
    changes nothing."""
    booking = get_visit(request.user, pk)
    form = LateCancelForm(request.POST)
    if not form.is_valid():
        return say_faults(request, booking, form)
    fee_cents, reason = form.cleaned_data["fee_cents"], form.cleaned_data["reason"]
    facts = {"reference": booking.reference, "fee": dollars(fee_cents)}
    try:
        operations.cancel_late(
            booking=booking, actor=request.user, shown_fee_cents=fee_cents, reason=reason, now=timezone.now()
        )
    except BookingError as error:
        say(request, False, f"{booking.reference}: {explain(error)}")
    else:
        say(request, True, _("%(reference)s: canceled, with a late fee of %(fee)s to ask for.") % facts)
    return to_visit(booking)


@desk_page(sees_visits, "bookings.change_booking", pressed_on="booking")
def decide_fee(request: StaffRequest, pk: int, answer: str) -> HttpResponse:
    """Charges, waives or puts down as paid the late fee of a visit that its client canceled or missed."""
    booking = get_visit(request.user, pk)
    fee = LateFee.objects.select_related("booking").filter(booking=booking).first()
    if answer not in DECISIONS or fee is None:
        raise Http404
    # As the page showed it; somebody may have been quicker.
    fee.state = request.POST.get("shown", LateFeeState.OPEN)
    state, done = DECISIONS[answer]
    form = WaiveForm(request.POST) if state == LateFeeState.WAIVED else None
    if form is not None and not form.is_valid():
        return say_faults(request, booking, form)
    reason = form.cleaned_data["reason"] if form is not None else ""
    try:
        operations.decide_late_fee(
            fee=fee, actor=request.user, now=timezone.now(), state=state, reason=reason
        )
    except BookingError as error:
        say(request, False, f"{booking.reference}: {explain(error)}")
    else:
        say(request, True, done % {"reference": booking.reference, "fee": dollars(fee.cents)})
    return to_visit(booking)


def _get(request: StaffRequest, pk: int | None) -> ChangeRequest:
    """The change, if it belongs to a visit that this member of staff may see. Raises Http404."""
    rows = only_seen_by(request.user, ChangeRequest.objects.all(), "booking__therapist")
    found = rows.select_related("booking__client", "answered_by").filter(pk=pk).first() if pk else None
    if found is None:
        raise Http404
    return found
