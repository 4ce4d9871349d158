"""Moving a visit: asked of the engine before anything is changed, and of the person before the client is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import operations, scheduling
from bookings.domain.operations import Act, NewTime
from bookings.domain.visit_request import ANYONE, qualified_therapists
from bookings.exceptions import BookingError
from bookings.models import Booking, BookingRules
from bookings.notifications.calls import how_told
from bookings.refusals import explain, stranding_words
from bookings.staff.labels import clock, local_when
from bookings.staff.visibility import sees_visits
from massagerx.lib.localtime import local

from .forms import MoveForm
from .frame import StaffRequest, desk_page, get_visit, page, say, to_visit

# As many other times are offered beside a refusal.
_OTHERS = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine says of a move: to whom, at what total in cents, or why not; and of each who was tried and can't
    come, why not."""

    therapist: str = ""
    total_cents: int = 0
    refusal: str = ""
    cant: tuple[tuple[str, str], ...] = ()


@desk_page(sees_visits, "bookings.change_booking")
def move_page(request: StaffRequest, pk: int) -> HttpResponse:
    """GET asks (`?day=…&start=…&therapist=…`) and changes nothing; POST moves, and tells the client."""
    booking, now = get_visit(request.user, pk), timezone.now()
    is_press = request.method == "POST"
    sent = request.POST if is_press else request.GET
    form = MoveForm(
        sent if "day" in sent else None, therapists=_choices(booking, now), initial=_initial(booking)
    )
    answer = None
    if form.is_bound and form.is_valid():
        answer = _ask(booking, form.cleaned_data, now)
        if is_press and not answer.refusal:
            if _move(request, booking, form.cleaned_data, now):
                return to_visit(booking)
            answer = _ask(booking, form.cleaned_data, now)
    context = {
        "booking": booking,
        "title": _("Move %(reference)s") % {"reference": booking.reference},
        "when": local_when(booking.starts_at),
        "form": form,
        "answer": answer,
        "to": local_when(form.cleaned_data["starts_at"]) if answer else "",
        "free": _free(booking, form, now),
    }
    return page(request, "move", context, status=422 if is_press else 200)


def _initial(booking: Booking) -> dict[str, Any]:
    here = local(booking.starts_at)
    return {"day": here.date(), "start": here.time(), "therapist": _whom(booking)}


def _whom(booking: Booking) -> str:
    return f"therapist:{booking.therapist.slug}"


def _choices(booking: Booking, now: datetime) -> list[tuple[str, str]]:
    rows = qualified_therapists(booking.service, local(now).date())
    named = [(f"therapist:{row.slug}", row.name) for row in rows]
    return [*named, (ANYONE, str(_("Whoever fits best")))]


def _ask(booking: Booking, cleaned: dict[str, Any], now: datetime) -> Answer:
    rules, starts_at = BookingRules.load(), cleaned["starts_at"]
    try:
        operations.require_movable(booking, now)
        visit_request = operations.visit_request_of(booking, now=now, preference=cleaned["therapist"])
        slot, refused = scheduling.try_slot(
            visit_request=visit_request,
            therapists=visit_request.therapists,
            starts_at=starts_at,
            rules=rules.for_staff(),
            now=now,
        )
    except BookingError as error:
        return Answer(refusal=explain(error))
    names = {row.pk: row.name for row in visit_request.therapists}
    cant = tuple((names[key], stranding_words(reason)) for key, reason in refused.items())
    if slot is None:
        return Answer(refusal=_("nobody can come then."), cant=cant)
    quote = operations.quote_for_move(booking=booking, starts_at=starts_at, rules=rules)
    return Answer(names[slot.therapist_id], quote.total_cents, cant=cant)


def _move(request: StaffRequest, booking: Booking, cleaned: dict[str, Any], now: datetime) -> bool:
    """Whether it was moved. If not, something has come between, and the page has to ask again."""
    # Without the total that the page showed nobody has been asked.
    shown = request.POST.get("total_cents", "")
    total_cents = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 9 else -1
    try:
        moved = operations.move_booking(
            booking=booking,
            to=NewTime(cleaned["starts_at"], cleaned["therapist"], total_cents=total_cents),
            act=Act(now, request.user, reason=cleaned["reason"]),
        )
    except BookingError as error:
        say(request, False, f"{booking.reference}: {explain(error)}")
        return False
    sentence = _("%(reference)s: moved to %(when)s.")
    words = sentence % {"reference": moved.reference, "when": local_when(moved.starts_at)}
    say(request, True, f"{words} {how_told(moved.client)}")
    return True


def _free(booking: Booking, form: MoveForm, now: datetime) -> list[dict[str, str]]:
    """Other starts of the day that is asked about, as the site would offer them."""
    cleaned = getattr(form, "cleaned_data", {}) if form.is_bound else {}
    day = cleaned.get("day") or local(booking.starts_at).date()
    preference = cleaned.get("therapist") or _whom(booking)
    try:
        visit_request = operations.visit_request_of(booking, now=now, preference=preference)
    except BookingError:
        return []
    offer = scheduling.find_times_between(
        visit_request=visit_request,
        first_day=day,
        last_day=day,
        rules=BookingRules.load(),
        now=now,
    )
    starts = [start.starts_at for start in offer.by_day.get(day, ())]
    wanted = cleaned.get("starts_at") or booking.starts_at
    near = sorted(starts, key=lambda start: abs(start - wanted))[:_OTHERS]
    return [
        {"value": f"{local(start):%H:%M}", "words": clock(start), "day": str(day), "whom": preference}
        for start in sorted(near)
    ]
