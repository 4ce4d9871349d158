"""The screening: four cards on one page. What the answers come to is decided here on the server, and again when the
visit is asked for."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import screening
from bookings.domain import intake, operations
from bookings.domain.visit_request import Treatment
from bookings.forms import HealthForms
from bookings.models import Booking
from massagerx.lib.limits import limited

from .holding import keep_time
from .steps import back_to, closed, guard, onward, show
from .visitor_draft import AGAIN_OF, Progress, load_progress, person_of, save, who_books
from .visits.visitor import load_visitor


class Questions:
    """The questions in force for the visitor's service, and what was answered to them so far."""

    def __init__(self, progress: Progress, treatment: Treatment) -> None:
        self.current = intake.current_screening(now=progress.now)
        self.slug = treatment.service.slug
        self.people = progress.people
        self.today: date = timezone.localdate(progress.now)
        self.given: dict[str, str] = {}
        kept = progress.answers.get("health") or {}
        # Answers belong to the version and the service that asked. Those of an earlier visit are used, never shown.
        of_these = (kept.get("version"), kept.get("service")) == (self.current.version.number, self.slug)
        if of_these and "taken_from" not in kept:
            self.given = dict(kept["answers"])

    @property
    def sheet(self) -> str:
        """What a page of questions is sent back with: the version and the number of people that it asked about."""
        return f"{self.current.version.number}-{self.people}"

    def is_of(self, sent: QueryDict) -> bool:
        """Whether the page that was sent asked what is asked now; its answers may mean something else otherwise."""
        return sent.get("sheet", self.sheet) == self.sheet

    def so_far(self) -> screening.Result:
        return self.current.evaluate_so_far(self.given, self.slug, self.today, people=self.people)

    def forms(self, data: QueryDict | None = None) -> HealthForms:
        return HealthForms(
            data,
            people=self.people,
            given=self.given,
            screening_now=self.current,
            service_slug=self.slug,
            today=self.today,
        )

    def record(self, progress: Progress, *, bookable: bool, **more: Any) -> dict[str, Any]:
        """What the draft keeps: of a finished screening, of one that was stopped, or of one that is not finished. With
        whom the answers are about, once that was told, and `more`."""
        details = progress.answers.get("details")
        return {
            **more,
            "of": person_of(details) if details is not None else None,
            "version": self.current.version.number,
            "service": self.slug,
            "answers": self.given,
            "bookable": bookable,
        }


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def health(request: HttpRequest) -> HttpResponse:
    """All cards on one page. Answers that stop the booking show why at once, also while others are missing; `?change=`
    leads from there back to the page. Who books the same again, also by phone, is asked first whether the last answers
    are still true."""
    progress = load_progress(request)
    if response := closed(request, progress):
        return response
    open_step = guard(request, progress, "health")
    if progress.treatment is None or (open_step and request.method != "POST"):
        return open_step or back_to("start")
    questions = Questions(progress, progress.treatment)
    fresh = _fresh(request, progress, questions) if "health" not in progress.answers else None
    if "later" in request.POST and progress.staff_user is not None:
        return open_step or _later(request, progress, questions)
    if "still" in request.POST:
        return open_step or _still_true(request, progress, questions, fresh)
    if request.method != "POST":
        if fresh is not None and "change" not in request.GET:
            context = {"given_at": fresh.given_at}
            return show(request, progress, "health", context, template="bookings/health_fresh.html")
        if questions.so_far().stops and "change" not in request.GET:
            return _stopped(request, progress, questions)
        return _page(request, progress, questions, questions.forms())
    return _answered(request, progress, questions, open_step)


def _answered(
    request: HttpRequest, progress: Progress, questions: Questions, open_step: HttpResponse | None
) -> HttpResponse:
    """Takes what was sent, and leads to the `open_step` before this one, if there is one."""
    if not questions.is_of(request.POST):
        return open_step or _changed(request)
    forms = questions.forms(request.POST)
    is_whole = forms.is_valid()
    questions.given = forms.answers()
    stops = questions.so_far().stops
    # Also where another tab has opened an earlier step again: what was answered here is kept.
    save(request, progress, health=questions.record(progress, bookable=is_whole and not stops))
    if stops:
        operations.release_hold(progress.draft)
        return _stopped(request, progress, questions)
    if not is_whole:
        return open_step or _page(request, progress, questions, forms, status=422)
    return open_step or keep_time(request, progress) or onward(progress)


def _fresh(request: HttpRequest, progress: Progress, questions: Questions) -> intake.FreshAnswers | None:
    """The answers to the same questions about the same people, of the visit that this one is begun from, while its
    client books for themself: with the mailbox proved, or by phone with staff."""
    key, details = progress.answers.get(AGAIN_OF), progress.answers.get("details")
    if key is None or details is None:
        return None
    same = Booking.objects.filter(pk=key, service__slug=questions.slug, people=questions.people)
    if (booking := same.select_related("client").first()) is None:
        return None
    email, phone = booking.client.email, booking.client.phone.as_e164
    by_phone = progress.staff_user is not None
    if not by_phone and not load_visitor(request, now=progress.now).is_proved(email, for_form=True):
        return None
    told = {"name": booking.contact_name, "email": email, "phone": phone}
    of = {"for_other": True, "recipient_name": booking.recipient_name}
    if (person_of(of), who_books(told)) != (person_of(details), who_books(details)):
        return None
    return intake.fresh_answers(booking, questions.current, now=progress.now)


def _still_true(
    request: HttpRequest, progress: Progress, questions: Questions, fresh: intake.FreshAnswers | None
) -> HttpResponse:
    """Takes the last answers over, judged as of today; what stops now, or is too old by now, is asked anew. Pressed
    twice, it leads on. Staff never see the answers, but what they come to: that is written down as a look at them."""
    if fresh is None and progress.missing_step("details") is None:
        return keep_time(request, progress) or onward(progress)
    if fresh is not None:
        if progress.staff_user is not None:
            intake.log_taken_over(
                booking_key=progress.answers[AGAIN_OF], user=progress.staff_user, now=progress.now
            )
        questions.given = dict(fresh.answers)
        result = questions.current.evaluate(
            questions.given, questions.slug, questions.today, people=questions.people
        )
        if result.bookable:
            taken_from = who_books(progress.answers["details"])
            save(request, progress, health=questions.record(progress, bookable=True, taken_from=taken_from))
            return keep_time(request, progress) or onward(progress)
    return redirect(f"{reverse('bookings:health')}?change=yes")


def _later(request: HttpRequest, progress: Progress, questions: Questions) -> HttpResponse:
    """Staff leave the questions to the client, who gets them by email. Several visits are booked with their answers."""
    details = progress.answers.get("details")
    if progress.asks_health_now or (details is not None and not details["email"]):
        messages.error(request, _("They are sent by email. Please ask them now."))
        return back_to("health")
    questions.given = {}
    save(request, progress, health=questions.record(progress, bookable=True, later=True))
    return keep_time(request, progress) or onward(progress)


def _changed(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("Our health questions have changed. Please answer them once more."))
    return back_to("health")


def _page(
    request: HttpRequest, progress: Progress, questions: Questions, forms: HealthForms, *, status: int = 200
) -> HttpResponse:
    context = {"forms": forms, "screening": questions.current, "sheet": questions.sheet}
    return show(request, progress, "health", context, status=status)


def _stopped(request: HttpRequest, progress: Progress, questions: Questions) -> HttpResponse:
    result = questions.so_far()
    context = {
        "stopped": True,
        "emergency": intake.tier_of(result) == intake.Tier.EMERGENCY,
        "stop_words": [intake.translated(text) for text in result.messages],
    }
    return show(request, progress, "health", context, template="bookings/stopped.html")
