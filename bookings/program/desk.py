"""Staff's pages about programs: making one at a visit, and how a client follows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F, Prefetch, Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.desk.frame import StaffRequest, desk_page, get_visit, log_change, page, read_key, say, to_visit
from bookings.domain import intake
from bookings.domain.operations import StaffAct
from bookings.exceptions import BookingError
from bookings.models import Booking
from bookings.staff.labels import local_when, unreadable
from bookings.staff.visibility import sees_reports, sees_visits
from massagerx.lib.csv import csv_response
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import local
from massagerx.lib.urls import absolute_url

from . import assessments, client_link, operations
from .body import VIEWS
from .figures import overview, plot_of, weeks_of
from .forms import AddForm, AmountForm, AssessmentForm, ChooseForm, NoteForm, TemplateForm
from .labels import check_words, why_not
from .models import LONGEST_WEEKS, Assessment, Exercise, Program, ProgramExercise, ProgramTemplate
from .rights import programs_seen_by
from .stages import course_behind, course_of_client, stages_of
from .week import days_missed

VIEW, ADD, CHANGE = "program.view_program", "program.add_program", "program.change_program"
OPEN = "bookings.view_screeningrecord"
# Without a press for so long somebody should ask.
SILENT = timedelta(days=7)
_MOST_ROWS = 20
_PAGE = "admin:program_program_change"


# Made ---------------------------------------------------------------------------------------------------------------


@desk_page(sees_visits, ADD, OPEN)
def make_page(request: StaffRequest, pk: int) -> HttpResponse:
    """First the templates; then the exercises of one, those that health answers speak against with the reason; then it
    is made. Who chooses a template has looked at what the answers come to, and that is written down."""
    booking, now = get_visit(request.user, pk), timezone.now()
    if request.method != "POST":
        return _make(request, booking, TemplateForm())
    template_form = TemplateForm(request.POST)
    if not template_form.is_valid():
        return _make(request, booking, template_form, status=422)
    template = template_form.cleaned_data["template"]
    try:
        if request.POST.get("press") != "make":
            return _choose(request, booking, template, now)
        return _made(request, booking, template, now)
    except UnreadableValue:
        say(request, False, unreadable())
        return to_visit(booking)


def _make(request: StaffRequest, booking: Booking, form: TemplateForm, *, status: int = 200) -> HttpResponse:
    context = {
        "title": _("A program for %(name)s") % {"name": booking.visit_for},
        "booking": booking,
        "form": form,
        "may_make": booking.status in operations.MADE_AT,
        "there": _seen_by(request.user).filter(booking__client=booking.client_id).order_by("-made_at", "-pk"),
    }
    return page(request, "program/make", context, status=status)


def _choose(
    request: StaffRequest,
    booking: Booking,
    template: ProgramTemplate,
    now: datetime,
    form: ChooseForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    facts = intake.read_facts(booking=booking, user=request.user, now=now)
    rows = operations.choices_of(template)
    refused = {row.pk: operations.refusal_of(row.exercise, facts) for row in rows}
    if form is None:
        fit = [row.exercise_id for row in rows if refused[row.pk] is None]
        initial = {"exercises": fit, "started_on": local(now).date(), "key": uuid4()}
        form = ChooseForm(initial=initial, rows=rows)
    chosen = {str(value) for value in form["exercises"].value() or []}
    context = {
        "title": _("A program for %(name)s") % {"name": booking.visit_for},
        "booking": booking,
        "template": template,
        "form": form,
        "rows": [
            {
                "row": row,
                "is_chosen": str(row.exercise_id) in chosen,
                "why_not": why_not(error, now=now) if (error := refused[row.pk]) else "",
            }
            for row in rows
        ],
        "left_out": template.exercises.filter(exercise__approved_by="").count(),
    }
    return page(request, "program/choose", context, status=status)


def _made(request: StaffRequest, booking: Booking, template: ProgramTemplate, now: datetime) -> HttpResponse:
    form = ChooseForm(request.POST, rows=operations.choices_of(template))
    if not form.is_valid():
        return _choose(request, booking, template, now, form, status=422)
    data = form.cleaned_data
    try:
        program = operations.make_program(
            booking=booking,
            template=template,
            chosen=data["exercises"],
            started_on=data["started_on"],
            key=data["key"],
            act=StaffAct(now, request.user),
        )
    except BookingError as error:
        form.add_error(None, why_not(error, now=now))
        return _choose(request, booking, template, now, form, status=409)
    words = (
        _("The program is made, and %(name)s gets a link to it by email.")
        if booking.client.email
        else _("The program is made. %(name)s has no email: please give them the address below.")
    )
    say(request, True, words % {"name": booking.contact_name})
    return redirect(_PAGE, program.pk)


# Assessed -----------------------------------------------------------------------------------------------------------


@desk_page(sees_visits, ADD, OPEN)
def assessment_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The body chart and what was heard, to be written at a visit; the last one is opened by a press, which is written
    down."""
    booking, now = get_visit(request.user, pk), timezone.now()
    if request.method != "POST":
        return _assess(request, booking, AssessmentForm())
    if request.POST.get("press") == "open":
        try:
            last = assessments.open_assessment(booking=booking, user=request.user, now=now)
        except UnreadableValue:
            say(request, False, unreadable())
            return redirect("admin:program_assessment", pk)
        return _assess(request, booking, AssessmentForm(initial=last.findings if last else {}), last=last)
    form = AssessmentForm(request.POST)
    if not form.is_valid():
        return _assess(request, booking, form, status=422)
    try:
        assessments.write_assessment(
            booking=booking, findings=form.cleaned_data, act=StaffAct(now, request.user)
        )
    except BookingError as error:
        form.add_error(None, why_not(error, now=now))
        return _assess(request, booking, form, status=409)
    say(request, True, _("The assessment is kept."))
    return redirect("admin:program_program_make", pk)


def _assess(
    request: StaffRequest,
    booking: Booking,
    form: AssessmentForm,
    *,
    last: Assessment | None = None,
    status: int = 200,
) -> HttpResponse:
    chosen = set(form["regions"].value() or [])
    context = {
        "title": _("Assessment of %(name)s") % {"name": booking.visit_for},
        "booking": booking,
        "form": form,
        "last": last,
        "written": local_when(last.at) if last else "",
        "has_last": assessments.last_assessment(booking) is not None,
        "views": [
            (
                name,
                [{"region": one, "is_chosen": one.key in chosen} for one in regions],
                any(one.key in chosen for one in regions),
            )
            for name, regions in VIEWS
        ],
    }
    return page(request, "program/assessment", context, status=status)


# Followed -----------------------------------------------------------------------------------------------------------


@desk_page(sees_visits, VIEW)
@require_safe
def program_page(request: StaffRequest, key: str) -> HttpResponse:
    """What a client was given, and how often they do it; how much it hurts stays shut."""
    program = _find(request.user, key)
    if program is None:
        messages.warning(request, _("There is no such program."))
        return redirect("admin:program_program_changelist")
    return _page(request, program)


@desk_page(sees_visits, VIEW)
def program_history(request: StaffRequest, key: str) -> HttpResponse:
    """A program's own page says what happened."""
    return redirect(reverse(_PAGE, args=[key]))


@desk_page(sees_visits, VIEW, OPEN)
def open_program(request: StaffRequest, pk: int) -> HttpResponse:
    """The page with how much it hurt; who looked is written down first, and that somebody has looked."""
    program = _get(request.user, pk)
    if request.method != "POST":
        return redirect(_PAGE, pk)
    now = timezone.now()
    try:
        days, checks = operations.look_at(program=program, user=request.user, now=now)
        refused = operations.refused_now(program=program, user=request.user, now=now)
        weeks, words = weeks_of(program, days), [check_words(check) for check in checks]
    except UnreadableValue:
        say(request, False, unreadable())
        return redirect(_PAGE, pk)
    program.hurts_since = None
    opened = {"weeks": weeks, "plot": plot_of(weeks), "days": days, "checks": words}
    opened["refused"] = [why_not(error, now=now) for error in refused]
    opened["seen_at"] = now.isoformat()
    return _page(request, program, opened)


@desk_page(sees_visits, CHANGE)
def change_program(request: StaffRequest, pk: int, what: str) -> HttpResponse:
    """Each button of the page."""
    program = _get(request.user, pk)
    act_on = _BUTTONS.get(what)
    if act_on is None:
        raise Http404
    if request.method != "POST":
        return redirect(_PAGE, pk)
    now = timezone.now()
    try:
        said = act_on(request, program, StaffAct(now, request.user))
    except forms.ValidationError as error:
        said_wrong = " ".join(error.messages)
        say(request, False, said_wrong)
    except BookingError as error:
        say(request, False, why_not(error, now=now))
    except UnreadableValue:
        say(request, False, unreadable())
    else:
        log_change(request, program, said)
        say(request, True, said)
    return redirect(_PAGE, pk)


def _exercise(request: StaffRequest, program: Program) -> ProgramExercise:
    key = read_key(request.POST.get("exercise", ""))
    found = ProgramExercise.objects.filter(program=program, pk=key).first() if key is not None else None
    if found is None:
        raise forms.ValidationError(_("That exercise isn’t in the program any more."))
    found.program = program
    return found


def _cleaned(form: forms.Form) -> dict[str, Any]:
    """Raises `ValidationError` with what is wrong, each beside its field's name."""
    if not form.is_valid():
        raise forms.ValidationError(
            [f"{form[name].label}: {error}" for name, errors in form.errors.items() for error in errors]
        )
    return form.cleaned_data


def _change(request: StaffRequest, program: Program, act: StaffAct) -> str:
    exercise = _exercise(request, program)
    operations.change_exercise(exercise=exercise, amounts=_cleaned(AmountForm(request.POST)), act=act)
    return _("%(name)s is changed. What was done before stays.") % {"name": exercise.name}


def _take_out(request: StaffRequest, program: Program, act: StaffAct) -> str:
    exercise = _exercise(request, program)
    operations.change_exercise(exercise=exercise, amounts={}, act=act)
    return _("%(name)s is taken out.") % {"name": exercise.name}


def _let_go_on(request: StaffRequest, program: Program, act: StaffAct) -> str:
    if not request.user.has_perm(OPEN):
        raise PermissionDenied
    words = _("Please open the program first, and see what speaks against it.")
    field = forms.DateTimeField(error_messages={"required": words, "invalid": words})
    exercise, seen_at = _exercise(request, program), field.clean(request.POST.get("seen_at"))
    operations.let_go_on(exercise=exercise, seen_at=seen_at, act=act)
    return _("%(name)s goes on, though a health answer speaks against it.") % {"name": exercise.name}


def _add(request: StaffRequest, program: Program, act: StaffAct) -> str:
    # Why one is refused tells of health.
    if not request.user.has_perm(OPEN):
        raise PermissionDenied
    data = _cleaned(AddForm(request.POST))
    added: Exercise = data["exercise"]
    operations.add_exercise(program=program, exercise=added, from_week=data["from_week"], act=act)
    return _("%(name)s is added.") % {"name": added.name}


def _pause(request: StaffRequest, program: Program, act: StaffAct) -> str:
    operations.pause(program=program, act=act)
    return _("The program is paused.")


def _resume(request: StaffRequest, program: Program, act: StaffAct) -> str:
    operations.resume(program=program, act=act)
    return _("The program goes on where it was paused.")


def _end(request: StaffRequest, program: Program, act: StaffAct) -> str:
    operations.end(program=program, act=act)
    return _("The program has ended. What was done stays.")


def _note(request: StaffRequest, program: Program, act: StaffAct) -> str:
    operations.write_note(program=program, text=_cleaned(NoteForm(request.POST))["note"], act=act)
    return _("Your word stands on the client’s page.")


def _link(request: StaffRequest, program: Program, act: StaffAct) -> str:
    client_link.send_link(program=program, act=act)
    return _("There is a new link. One from before opens nothing any more.")


def _follow(request: StaffRequest, program: Program, act: StaffAct) -> str:
    course = course_of_client(program, program.paused_on or local(act.at).date())
    if course is None:
        raise forms.ValidationError(_("There is no other course of this client’s by now."))
    operations.follow_course(program=program, course=course, act=act)
    return _("The program changes at the visits of “%(course)s” now.") % {"course": course}


_BUTTONS: dict[str, Callable[[StaffRequest, Program, StaffAct], str]] = {
    "change": _change,
    "take-out": _take_out,
    "go-on": _let_go_on,
    "add": _add,
    "pause": _pause,
    "resume": _resume,
    "end": _end,
    "note": _note,
    "link": _link,
    "follow": _follow,
}


def _seen_by(user: User) -> Any:
    rows = Program.objects.select_related("booking__client", "made_by", "link").defer("note")
    return programs_seen_by(user, rows)


def _find(user: User, text: str) -> Program | None:
    key = read_key(text)
    found: Program | None = _seen_by(user).filter(pk=key).first() if key is not None else None
    return found


def _get(user: User, pk: int) -> Program:
    found = _find(user, str(pk))
    if found is None:
        raise Http404
    return found


def _page(request: StaffRequest, program: Program, opened: dict[str, Any] | None = None) -> HttpResponse:
    now, user = timezone.now(), request.user
    today = local(now).date()
    try:
        note, note_lost = str(program.note), False
    except UnreadableValue:
        note, note_lost = "", True
    is_open = program.ended_at is None
    client = program.booking.client
    token = client_link.token_of(program) if not client.email and is_open else ""
    course = course_behind(program.course_key)
    context = {
        "title": _("%(program)s: %(name)s") % {"program": program, "name": program.booking.visit_for},
        "program": program,
        "week": max(program.week_of(today), 0),
        "is_over": program.is_over_on(today),
        "is_open": is_open,
        "made": local_when(program.made_at),
        "pressed": local_when(program.last_press_at) if program.last_press_at else "",
        "exercises": list(ProgramExercise.objects.filter(program=program).standing()),
        "opened": opened,
        "may_open": user.has_perm(OPEN),
        "may_change": user.has_perm(CHANGE) and is_open,
        "add_form": AddForm(),
        "note_form": NoteForm(initial={"note": note}),
        "course": course,
        "stages": stages_of(course.plan, program.weeks) if course else [],
        "other_course": course_of_client(program, program.paused_on or today) if is_open else None,
        "note_lost": note_lost,
        "address": absolute_url(reverse("bookings:program", args=[token])) if token else "",
    }
    return page(request, "program/program", context)


@desk_page(sees_reports)
@require_safe
def figures_page(request: StaffRequest) -> HttpResponseBase:
    """For the owner: how programs are followed, by sport and by exercise, and in which week clients stop; also as a
    table for a spreadsheet."""
    today = local(timezone.now()).date()
    found = overview(today=today)
    if "csv" in request.GET:
        parts = ((_("Sport"), found.sports), (_("Exercise"), found.exercises))
        rows: list[list[Any]] = [
            [_("Of"), _("Name"), _("Programs"), _("Asked for"), _("Done"), _("Stopped"), _("Percent")]
        ]
        rows += [
            [of, one.name, one.programs, one.asked, one.done, "", one.share]
            for of, followed in parts
            for one in followed
        ]
        rows += [[_("Week"), one.week, one.came, "", "", one.stopped, one.share] for one in found.stopped]
        return csv_response(f"programs-{today}", rows)
    parts = ((_("By sport"), found.sports), (_("By exercise"), found.exercises))
    return page(
        request,
        "program/figures",
        {"title": _("How programs are followed"), "parts": parts, "stopped": found.stopped},
    )


def waiting(user: User, now: datetime) -> list[dict[str, Any]]:
    """Rows of the front page: whom it hurts more, and who has stopped."""
    if not user.has_perm(VIEW) or not sees_visits(user):
        return []
    today = local(now).date()
    silent = Q(last_press_at__lt=now - SILENT) | Q(last_press_at=None)
    stopped = silent & Q(
        Q(resumed_at=None) | Q(resumed_at__lt=now - SILENT),
        started_on__lte=today - SILENT,
        started_on__gt=today - timedelta(weeks=LONGEST_WEEKS),
        made_at__lt=now - SILENT,
    )
    running = Q(paused_on=None, ended_at=None)
    rows = _seen_by(user).filter(Q(hurts_since__isnull=False) | stopped & running)
    exercises = Prefetch("exercises", ProgramExercise.objects.order_by("pk"), to_attr="all_exercises")
    rows = rows.prefetch_related(exercises).order_by(F("hurts_since").asc(nulls_last=True), "made_at", "pk")
    waits = (
        row
        for row in rows
        if row.hurts_since is not None
        or (not row.is_over_on(today) and days_missed(row, row.all_exercises, today))
    )
    found = []
    for row in islice(waits, _MOST_ROWS):
        begun = max(row.last_press_at or row.made_at, row.resumed_at or row.made_at)
        since = row.hurts_since or begun + SILENT
        found.append(
            {
                "kind": "app",
                "url": reverse(_PAGE, args=[row.pk]),
                "who": row.booking.visit_for,
                "what": _why(row),
                "due": since + timedelta(days=1),
                "phone": row.booking.client.phone,
                "is_urgent": row.hurts_since is not None,
            }
        )
    return found


def _why(row: Any) -> str:
    if row.hurts_since is None:
        return _("Nothing was done of the program for a week: please ask.")
    # What is held back was so since somebody looked last.
    if any(
        each.held_at and each.held_at >= row.hurts_since and each.ended_at is None
        for each in row.all_exercises
    ):
        return _("A health answer speaks against an exercise of the program: please look, and call.")
    return _("An exercise of the program hurts: please look, and call.")
