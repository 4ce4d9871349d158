"""Safe at the door: a therapist's PIN and the page on which they choose it, and the page of whoever is alerted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from bookings.domain import check_ins
from bookings.enums import MessageKind
from bookings.exceptions import SlotTaken
from bookings.models import Booking, CheckIn, Therapist
from bookings.staff.labels import clock, local_when
from bookings.staff.messages import message_mark
from bookings.staff.visibility import is_own, makes_visits, sees_every_visit, sees_own_visits

from .frame import CHANGE, StaffRequest, desk_page, get_visit, page, say
from .steps import answer_press, busy

# Digits of a PIN, and in how many places the two differ: one slip of a finger never calls for help.
_SHORTEST, _LONGEST = 4, 8
_DIFFER_IN = 2


def _pin_field(label: Any) -> forms.RegexField:
    attributes = {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": _LONGEST}
    return forms.RegexField(
        rf"^[0-9]{{{_SHORTEST},{_LONGEST}}}\Z",
        label=label,
        widget=forms.PasswordInput(attrs=attributes),
        error_messages={"invalid": gettext_lazy("Four to eight digits, please.")},
    )


class PinForm(forms.Form):
    """What is typed at a door."""

    pin = _pin_field(gettext_lazy("Your PIN"))


class PinsForm(forms.Form):
    """The two PINs, each chosen by its owner."""

    fine = _pin_field(gettext_lazy("“I’m fine”"))
    help = _pin_field(gettext_lazy("“I need help”, which looks just the same on your phone"))

    def clean(self) -> dict[str, Any]:
        """Alike enough that nobody beside them can tell, and apart enough for a slip of the finger."""
        sent = super().clean() or {}
        fine, needs_help = sent.get("fine"), sent.get("help")
        if fine and needs_help:
            if len(fine) != len(needs_help):
                self.add_error("help", _("Both PINs need as many digits."))
            elif sum(one != other for one, other in zip(fine, needs_help, strict=True)) < _DIFFER_IN:
                self.add_error("help", _("The two must differ in two places at least."))
        return sent


# The therapist ---------------------------------------------------------------------------------------------------


@sensitive_post_parameters("pin")
@desk_page(makes_visits, pressed_on="booking")
def enter_pin(request: StaffRequest, pk: int) -> HttpResponse:
    """Takes a PIN, with one answer to both."""
    booking: Booking = get_visit(request.user, pk)
    if not is_own(request.user, booking):
        raise Http404
    form = PinForm(request.POST)
    try:
        done = form.is_valid() and check_ins.answer(
            booking=booking, pin=form.cleaned_data["pin"], now=timezone.now()
        )
    except SlotTaken:
        return busy(request, booking)
    if not done:
        return answer_press(request, booking, False, _("That PIN isn’t right. Please try once more."))
    return answer_press(request, booking, True, _("Thank you. Your check-in has ended."))


@sensitive_post_parameters("fine", "help")
@desk_page(makes_visits)
def pins_page(request: StaffRequest) -> HttpResponse:
    """Where a therapist chooses both PINs. Those that there are can't be read, only replaced."""
    therapist = Therapist.objects.filter(user=request.user).first()
    form = PinsForm(request.POST or None)
    if request.method == "POST" and therapist is not None and form.is_valid():
        sent = form.cleaned_data
        kept = check_ins.set_pins(
            therapist=therapist, fine=sent["fine"], needs_help=sent["help"], now=timezone.now()
        )
        words = (
            _("Your PINs are kept. From your next visit on they are asked for.")
            if kept
            else _("PINs can’t be changed at a door. Say how your visit went first.")
        )
        say(request, kept, words)
        return redirect("admin:my_own" if sees_own_visits(request.user) else "admin:index")
    context = {
        "title": _("PINs for the door"),
        "form": form,
        "is_unknown": therapist is None,
        "is_alone": therapist is not None and not check_ins.people_for(therapist.pk),
        "is_at_desk": not sees_own_visits(request.user),
    }
    return page(request, "my/pins", context, status=422 if form.errors else 200)


def check_in_at(therapist: Therapist, now: datetime) -> dict[str, Any] | None:
    """The check-in that runs, as the therapist's page shows it; one query. Says nothing that tells which PIN it was."""
    row = check_ins.of_therapist(therapist, now=now)
    if row is None:
        return None
    return {
        "booking": row.booking,
        "since": clock(row.opened_at),
        "answered": clock(row.answered_at) if row.answered_at is not None else "",
        "is_watched": row.ended_at is None,
        "is_asked": row.asked_at is not None and row.answered_at is None,
        "has_pins": row.has_pins,  # type: ignore[attr-defined]
    }


# Whoever is alerted ----------------------------------------------------------------------------------------------


@desk_page(sees_every_visit, CHANGE)
def check_in_page(request: StaffRequest, pk: int) -> HttpResponse:
    """What is known of a check-in, and *I’m taking care of it*; nothing for who is at that door."""
    booking = get_visit(request.user, pk)
    if is_own(request.user, booking):
        raise Http404
    row = CheckIn.objects.filter(booking=booking).select_related("taken_by", "ended_by").first()
    if row is None:
        raise Http404
    row.booking = booking
    if request.method == "POST":
        return _look_after(request, row)
    alerts = booking.messages.filter(kind=MessageKind.CHECK_IN_ALERT).select_related("to")
    context = {
        "title": _("%(name)s at a door") % {"name": booking.therapist.name},
        "booking": booking,
        "check_in": row,
        "lines": list(_lines(row)),
        "alerts": [
            {
                "to": message.to,
                "when": local_when(message.created_at),
                "state": message_mark(message),
            }
            for message in alerts.order_by("pk")
        ],
    }
    return page(request, "check_in", context)


def _look_after(request: StaffRequest, row: CheckIn) -> HttpResponse:
    now = timezone.now()
    try:
        if "over" in request.POST:
            done = check_ins.end_alarm(check_in=row, actor=request.user, now=now)
            words = _("Thank you. This check-in has ended.")
        else:
            done = check_ins.take(check_in=row, actor=request.user, now=now)
            words = _("You’re taking care of it. Nobody else is alerted.")
        refused = _("This has changed meanwhile: please read it again.")
    except SlotTaken:
        done, refused = False, _("Somebody is changing this at this moment. Please press once more.")
    say(request, done, words if done else refused)
    return redirect("admin:bookings_booking_check_in", row.booking_id)


def _lines(row: CheckIn) -> Any:
    for at, words in (
        (row.opened_at, _("Arrived")),
        (row.asked_at, _("Asked whether all is well")),
        (row.help_at, _("Called for help by the PIN")),
        (row.alarm_at, _("Alerts began")),
        (row.taken_at, _("%(name)s looks after it") % {"name": row.taken_by}),
        (row.ended_at, _("Ended by %(name)s") % {"name": row.ended_by} if row.ended_by else _("Ended")),
    ):
        if at is not None:
            yield {"when": local_when(at), "what": words}


def doors_overdue(user: User) -> list[dict[str, Any]]:
    """The doors that somebody else than who is there should look at, for the front page; one query."""
    return [
        {
            "url": reverse("admin:bookings_booking_check_in", args=[row.booking_id]),
            "name": row.booking.therapist.name,
            "reference": row.booking.reference,
            "since": clock(row.opened_at),
            "called_for_help": row.help_at is not None,
            "is_alarm": row.is_alarm,
            "taken_by": row.taken_by if row.alarm_at is not None and not row.is_alarm else None,
        }
        for row in check_ins.overdue()
        if not is_own(user, row.booking)
    ]
