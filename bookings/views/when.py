"""The step that asks when: a month at a glance, the times of a day, and where there are none why, and the nearest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import alternatives, operations, scheduling
from bookings.domain.visit_request import ANYONE, load_visit_request, preference_choices
from bookings.forms import PreferenceForm, TimeForm
from bookings.refusals import day_words, month_words, preference_label, refusal_words
from massagerx.lib.limits import limited, visitor_digest
from massagerx.lib.localtime import local

from .month import Month, choice, read_day, read_month
from .steps import Progress, back_to, forget_time, guard, load_progress, save, show


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def when(request: HttpRequest) -> HttpResponse:
    """A month at a glance and the times of one day."""
    progress = load_progress(request)
    if response := guard(request, progress, "when"):
        return response
    assert progress.treatment is not None
    assert progress.area is not None
    today = timezone.localdate(progress.now)
    try:
        # Where the therapist asked for is no longer offered, anyone qualified is.
        anyone = progress.visit_request or load_visit_request(
            treatment=progress.treatment, area=progress.area, preference=ANYONE, today=today
        )
    except exceptions.NoLongerOffered:
        anyone = None
    choices = [
        (value, preference_label(meaning))
        for value, meaning in preference_choices(anyone.qualified if anyone is not None else ())
    ]

    if request.method == "POST" and "preference" in request.POST:
        preference = PreferenceForm(request.POST, choices=choices)
        if preference.is_valid():
            save(request, progress, preference=preference.cleaned_data["preference"], **forget_time(progress))
            return redirect(request.get_full_path())
        return _when_page(request, progress, choices, preference, status=422)

    if progress.visit_request is None:
        save(request, progress, preference=ANYONE)
        progress.visit_request = progress.as_told(anyone) if anyone is not None else None

    if request.method == "POST":
        form = TimeForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Please choose one of the times shown."))
            return _when_page(request, progress, choices, status=422)
        starts_at = form.cleaned_data["starts_at"]
        try:
            if progress.visit_request is None:
                raise exceptions.NoLongerOffered("therapist")
            operations.hold_time(
                draft=progress.draft,
                visit_request=progress.visit_request,
                starts_at=starts_at,
                rules=progress.rules,
                source=visitor_digest(request),
                now=progress.now,
            )
        except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
            messages.error(request, refusal_words(error))
            return _when_page(request, progress, choices, missed=starts_at, status=409)
        save(request, progress, starts_at=starts_at.astimezone(UTC).isoformat(), missed=None)
        # Whoever only changes the time has told the rest.
        return back_to("details" if progress.missing_step("review") else "review")
    return _when_page(request, progress, choices, missed=progress.missed)


def _when_page(
    request: HttpRequest,
    progress: Progress,
    choices: list[tuple[str, str]],
    form: PreferenceForm | None = None,
    *,
    missed: datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    assert progress.treatment is not None
    assert progress.area is not None
    today = timezone.localdate(progress.now)
    last_day = scheduling.last_day(rules=progress.rules, now=progress.now)
    first = read_month(request.GET.get("month", ""), today=today, last_day=last_day)
    day = read_day(request.GET.get("day", ""), today=today, last_day=last_day)
    if day is None and missed is not None and not request.GET.get("month"):
        missed_day = local(missed).date()
        day = missed_day if today <= missed_day <= last_day else None
    if day is None and not request.GET.get("month"):
        # What staff were asked for on the phone.
        day = read_day(progress.answers.get("day") or "", today=today, last_day=last_day)
    if day is not None:
        first = day.replace(day=1)
    offer = (
        scheduling.find_times(
            visit_request=progress.visit_request,
            month=first,
            rules=progress.rules,
            now=progress.now,
        )
        if progress.visit_request is not None
        else scheduling.Offer.nothing()
    )
    month = Month(first=first, today=today, last_day=last_day, offer=offer, selected=day)
    if day is None and month.first_open_day is not None and not request.GET.get("month"):
        month.selected = month.first_open_day
    context = {
        "month": month,
        "times": month.times_of_selected(progress.rules, progress.treatment, progress.area, missed=missed),
        "preference_form": form
        or PreferenceForm(
            initial={"preference": progress.answers.get("preference", ANYONE)}, choices=choices
        ),
        "instead": _instead(progress, month, missed),
        "here": f"?day={month.selected:%Y-%m-%d}" if month.selected else f"?month={first:%Y-%m}",
        "anyone": ANYONE,
    }
    return show(request, progress, "when", context, status=status)


def _instead(progress: Progress, month: Month, missed: datetime | None) -> dict[str, Any] | None:
    """What stands where the times would: for a chosen day without any, and for a month without any."""
    assert progress.treatment is not None
    assert progress.area is not None
    chosen = month.selected
    if chosen in month.offer.by_day or (chosen is None and month.any_times):
        return None
    found = alternatives.find_alternatives(
        visit_request=progress.visit_request,
        first_day=chosen or month.first,
        last_day=chosen or month.last,
        rules=progress.rules,
        now=progress.now,
        hour=local(missed).time()
        if missed is not None and local(missed).date() == chosen
        else alternatives.NOON,
    )
    asked_for = progress.visit_request is not None and progress.visit_request.preference != ANYONE
    words = day_words if chosen is not None else month_words
    return {
        "why": words(found.reason, asked_for=asked_for, zones=found.zones),
        "nobody": progress.visit_request is None,
        "nearest": [
            (day, [choice(start, progress.rules, progress.treatment, progress.area) for start in starts])
            for day, starts in found.nearest
        ],
        "asked_for": asked_for,
        "others_can": found.others_can,
    }
