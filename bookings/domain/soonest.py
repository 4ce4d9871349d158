"""When each therapist could come next: the first free times, before anybody has said where they live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.models import BookingRules, ServiceArea, Therapist
from massagerx.lib.localtime import local
from services.models import ServiceOption

from . import answers, scheduling
from .opening import takes_bookings
from .visit_request import ANYONE, Treatment, VisitRequest

# Who has no free time for so long has none that is worth a line.
_DAYS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Soonest:
    """The first start (aware instants) of each of the next days with one, for `treatment` at `area`."""

    area: ServiceArea
    treatment: Treatment
    starts: tuple[datetime, ...]


def soonest_times(therapists: Iterable[Therapist], *, days: int, now: datetime) -> dict[int, Soonest]:
    """By the therapist's key, the soonest times of up to `days` days: for the shortest length of the first service
    they give, at a ZIP code of the nearest zone. Who has none is left out.

    Says no more of other people's visits than the calendar of free times does. The number of queries grows with the
    number of services only. `therapists` have `home_zip__zone` selected.
    """
    by_key = {therapist.pk: therapist for therapist in therapists}
    area = (
        ServiceArea.objects.filter(is_active=True)
        .select_related("zone")
        .order_by("zone__travel_fee_cents", "zone__position", "zip_code")
        .first()
    )
    if area is None or not by_key or not takes_bookings(now=now):
        return {}
    by_treatment = _by_treatment(by_key)
    rules = answers.rules_for_requests(BookingRules.load(), now=now)
    found: dict[int, Soonest] = {}
    for treatment, rows in by_treatment:
        visit_request = VisitRequest(
            treatment=treatment, area=area, preference=ANYONE, therapists=rows, qualified=rows
        )
        outlook = scheduling.read_outlook(visit_request=visit_request, rules=rules, now=now)
        for therapist in rows:
            starts = outlook.among([therapist]).first_starts(
                days, until=local(now).date() + timedelta(days=_DAYS)
            )
            if starts:
                found[therapist.pk] = Soonest(
                    area=area, treatment=treatment, starts=tuple(start.starts_at for start in starts)
                )
    return found


def _by_treatment(by_key: dict[int, Therapist]) -> list[tuple[Treatment, tuple[Therapist, ...]]]:
    """Each therapist once, with the shortest length of their first service on offer."""
    offered = (
        ServiceOption.objects.active()
        .filter(service__is_active=True, service__therapists__in=by_key)
        .select_related("service")
        .order_by("service__position", "service__name", "minutes")
        .distinct()
    )
    does: dict[int, set[int]] = defaultdict(set)
    through = Therapist.services.through.objects.filter(therapist__in=by_key)
    for key, service in through.order_by().values_list("therapist", "service"):
        does[key].add(service)
    groups: dict[int, tuple[Treatment, list[Therapist]]] = {}
    firsts: dict[int, ServiceOption] = {}
    for option in offered:
        firsts.setdefault(option.service_id, option)
    for key, therapist in by_key.items():
        for option in (option for service, option in firsts.items() if service in does[key]):
            treatment = Treatment(service=option.service, option=option, add_ons=(), people=1)
            groups.setdefault(option.pk, (treatment, []))[1].append(therapist)
            break
    return [(treatment, tuple(rows)) for treatment, rows in groups.values()]
