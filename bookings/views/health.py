"""The screening: question by question, or all on one page. What the answers come to is decided here on the server, and
again when the visit is asked for."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import screening
from bookings.domain import intake, operations
from bookings.domain.visit_request import Treatment
from bookings.forms import HealthForm
from massagerx.lib.limits import limited

from .details import PARTS
from .steps import (
    HEALTH_SO_FAR,
    Progress,
    back_to,
    closed,
    guard,
    keep_time,
    load_progress,
    onward,
    save,
    show,
)


class Questions:
    """The questions in force for the visitor's service, and what was answered to them so far."""

    def __init__(self, progress: Progress, treatment: Treatment) -> None:
        self.current = intake.current_screening(now=progress.now)
        self.slug = treatment.service.slug
        self.people = treatment.people
        self.today: date = timezone.localdate(progress.now)
        self.given: dict[str, str] = {}
        for name in (HEALTH_SO_FAR, "health"):
            kept = progress.answers.get(name) or {}
            # Answers belong to the version and the service that asked.
            if (kept.get("version"), kept.get("service")) == (self.current.version.number, self.slug):
                self.given = dict(kept["answers"])
                break

    @property
    def sheet(self) -> str:
        """What a page of questions is sent back with: the version and the number of people that it asked about."""
        return f"{self.current.version.number}-{self.people}"

    def is_of(self, sent: QueryDict) -> bool:
        """Whether the page that was sent asked what is asked now; its answers may mean something else otherwise."""
        return sent.get("sheet", self.sheet) == self.sheet

    @property
    def asked(self) -> tuple[screening.ScreeningQuestion, ...]:
        return self.current.asked(self.given, self.slug)

    @property
    def open_number(self) -> int | None:
        """The number of the first question without an answer, from 1; None when all have one."""
        numbered = enumerate(self.asked, start=1)
        return next((number for number, question in numbered if question.id not in self.given), None)

    def so_far(self) -> screening.Result:
        return self.current.evaluate_so_far(self.given, self.slug, self.today)

    def form(self, data: Any = None, **options: Any) -> HealthForm:
        return HealthForm(
            data, screening_now=self.current, service_slug=self.slug, today=self.today, **options
        )

    def answer(self, name: str, value: str) -> list[str]:
        """Takes one answer, as the form of the whole reads it; returns what is wrong with it, and takes none then.
        Follow-ups that don't apply any more lose their answers."""
        form = self.form({**self.given, name: value})
        form.is_valid()
        if name in form.errors:
            return [str(error) for error in form.errors[name]]
        self.given[name] = form.cleaned_data[name]
        still_asked = {question.id for question in self.asked}
        self.given = {key: given for key, given in self.given.items() if key in still_asked}
        return []

    def record(self, *, bookable: bool) -> dict[str, Any]:
        """What the draft keeps of a finished screening, or of one that was stopped."""
        return {**self.record_so_far(), "bookable": bookable}

    def record_so_far(self) -> dict[str, Any]:
        return {"version": self.current.version.number, "service": self.slug, "answers": self.given}


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def health(request: HttpRequest) -> HttpResponse:
    """All questions on one page. Who has not answered yet is led to the first open one, unless `?all=` or the desk asks
    for the whole. Answers that stop the booking show why."""
    progress = load_progress(request)
    if response := closed(request, now=progress.now):
        return response
    open_step = guard(request, progress, "health")
    if progress.treatment is None or (open_step and request.method != "POST"):
        return open_step or back_to("start")
    questions = Questions(progress, progress.treatment)
    if request.method == "POST":
        if not questions.is_of(request.POST):
            return open_step or _changed(request)
        form = questions.form(request.POST)
        if not form.is_valid():
            return open_step or _whole(request, progress, questions, form, status=422)
        questions.given = form.answers()
        if not _finish(request, progress, questions):
            return _stopped(request, progress, questions)
        return open_step or keep_time(request, progress) or onward(progress)
    if questions.so_far().stops:
        return _stopped(request, progress, questions)
    if questions.open_number is not None and progress.staff_user is None and "all" not in request.GET:
        return _to(questions.open_number)
    return _whole(request, progress, questions, questions.form(initial=questions.given))


@require_http_methods(["GET", "HEAD", "POST"])
@limited("120/m", "booking-health")
def question(request: HttpRequest, number: int) -> HttpResponse:
    """One question, by its place among those that this visitor is asked, so that an address tells nothing. An answer
    that stops the booking leads to the safe words at once."""
    progress = load_progress(request)
    if response := closed(request, now=progress.now):
        return response
    open_step = guard(request, progress, "health")
    if progress.treatment is None or (open_step and request.method != "POST"):
        return open_step or back_to("start")
    questions = Questions(progress, progress.treatment)
    if request.method != "POST":
        last = questions.open_number or len(questions.asked)
        if not 1 <= number <= last:
            return back_to("health")
        return _one(request, progress, questions, number)
    return _answered(request, progress, questions, open_step)


def _answered(
    request: HttpRequest, progress: Progress, questions: Questions, open_step: HttpResponse | None
) -> HttpResponse:
    """Takes the answer to one question, also while an earlier step (`open_step`) is open: nothing typed is lost."""
    asked = [one.id for one in questions.asked]
    name = request.POST.get("question", "")
    if name not in asked:
        # Of a page whose questions are not asked any more.
        return open_step or back_to("health")
    if not questions.is_of(request.POST):
        return open_step or _changed(request)
    number = asked.index(name) + 1
    if errors := questions.answer(name, request.POST.get("answer", "")):
        return open_step or _one(request, progress, questions, number, errors=errors)
    if questions.so_far().stops:
        save(request, progress, health=questions.record(bookable=False), **{HEALTH_SO_FAR: None})
        operations.release_hold(progress.draft)
        return back_to("health")
    if questions.open_number is None:
        if not _finish(request, progress, questions):
            return back_to("health")
    else:
        save(request, progress, health=None, **{HEALTH_SO_FAR: questions.record_so_far()})
    if response := open_step or keep_time(request, progress):
        return response
    following = questions.open_number
    return _to(following) if following is not None else onward(progress)


def _finish(request: HttpRequest, progress: Progress, questions: Questions) -> bool:
    """Keeps a finished screening, and says whether the visit can be booked; a time is let go when it can't."""
    result = questions.current.evaluate(questions.given, questions.slug, questions.today)
    save(request, progress, health=questions.record(bookable=result.bookable), **{HEALTH_SO_FAR: None})
    if not result.bookable:
        operations.release_hold(progress.draft)
    return result.bookable


def _changed(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("Our health questions have changed. Please answer them once more."))
    return back_to("health")


def _to(number: int) -> HttpResponseRedirect:
    return redirect(f"{reverse('bookings:question', args=[number])}#step-title")


def _whole(
    request: HttpRequest, progress: Progress, questions: Questions, form: HealthForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "screening": questions.current, "sheet": questions.sheet}
    return show(request, progress, "health", context, status=status)


def _one(
    request: HttpRequest,
    progress: Progress,
    questions: Questions,
    number: int,
    *,
    errors: list[str] | None = None,
) -> HttpResponse:
    asked = questions.asked
    here = asked[number - 1]
    form = questions.form(initial=questions.given)
    if number > 1:
        before = f"{reverse('bookings:question', args=[number - 1])}#step-title"
    elif progress.staff_user is not None:
        before = reverse("bookings:details")
    else:
        before = f"{reverse('bookings:details_part', args=[PARTS[-1]])}#step-title"
    context = {
        "field": form[here.id],
        "answers": _answers(form, here),
        "given": request.POST.get("answer", "") if errors else questions.given.get(here.id, ""),
        "errors": errors,
        "screening": questions.current,
        "sheet": questions.sheet,
        "before": before,
        "urgent_words": _urgent_words(questions, asked[number - 2]) if number > 1 else [],
        "part_number": number,
        "part_count": len(asked),
    }
    status = 422 if errors else 200
    return show(request, progress, "health", context, template="question", status=status)


def _answers(form: HealthForm, asked: screening.ScreeningQuestion) -> list[tuple[str, str]]:
    """The answers to press; none for a date, which is typed."""
    if asked.kind is screening.Kind.DATE:
        return []
    return [(value, str(label)) for value, label in form.fields[asked.id].choices]  # type: ignore[attr-defined]


def _urgent_words(questions: Questions, before: screening.ScreeningQuestion) -> list[str]:
    """What can't wait until the end: doubt about an emergency sign, just told."""
    if before.worst is not screening.Tier.EMERGENCY:
        return []
    found = [finding for finding in questions.so_far().findings if finding.question_id == before.id]
    return [intake.translated(finding.message) for finding in found if finding.message is not None]


def _stopped(request: HttpRequest, progress: Progress, questions: Questions) -> HttpResponse:
    result = questions.so_far()
    asked = [one.id for one in questions.asked]
    context = {
        "stopped": True,
        "emergency": intake.tier_of(result) == intake.Tier.EMERGENCY,
        "stop_words": [intake.translated(text) for text in result.messages],
        "again": asked.index(result.stops[0]) + 1 if result.stops and result.stops[0] in asked else 1,
    }
    return show(request, progress, "health", context, template="stopped")
