"""Moving a visit: asked of the engine before anything is changed, and of the person before the client is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import operations, scheduling
from bookings.domain.operations import Act, Move, NewTime
from bookings.domain.scheduling import Slot
from bookings.domain.visit_request import ANYONE, VisitRequest, qualified_therapists
from bookings.enums import DoorRule
from bookings.exceptions import BookingError, PriceChanged
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
# A caller whom that day doesn't suit hears of the week after it.
_DAYS_AFTER = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine says of a move: to whom, at what total in cents, or why not; and of each who was tried and can't
    come, why not. Where somebody takes a visit over, `knows` is what they have to know of its door."""

    therapist: str = ""
    knows: DoorRule | None = None
    total_cents: int = 0
    refusal: str = ""
    cant: tuple[tuple[str, str], ...] = ()


@desk_page(sees_visits, "bookings.change_booking")
def move_page(request: StaffRequest, pk: int) -> HttpResponse:
    """GET asks (`?day=…&start=…&therapist=…`, or of an offered start `?pick=…`) and changes nothing; POST moves, and
    tells the client."""
    booking, now = get_visit(request.user, pk), timezone.now()
    is_press = request.method == "POST"
    sent = request.POST if is_press else _picked(request.GET)
    beside = Booking.objects.side_by_side(booking).select_related("client").first()
    form = MoveForm(
        sent if "day" in sent else None,
        therapists=_choices(booking, now),
        beside=beside,
        initial=_initial(booking),
    )
    answer, visits = None, [booking]
    if form.is_bound and form.is_valid():
        visits = [booking, beside] if beside is not None and form.cleaned_data["both"] else [booking]
        answer = _ask(visits, form.cleaned_data, now)
        if is_press and not answer.refusal:
            if _move(request, visits, form.cleaned_data, now):
                return to_visit(booking)
            answer = _ask(visits, form.cleaned_data, now)
    context = {
        "booking": booking,
        "title": _("Move the visit of %(name)s") % {"name": booking.visit_for},
        "when": local_when(booking.starts_at),
        "form": form,
        "answer": answer,
        "before_cents": sum(visit.total_cents for visit in visits),
        "to": local_when(form.cleaned_data["starts_at"]) if answer else "",
        **_free(booking, form, now),
    }
    return page(request, "move", context, status=422 if is_press else 200)


def _picked(sent: QueryDict) -> QueryDict:
    """As it was sent, with the offered start that was pressed in place of the one that is typed."""
    picked = sent.get("pick", "").split("|")
    if len(picked) == 3:
        sent = sent.copy()
        sent["day"], sent["start"], sent["therapist"] = picked
    return sent


def _initial(booking: Booking) -> dict[str, Any]:
    here = local(booking.starts_at)
    return {"day": here.date(), "start": here.time(), "therapist": _whom(booking)}


def _whom(booking: Booking) -> str:
    return f"therapist:{booking.therapist.slug}"


def _choices(booking: Booking, now: datetime) -> list[tuple[str, str]]:
    rows = qualified_therapists(booking.service, local(now).date())
    named = [(f"therapist:{row.slug}", row.name) for row in rows]
    return [*named, (ANYONE, str(_("Whoever fits best")))]


def _ask(visits: Sequence[Booking], cleaned: dict[str, Any], now: datetime) -> Answer:
    """Of one visit, or of two side by side: to the second comes whom it asks for, beside the first."""
    rules, starts_at = BookingRules.load(), cleaned["starts_at"]
    taken: list[tuple[VisitRequest, Slot]] = []
    names: dict[int, str] = {}
    cant: tuple[tuple[str, str], ...] = ()
    try:
        requests = operations.requests_to_move(visits, now=now, preferences=_preferences(visits, cleaned))
        for visit, asked in zip(visits, requests, strict=True):
            operations.require_movable(visit, now)
            slot, refused = scheduling.try_slot(
                visit_request=asked,
                therapists=asked.therapists,
                starts_at=starts_at,
                rules=rules.for_staff(),
                now=now,
                beside=taken,
            )
            names |= {row.pk: row.name for row in asked.therapists}
            cant = tuple((names[key], stranding_words(reason)) for key, reason in refused.items())
            if slot is None:
                return Answer(refusal=_("nobody can come then."), cant=cant)
            taken.append((asked, slot))
    except BookingError as error:
        return Answer(refusal=explain(error))
    who = [names[slot.therapist_id] for _request, slot in taken]
    words = _("%(name)s and %(other)s") % {"name": who[0], "other": who[1]} if len(who) > 1 else who[0]
    takes_over = any(
        slot.therapist_id != visit.therapist_id for visit, (_, slot) in zip(visits, taken, strict=True)
    )
    knows = DoorRule.at_doors(visits if takes_over else [])
    return Answer(words, knows, sum(_totals(visits, starts_at, rules)), cant=cant)


def _preferences(visits: Sequence[Booking], cleaned: dict[str, Any]) -> list[str]:
    """Whom the moves may lead to: as staff say of the first visit, as was asked of the one beside it."""
    return [cleaned["therapist"], *(visit.preference for visit in visits[1:])]


def _totals(visits: Sequence[Booking], starts_at: datetime, rules: BookingRules) -> list[int]:
    return [
        operations.quote_for_move(booking=visit, starts_at=starts_at, rules=rules).total_cents
        for visit in visits
    ]


def _move(request: StaffRequest, visits: Sequence[Booking], cleaned: dict[str, Any], now: datetime) -> bool:
    """Whether it was moved, or both. If not, something has come between, and the page has to ask again."""
    booking, starts_at = visits[0], cleaned["starts_at"]
    # Without the total that the page showed nobody has been asked.
    shown = request.POST.get("total_cents", "")
    total_cents = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 9 else -1
    act = Act(now, request.user, reason=cleaned["reason"], door=request.POST.get("door", ""))
    try:
        if len(visits) == 1:
            to = NewTime(starts_at, cleaned["therapist"], total_cents=total_cents)
            operations.move_booking(booking=booking, to=to, act=act)
        else:
            rules = BookingRules.load().for_staff()
            totals = _totals(visits, starts_at, rules)
            if total_cents != sum(totals):
                raise PriceChanged(total_cents, sum(totals))
            moves = [
                Move(visit, visit.revision, starts_at, "", cents, preference)
                for visit, cents, preference in zip(
                    visits, totals, _preferences(visits, cleaned), strict=True
                )
            ]
            operations.move_together(moves=moves, rules=rules, act=act)
    except BookingError as error:
        say(request, False, f"{booking.reference}: {explain(error)}")
        return False
    sentence = _("%(reference)s: moved to %(when)s.")
    words = sentence % {
        "reference": _("%(name)s and %(other)s") % {"name": booking.reference, "other": visits[1].reference}
        if len(visits) > 1
        else booking.reference,
        "when": local_when(starts_at),
    }
    say(request, True, f"{words} {how_told(booking.client)}")
    return True


def _free(booking: Booking, form: MoveForm, now: datetime) -> dict[str, list[dict[str, str]]]:
    """Other starts, as the site would offer them: `free` of the day that is asked about, and `later`, of each of the
    days after it the one nearest to that time of day."""
    cleaned = getattr(form, "cleaned_data", {}) if form.is_bound else {}
    day = cleaned.get("day") or local(booking.starts_at).date()
    preference = cleaned.get("therapist") or _whom(booking)
    try:
        visit_request = operations.visit_request_of(booking, now=now, preference=preference)
    except BookingError:
        return {"free": [], "later": []}
    offer = scheduling.find_times_between(
        visit_request=visit_request,
        first_day=day,
        last_day=day + timedelta(days=_DAYS_AFTER),
        rules=BookingRules.load(),
        now=now,
    )
    wanted = cleaned.get("starts_at") or booking.starts_at
    # Where it stands with the same therapist is no other time.
    stays = booking.starts_at, booking.therapist_id
    starts = {
        each: [
            start.starts_at for start in offer.by_day[each] if (start.starts_at, start.therapist_id) != stays
        ]
        for each in sorted(offer.by_day)
    }
    near = sorted(starts.pop(day, []), key=lambda start: abs(start - wanted))[:_OTHERS]
    later = [
        min(of_day, key=lambda start: abs(_minute(start) - _minute(wanted)))
        for of_day in starts.values()
        if of_day
    ]
    return {
        "free": [_offered(start, clock(start), preference) for start in sorted(near)],
        "later": [_offered(start, local_when(start), preference) for start in later],
    }


def _minute(instant: datetime) -> int:
    """Of the day in Los Angeles."""
    here = local(instant)
    return 60 * here.hour + here.minute


def _offered(start: datetime, words: str, preference: str) -> dict[str, str]:
    here = local(start)
    day, clock_time = str(here.date()), f"{here:%H:%M}"
    return {"value": clock_time, "words": words, "day": day, "pick": f"{day}|{clock_time}|{preference}"}
