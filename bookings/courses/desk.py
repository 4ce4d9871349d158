"""A course's page for staff: its visits in order, and one press that confirms what waits of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from bookings.desk.frame import StaffRequest, desk_page, page, read_key, say
from bookings.desk.second_thoughts import undoable
from bookings.domain import operations
from bookings.domain.operations import Act
from bookings.enums import OCCUPYING, BookingStatus, DoorRule
from bookings.exceptions import BookingError, ChangedMeanwhile
from bookings.notifications.calls import how_told
from bookings.refusals import explain
from bookings.staff.labels import local_when, status_mark
from massagerx.lib.fields import LineField, LinesField

from .models import Course

VIEW, CHANGE, NOTE = "courses.view_course", "bookings.change_booking", "bookings.add_cliniciannote"


class CourseNoteForm(forms.Form):
    """What the clinician said, for all visits of the course that wait for a word."""

    note = LinesField(
        label=gettext_lazy("What the clinician said"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Who said it, when, and what. It speaks of the whole course; kept encrypted."),
    )


class CancelRestForm(forms.Form):
    """Whose wish it is that the rest of the course falls away, and why."""

    whose = forms.ChoiceField(
        label=gettext_lazy("Whose wish is it?"),
        choices=[("client", gettext_lazy("The client’s")), ("ours", gettext_lazy("Ours"))],
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose one."),
            "invalid_choice": gettext_lazy("Choose one."),
        },
    )
    reason = LineField(label=gettext_lazy("Why (for staff)"), max_length=300, required=False)
    # The late fees as the page named them, where the client's wish comes late and the desk asks for them.
    with_fee = forms.BooleanField(required=False)
    fee_cents = forms.IntegerField(required=False, min_value=0, max_value=100_000_000)


@desk_page(VIEW)
@require_safe
def course_page(request: StaffRequest, key: str) -> HttpResponse:
    """Nothing on it is a field of the course: every change is a button."""
    course = find_course(key)
    if course is None:
        messages.warning(request, _("There is no such course."))
        return redirect("admin:courses_course_changelist")
    return _page(request, course, CourseNoteForm())


@desk_page(VIEW)
def course_history(request: StaffRequest, key: str) -> HttpResponse:
    """A course has no history of its own: its visits have."""
    return redirect(reverse("admin:courses_course_change", args=[key]))


@desk_page(VIEW, CHANGE)
def confirm_course(request: StaffRequest, pk: int) -> HttpResponse:
    """Confirms all visits that wait, with the clinician's note where one is asked for."""
    back = redirect("admin:courses_course_change", pk)
    course = find_course(str(pk)) if request.method == "POST" else None
    if course is None:
        return back
    form = CourseNoteForm(request.POST)
    if not form.is_valid():
        return _page(request, course, form, status=422)
    note = form.cleaned_data["note"]
    if note and not request.user.has_perm(NOTE):
        raise PermissionDenied
    try:
        confirmed = operations.confirm_together(
            together=course.key,
            actor=request.user,
            now=timezone.now(),
            note=note,
            door=request.POST.get("door", ""),
        )
    except ChangedMeanwhile:
        form.add_error(
            None, _("The client has answered health questions again. Open those visits one by one.")
        )
        return _page(request, course, form, status=409)
    except BookingError as error:
        form.add_error(None, _("Nothing was confirmed: %(why)s") % {"why": explain(error)})
        return _page(request, course, form, status=409)
    words = ngettext(
        "%(count)d visit is confirmed.",
        "%(count)d visits are confirmed.",
        len(confirmed),
    )
    say(request, True, f"{words % {'count': len(confirmed)}} {how_told(confirmed[0].client)}")
    return back


@desk_page(VIEW, CHANGE)
def cancel_rest(request: StaffRequest, pk: int) -> HttpResponse:
    """Cancels all visits of the course that are still to come."""
    back = redirect("admin:courses_course_change", pk)
    course = find_course(str(pk)) if request.method == "POST" else None
    if course is None:
        return back
    rest_form = CancelRestForm(request.POST, auto_id="id_rest_%s")
    if not rest_form.is_valid():
        return _page(request, course, CourseNoteForm(), rest_form=rest_form, status=422)
    data, now = rest_form.cleaned_data, timezone.now()
    by_client = data["whose"] == "client"
    try:
        if by_client and data["with_fee"]:
            canceled = operations.cancel_together_late(
                together=course.key,
                actor=request.user,
                shown_fee_cents=data["fee_cents"] or 0,
                now=now,
                reason=data["reason"],
            )
        else:
            act = Act(now, request.user, by_client, data["reason"])
            canceled = operations.cancel_together(together=course.key, act=act)
    except BookingError as error:
        rest_form.add_error(None, _("Nothing was canceled: %(why)s") % {"why": explain(error)})
        return _page(request, course, CourseNoteForm(), rest_form=rest_form, status=409)
    words = ngettext(
        "%(count)d visit is canceled.",
        "%(count)d visits are canceled.",
        len(canceled),
    )
    say(request, True, f"{words % {'count': len(canceled)}} {how_told(canceled[0].client)}")
    return back


def find_course(text: str) -> Course | None:
    """By its row's key, or by the one that its visits have."""
    rows = Course.objects.select_related("plan__option__service").defer("dates")
    pk = read_key(text)
    if pk is not None:
        return rows.filter(pk=pk).first()
    try:
        return rows.filter(key=UUID(text)).first()
    except ValueError:
        return None


def _page(
    request: StaffRequest,
    course: Course,
    form: CourseNoteForm,
    *,
    rest_form: CancelRestForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    visits = list(course.visits.select_related("client", "therapist", "area__zone", "terms_version"))
    stand = [visit for visit in visits if visit.status in OCCUPYING]
    numbers = {visit.pk: number for number, visit in enumerate(stand, start=1)}
    waiting = [visit for visit in visits if visit.status == BookingStatus.REQUESTED]
    ahead = [visit for visit in stand if visit.starts_at > now]
    may_change = request.user.has_perm(CHANGE)
    context: dict[str, Any] = {
        "undoable": undoable(request.user, now),
        "title": str(course),
        "course": course,
        "first": visits[0] if visits else None,
        "rows": [
            {
                "visit": visit,
                "number": numbers.get(visit.pk, "–"),
                "when": local_when(visit.starts_at),
                "status": status_mark(visit, now),
            }
            for visit in visits
        ],
        "done": sum(visit.status == BookingStatus.COMPLETED for visit in stand),
        "of": len(stand),
        "next": local_when(ahead[0].starts_at) if ahead else "",
        "all_cents": sum(visit.total_cents for visit in stand),
        "waiting": len(waiting) if may_change else 0,
        "knows": DoorRule.at_doors(waiting),
        "needs_note": operations.any_needs_clinician_note(waiting),
        "form": form,
        "may_change": may_change,
        "rest": len(ahead) if may_change else 0,
        "kept": len(stand) - len(ahead),
        "fee_cents": sum(operations.late_fee(visit, now=now) or 0 for visit in ahead),
        "rest_form": rest_form or CancelRestForm(auto_id="id_rest_%s"),
    }
    return page(request, "courses/course", context, status=status)
