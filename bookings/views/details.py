"""The step that asks who and where: part by part, one thought a page; as a whole for those who have told us before."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from phonenumber_field.phonenumber import PhoneNumber, to_python

from bookings.forms import DetailsForm
from massagerx.lib.limits import limited

from .steps import (
    SO_FAR,
    Progress,
    back_to,
    forget_health,
    guard,
    keep_time,
    load_progress,
    onward,
    save,
    show,
)

PARTS = tuple(DetailsForm.PARTS)


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def details(request: HttpRequest) -> HttpResponse:
    """All of it on one page. Who has not told us yet is led to the first part, unless `?all=` or the desk asks for the
    whole."""
    progress = load_progress(request)
    open_step = guard(request, progress, "details")
    if open_step and not (request.method == "POST" and progress.answers):
        return open_step
    if request.method == "POST":
        form = DetailsForm(request.POST)
        if form.is_valid():
            # Also where another tab has opened an earlier step again: what was typed here is kept.
            _keep(request, progress, form.typed())
            return open_step or keep_time(request, progress) or onward(progress)
        if open_step:
            return open_step
        return show(request, progress, "details", {"form": form}, status=422)
    part = _open_part(progress)
    if part is not None and progress.staff_user is None and "all" not in request.GET:
        return _to(part)
    return show(request, progress, "details", {"form": DetailsForm(initial=_shown(progress))})


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def details_part(request: HttpRequest, part: str) -> HttpResponse:
    """One part. Going back keeps what was typed, finished or not."""
    if part not in PARTS:
        raise Http404
    progress = load_progress(request)
    open_step = guard(request, progress, "details")
    if open_step and not (request.method == "POST" and progress.answers):
        return open_step
    if request.method != "POST":
        return _page(request, progress, part, DetailsForm(initial=_shown(progress), part=part))
    form = DetailsForm(request.POST, part=part)
    is_right = form.is_valid()
    if "back" in request.POST:
        _keep(request, progress, {**_typed(progress), **form.typed()})
        number = PARTS.index(part)
        return open_step or (_to(PARTS[number - 1]) if number else back_to("when"))
    if not is_right:
        return open_step or _page(request, progress, part, form, status=422)
    _keep(request, progress, {**_typed(progress), **form.typed()})
    if response := open_step or keep_time(request, progress):
        return response
    following = _open_part(progress, after=part) or _open_part(progress)
    return _to(following) if following else onward(progress)


def _typed(progress: Progress) -> dict[str, Any]:
    """What we know of this visitor, finished or not."""
    answers = progress.answers
    return answers.get("details") or answers.get(SO_FAR) or answers.get("known") or {}


def _shown(progress: Progress) -> dict[str, Any]:
    """The same as people write it: a phone number of here without its country's code."""
    typed = _typed(progress)
    phone = to_python(typed.get("phone"), region="US")
    if isinstance(phone, PhoneNumber) and phone.is_valid() and phone.country_code == 1:
        return {**typed, "phone": phone.as_national}
    return typed


def _keep(request: HttpRequest, progress: Progress, typed: dict[str, Any]) -> None:
    """As the step's answer when nothing is missing, else as far as it goes; checked by the form of the whole."""
    whole = DetailsForm(typed)
    is_same_person = bool(typed.get("for_other")) == bool(_typed(progress).get("for_other"))
    changes = {} if is_same_person else forget_health(request, progress)
    if whole.is_valid():
        save(request, progress, details=whole.typed(), **changes, **{SO_FAR: None})
    else:
        save(request, progress, details=None, **changes, **{SO_FAR: typed})


def _open_part(progress: Progress, *, after: str | None = None) -> str | None:
    """The first part that still needs an answer, of all or of those after one; None when there is none."""
    if "details" in progress.answers:
        return None
    typed = _typed(progress)
    rest = PARTS[PARTS.index(after) + 1 :] if after is not None else PARTS
    return next((part for part in rest if not DetailsForm(typed, part=part).is_valid()), None)


def _to(part: str) -> HttpResponseRedirect:
    return redirect(f"{reverse('bookings:details_part', args=[part])}#step-title")


def _page(
    request: HttpRequest, progress: Progress, part: str, form: DetailsForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "part": part, "part_number": PARTS.index(part) + 1, "part_count": len(PARTS)}
    return show(request, progress, "details", context, template="details_part", status=status)
