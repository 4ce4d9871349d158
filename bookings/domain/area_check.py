"""Whether we come to a ZIP code, and when next: the answer before anybody has chosen anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookings.exceptions import NoLongerOffered, OutsideArea
from bookings.models import BookingRules, ServiceArea, Therapist
from massagerx.lib.localtime import local
from services.models import Service, ServiceOption

from . import answers, pricing, queries, scheduling
from .reach import Reach
from .visit_request import ANYONE, Treatment, load_visit_request

# Where a free time nearly always is; the rest of the horizon is looked at only when there is none.
_FIRST_LOOK_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaAnswer:
    """A yes. `treatment` is what `starts_at`, the next free time (an aware instant), `therapist`, who comes then, and
    `quote` are about: one person, the shortest length. None where nothing is offered, or no time is free."""

    area: ServiceArea
    treatment: Treatment | None
    starts_at: datetime | None
    therapist: Therapist | None
    quote: pricing.Quote | None


def check_area(*, zip_code: str, service_slug: str, now: datetime) -> AreaAnswer:
    """The answer for a five-digit ZIP code and a service; the first one we offer when `service_slug` names none.

    Says no more of other people's visits than the calendar of free times does. Raises `OutsideArea`, also for a ZIP
    code that is too far for everybody.
    """
    area = queries.area(zip_code, today=local(now).date())
    treatment = _shortest_treatment(service_slug, local(now).date())
    rules = answers.rules_for_requests(BookingRules.load(), now=now)
    starts_at, therapist = _next(treatment, area, rules, now) if treatment is not None else (None, None)
    # Asked only where there is no time: with one, somebody can.
    if starts_at is None and not Reach(today=local(now).date()).includes(area):
        raise OutsideArea(zip_code)
    quote = (
        pricing.quote(treatment=treatment, area=area, rules=rules, starts_at=starts_at)
        if treatment is not None
        else None
    )
    return AreaAnswer(area=area, treatment=treatment, starts_at=starts_at, therapist=therapist, quote=quote)


def _shortest_treatment(service_slug: str, today: date) -> Treatment | None:
    offered = (
        ServiceOption.objects.active()
        .filter(service__in=Service.objects.offered(today))
        .select_related("service")
        .order_by("service__position", "service__name", "minutes")
    )
    option = offered.filter(service__slug=service_slug).first() if service_slug else None
    option = option or offered.first()
    return Treatment(service=option.service, option=option, add_ons=(), people=1) if option else None


def _next(
    treatment: Treatment, area: ServiceArea, rules: BookingRules, now: datetime
) -> tuple[datetime | None, Therapist | None]:
    """The next free start, and who comes then."""
    today = local(now).date()
    try:
        visit_request = load_visit_request(treatment=treatment, area=area, preference=ANYONE, today=today)
    except NoLongerOffered:
        return None, None
    last = scheduling.last_day(rules=rules, now=now)
    turn = today + timedelta(days=_FIRST_LOOK_DAYS)
    for first_day, last_day in ((today, min(turn, last)), (turn + timedelta(days=1), last)):
        offer = scheduling.find_times_between(
            visit_request=visit_request, first_day=first_day, last_day=last_day, rules=rules, now=now
        )
        if offer.by_day:
            first = offer.by_day[min(offer.by_day)][0]
            comes = {therapist.pk: therapist for therapist in visit_request.therapists}
            return first.starts_at, comes[first.therapist_id]
    return None, None
