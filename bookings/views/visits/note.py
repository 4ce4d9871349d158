"""Handing in a clinician's note: a photo or a PDF. What was handed in is never shown here."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.domain import operations
from bookings.exceptions import InvalidTransition, TooManyFiles
from bookings.forms import NoteFileForm
from bookings.models import NoteFile
from bookings.refusals import refusal_words
from massagerx.lib.limits import limited

from .pages import not_any_more, visit_context
from .visitor import get_visit, visits_page


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-note")
@visits_page
def note(request: HttpRequest, reference: str) -> HttpResponse:
    """The link in the email is enough: nothing is told here that its email didn't tell."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    if not operations.may_change(booking, now=now):
        return not_any_more(request, booking, visitor)
    if booking.is_unproved:
        # Files are kept for people whose mailbox is theirs.
        messages.info(
            request, _("First press the button in our email, please. Then you can upload the note.")
        )
        return redirect("visits:visit", booking.reference)
    form = NoteFileForm(request.POST, request.FILES) if request.method == "POST" else NoteFileForm()
    if form.is_valid():
        try:
            operations.hand_in_note(booking=booking, now=now, **form.cleaned_data["file"])
        except TooManyFiles as error:
            form.add_error("file", refusal_words(error))
        except InvalidTransition:
            return not_any_more(request, *get_visit(request, reference, now=now))
        else:
            words = _("Thank you, we have it. One of us will look at it and answer your request.")
            messages.success(request, words)
            return redirect("visits:note", booking.reference)
    times = NoteFile.objects.filter(booking=booking).order_by("handed_in_at", "pk")
    context = {
        **visit_context(booking, visitor),
        "form": form,
        "handed_in": list(times.values_list("handed_in_at", flat=True)),
    }
    return render(request, "visits/note.html", context, status=422 if form.errors else 200)
