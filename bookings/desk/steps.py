"""A therapist's presses on the way and at the door. A phone without a connection sends them later, each with its age
and key (static/js/presses.js); without that script they are plain forms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import operations
from bookings.domain.clients import add_note
from bookings.domain.operations import LATE_BY, UNDO_FOR, Press
from bookings.domain.operations.transaction import lock_visit, translated_errors
from bookings.enums import NoteReader, PaidBy, StepKind
from bookings.exceptions import BookingError, ClientGone, SlotTaken, TooLate
from bookings.models import Booking, OwnConsent, VisitStep
from bookings.models.steps import told_last
from bookings.refusals import explain
from bookings.staff.labels import clock_span, local_when
from bookings.staff.visibility import FINISH_OWN, is_own, sees_own_visits, sees_visits
from massagerx.lib.fields import LinesField

from .frame import StaffRequest, desk_page, get_visit, say, to_visit

# A press older than that was kept on a phone for more than a day.
_OLDEST_SECONDS = 86_400


class StepForm(forms.Form):
    """What the press of a button sends: the page's key, and how many seconds ago it was, 0 where it is sent at once."""

    key = forms.UUIDField()
    age = forms.IntegerField(min_value=0, max_value=_OLDEST_SECONDS, required=False)
    shown = forms.UUIDField(required=False)
    beside = forms.CharField(max_length=400, required=False)
    minutes = forms.TypedChoiceField(
        choices=[(minutes, str(minutes)) for minutes in LATE_BY], coerce=int, empty_value=None, required=False
    )
    paid_by = forms.ChoiceField(choices=PaidBy.choices, required=False)
    words = LinesField(max_length=2000, required=False)

    def clean_beside(self) -> list[UUID]:
        """The keys of the page's other buttons."""
        try:
            return [UUID(key) for key in self.cleaned_data["beside"].split()]
        except ValueError:
            raise forms.ValidationError("not keys", code="keys") from None

    def press(self, kind: StepKind, now: datetime) -> Press:
        """What was pressed, once the form is valid."""
        sent = self.cleaned_data
        return Press(
            kind=kind,
            key=sent["key"],
            at=now - timedelta(seconds=sent["age"] or 0),
            minutes=sent["minutes"] if kind == StepKind.LATE else None,
            paid_by=(sent["paid_by"] or PaidBy.NOT_YET) if kind == StepKind.DONE else "",
            shown=sent["shown"],
            beside=sent["beside"],
        )


@desk_page(sees_visits, pressed_on="booking")
def press(request: StaffRequest, pk: int, kind: str) -> HttpResponse:
    """Leaving, running late, arrived or done."""
    booking, now = _visit(request, pk), timezone.now()
    if kind not in StepKind.values:
        raise Http404
    step_kind, form = StepKind(kind), StepForm(request.POST)
    if not form.is_valid() or (step_kind == StepKind.LATE and form.cleaned_data["minutes"] is None):
        return answer_press(request, booking, False, _("That didn’t arrive whole. Please press once more."))
    try:
        # Both or neither: a press that is sent again writes no words for a step that stands already.
        with translated_errors(), transaction.atomic():
            lock_visit(booking)
            is_new = not VisitStep.objects.filter(key=form.cleaned_data["key"]).exists()
            step = operations.press_step(
                booking=booking, press=form.press(step_kind, now), actor=request.user, now=now
            )
            if is_new and form.cleaned_data["words"]:
                _keep_words(booking, form.cleaned_data["words"], request.user, now)
    except SlotTaken:
        return busy(request, booking)
    except BookingError as error:
        return answer_press(request, booking, False, f"{booking.reference}: {explain(error)}")
    return answer_press(request, booking, True, _said(booking, step))


@desk_page(sees_visits, pressed_on="booking")
def undo(request: StaffRequest, pk: int, key: UUID) -> HttpResponse:
    """Takes a press back in its first seconds."""
    booking = _visit(request, pk)
    try:
        operations.undo_step(booking=booking, key=key, now=timezone.now())
    except TooLate:
        words = _("It was too late to take that back. Please call the desk.")
        return answer_press(request, booking, False, words)
    except SlotTaken:
        return busy(request, booking)
    except BookingError as error:
        return answer_press(request, booking, False, f"{booking.reference}: {explain(error)}")
    return answer_press(request, booking, True, _("Taken back. The client hears nothing of it."))


def _visit(request: StaffRequest, pk: int) -> Booking:
    """The visit, for who may say how visits that they see end."""
    if not (request.user.has_perm(FINISH_OWN) or request.user.has_perm("bookings.change_booking")):
        raise PermissionDenied
    found: Booking = get_visit(request.user, pk)
    return found


def _keep_words(booking: Booking, text: str, actor: User, now: datetime) -> None:
    """How it went is a note for the desk; of a client who was erased meanwhile nothing is kept."""
    try:
        add_note(client=booking.client, text=text, actor=actor, now=now, reader=NoteReader.DESK)
    except ClientGone:
        pass


def _said(booking: Booking, step: VisitStep) -> str:
    if step.kind == StepKind.DONE:
        return _("%(reference)s: completed.") % {"reference": booking.reference}
    if OwnConsent.is_taken_back(client=booking.client, name=booking.recipient_name):
        words = _(
            "%(reference)s: on record. Since then %(name)s told us that they don’t agree. Call the desk."
        )
        return words % {"reference": booking.reference, "name": booking.visit_for}
    if step.kind == StepKind.ARRIVED:
        return _("%(reference)s: you are there.") % {"reference": booking.reference}
    said = {"name": booking.visit_for, "span": _window(step)}
    if step.expected_from is None:
        return _("%(name)s hears that you are on the way.") % said
    return _("%(name)s hears: about %(span)s.") % said


def busy(request: StaffRequest, booking: Booking) -> HttpResponse:
    """Others hold the visit's rows: the same press is possible in a moment, and a phone keeps it until then."""
    words = _("Somebody is changing this visit at this moment. Please press once more.")
    return answer_press(request, booking, False, f"{booking.reference}: {words}", refused=503)


def answer_press(
    request: StaffRequest, booking: Booking, done: bool, sentence: str, *, refused: int = 409
) -> HttpResponse:
    """Back to the day, or to who is at the desk; a script that sends what was kept reads what became of it."""
    if request.headers.get("X-Press"):
        if done:
            say(request, True, sentence)  # on the day's page, which the script loads anew
        return JsonResponse({"done": done, "said": sentence}, status=200 if done else refused)
    say(request, done, sentence)
    if "desk" in request.POST:
        return redirect("admin:index")
    if is_own(request.user, booking) and not sees_own_visits(request.user):
        return redirect("admin:bookings_booking_own", booking.pk)
    return to_visit(booking)


# On the pages --------------------------------------------------------------------------------------------------------


def walk_of(booking: Booking, steps: list[VisitStep], now: datetime) -> dict[str, Any]:
    """How far a visit is, from what was pressed for it, and what can be pressed now."""
    by_kind = {step.kind: step for step in steps}
    told = [step for step in steps if step.expected_from is not None]
    last_told = told_last(steps)
    keys = {kind.value: uuid4() for kind in StepKind}
    late_by = [(minutes, uuid4()) for minutes in LATE_BY]
    last = steps[-1] if steps else None
    undoable = last is not None and last.kind != StepKind.DONE and now < last.received_at + UNDO_FOR
    return {
        "has_left": StepKind.LEAVING in by_kind,
        "is_there": StepKind.ARRIVED in by_kind,
        "told": _window(told[-1]) if told else "",
        "keys": keys,
        "late_by": late_by,
        "shown": last_told.key if last_told is not None else "",
        "beside": " ".join(str(key) for key in (keys[StepKind.LEAVING], *(key for _minutes, key in late_by))),
        "paid_by": PaidBy.choices,
        "undo": {
            "url": reverse("admin:bookings_booking_undo_step", args=[booking.pk, last.key]),
            "what": last.get_kind_display(),
            "seconds": max(1, int((last.received_at + UNDO_FOR - now).total_seconds())),
        }
        if undoable and last is not None
        else None,
    }


def step_words(booking: Booking) -> list[dict[str, Any]]:
    """Everything that was pressed for a visit, for its history; one query."""
    return [
        {
            "what": step.get_kind_display(),
            "when": local_when(step.at),
            "who": step.by.get_username(),
            "minutes": step.minutes,
            "told": _window(step),
            "paid": step.get_paid_by_display(),
            "is_undone": step.undone_at is not None,
        }
        for step in booking.steps.select_related("by").order_by("at", "pk")
    ]


def _window(step: VisitStep) -> str:
    if step.expected_from is None or step.expected_until is None:
        return ""
    return clock_span(step.expected_from, step.expected_until)
