"""A visit's health answers: shown for a reason that is written down, on a page that is not kept."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import intake, operations
from bookings.enums import FileKind
from bookings.models import Booking, HealthAccess, NoteFile, ScreeningRecord
from bookings.staff.labels import local_when, tier_mark, unreadable
from bookings.staff.visibility import sees_visits
from massagerx.lib.encryption import UnreadableValue

from .forms import HealthAccessForm
from .frame import StaffRequest, desk_page, get_visit, page, say, say_faults, to_visit

_TYPES = {FileKind.PDF: "application/pdf", FileKind.PICTURE: "image/webp"}
# What a client sent opens as a file of its own, with nothing of ours around it.
_FILE_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
)

ANSWER_LABELS = {"yes": gettext_lazy("Yes"), "no": gettext_lazy("No"), "unsure": gettext_lazy("Not sure")}


@desk_page(sees_visits, "bookings.view_screeningrecord", pressed_on="booking")
def health_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The health answers; who looked, when and why is written down first."""
    booking = get_visit(request.user, pk)
    form = HealthAccessForm(request.POST)
    if not form.is_valid():
        return say_faults(request, booking, form)
    reason = form.cleaned_data["reason"]
    try:
        seen = intake.open_screening(booking=booking, user=request.user, reason=reason, now=timezone.now())
    except ScreeningRecord.DoesNotExist:
        messages.warning(request, _("This booking has no health answers."))
        return to_visit(booking)
    except UnreadableValue:
        say(request, False, unreadable())
        return to_visit(booking)
    again = _answered_again(request, booking)
    cautions = [*(again.caution_notes if again else []), *seen.caution_notes]
    context = {
        "booking": booking,
        "title": _("Health answers of %(name)s") % {"name": booking.visit_for},
        "when": local_when(booking.starts_at),
        "answers": _answers(seen),
        "answers_again": _answers(again) if again is not None else None,
        "caution_notes": list(dict.fromkeys(cautions)),
        "clinician_notes": _clinician_notes(booking, request.user, reason),
        "tier": tier_mark(booking.tier),
    }
    return page(request, "health", context)


@desk_page(sees_visits, "bookings.view_screeningrecord", pressed_on="booking")
def note_file(request: StaffRequest, pk: int, file: int) -> HttpResponse:
    """A clinician's note as the client handed it in; who looked, when and why is written down first."""
    booking = get_visit(request.user, pk)
    form = HealthAccessForm(request.POST)
    if not form.is_valid():
        return say_faults(request, booking, form)
    found = NoteFile.objects.filter(booking=booking, pk=file).defer("data").first()
    if found is None:
        raise Http404
    reason = form.cleaned_data["reason"]
    try:
        data = operations.open_note_file(file=found, user=request.user, reason=reason, now=timezone.now())
    except UnreadableValue:
        say(request, False, unreadable())
        return to_visit(booking)
    kept_as = f"{booking.reference}-note-{found.pk}.{found.kind}"
    disposition = "inline" if found.kind == FileKind.PICTURE else "attachment"
    response = HttpResponse(data, content_type=_TYPES[FileKind(found.kind)])
    response["Content-Disposition"] = f'{disposition}; filename="{kept_as}"'
    response["Content-Security-Policy"] = _FILE_POLICY
    return response


def _answered_again(request: StaffRequest, booking: Booking) -> intake.AnswersInWords | None:
    try:
        return intake.recheck_in_words(booking)
    except UnreadableValue:
        say(request, False, unreadable())
        return None


def _answers(seen: intake.AnswersInWords) -> list[tuple[str, list[str], Any]]:
    """(question, what it asks about, answer) of each question."""
    return [
        (question, points, ANSWER_LABELS.get(answer, answer))
        for (question, answer), points in zip(seen.answers, seen.points, strict=True)
    ]


def _clinician_notes(booking: Booking, user: User, reason: str) -> list[dict[str, str]]:
    """What clinicians said of the visit, read one by one so that a lost key costs a line and not the page. The look at
    a note that was recorded with another visit is written down there too."""
    found = []
    for note in intake.notes_about(booking):
        if note.booking != booking:
            HealthAccess.objects.create(booking=note.booking, user=user, at=timezone.now(), reason=reason)
        try:
            said = str(note.note)
        except UnreadableValue:
            said = unreadable()
        found.append({"when": local_when(note.recorded_at), "who": note.who, "said": said})
    return found
