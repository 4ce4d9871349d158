"""“The surgery moves”: the visits of a course that lie ahead, planned anew by so many days and moved by one press."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.desk.frame import StaffRequest, desk_page, page, say
from bookings.domain import operations
from bookings.domain.operations import Act
from bookings.exceptions import BookingError, NoLongerOffered
from bookings.models import Booking, BookingRules
from bookings.notifications.calls import how_told
from bookings.refusals import explain
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import local

from .desk import CHANGE, VIEW, find_course
from .models import LONGEST_DAYS, Course
from .operations import move_course
from .planner import Same, moved_targets
from .planning import Asked, Chosen, PlannedVisit, plan_course, rules_of_desk, wishes_of
from .views import chosen_times
from .words import other_times, time_value, time_words, why_words


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
    now: datetime

    def plan(self, chosen: dict[int, Chosen] | None = None) -> list[PlannedVisit]:
        """The visits in order, each as it was booked, at the `chosen` times as far as they are free. Raises
        `NoLongerOffered`, and `UnreadableValue` when the course's days can't be opened."""
        dates, wishes = self.course.dates, self.course.wishes
        over = Booking.objects.filter(together=self.course.key, starts_at__lte=self.now).occupying()
        last = over.order_by("-starts_at").values_list("starts_at", flat=True).first()
        shift = timedelta(days=self.days)
        cleared = dates.get("cleared_from") or dates["day_zero"]
        not_before = max(date.fromisoformat(cleared) + shift, local(self.now).date())
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
            operations.requests_to_move(self.ahead, now=self.now),
            rules=self.rules,
            now=self.now,
            chosen=chosen,
        )

    @property
    def rules(self) -> BookingRules:
        """Those that the visits move by."""
        return rules_of_desk(BookingRules.load())

    def rows(self, visits: list[PlannedVisit]) -> list[dict[str, Any]]:
        """Old beside new, as a page shows them."""
        rules, rows = self.rules, []
        for booking, visit in zip(self.ahead, visits, strict=True):
            cents = _cents(booking, visit, rules)
            rows.append(
                {
                    "number": visit.target.number,
                    "visit": booking,
                    "shown": _shown(booking, cents),
                    "was": time_words(booking.starts_at, booking.therapist.name),
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


@desk_page(VIEW, CHANGE)
def move_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The number of days; then old times beside new ones, each to be changed, and the one press."""
    back, now = redirect("admin:courses_course_change", pk), timezone.now()
    course = find_course(str(pk))
    ahead = list(operations.ahead_together(course.key, now=now).with_details()) if course else []
    if course is None or not ahead:
        messages.info(request, _("No visit of this course is still to come."))
        return back
    asked = request.POST if request.method == "POST" else request.GET if "days" in request.GET else None
    form = MoveCourseForm(asked)
    if asked is None or not form.is_valid():
        return _page(request, course, form, status=200 if asked is None else 422)
    moved = MovedCourse(course, ahead, form.cleaned_data["days"], now)
    chosen = chosen_times(request)
    if request.method == "POST" and _is_done(request, ahead, chosen):
        return _tell(request, course, len(ahead))
    try:
        return _planned(request, form, moved, chosen)
    except UnreadableValue:
        say(request, False, _("The days of this course can’t be opened: please move its visits one by one."))
    except NoLongerOffered as error:
        say(request, False, explain(error))
    return back


def _planned(
    request: StaffRequest, form: MoveCourseForm, moved: MovedCourse, chosen: dict[int, Chosen]
) -> HttpResponse:
    """Old times beside new ones; or what the press on them came to. Raises `NoLongerOffered` and `UnreadableValue`."""
    course, visits = moved.course, moved.plan(chosen)
    if request.method != "POST":
        return _page(request, course, form, moved, visits)
    moves, act = _moves(request, moved, visits, chosen), Act(moved.now, request.user, by_client=True)
    try:
        done = moves and move_course(course=course, moves=moves, days=moved.days, act=act)
    except NoLongerOffered:
        raise
    except BookingError as error:
        ahead = list(operations.ahead_together(course.key, now=moved.now).with_details())
        if _is_done(request, ahead, chosen):
            return _tell(request, course, len(ahead))  # the same press, twice at once
        say(request, False, _("Nothing was moved: %(why)s") % {"why": explain(error)})
        if not ahead:
            return redirect("admin:courses_course_change", course.pk)
        moved = replace(moved, ahead=ahead)
        return _page(request, course, form, moved, moved.plan(chosen), status=409)
    if done is None:
        say(
            request,
            False,
            _("Not all of this can be had as it was shown. What has changed is marked; please look again."),
        )
        return _page(request, course, form, moved, visits, status=409)
    return _tell(request, course, len(done))


def _tell(request: StaffRequest, course: Course, count: int) -> HttpResponse:
    """Back to the course, with what was done."""
    words = ngettext("%(count)d visit is moved.", "%(count)d visits are moved.", count) % {"count": count}
    client = course.visits.select_related("client")[0].client
    say(request, True, f"{words} {how_told(client)}" if count else _("All visits keep their times."))
    return redirect("admin:courses_course_change", course.pk)


def _is_done(request: StaffRequest, ahead: list[Booking], chosen: dict[int, Chosen]) -> bool:
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
    request: StaffRequest, moved: MovedCourse, visits: list[PlannedVisit], chosen: dict[int, Chosen]
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


def _page(
    request: StaffRequest,
    course: Course,
    form: MoveCourseForm,
    moved: MovedCourse | None = None,
    visits: list[PlannedVisit] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    rows = moved.rows(visits) if moved is not None and visits is not None else []
    context: dict[str, Any] = {
        "title": _("Move the course"),
        "course": course,
        "form": form,
        "rows": rows,
        "was_cents": sum(row["was_cents"] for row in rows),
        "all_cents": sum(row["cents"] for row in rows),
        "is_whole": all(row["value"] for row in rows),
    }
    return page(request, "course_move", context, status=status)
