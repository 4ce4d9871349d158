"""Planning a course, in place of the step that asks for one time; and the one press. By the client, or by staff for a
client on the phone.

The other steps are those of every booking. The draft keeps what the course is planned by, and the times that were taken
over. Times are held while one looks at them and types; what has gone is planned anew, and marked.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import answers, intake, operations, pricing, queries
from bookings.domain.visit_request import (
    ANYONE,
    Treatment,
    VisitRequest,
    load_treatment,
    preference_choices,
    qualified_therapists,
)
from bookings.enums import Tier
from bookings.forms import DetailsForm, ReviewForm
from bookings.models import AccessNotes, Booking, BookingRules, Hold, ServiceArea
from bookings.refusals import preference_label, refusal_words
from bookings.views import steps
from bookings.views.again import address_of
from bookings.views.booking import booked, finished, is_as_booked, named
from bookings.views.enquiries import call_back_page
from bookings.views.steps import (
    COURSE,
    COURSE_ASKED,
    Complete,
    InForce,
    Progress,
    back_to,
    in_force,
    load_progress,
    save,
    sender_of,
    show,
)
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local

from .forms import CourseForm, Offered, RestForm
from .labels import address_words, day_words, not_offered_words, other_times, time_value, why_words
from .models import MOST_VISITS, Course, CoursePlan
from .operations import Elsewhere, Priced, book_course, place_of, resume_course, submissions_of, visit_key
from .planner import Target, moved_targets, targets
from .planning import (
    Asked,
    Chosen,
    PlannedVisit,
    opens_on,
    plan_course,
    rules_of_client,
    rules_of_desk,
    wishes_of,
)

# Says, of a draft's answers, what is sent for a visit, and the local days, whether these visits are cleared already.
Clears = Callable[[Mapping[str, Any], operations.Submission, Collection[date]], bool]
_clearances: list[Clears] = []


def ask_of_clearance(clears: Clears) -> None:
    """Has `clears` asked before the client is told that a note is needed."""
    _clearances.append(clears)


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def course(request: HttpRequest) -> HttpResponse:
    """The form, and below it the visits by week as they could be booked; a second press takes them over."""
    progress = load_progress(request)
    response = steps.guard(request, progress, "when")
    if response or progress.treatment is None:
        return response or back_to("start")
    page = _Page(request, progress, progress.treatment)
    if not page.plans and not page.is_rest:
        messages.info(
            request,
            _("There is no approved plan for this service. The owner makes them in the admin.")
            if progress.staff_user
            else _("For this service we have no plans. Please choose a time for one visit."),
        )
        return back_to("when")
    if request.method != "POST":
        return page.show(page.form())
    if request.POST.get("press") == "take":
        return page.take()
    form = page.form(request.POST)
    if not form.is_valid() or not page.begins_in_time(form):
        return page.show(form, status=422)
    known = page.initial if page.is_rest else {}
    save(request, progress, **{COURSE_ASKED: {**known, **form.asked_for()}, **steps.forget_time(progress)})
    return redirect(f"{request.path}#visits")


class _Page:
    """The page of one request: the plans on offer, and the course as it is asked for."""

    def __init__(self, request: HttpRequest, progress: Progress, treatment: Treatment) -> None:
        self.request, self.progress = request, progress
        self.today: date = timezone.localdate(progress.now)
        service = treatment.service
        self.plans = list(
            CoursePlan.objects.offered()
            .filter(option__service=service)
            .select_related("option__service")
            .prefetch_related("phases__add_ons")
            .order_by("name")
        )
        # The paused course, where what it has left is planned.
        self.paused = paused_course(progress)
        self.is_rest = self.paused is not None
        self.qualified = qualified_therapists(service, self.today)
        self.draft: Draft | None = None
        self.not_offered = ""
        try:
            self.draft = Draft.load(progress)
        except (exceptions.NoLongerOffered, exceptions.OutsideArea) as error:
            self.not_offered = not_offered_words(error, by_staff=progress.staff_user is not None)

    @property
    def initial(self) -> dict[str, Any]:
        kept = self.progress.answers.get(COURSE_ASKED)
        if kept and "course" in kept and not self.is_rest:
            kept = None
        return kept or {"preference": self.progress.answers.get("preference", ANYONE)}

    def form(self, data: Any = None) -> CourseForm:
        preferences = [
            (value, preference_label(meaning)) for value, meaning in preference_choices(self.qualified)
        ]
        offered = Offered(
            plans=[self.paused.plan] if self.paused is not None else self.plans,
            preferences=preferences,
            today=self.today,
            by_staff=self.progress.staff_user is not None,
            left=len(self.paused.rest) if self.paused is not None else 0,
            not_before=self._not_before,
        )
        kind = RestForm if self.is_rest else CourseForm
        return kind(data, offered=offered, kept=self.initial)

    @property
    def _not_before(self) -> date | None:
        """The first day that an office has cleared, or that the course whose rest it is allows its client."""
        answers = self.progress.answers
        if self.is_rest:
            day = None if self.progress.staff_user else answers[COURSE_ASKED].get("not_before")
        else:
            day = answers[steps.REFERRAL]["cleared_from"] if answers.get(steps.REFERRAL) else None
        return date.fromisoformat(day) if day else None

    def begins_in_time(self, form: CourseForm) -> bool:
        """Whether the calendar is open to clients on the first day: then it is for all of the course."""
        first = "cleared_from" if self.is_rest else "day_zero"
        words = self.too_far(form.cleaned_data[first])
        if words:
            form.add_error(first, words)
        return not words

    def too_far(self, first: date) -> str:
        """From which day on a client can book a course that begins on `first`; "" when it is now."""
        opens = opens_on(first, rules=self.progress.rules, now=self.progress.now)
        if self.progress.staff_user is not None or opens is None:
            return ""
        words = _("Our calendar is open until %(last)s. A course from that day can be booked on %(from)s.")
        last = first - (opens - self.today)
        return words % {"last": day_words(last), "from": day_words(opens)}

    def show(
        self, form: CourseForm, *, chosen: dict[int, Chosen] | None = None, status: int = 200
    ) -> HttpResponse:
        context: dict[str, Any] = {"form": form, "plans": self.plans, "is_rest": self.is_rest}
        if self.not_offered and not form.errors:
            messages.warning(self.request, self.not_offered)
        if self.draft is not None and not form.errors:
            visits, hold = self.draft.kept(self.request, self.draft.plan(chosen))
            context |= self.draft.shown(visits)
            context |= {
                "hold": hold,
                "held": steps.held(hold, now=self.progress.now),
                "keeps_several": True,
            }
        return show(self.request, self.progress, "when", context, template="course", status=status)

    def take(self) -> HttpResponse:
        """The second press: takes over the times as chosen, if all of them can be had beside each other."""
        if self.draft is None:
            return back_to("course")
        first = self.draft.asked_for["cleared_from" if self.is_rest else "day_zero"]
        if words := self.too_far(date.fromisoformat(first)):
            messages.error(self.request, words)
            return self.show(self.form(), status=409)
        chosen = chosen_times(self.request)
        visits, _hold = self.draft.kept(self.request, self.draft.plan(chosen))
        left_out = [visit for visit in visits if visit.time is None]
        if left_out or any(visit.is_new for visit in visits) or len(chosen) != len(visits):
            words = _("Not all of these times can be had. What has changed is marked; please look again.")
            messages.error(self.request, words)
            return self.show(self.form(), chosen=chosen, status=409)
        save(
            self.request,
            self.progress,
            option=self.draft.plan_row.option_id,
            add_ons=[],
            people=1,
            side_by_side=None,
            preference=self.draft.asked_for["preference"],
            starts_at=None,
            therapist=None,
            **{
                COURSE: [
                    [at.starts_at.isoformat(), at.therapist] for visit in visits if (at := visit.chosen)
                ],
            },
        )
        if "later" in self.progress.answers.get("health", {}):
            messages.info(self.request, _("A course is booked with its health answers. Please ask them now."))
        return steps.onward(load_progress(self.request))


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
        today, by_staff = timezone.localdate(progress.now), progress.staff_user is not None
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
            held = steps.hold_wishes(request, self.progress, wishes, rules=rules)
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
    cleared, today = asked_for["cleared_from"], timezone.localdate(progress.now)
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


# The one press ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "booking-send")
def check(request: HttpRequest) -> HttpResponse:
    """The whole course on one page, and the one press that books all of it; again it leads to the course."""
    if request.method == "POST" and (response := _booked_before(request)):
        return response
    progress = load_progress(request)
    current = in_force(progress)
    try:
        draft = Draft.load(progress)
    except (exceptions.NoLongerOffered, exceptions.OutsideArea):
        return back_to("course")
    if current is None:
        return call_back_page(request)
    if progress.missing_step("review") is not None or draft is None or COURSE not in progress.answers:
        return steps.guard(request, progress, "review") or back_to("course")
    visits = draft.plan()
    is_other = len(draft.chosen) != len(visits)
    if is_other or any(visit.is_new or visit.time is None for visit in visits):
        messages.warning(request, _("Some times are gone now. They are planned again, and marked."))
        return redirect("bookings:course")
    if "submission_key" not in progress.answers:
        save(request, progress, submission_key=str(uuid.uuid4()))
    page = _Check(request, progress, current, draft, visits)
    if request.method != "POST":
        draft.kept(request, visits)
        return page.show()
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return page.show(form, status=422)
    return page.book(form.cleaned_data)


def _booked_before(request: HttpRequest) -> HttpResponse | None:
    """Leads to what this very press has booked already; with other figures under its key nothing more is booked, and
    that is said."""
    try:
        key = uuid.UUID(request.POST.get("submission_key", ""))
    except ValueError:
        return None
    keys = [visit_key(key, number) for number in range(1, MOST_VISITS + 1)]
    visits = Booking.objects.filter(submission_key__in=keys).select_related("terms_version")
    course_row = _course_of_staff(request, key)
    if course_row is None:
        return finished(request, visits)
    if is_as_booked(request, visits):
        return redirect("admin:courses_course_change", course_row.pk)
    return render(request, "courses/booked_already.html", {"course": course_row}, status=409)


def _course_of_staff(request: HttpRequest, key: uuid.UUID) -> Course | None:
    """The course that a press of this member of staff has booked, or gone on with: its draft is gone then."""
    if not request.user.is_authenticated:
        return None
    first = Booking.objects.filter(submission_key=visit_key(key, 1), events__actor=request.user.pk)
    rest = Q(key__in=first.order_by().values("together")) & ~Q(key=key)
    return Course.objects.filter(Q(key=key, booked_by=request.user.pk) | rest).only("pk").first()


@dataclass(frozen=True, slots=True)
class _Check:
    request: HttpRequest
    progress: Progress
    current: InForce
    draft: Draft
    visits: list[PlannedVisit]

    def book(self, data: dict[str, Any]) -> HttpResponse:
        progress, draft = self.progress, self.draft
        key = progress.answers["submission_key"]
        visits = draft.priced(self.visits)
        if str(data["submission_key"]) != key or data["total_cents"] != sum(
            visit.total_cents for visit in visits
        ):
            messages.warning(self.request, _("That page was not as things are now. Please check this one."))
            return self.show(status=409)
        like = self._submission(data, visits[0].chosen)
        press: dict[str, Any] = {
            "submissions": submissions_of(like, visits, draft.elsewhere),
            "looked_up": operations.LookedUp(
                rules=draft.rules,
                treatment=draft.visit_request.treatment,
                area=draft.visit_request.area,
                agreed=self.current.terms_version,
                screening=self.current.screening,
            ),
            "sender": sender_of(self.request, progress),
            "now": progress.now,
        }
        try:
            course_row = self._press(like.key, press)
        except exceptions.TooManyRequests as error:
            unproved = isinstance(error, exceptions.TooManyUnproved)
            return self.show(too_many="unproved" if unproved else "unanswered", status=409)
        except exceptions.SlotNotOffered as error:
            messages.error(self.request, refusal_words(error))
            return redirect("bookings:course")
        except exceptions.BookingError as error:
            messages.error(self.request, refusal_words(error))
            if isinstance(error, exceptions.ScreeningChanged | exceptions.ScreeningStops):
                save(self.request, progress, health=None)
                return back_to("health")
            return self.show(status=409)
        if progress.staff_user is None:
            ahead = operations.ahead_together(course_row.key, now=progress.now)
            return booked(self.request, progress, ahead[0])
        steps.drop(self.request, progress)
        words = ngettext("%(count)d visit is booked.", "%(count)d visits are booked.", len(visits))
        messages.success(self.request, words % {"count": len(visits)})
        return redirect("admin:courses_course_change", course_row.pk)

    def _press(self, key: uuid.UUID, press: dict[str, Any]) -> Course:
        draft, asked = self.draft, self.draft.asked_for
        if draft.course is not None:
            return resume_course(course=draft.course, rest=asked["rest"], days=draft.days_later, **press)
        course = Course(
            key=key,
            plan=draft.plan_row,
            dates={"day_zero": asked["day_zero"], "cleared_from": asked["cleared_from"]},
            wishes={name: asked[name] for name in ("weekdays", "hour", "preference", "same")},
        )
        return book_course(course=course, **press)

    def _submission(self, data: dict[str, Any], first: Chosen) -> operations.Submission:
        """A visit's at the client's own address, with the course's key: the others are like it."""
        quote = self.draft.quote(self.draft.visit_request, first.starts_at)
        complete = Complete(
            self.draft.visit_request.with_therapist(first.therapist),
            first.starts_at,
            quote,
            self.progress.answers["details"],
            self.progress.answers["health"],
        )
        return complete.submission(
            key=data["submission_key"],
            terms_version=data["terms_version"],
            total_cents=quote.total_cents,
        )

    def _is_cleared(self, data: dict[str, Any], first: Chosen) -> bool:
        sent = self._submission(data, first)
        days = [visit.time.day for visit in self.visits if visit.time]
        return any(clears(self.progress.answers, sent, days) for clears in _clearances)

    def show(self, form: ReviewForm | None = None, *, too_many: str = "", status: int = 200) -> HttpResponse:
        details, health = self.progress.answers["details"], self.progress.answers["health"]
        result = self.current.screening.evaluate(
            health["answers"], health["service"], timezone.localdate(self.progress.now)
        )
        shown = self.draft.shown(self.visits)
        initial = {
            "submission_key": self.progress.answers["submission_key"],
            "total_cents": shown["all_cents"],
            "terms_version": self.current.terms_version.number,
        }
        tier = intake.tier_of(result)
        first = next(chosen for visit in self.visits if (chosen := visit.chosen))
        sent = self._submission(initial, first)
        at_doors = [sent, *(place.at_door(sent) for place in self.draft.elsewhere)]
        context = {
            **shown,
            "form": named(form or ReviewForm(initial=initial), details.get("recipient_name", "")),
            "too_many": too_many,
            "at_once": operations.would_confirm(
                submission=sent,
                result=result,
                rules=self.progress.rules,
                actor=self.progress.staff_user,
            ),
            "door": operations.door_rule_of(*at_doors) if self.progress.staff_user is not None else None,
            "answer_by": answers.answer_by(
                asked_at=self.progress.now,
                starts_at=first.starts_at,
                rules=self.progress.rules,
                patience=operations.patience_with(tier),
            ),
            "fresh": initial,
            "details": details,
            "terms_version": self.current.terms_version,
            "consent": self.current.terms_version.consent_words(
                for_other=bool(details.get("recipient_name"))
            ),
            "care_words": [intake.translated(text) for text in result.messages],
            "needs_note": tier == Tier.CLEARANCE,
            "cleared": result.asks_of_surgery_alone and self._is_cleared(initial, first),
        }
        return show(self.request, self.progress, "review", context, template="course_check", status=status)
