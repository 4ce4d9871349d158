"""A pause, for an illness: what lies ahead falls away, and is planned anew from the day on which we can come again."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from bookings.desk.frame import StaffRequest, desk_page, say
from bookings.domain import operations
from bookings.domain.operations import Act
from bookings.domain.visit_request import load_treatment
from bookings.enums import EventKind
from bookings.exceptions import BookingError, NoLongerOffered
from bookings.forms import CancelRestForm
from bookings.models import Booking
from bookings.notifications.calls import how_told
from bookings.refusals import explain, refusal_words
from bookings.views import steps, visitor_draft
from bookings.views.again import start_again
from bookings.views.visits.pages import all_ahead_context
from bookings.views.visits.visitor import Visitor, get_visit, proof_missing, visits_page
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local

from .desk import CHANGE, VIEW, find_course
from .forms import asked_again
from .labels import not_offered_words
from .models import Course, course_of
from .operations import end_course, pause_course


def start_rest(request: HttpRequest, course: Course, **more: Any) -> HttpResponse:
    """Fills the visitor's draft with what is known of the course, with the address of its last visit and those of the
    ones left that were elsewhere, and leads to the planning of what it has left. Raises `UnreadableValue` when the
    course's days can't be opened, `NoLongerOffered` when its length is not on offer."""
    load_treatment(service_slug=course.plan.service.slug, option_id=course.plan.option_id)
    visit = course.visits.with_details().order_by("-starts_at", "-pk")[0]
    asked_for = asked_again(
        course.plan_id,
        course.dates["day_zero"],
        course.wishes,
        course=str(course.key),
        rest=course.rest,
        cleared_from=None,
        not_before=str(course.first_day),
        elsewhere=_elsewhere(course, visit),
    )
    response = start_again(
        request, visit, with_details=True, **{**more, visitor_draft.COURSE_ASKED: asked_for}
    )
    is_ready = response["Location"] == reverse("bookings:when")
    return steps.back_to("course") if is_ready else response


def _elsewhere(course: Course, home: Booking) -> list[list[Any]]:
    """Where those of the visits that are left were that were at another address than `home`'s, as `CourseForm` keeps
    it: there again, unless the client says otherwise. Raises `UnreadableValue`."""
    zero = date.fromisoformat(course.dates["day_zero"])
    paused = course.visits.filter(events__kind=EventKind.PAUSED).select_related("area").order_by("pk")
    of_day = {(local(visit.starts_at).date() - zero).days: visit for visit in paused}
    left = [(number, of_day[day]) for number, day in enumerate(course.rest, start=1) if day in of_day]
    runs = [list(run) for _key, run in groupby(left, key=lambda row: row[1].address_key)]
    return [
        [first, run[-1][0], there.area.zip_code, there.street, there.unit]
        for run in runs
        for first, there in run[:1]
        if there.address_key != home.address_key
    ]


# The client -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-change")
@visits_page
def pause(request: HttpRequest, reference: str) -> HttpResponse:
    """All visits to come of a course, for who proved the mailbox: one page, one press."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    course = course_of(booking)
    if response := proof_missing(request, booking, visitor, then="visit"):
        return response
    ahead = list(operations.ahead_together(course.key, now=now).with_details()) if course else []
    if course is None or not ahead:
        messages.info(request, _("No visit of this course is still to come."))
        return redirect("visits:visit", booking.reference)
    is_sent = request.method == "POST"
    form = CancelRestForm(request.POST if is_sent else None)
    if not form.is_valid():
        return _pause_page(request, booking, visitor, ahead, form, status=422 if is_sent else 200)
    try:
        sent = form.cleaned_data
        act = Act(now, by_client=True, reason=sent["reason"])
        paused = pause_course(course=course, act=act, shown=sent["shown"], asks_waiver=sent["asks_waiver"])
    except UnreadableValue:
        messages.warning(request, _("We can’t pause this course by ourselves here. Please call us."))
        return redirect("visits:visit", booking.reference)
    except BookingError as error:
        messages.warning(request, refusal_words(error))
        return _pause_page(request, booking, visitor, ahead, form, status=409)
    messages.success(request, _paused_words(len(paused)))
    if form.names_a_fee():
        messages.info(request, _("We’ll write to you about the late fee."))
    return redirect("visits:visit", booking.reference)


def _paused_words(count: int) -> str:
    words = ngettext(
        "The course is paused: %(count)d visit is canceled.",
        "The course is paused: %(count)d visits are canceled.",
        count,
    )
    return words % {"count": count}


def _pause_page(
    request: HttpRequest,
    booking: Booking,
    visitor: Visitor,
    ahead: list[Booking],
    form: CancelRestForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context = all_ahead_context(booking, visitor, ahead, form)
    return render(request, "courses/pause.html", context, status=status)


@require_POST
@limited("20/m", "visits-again")
@visits_page
def resume(request: HttpRequest, reference: str) -> HttpResponse:
    """Begins to plan what a paused course has left, with what we know filled in."""
    booking, visitor = get_visit(request, reference, now=timezone.now())
    if response := proof_missing(request, booking, visitor, then="visit"):
        return response
    course = course_of(booking)
    if course is None or not course.rest:
        messages.info(request, _("This course is not paused."))
        return redirect("visits:visit", booking.reference)
    try:
        return start_rest(request, course)
    except NoLongerOffered as error:
        messages.warning(request, not_offered_words(error, by_staff=False))
    except UnreadableValue:
        messages.warning(request, _("We can’t plan this course by ourselves here. Please call us."))
    return redirect("visits:visit", booking.reference)


# The desk ---------------------------------------------------------------------------------------------------------


@desk_page(VIEW, CHANGE)
def pause_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The press that pauses, at the client's word: no late fee is asked for."""
    course, now = _pressed(request, pk), timezone.now()
    if course is not None:
        try:
            act = Act(now, request.user, by_client=True, reason=_("The course is paused."))
            paused = pause_course(course=course, act=act)
            say(request, True, f"{_paused_words(len(paused))} {how_told(paused[0].client)}")
        except UnreadableValue:
            say(request, False, _("The days of this course can’t be opened: cancel the rest instead."))
        except BookingError as error:
            say(request, False, _("Nothing was paused: %(why)s") % {"why": explain(error)})
    return redirect("admin:courses_course_change", pk)


@desk_page(VIEW, CHANGE)
def resume_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The press that begins to plan what is left, with the caller on the line."""
    back, course = redirect("admin:courses_course_change", pk), _pressed(request, pk)
    if course is None or not course.rest:
        return back
    try:
        return start_rest(
            request, course, known=None, missed=None, **{visitor_draft.STAFF_BOOKING: request.user.pk}
        )
    except NoLongerOffered as error:
        say(request, False, not_offered_words(error, by_staff=True))
    except UnreadableValue:
        say(request, False, _("The days of this course can’t be opened: book the visits one by one."))
    return back


@desk_page(VIEW, CHANGE)
def end_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The press that gives up what a paused course has left."""
    course = _pressed(request, pk)
    if course is None:
        return redirect("admin:courses_course_change", pk)
    last = end_course(course=course, act=Act(timezone.now(), request.user, by_client=True))
    if last is not None:
        words = _("The course has ended. Nothing more is planned.")
        say(request, True, f"{words} {how_told(last.client)}")
    return redirect("admin:courses_course_change", pk)


def _pressed(request: StaffRequest, pk: int) -> Course | None:
    return find_course(str(pk)) if request.method == "POST" else None
