"""The step that asks who comes and when."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings import exceptions
from bookings.domain import operations, pricing
from bookings.domain.operations import Wish
from bookings.domain.visit_request import ANYONE, Treatment, VisitRequest
from bookings.forms import SoonestForm, TimeForm
from bookings.models import ServiceArea
from bookings.refusals import another_words, refusal_words
from massagerx.lib.limits import limited

from .calendar import BESIDE, Asked, CalendarPage
from .holding import hold_wishes
from .steps import back_to, closed, guard, held, onward, show
from .visitor_draft import (
    CAME_LAST,
    COURSE,
    LIKE,
    OF_A_TIME,
    SECOND_PREFERENCE,
    SECOND_THERAPIST,
    SIDE_BY_SIDE,
    Progress,
    forget_time,
    load_progress,
    save,
    with_answers,
)
from .visits.visitor import came_last


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def when(request: HttpRequest) -> HttpResponse:
    """Five weeks at a glance and the times of one day, each with who comes then. A press keeps that time with that
    therapist, and nobody else's."""
    progress = load_progress(request)
    response = guard(request, progress, "when")
    if response or progress.treatment is None or progress.area is None:
        return response or back_to("start")
    asked = _asked(request, progress, progress.treatment, progress.area)
    if request.method != "POST":
        return _page(request, progress, CalendarPage(request, asked, missed=progress.missed))
    form = TimeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose one of the times shown."))
        return _page(request, progress, CalendarPage(request, asked), status=422)
    starts_at, therapist = form.cleaned_data["starts_at"]
    try:
        _keep(request, progress, asked.visit_request, form)
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
        calendar = CalendarPage(request, asked, missed=starts_at)
        shown, another = asked.name_of(therapist), calendar.who_comes(starts_at)
        messages.error(request, another_words(shown, another) if shown and another else refusal_words(error))
        return _page(request, progress, calendar, status=409)
    # Whoever only changes the time has told the rest.
    return onward(progress)


@require_POST
@limited("60/m", "booking-steps")
def soonest(request: HttpRequest) -> HttpResponse:
    """The press on the free time that the answer to a ZIP code names: keeps it, with the ZIP code, the service and the
    length it was named for. A time that has gone meanwhile is said so above those that are left; who had chosen
    something before keeps that, with its held time."""
    progress = load_progress(request)
    if response := closed(request, progress):
        return response
    form = SoonestForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Please choose one of the times shown."))
        return back_to("start")
    wish = with_answers(
        progress,
        **form.answers(),
        **dict.fromkeys(("missed", "submission_key", SIDE_BY_SIDE, *OF_A_TIME)),
    )
    chose_before = progress.treatment is not None
    if not chose_before:
        forget_time(progress)
        save(request, wish)
    return _take(request, wish, form, remembers=not chose_before)


def take_time(request: HttpRequest) -> HttpResponse:
    """Keeps the time that was pressed on another page together with all that the draft was just begun with; one that
    has gone meanwhile is said so above those that are left."""
    form = TimeForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Please choose one of the times shown."))
        return back_to("when")
    return _take(request, load_progress(request), form, remembers=True)


def _take(request: HttpRequest, progress: Progress, form: TimeForm, *, remembers: bool) -> HttpResponse:
    """Keeps a time and leads on; to the page of times where it can't be had, whose nearest are shown first if the draft
    `remembers` it."""
    if response := guard(request, progress, "when"):
        return response
    try:
        _keep(request, progress, progress.visit_request, form)
    except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
        messages.error(request, refusal_words(error))
        if not remembers:
            return back_to("when")
        save(request, progress, missed=_as_kept(form.cleaned_data["starts_at"][0]))
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


def _keep(
    request: HttpRequest, progress: Progress, visit_request: VisitRequest | None, form: TimeForm
) -> None:
    """Holds the time that was pressed, with who was shown to come, and keeps both in the draft. Raises as
    `operations.hold_time`."""
    if visit_request is None:
        raise exceptions.NoLongerOffered("therapist")
    starts_at, shown = form.cleaned_data["starts_at"]
    who, second = form.cleaned_data["who"], form.cleaned_data["second"]
    first, _plus, other = shown.partition(BESIDE)
    wishes = [Wish(visit_request.asking_for(who).with_therapist(first), starts_at)]
    kept: dict[str, Any] = {"preference": who, "therapist": first, "starts_at": _as_kept(starts_at)}
    if progress.side_by_side:
        if not other:
            raise exceptions.NoLongerOffered("therapist")
        wishes.append(Wish(visit_request.asking_for(second or ANYONE).with_therapist(other), starts_at))
        kept |= {SECOND_PREFERENCE: second or ANYONE, SECOND_THERAPIST: other}
    hold_wishes(request, progress, wishes, rules=progress.rules)
    save(request, progress, **kept, missed=None, **{COURSE: None})


def _as_kept(starts_at: datetime) -> str:
    """An instant as the draft keeps it."""
    return starts_at.astimezone(UTC).isoformat()


def _asked(request: HttpRequest, progress: Progress, treatment: Treatment, area: ServiceArea) -> Asked:
    try:
        # Where the therapist asked for is no longer offered, anyone qualified is.
        visit_request = progress.visit_request or progress.load_request(treatment, area, ANYONE)
    except exceptions.NoLongerOffered:
        visit_request = None

    def cents(starts_at: datetime | None = None) -> int:
        quote = pricing.quote(treatment=treatment, area=area, rules=progress.rules, starts_at=starts_at)
        return (quote.twice() if progress.side_by_side else quote).total_cents

    return Asked(
        visit_request=visit_request.asking_for(ANYONE) if visit_request is not None else None,
        preference=progress.answers.get("preference", ANYONE),
        rules=progress.rules,
        now=progress.now,
        second=progress.answers.get(SECOND_PREFERENCE, ANYONE) if progress.side_by_side else None,
        cents=cents,
        plain_cents=cents(),
        came_last=progress.answers.get(CAME_LAST) or came_last(request, now=progress.now),
        # What staff were asked for on the phone.
        day=date.fromisoformat(day) if (day := progress.answers.get("day")) else None,
        like=datetime.fromisoformat(like) if (like := progress.answers.get(LIKE)) else None,
    )


def _page(
    request: HttpRequest, progress: Progress, calendar: CalendarPage, *, status: int = 200
) -> HttpResponse:
    return show(request, progress, "when", {"calendar": calendar}, status=status)
