"""A client's page about their program. A phone without a connection sends presses later (static/js/presses.js);
without that script they are plain forms."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.exceptions import BookingError
from bookings.views.enquiries import private
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.limits import limited
from massagerx.lib.typeset import Paper
from massagerx.lib.videos import FRAME_HOSTS, parse_video

from . import papers, presses
from .drawings import parts_of
from .figures import plot_of, weeks_of
from .forms import PressForm, WeekForm
from .models import MOST_TRIES, ExerciseDay, ProgramBooklet, ProgramExercise
from .reminders import wish_for_reminders

_WITH = "exercise"


@require_safe
def program(request: HttpRequest, token: str) -> HttpResponse:
    """Today's exercises, one at a time, and the week at a glance; four queries of its own."""
    now = timezone.now()
    found = presses.program_of(token, now=now)
    return _page(request, token, found, now) if found is not None else _closed(request)


def _page(
    request: HttpRequest,
    token: str,
    found: Any,
    now: datetime,
    form: WeekForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    today = presses.today_of(found, now=now)
    words, asked, is_over = today.words, today.asked, found.is_over_on(today.day)
    asked_week = presses.week_to_check(found, now=now)
    if form is None and asked_week is not None and asked_week > (found.checked_week or 0):
        form = WeekForm(initial={"week": asked_week})
    context: dict[str, Any] = {
        "program": found,
        "token": token,
        "week": found.week_of(today.day),
        "is_running": today.is_running,
        "is_over": is_over,
        "waits": found.is_waiting_on(today.day),
        "held": today.held,
        "asked": [{"row": row, "word": words.get(row.pk)} for row in asked],
        "now": _shown(request, asked, words) if today.is_running else None,
        "days": today.week,
        "note": presses.note_of(found),
        "form": form,
        "asked_week": asked_week,
        "may_be_reminded": found.ended_at is None and not is_over and bool(found.link and found.link.email),
        "pains": range(11),
        "store": f"program-{found.pk}",
    }
    response = private(render(request, "program/program.html", context, status=status))
    if context["now"] and (video := context["now"]["video"]) is not None:
        # What django-csp's decorator sets: the one host that the page may show a frame of, after a press.
        response._csp_update = {"frame-src": [FRAME_HOSTS[video.provider]]}
    return response


def _shown(
    request: HttpRequest, asked: list[ProgramExercise], words: dict[int, ExerciseDay]
) -> dict[str, Any] | None:
    """The exercise that the address names, or else the first of which nothing was said today."""
    named = request.GET.get(_WITH, "")
    chosen = next((row for row in asked if str(row.pk) == named), None)
    chosen = chosen or next((row for row in asked if row.pk not in words), None)
    if chosen is None:
        return None
    return {
        "row": chosen,
        "word": words.get(chosen.pk),
        "number": asked.index(chosen) + 1,
        "steps": chosen.steps.splitlines(),
        "parts": parts_of(chosen.drawing),
        "video": parse_video(chosen.video_url),
        "key": uuid4(),
    }


@require_POST
@limited("60/m", "program")
def press(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """Done, not today, or taken back."""
    now = timezone.now()
    found = presses.program_of(token, now=now)
    rows = ProgramExercise.objects.filter(program=found) if found is not None else None
    exercise = rows.filter(pk=pk).first() if rows is not None else None
    if found is None or exercise is None:
        return _closed(request)
    exercise.program = found
    pressed = None
    try:
        if "undo" in request.POST:
            presses.take_back(exercise=exercise, now=now)
            return _answer(request, token, True, _("Undone."), exercise)
        form = PressForm(request.POST)
        if not form.is_valid():
            words = _("“%(name)s” didn’t arrive complete. Please press once more.")
            if form.has_error("age", "max_value"):
                words = _("“%(name)s” was pressed more than a day ago, and can’t be written down anymore.")
            return _answer(request, token, False, words % {"name": exercise.name}, exercise)
        pressed = form.pressed(now)
        word = presses.press(exercise=exercise, pressed=pressed, now=now)
    except BookingError:
        words = _("Your program doesn’t ask for “%(name)s” on that day anymore. Nothing was changed.")
        if pressed is not None and presses.hurts_much(pressed):
            words = _(
                "Your program doesn’t ask for “%(name)s” on that day anymore, but that it hurt is noted. Please leave "
                "it out for now, and call us."
            )
        return _answer(request, token, False, words % {"name": exercise.name}, exercise)
    if word.outcome == ExerciseDay.Outcome.SKIPPED:
        return _answer(request, token, True, _("Fine. Rest is part of it."))
    if presses.hurts_much(pressed):
        words = _("Noted. Please leave this exercise out for now, and call us.")
        return _answer(request, token, True, words)
    return _answer(request, token, True, _("Well done."))


@require_POST
@limited("30/m", "program-week")
def check_week(request: HttpRequest, token: str) -> HttpResponse:
    """The five answers about a week. Nothing typed is lost."""
    now = timezone.now()
    found = presses.program_of(token, now=now)
    if found is None:
        return _closed(request)
    form = WeekForm(request.POST)
    if not form.is_valid():
        if "week" in form.errors:
            form.add_error(None, _("That didn’t arrive complete. Please press once more."))
        return _page(request, token, found, now, form, status=422)
    try:
        presses.check_week(program=found, week=form.cleaned_data["week"], answers=form.answers(), now=now)
    except BookingError:
        return _answer(request, token, False, _("That week isn’t asked about anymore. Nothing was changed."))
    words = _("Thank you. It is kept for your therapist. What can’t wait, please tell us on the phone.")
    return _answer(request, token, True, words)


@limited("30/m", "program-so-far")
def so_far(request: HttpRequest, token: str) -> HttpResponse:
    """How it went week by week, with how much it hurt: opened by a press, not by the address alone."""
    found = presses.program_of(token, now=timezone.now())
    if found is None:
        return _closed(request)
    if request.method != "POST":
        return private(redirect("bookings:program", token))
    try:
        days = list(ExerciseDay.objects.filter(exercise__program=found).order_by("day", "pk"))
        weeks = weeks_of(found, days)
    except UnreadableValue:
        words = _("How it went can’t be opened right now. Please call us.")
        return _answer(request, token, False, words)
    context = {"program": found, "token": token, "weeks": weeks, "plot": plot_of(weeks)}
    return private(render(request, "program/so_far.html", context))


@require_POST
@limited("30/m", "program-reminders")
def reminders(request: HttpRequest, token: str) -> HttpResponse:
    """Turns reminders on, or off."""
    found = presses.program_of(token, now=timezone.now())
    if found is None:
        return _closed(request)
    wanted = request.POST.get("press") == "on"
    wish_for_reminders(program=found, wanted=wanted)
    on, off = _("We remind you when you miss a few days."), _("You get no more reminders.")
    return _answer(request, token, True, on if wanted else off)


@require_POST
@limited("10/m", "program-booklet")
@limited("60/h", "program-booklet-hour")
def fetch_booklet(request: HttpRequest, token: str) -> HttpResponse:
    """The booklet as a file, or else the page, which says that it is being made, or why not."""
    now = timezone.now()
    found = presses.program_of(token, now=now)
    if found is None:
        return _closed(request)
    if found.ended_at is not None:
        return _answer(
            request, token, False, _("This program has ended, and so there is no booklet anymore.")
        )
    paper = Paper.A4 if request.POST.get("paper") == Paper.A4 else Paper.LETTER
    made = papers.fetch_or_ask(program=found, paper=paper, now=now)
    if made is None:
        if ProgramBooklet.objects.filter(program=found, tries__lt=MOST_TRIES).exists():
            messages.info(request, _("We are making your booklet. In a few seconds, press again to get it."))
        else:
            messages.error(
                request, _("Your booklet couldn’t be made, and we have been told. Please call us for it.")
            )
        return private(redirect(reverse("bookings:program", args=[token]) + "#booklet"))
    name = slugify(found.name) or "program"
    response = FileResponse(
        io.BytesIO(made), as_attachment=True, filename=f"{name}.pdf", content_type="application/pdf"
    )
    return private(response)


def _answer(
    request: HttpRequest, token: str, done: bool, words: str, stay: ProgramExercise | None = None
) -> HttpResponse:
    """Back to the page; a script that sends what was kept reads what became of it."""
    if request.headers.get("X-Press"):
        if done:
            messages.success(request, words)  # on the page, which the script loads anew
        return private(JsonResponse({"done": done, "said": words}, status=200 if done else 409))
    messages.add_message(request, messages.SUCCESS if done else messages.ERROR, words)
    address = reverse("bookings:program", args=[token])
    return private(redirect(f"{address}?{_WITH}={stay.pk}" if stay else address))


def _closed(request: HttpRequest) -> HttpResponse:
    return private(render(request, "bookings/link_closed.html", status=404))
