"""The frame of the booking steps: which comes next, when online booking is off, and their pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from bookings.domain import intake, operations
from bookings.models import (
    Hold,
    ScreeningVersion,
    TermsVersion,
)
from bookings.refusals import refusal_words

from .enquiries import call_back_page
from .visitor_draft import COURSE, STEPS, Progress


def held(hold: Hold | None, *, now: datetime) -> dict[str, Any]:
    """What a page says of the held time: the whole seconds that are left, and whether they can become more."""
    left = int((hold.expires_at - now).total_seconds()) if hold is not None else 0
    return {"seconds": max(0, left), "longer": hold is not None and operations.can_be_longer(hold)}


def back_to(step: str) -> HttpResponseRedirect:
    return redirect(f"bookings:{step}")


def onward(progress: Progress) -> HttpResponseRedirect:
    """To the first step that is still open: who came back to change one answer isn't led through all that follow."""
    return back_to(progress.missing_step("review") or "review")


def guard(request: HttpRequest, progress: Progress, step: str) -> HttpResponse | None:
    """A redirect to the first step that is not answered yet, when one before `step` isn't; the page to be called back
    from while online booking is off.

    A form sent with an answer that is no longer offered gets a 409 that says so, and nothing else is taken instead.
    """
    if _is_off(progress):
        return call_back_page(request)
    missing = progress.missing_step(step)
    if missing is None:
        return None
    if progress.gone and request.method == "POST":
        words = {"gone": refusal_words(progress.gone), "again": f"bookings:{missing}"}
        return show(request, progress, missing, words, status=409)
    # The health page says by itself why its answers don't lead on.
    if progress.draft.answers and not (missing == "health" and "health" in progress.answers):
        messages.info(request, _("One step is still open. Your other answers are kept."))
    return back_to(missing)


@dataclass(frozen=True, slots=True)
class InForce:
    """What a booking is made under."""

    screening: intake.Screening
    terms_version: TermsVersion


def in_force(progress: Progress) -> InForce | None:
    """The owner's questions and policy, or None while there is none of one of them, or online booking is off."""
    if _is_off(progress):
        return None
    try:
        screening = intake.current_screening(now=progress.now)
    except ScreeningVersion.DoesNotExist:
        return None
    terms_version = TermsVersion.in_force(progress.now)
    return InForce(screening, terms_version) if terms_version is not None else None


def _is_off(progress: Progress) -> bool:
    """Whether the owner has turned online booking off for this visitor. Staff book for clients all the same."""
    return not progress.rules.is_open and progress.staff_user is None


def closed(request: HttpRequest, progress: Progress) -> HttpResponse | None:
    """A page to be called back from, while online booking is off or there are no health questions or no policy in
    force: nobody can book without them, so nobody is led on to a last page that can't be sent."""
    return None if in_force(progress) else call_back_page(request)


def _how_far(step: str) -> dict[str, Any]:
    """The steps that have words, and which of them a step belongs to."""
    reached = [label for _name, label in STEPS[: [name for name, _label in STEPS].index(step) + 1] if label]
    shown = [(name, label) for name, label in STEPS if label]
    here = len(reached)
    return {
        "steps": [
            {
                "name": name,
                "label": label,
                "number": number,
                "state": "current" if number == here else ("done" if number < here else "ahead"),
            }
            for number, (name, label) in enumerate(shown, start=1)
        ],
        "step_number": here,
        "step_count": len(shown),
        "step_label": reached[-1],
    }


def show(
    request: HttpRequest,
    progress: Progress,
    step: str,
    context: dict[str, Any],
    *,
    template: str = "",
    status: int = 200,
) -> HttpResponse:
    """A step's page: never stored, since it holds what somebody typed. `template` is of the step's name, unless given.
    What answers a press keeps the time longer, also when something is still missing."""
    names = [name for name, _label in STEPS]
    # Only the steps after the choice of a time say that it is kept.
    hold = progress.hold if names.index(step) > names.index("when") else None
    if hold is not None and request.method == "POST":
        operations.extend_hold(hold, now=progress.now)
    context = {
        # Who has come this far can; no query asks for it.
        "booking_is_open": True,
        "hold": hold,
        "held": held(hold, now=progress.now),
        "keeps_several": COURSE in progress.answers,
        "progress": progress,
        "step": step,
        **_how_far(step),
        **context,
    }
    response = render(request, template or f"bookings/{step}.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
