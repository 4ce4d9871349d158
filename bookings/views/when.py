"""The step that asks who comes and when."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings import exceptions
from bookings.domain import operations, pricing
from bookings.domain.visit_request import ANYONE, load_visit_request
from bookings.forms import TimeForm
from bookings.refusals import another_words, refusal_words
from massagerx.lib.limits import limited, visitor_digest
from massagerx.lib.localtime import local

from .calendar import Asked, CalendarPage
from .steps import CAME_LAST, Progress, guard, held, load_progress, onward, save, show
from .visits.visitor import came_last


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def when(request: HttpRequest) -> HttpResponse:
    """Five weeks at a glance and the times of one day, each with who comes then. A press keeps that time with that
    therapist, and nobody else's."""
    progress = load_progress(request)
    if response := guard(request, progress, "when"):
        return response
    asked = _asked(request, progress)
    if request.method != "POST":
        return _page(request, progress, _calendar(request, asked, progress, missed=progress.missed))
    form = TimeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose one of the times shown."))
        return _page(request, progress, _calendar(request, asked, progress), status=422)
    data = form.cleaned_data
    starts_at, therapist = data["starts_at"]
    try:
        if asked.visit_request is None:
            raise exceptions.NoLongerOffered("therapist")
        operations.hold_time(
            draft=progress.draft,
            visit_request=asked.visit_request.asking_for(data["who"]).with_therapist(therapist),
            starts_at=starts_at,
            rules=progress.rules,
            source=visitor_digest(request),
            now=progress.now,
        )
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
        calendar = _calendar(request, asked, progress, missed=starts_at)
        shown, another = asked.name_of(therapist), calendar.who_comes(starts_at)
        messages.error(request, another_words(shown, another) if shown and another else refusal_words(error))
        return _page(request, progress, calendar, status=409)
    save(
        request,
        progress,
        preference=data["who"],
        therapist=therapist,
        starts_at=starts_at.astimezone(UTC).isoformat(),
        missed=None,
    )
    # Whoever only changes the time has told the rest.
    return onward(progress)


@require_POST
@limited("20/m", "booking-keep")
def keep(request: HttpRequest) -> JsonResponse:
    """Keeps the held time longer for somebody who is typing: how many seconds from now on, 0 once it isn't held any
    more, and whether asking again can make it longer still. Without a script each press of a step does the same."""
    progress = load_progress(request)
    hold = progress.hold
    if hold is not None:
        operations.extend_hold(hold, now=progress.now)
    response = JsonResponse(held(hold, now=progress.now))
    response["Cache-Control"] = "no-store"
    return response


def _asked(request: HttpRequest, progress: Progress) -> Asked:
    treatment, area, visit_request = progress.treatment, progress.area, progress.visit_request
    assert treatment is not None
    assert area is not None
    try:
        # Where the therapist asked for is no longer offered, anyone qualified is.
        visit_request = visit_request or progress.as_told(
            load_visit_request(
                treatment=treatment, area=area, preference=ANYONE, today=local(progress.now).date()
            )
        )
    except exceptions.NoLongerOffered:
        visit_request = None
    price = partial(pricing.quote, treatment=treatment, area=area, rules=progress.rules)
    return Asked(
        visit_request=visit_request.asking_for(ANYONE) if visit_request is not None else None,
        preference=progress.answers.get("preference", ANYONE),
        rules=progress.rules,
        now=progress.now,
        cents=lambda starts_at: price(starts_at=starts_at).total_cents,
        plain_cents=price().total_cents,
        came_last=progress.answers.get(CAME_LAST) or came_last(request, now=progress.now),
    )


def _calendar(
    request: HttpRequest, asked: Asked, progress: Progress, *, missed: datetime | None = None
) -> CalendarPage:
    # What was missed, or what staff were asked for on the phone.
    opens = local(missed).date() if missed is not None else _day(progress.answers.get("day"))
    return CalendarPage(request, asked, opens=opens, missed=missed)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _page(
    request: HttpRequest, progress: Progress, calendar: CalendarPage, *, status: int = 200
) -> HttpResponse:
    return show(request, progress, "when", {"calendar": calendar}, status=status)
