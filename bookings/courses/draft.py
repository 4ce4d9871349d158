"""The course that a visitor's draft asks for, looked up afresh: its visits, and when each of them can be booked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from bookings import exceptions
from bookings.domain import operations, pricing, queries
from bookings.domain.visit_request import Treatment, VisitRequest, load_treatment
from bookings.forms import DetailsForm
from bookings.models import AccessNotes, BookingRules, Hold, ServiceArea
from bookings.views import holding
from bookings.views.again import address_of
from bookings.views.visitor_draft import COURSE, COURSE_ASKED, Progress
from massagerx.lib.localtime import local

from .labels import address_words, other_times, time_value, why_words
from .models import Course, CoursePlan
from .operations import Elsewhere, Priced, place_of
from .planner import Target, moved_targets, targets
from .planning import Asked, Chosen, PlannedVisit, plan_course, rules_of_client, rules_of_desk, wishes_of


@dataclass(frozen=True, slots=True)
class Draft:
    """The course of a visitor's draft, looked up afresh."""

    progress: Progress
    plan_row: CoursePlan
    targets: tuple[Target, ...]
    # By the place of the phase of a visit that is planned: each has add-ons of its own.
    treatments: Mapping[int, Treatment]
    visit_request: VisitRequest
    asked_for: dict[str, Any]
    # The paused course whose rest it is.
    course: Course | None = None
    # Where visits are that aren't at the usual address, and their ZIP codes.
    elsewhere: tuple[Elsewhere, ...] = ()
    areas: Mapping[str, ServiceArea] = field(default_factory=dict)

    @classmethod
    def load(cls, progress: Progress) -> Draft | None:
        """None when nothing was asked yet, or the plan is no longer on offer. Raises `NoLongerOffered` of what is
        booked by it, and of the therapist, and `OutsideArea` of an address."""
        asked_for = progress.answers.get(COURSE_ASKED)
        if not asked_for or progress.area is None or progress.treatment is None:
            return None
        course, plans = None, CoursePlan.objects.offered()
        if "course" in asked_for:
            # By the version that it was booked by, whether or not that is still offered.
            course, plans = paused_course(progress), CoursePlan.objects.all()
            if course is None or asked_for["cleared_from"] is None:
                return None
        plan = (
            plans.filter(pk=asked_for["plan"], option__service=progress.treatment.service)
            .select_related("option__service")
            .prefetch_related("phases__add_ons")
            .first()
        )
        if plan is None:
            return None
        wanted = _targets(progress, asked_for, plan, course)
        treatments = _treatments_of(plan, {target.phase for target in wanted})
        first = treatments[min(treatments)]
        visit_request = progress.load_request(first, progress.area, asked_for["preference"])
        elsewhere = _elsewhere(asked_for, course)
        today, by_staff = local(progress.now).date(), progress.staff_user is not None
        areas = {
            zip_code: queries.area(zip_code, today=today, by_staff=by_staff)
            for zip_code in dict.fromkeys(place.zip_code for place in elsewhere)
        }
        return cls(progress, plan, wanted, treatments, visit_request, asked_for, course, elsewhere, areas)

    @property
    def rules(self) -> BookingRules:
        """Those that its times are planned and booked by."""
        if self.progress.staff_user is not None:
            return rules_of_desk(self.progress.rules)
        return rules_of_client(self.progress.rules, self.plan_row.as_phases())

    @property
    def chosen(self) -> dict[int, Chosen]:
        """The times that were taken over, by number."""
        rows = self.progress.answers.get(COURSE) or []
        return {
            number: Chosen(datetime.fromisoformat(starts_at), slug)
            for number, (starts_at, slug) in enumerate(rows, start=1)
        }

    @property
    def day_zero(self) -> date:
        return date.fromisoformat(self.asked_for["day_zero"])

    @property
    def days_later(self) -> int:
        """By how many days the rest of a course is put off."""
        return _days_later(self.asked_for) if self.course is not None else 0

    def plan(self, chosen: dict[int, Chosen] | None = None) -> list[PlannedVisit]:
        """The visits as they could be booked now, at the `chosen` times as far as they are free."""
        asked, wanted = self.asked_for, self.targets
        hour = time.fromisoformat(asked["hour"]) if asked["hour"] else None
        return plan_course(
            Asked(
                targets=wanted,
                wishes=wishes_of(
                    weekdays=asked["weekdays"],
                    minute=hour.hour * 60 + hour.minute if hour else None,
                    same=asked["same"],
                ),
            ),
            [self.request_of(target) for target in wanted],
            rules=self.rules,
            now=self.progress.now,
            chosen=self.chosen if chosen is None else chosen,
        )

    def request_of(self, target: Target) -> VisitRequest:
        """What that visit asks for, with the add-ons of its phase, at its own door."""
        asked = replace(self.visit_request, treatment=self.treatments[target.phase])
        there = place_of(target.number, self.elsewhere)
        if there is None:
            return asked
        return replace(
            asked,
            area=self.areas[there.zip_code],
            access_type=there.access_type,
            address_key=there.address_key,
        )

    def _place_words(self, number: int) -> str:
        """At which address the visit of that number is; "" where all are at one."""
        if not self.elsewhere:
            return ""
        there, zip_code = place_of(number, self.elsewhere), self.visit_request.area.zip_code
        if there is not None:
            return there.in_words
        details = self.progress.answers.get("details")
        if not details:
            return _("ZIP code %(zip_code)s") % {"zip_code": zip_code}
        return address_words(details["street"], details.get("unit", ""), zip_code)

    def kept(
        self, request: HttpRequest, visits: list[PlannedVisit]
    ) -> tuple[list[PlannedVisit], Hold | None]:
        """The visits while somebody looks at them: their times are held, as a single visit's is. Where one has gone at
        this very moment they are planned once more, and it is marked."""
        now, rules = self.progress.now, self.rules
        wishes = [
            operations.Wish(self.request_of(visit.target).with_therapist(at.therapist), at.starts_at)
            for visit in visits
            if (at := visit.chosen)
        ]
        held = list(Hold.objects.filter(draft_id=self.progress.draft.key).live(now).order_by("number"))
        if operations.holds_match(held, wishes, rules=rules):
            operations.extend_hold(held[0], now=now)
            return visits, held[0]
        if not wishes:
            operations.release_hold(self.progress.draft)
            return visits, None
        try:
            held = holding.hold_wishes(request, self.progress, wishes, rules=rules)
        except (exceptions.SlotNotOffered, exceptions.NoLongerOffered):
            return self.plan({visit.target.number: at for visit in visits if (at := visit.chosen)}), None
        return visits, held[0] if held else None

    def cents(self, visit: PlannedVisit) -> int:
        """The price of a visit at its time; 0 where it has none."""
        if visit.time is None:
            return 0
        return self.quote(self.request_of(visit.target), visit.time.starts_at).total_cents

    def quote(self, asked: VisitRequest, starts_at: datetime) -> pricing.Quote:
        """The price of what is asked for at this start."""
        return pricing.quote(
            treatment=asked.treatment, area=asked.area, rules=self.progress.rules, starts_at=starts_at
        )

    def priced(self, visits: list[PlannedVisit]) -> list[Priced]:
        """What is sent for those that have a time."""
        return [
            Priced(
                at,
                self.cents(visit),
                tuple(sorted(add_on.pk for add_on in self.treatments[visit.target.phase].add_ons)),
            )
            for visit in visits
            if (at := visit.chosen)
        ]

    def shown(self, visits: list[PlannedVisit]) -> dict[str, Any]:
        """What a page shows of them: by week, with the price of each and of all."""
        rows = [self._row(visit) for visit in visits]
        weeks = [
            {"number": number, "rows": list(found)}
            for number, found in groupby(rows, key=lambda row: row["week"])
        ]
        return {
            "plan": self.plan_row,
            "weeks": weeks,
            "count": len(rows),
            "all_cents": sum(row["cents"] for row in rows),
            "is_whole": all(visit.time is not None for visit in visits),
            "has_extras": any(treatment.add_ons for treatment in self.treatments.values()),
            "elsewhere": self.elsewhere,
            "some_at_home": any(place_of(row["number"], self.elsewhere) is None for row in rows),
        }

    def _row(self, visit: PlannedVisit) -> dict[str, Any]:
        target, at = visit.target, visit.time
        zero = self.day_zero + timedelta(days=self.days_later)
        return {
            "number": target.number,
            "week": ((at.day if at else target.first_day) - zero).days // 7 + 1,
            "starts_at": at.starts_at if at else None,
            "value": time_value(at.starts_at, visit.therapist) if at else "",
            "name": visit.name,
            "treatment": self.treatments[target.phase],
            "place": self._place_words(target.number),
            "cents": self.cents(visit),
            "is_new": visit.is_new,
            "why": "" if at else why_words(visit),
            "others": other_times(visit),
        }


def paused_course(progress: Progress) -> Course | None:
    """The course whose rest the draft is about, while that is just what is left of it."""
    asked_for = progress.answers.get(COURSE_ASKED) or {}
    if "course" not in asked_for or progress.treatment is None:
        return None
    rows = Course.objects.filter(plan__option__service=progress.treatment.service).defer("dates")
    course = rows.filter(key=asked_for["course"]).first()
    return course if course is not None and course.rest == asked_for["rest"] else None


def chosen_times(request: HttpRequest) -> dict[int, Chosen]:
    """The times of the visits as they were sent, by number; what makes no sense is left out."""
    found = {}
    for name, value in request.POST.items():
        prefix, _dash, number = name.partition("-")
        if prefix == "visit" and number.isascii() and number.isdigit() and len(number) < 3:
            chosen = _read_time(str(value))
            if chosen is not None:
                found[int(number)] = chosen
    return found


def _read_time(text: str) -> Chosen | None:
    starts, _space, slug = text[:150].partition(" ")
    try:
        instant = parse_datetime(starts)
        if instant is None or instant.tzinfo is None:
            return None
        return Chosen(instant.astimezone(UTC), slug)
    except (ValueError, OverflowError):
        return None


def _elsewhere(asked_for: Mapping[str, Any], course: Course | None) -> tuple[Elsewhere, ...]:
    """Where visits are that aren't at the usual address; with the way to the door, where visits of the `course` that
    goes on were there: as the last that tells it says, for not every visit does."""
    places = tuple(Elsewhere(*row) for row in asked_for.get("elsewhere", ()))
    if course is None or not places:
        return places
    ways: dict[str, dict[str, Any]] = {place.address_key: {} for place in places}
    for visit in course.visits.select_related("area").annotate(sealed_access=AccessNotes.sealed()):
        if (key := visit.address_key) in ways:
            way = address_of(visit)
            access = {name: way[name] for name in DetailsForm.ACCESS_FIELDS if way[name]}
            if access or not ways[key].get("access"):
                ways[key] = {"access_type": way["access_type"], "access": access}
    return tuple(place._replace(**ways[place.address_key]) for place in places)


def _days_later(asked_for: Mapping[str, Any]) -> int:
    """By how many days the rest of a course is put off: its first visit comes on the day that is asked for."""
    first = date.fromisoformat(asked_for["day_zero"]) + timedelta(days=asked_for["rest"][0])
    return (date.fromisoformat(asked_for["cleared_from"]) - first).days


def _targets(
    progress: Progress, asked_for: Mapping[str, Any], plan: CoursePlan, course: Course | None
) -> tuple[Target, ...]:
    """The visits to plan: all of the plan, or what the paused `course` has left."""
    cleared, today = asked_for["cleared_from"], local(progress.now).date()
    day_zero = date.fromisoformat(asked_for["day_zero"])
    not_before = max(date.fromisoformat(cleared) if cleared else day_zero, today)
    phases = plan.as_phases()
    if course is None:
        return targets(phases, day_zero=day_zero, not_before=not_before)
    begun = course.visits.occupying().filter(starts_at__lte=progress.now)
    over = begun.values_list("starts_at", flat=True).last()
    if over is not None:
        not_before = max(not_before, local(over).date() + timedelta(days=1))
    days = [day_zero + timedelta(days=day) for day in asked_for["rest"]]
    return moved_targets(days, phases, day_zero=day_zero, by=_days_later(asked_for), not_before=not_before)


def _treatments_of(plan: CoursePlan, wanted: Collection[int]) -> dict[int, Treatment]:
    """What is booked for a visit of each of the `wanted` phases, by their places; two queries for each choice of
    add-ons. Raises `NoLongerOffered`."""
    found: dict[tuple[int, ...], Treatment] = {}
    treatments = {}
    for place, phase in enumerate(plan.phases.all()):
        if place not in wanted:
            continue
        keys = tuple(sorted(add_on.pk for add_on in phase.add_ons.all()))
        if keys not in found:
            found[keys] = load_treatment(
                service_slug=plan.service.slug, option_id=plan.option_id, add_on_ids=keys
            )
        treatments[place] = found[keys]
    return treatments
