"""Planning a course, in place of the step that asks for one time: by the client, or by staff for a client on the phone.

The other steps are those of every booking. The draft keeps what the course is planned by, and the times that were taken
over. Times are held while one looks at them and types; what has gone is planned anew, and marked.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain.visit_request import ANYONE, Treatment, preference_choices, qualified_therapists
from bookings.refusals import preference_label
from bookings.views import steps, visitor_draft
from bookings.views.steps import back_to, show
from bookings.views.visitor_draft import COURSE, COURSE_ASKED, Progress, load_progress, save
from massagerx.lib.limits import limited

from .draft import Draft, chosen_times, paused_course
from .forms import CourseForm, Offered, RestForm
from .labels import day_words, not_offered_words
from .models import CoursePlan
from .planning import Chosen, opens_on


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
    save(
        request,
        progress,
        **{COURSE_ASKED: {**known, **form.asked_for()}, **visitor_draft.forget_time(progress)},
    )
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
            day = (
                answers[visitor_draft.REFERRAL]["cleared_from"]
                if answers.get(visitor_draft.REFERRAL)
                else None
            )
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
        return show(
            self.request, self.progress, "when", context, template="courses/course.html", status=status
        )

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
