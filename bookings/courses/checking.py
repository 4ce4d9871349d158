"""The whole course on one page, and the one press that books all of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import answers, intake, operations
from bookings.enums import Tier
from bookings.forms import ReviewForm
from bookings.models import Booking
from bookings.refusals import refusal_words
from bookings.views import steps, visitor_draft
from bookings.views.booking import booked, booked_meanwhile, finished, is_as_booked, key_of_press, named
from bookings.views.enquiries import call_back_page
from bookings.views.steps import InForce, back_to, in_force, show
from bookings.views.visitor_draft import COURSE, Complete, Progress, load_progress, save, sender_of
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local

from .draft import Draft
from .models import MOST_VISITS, Course
from .operations import book_course, resume_course, submissions_of, visit_key
from .planning import Chosen, PlannedVisit

# Says, of a draft's answers, what is sent for a visit, and the local days, whether these visits are cleared already.
Clears = Callable[[Mapping[str, Any], operations.Submission, Collection[date]], bool]
_clearances: list[Clears] = []


def ask_of_clearance(clears: Clears) -> None:
    """Has `clears` asked before the client is told that a note is needed."""
    _clearances.append(clears)


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
        return _booked_meanwhile(request) or steps.guard(request, progress, "review") or back_to("course")
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
    key = key_of_press(request)
    if key is None:
        return None
    keys = [visit_key(key, number) for number in range(1, MOST_VISITS + 1)]
    visits = Booking.objects.filter(submission_key__in=keys).select_related("terms_version")
    course_row = _course_of_staff(request, key)
    if course_row is None:
        return finished(request, visits)
    if is_as_booked(request, visits):
        return redirect("admin:courses_course_change", course_row.pk)
    return render(request, "courses/booked_already.html", {"course": course_row}, status=409)


def _booked_meanwhile(request: HttpRequest) -> HttpResponse | None:
    """Leads to what the same press, sent at the same moment, has booked since this one began."""
    key = key_of_press(request)
    if key is None:
        return None
    if response := _booked_before(request):
        return response
    is_staff = request.user.has_perm("bookings.change_booking")
    return None if is_staff else booked_meanwhile(request, visit_key(key, 1))


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
        visitor_draft.drop(self.request, progress)
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
            health["answers"], health["service"], local(self.progress.now).date()
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
        return show(
            self.request, self.progress, "review", context, template="courses/check.html", status=status
        )
