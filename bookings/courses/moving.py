"""“The surgery moves”: the visits of a course that lie ahead, planned anew by so many days and moved by one press of
the desk or of the client."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from bookings.desk.frame import StaffRequest, desk_page, page, say
from bookings.domain import operations, scheduling
from bookings.domain.operations import Act
from bookings.enums import DoorRule
from bookings.exceptions import BookingError, NoLongerOffered
from bookings.models import Booking, BookingRules
from bookings.notifications.calls import how_told
from bookings.refusals import explain, refusal_words
from bookings.views.visits.pages import not_agreed, visit_context
from bookings.views.visits.visitor import get_visit, open_own, proof_missing, visits_page
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local

from .desk import CHANGE, VIEW, find_course
from .draft import chosen_times
from .labels import address_words, day_words, other_times, time_value, time_words, why_words
from .models import LONGEST_DAYS, Course, course_of
from .operations import move_course
from .planner import Same, moved_targets
from .planning import Asked, Chosen, PlannedVisit, plan_course, rules_of_desk, wishes_of


class MoveCourseForm(forms.Form):
    """By how many days, and whose wish it is."""

    days = forms.IntegerField(
        label=gettext_lazy("By how many days?"),
        min_value=-LONGEST_DAYS,
        max_value=LONGEST_DAYS,
        help_text=gettext_lazy("5 is five days later, -2 two days earlier."),
        error_messages={
            "required": gettext_lazy("Give a number of days."),
            "invalid": gettext_lazy("Give a number of days, like 5."),
        },
    )

    def clean_days(self) -> int:
        if not self.cleaned_data["days"]:
            raise ValidationError(gettext_lazy("By no day at all nothing moves."), code="no_days")
        return int(self.cleaned_data["days"])


@dataclass(frozen=True, slots=True)
class MovedCourse:
    """The visits of a course that lie ahead, as they could be `days` later."""

    course: Course
    ahead: list[Booking]
    days: int
    rules: BookingRules
    now: datetime
    by_staff: bool

    def plan(self, chosen: dict[int, Chosen] | None = None) -> list[PlannedVisit]:
        """The visits in order, each as it was booked, at the `chosen` times as far as they are free. Raises
        `NoLongerOffered`, and `UnreadableValue` when the course's days can't be opened."""
        dates, wishes = self.course.dates, self.course.wishes
        over = self.course.visits.filter(starts_at__lt=self.ahead[0].starts_at).occupying()
        last = over.order_by("-starts_at").values_list("starts_at", flat=True).first()
        then = self.course.dates_moved(self.days, by_staff=self.by_staff)
        cleared = date.fromisoformat(then["cleared_from"] or then["day_zero"])
        not_before = max(cleared, local(self.now).date())
        if last is not None:
            not_before = max(not_before, local(last).date() + timedelta(days=1))
        usual = self.ahead[0].starts_at
        hour = time.fromisoformat(wishes["hour"]) if wishes.get("hour") else local(usual).time()
        return plan_course(
            Asked(
                targets=moved_targets(
                    [local(visit.starts_at).date() for visit in self.ahead],
                    self.course.plan.as_phases(),
                    day_zero=date.fromisoformat(dates["day_zero"]),
                    by=self.days,
                    not_before=not_before,
                ),
                wishes=wishes_of(
                    weekdays=wishes.get("weekdays", []),
                    minute=hour.hour * 60 + hour.minute,
                    same=wishes.get("same", Same.PREFERRED.value),
                ),
            ),
            operations.requests_to_move(self.ahead, now=self.now, by_client=not self.by_staff),
            rules=self.rules,
            now=self.now,
            chosen=chosen,
        )

    def knows(self, visits: list[PlannedVisit]) -> DoorRule | None:
        """What somebody has to know of the doors of visits that they take over; None where the client moves them."""
        return DoorRule.at_doors(
            booking
            for booking, visit in zip(self.ahead, visits, strict=True)
            if self.by_staff and visit.time is not None and visit.therapist != booking.therapist.slug
        )

    def rows(self, visits: list[PlannedVisit]) -> list[dict[str, Any]]:
        """Old beside new, as a page shows them."""
        rules, rows = self.rules, []
        is_one_door = len({booking.address_key for booking in self.ahead}) == 1
        for booking, visit in zip(self.ahead, visits, strict=True):
            cents = _cents(booking, visit, rules)
            rows.append(
                {
                    "number": visit.target.number,
                    "visit": booking,
                    "shown": _shown(booking, cents),
                    "was": time_words(booking.starts_at, booking.therapist.name),
                    "place": ""
                    if is_one_door
                    else address_words(booking.street, booking.unit, booking.area.zip_code),
                    "was_cents": booking.total_cents,
                    "cents": cents,
                    "value": time_value(visit.time.starts_at, visit.therapist) if visit.time else "",
                    "others": other_times(visit),
                    "is_new": visit.is_new,
                    "why": "" if visit.time else why_words(visit),
                }
            )
        return rows


def _cents(booking: Booking, visit: PlannedVisit, rules: BookingRules) -> int:
    """What the visit costs at its new time; as now, while it has none."""
    if visit.time is None:
        return booking.total_cents
    return operations.quote_for_move(booking=booking, starts_at=visit.time.starts_at, rules=rules).total_cents


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a look, or of a press: how many visits were `done`, or what the page shows then, and why."""

    moved: MovedCourse
    visits: list[PlannedVisit]
    done: int | None = None
    why: str = ""


def look_or_move(
    request: HttpRequest, moved: MovedCourse, press: Callable[[list[operations.Move]], list[Booking]]
) -> Outcome:
    """GET plans; POST moves by `press`, if all is as the page showed it. Raises as `MovedCourse.plan`."""
    chosen = chosen_times(request)
    if request.method != "POST":
        return Outcome(moved, moved.plan(chosen))
    if _is_done(request, moved.ahead, chosen):
        return Outcome(moved, [], done=len(moved.ahead))
    visits = moved.plan(chosen)
    moves = _moves(request, moved, visits, chosen)
    if moves is None:
        words = _(
            "Not all of this can be had as it was shown. What has changed is marked; please look again."
        )
        return Outcome(moved, visits, why=words)
    try:
        return Outcome(moved, visits, done=len(press(moves)))
    except BookingError as error:
        keys = [booking.pk for booking in moved.ahead]
        still = operations.ahead_together(moved.course.key, now=moved.now).with_details().filter(pk__in=keys)
        moved = replace(moved, ahead=list(still))
        if _is_done(request, moved.ahead, chosen):  # the same press, twice at once
            return Outcome(moved, [], done=len(moved.ahead))
        words = _("Nothing was moved: %(why)s") % {"why": explain(error)}
        if not moved.by_staff:
            words = refusal_words(error)
        return Outcome(moved, moved.plan(chosen) if moved.ahead else [], why=words)


def _words_of(done: int) -> str:
    words = ngettext("%(count)d visit is moved.", "%(count)d visits are moved.", done)
    return words % {"count": done} if done else _("All visits keep their times.")


def _asked(request: HttpRequest) -> MoveCourseForm | None:
    """The number of days, once it is asked about."""
    asked = request.POST if request.method == "POST" else request.GET
    return MoveCourseForm(asked) if request.method == "POST" or "days" in asked else None


# The desk ---------------------------------------------------------------------------------------------------------


@desk_page(VIEW, CHANGE)
def move_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The number of days; then old times beside new ones, each to be changed, and the one press."""
    back, now = redirect("admin:courses_course_change", pk), timezone.now()
    course = find_course(str(pk))
    ahead = list(operations.ahead_together(course.key, now=now).with_details()) if course else []
    if course is None or not ahead:
        messages.info(request, _("No visit of this course is still to come."))
        return back
    form = _asked(request)
    if form is None or not form.is_valid():
        status = 200 if form is None else 422
        return page(request, "courses/move", _context(course, form or MoveCourseForm()), status=status)
    rules = rules_of_desk(BookingRules.load())

    def press(moves: list[operations.Move]) -> list[Booking]:
        act = Act(now, request.user, by_client=True, door=request.POST.get("door", ""))
        return move_course(course=course, moves=moves, days=form.cleaned_data["days"], rules=rules, act=act)

    try:
        outcome = look_or_move(
            request, MovedCourse(course, ahead, form.cleaned_data["days"], rules, now, by_staff=True), press
        )
    except UnreadableValue:
        say(request, False, _("The days of this course can’t be opened: please move its visits one by one."))
        return back
    except NoLongerOffered as error:
        say(request, False, explain(error))
        return back
    if outcome.done is not None:
        told = how_told(ahead[0].client) if outcome.done else ""
        say(request, True, f"{_words_of(outcome.done)} {told}")
        return back
    if outcome.why:
        say(request, False, outcome.why)
    if not outcome.moved.ahead:
        return back
    status = 409 if outcome.why else 200
    return page(request, "courses/move", _context(course, form, outcome), status=status)


def _context(course: Course, form: MoveCourseForm, outcome: Outcome | None = None) -> dict[str, Any]:
    rows = outcome.moved.rows(outcome.visits) if outcome is not None else []
    return {
        "title": _("Move the course"),
        "knows": outcome.moved.knows(outcome.visits) if outcome is not None else None,
        "course": course,
        "form": form,
        "rows": rows,
        "was_cents": sum(row["was_cents"] for row in rows),
        "all_cents": sum(row["cents"] for row in rows),
        "is_whole": all(row["value"] for row in rows),
    }


# The client -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m", "visits-change")
@visits_page
def move_by_client(request: HttpRequest, reference: str) -> HttpResponse:
    """The same for the client, who proved the mailbox, with all that can be moved for nothing; the rest stays."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    back = redirect("visits:visit", booking.reference)
    if response := proof_missing(request, booking, visitor, then="visit"):
        return response
    if response := not_agreed(request, booking, visitor):
        return response
    course = course_of(booking)
    ahead = list(operations.ahead_together(course.key, now=now).with_details()) if course else []
    free = [visit for visit in ahead if operations.late_fee(visit, now=now) is None]
    if course is None or not free:
        messages.info(
            request, _("No visit of this course can be moved for nothing any more. Please call us.")
        )
        return back
    context = {**visit_context(booking, visitor), "stays": len(ahead) - len(free)}
    form = _asked(request)
    if form is None or not form.is_valid() or not _begins_in_time(form, free[0], now=now):
        context |= _context(course, form or MoveCourseForm())
        return render(request, "courses/move.html", context, status=200 if form is None else 422)
    rules = _rules_of_client(free, now=now)

    def press(moves: list[operations.Move]) -> list[Booking]:
        act = Act(now, by_client=True)
        return move_course(course=course, moves=moves, days=form.cleaned_data["days"], rules=rules, act=act)

    try:
        outcome = look_or_move(
            request, MovedCourse(course, free, form.cleaned_data["days"], rules, now, by_staff=False), press
        )
    except (UnreadableValue, NoLongerOffered):
        messages.warning(request, _("We can’t move this course by ourselves here. Please call us."))
        return back
    if outcome.done is not None:
        # The move ended the link that this session may have come by.
        open_own(request, booking, now=now)
        messages.success(request, _words_of(outcome.done))
        return back
    if outcome.why:
        messages.warning(request, outcome.why)
    if not outcome.moved.ahead:
        return back
    context |= _context(course, form, outcome)
    return render(request, "courses/move.html", context, status=409 if outcome.why else 200)


def _begins_in_time(form: MoveCourseForm, first: Booking, *, now: datetime) -> bool:
    """Whether the calendar is open to clients on the day to which the first visit would move later."""
    last = scheduling.last_day(rules=BookingRules.load(), now=now)
    days = form.cleaned_data["days"]
    if days < 0 or local(first.starts_at).date() + timedelta(days=days) <= last:
        return True
    words = _("Our calendar is open until %(last)s. Please move the course by fewer days, or call us.")
    form.add_error("days", words % {"last": day_words(last)})
    return False


def _rules_of_client(ahead: list[Booking], *, now: datetime) -> BookingRules:
    """A client's rules for visits that move together: the calendar is open to the first of them as to any visit, or
    until where it is, and to the others as long after it as they are now."""
    rules = copy(operations.rules_for_move(ahead[0], now=now))
    today, first, last = (local(one).date() for one in (now, ahead[0].starts_at, ahead[-1].starts_at))
    rules.horizon_days = max(BookingRules.load().horizon_days, (first - today).days) + (last - first).days
    return rules


def _is_done(request: HttpRequest, ahead: list[Booking], chosen: dict[int, Chosen]) -> bool:
    """Whether this very press has moved the visits before: each is where it asked for, one revision later."""
    wanted = {}
    for number, one in chosen.items():
        reference, _colon, shown = request.POST.get(f"shown-{number}", "").partition(":")
        wanted[reference] = (shown.partition(":")[0], one)
    found = [(booking, *wanted.get(booking.reference, ("", None))) for booking in ahead]
    are_there = all(
        one == Chosen(booking.starts_at, booking.therapist.slug)
        and shown in (str(booking.revision), str(booking.revision - 1))
        for booking, shown, one in found
    )
    return are_there and any(shown != str(booking.revision) for booking, shown, _one in found)


def _moves(
    request: HttpRequest, moved: MovedCourse, visits: list[PlannedVisit], chosen: dict[int, Chosen]
) -> list[operations.Move] | None:
    """What the press asks for; None when it is not as the page showed it, or can't be had."""
    moves, rules = [], moved.rules
    for booking, visit in zip(moved.ahead, visits, strict=True):
        number, cents = visit.target.number, _cents(booking, visit, rules)
        shown = request.POST.get(f"shown-{number}", "")
        if visit.time is None or visit.is_new or number not in chosen or shown != _shown(booking, cents):
            return None
        moves.append(operations.Move(booking, booking.revision, visit.time.starts_at, visit.therapist, cents))
    return moves if len(chosen) == len(moves) else None


def _shown(booking: Booking, cents: int) -> str:
    """A visit and its new price, as the page showed them."""
    return f"{booking.reference}:{booking.revision}:{cents}"
