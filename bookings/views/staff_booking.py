"""Booking for a client on the phone: the steps, times and rules are those of everybody; staff answer for it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings.models import Booking, Client

from . import steps, visitor_draft
from .again import start_again
from .when import take_time


@require_POST
@staff_member_required(login_url="admin:login")
@permission_required("bookings.change_booking", raise_exception=True)
def begin(request: HttpRequest) -> HttpResponse:
    """Begins at the steps, with what we know of the client: the last visit's service and address, or the name alone.
    Without a client everything is asked.

    `visit` asks for the same again: that visit's service, address and therapist, on its weekday a week later; with
    `starts_at` and `who` at a time that was pressed, as of `TimeForm`. `day` and `therapist` (a slug) are what staff
    came with from the board; `asked` is what they typed and found nobody by.
    """
    mark: dict[str, Any] = {
        visitor_draft.STAFF_BOOKING: request.user.pk,
        "day": _day(request.POST.get("day", "")),
    }
    if slug := request.POST.get("therapist", "")[:200].replace("\x00", ""):
        mark["preference"] = f"therapist:{slug}"
    bookings = Booking.objects.select_related("client", "service", "option", "area", "therapist")
    if "visit" in request.POST:
        visit = get_object_or_404(bookings, client__erased_at=None, pk=_key(request.POST["visit"]))
        by = {visitor_draft.STAFF_BOOKING: request.user.pk}
        response = start_again(request, visit, with_details=True, same=True, **by)
        return take_time(request) if "starts_at" in request.POST else response
    if not request.POST.get("client"):
        return _from_nothing(request, {**mark, "known": _as_typed(request.POST.get("asked", ""))})
    client = get_object_or_404(Client.objects.present(), pk=_key(request.POST["client"]))
    last = bookings.filter(client=client).order_by("-starts_at").first()
    if last is not None:
        return start_again(request, last, with_details=True, **mark)
    details = {"name": client.name, "email": client.email, "phone": client.phone.as_e164}
    return _from_nothing(request, {**mark, "known": details})


def _key(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return int(text)


def _day(text: str) -> str | None:
    """A date as the draft keeps it; None for anything else."""
    try:
        return str(date.fromisoformat(text))
    except ValueError:
        return None


def _as_typed(text: str) -> dict[str, str] | None:
    """The field of the details that somebody's search was about: a phone number, an email address or a name."""
    text = " ".join(text.replace("\x00", "").split())[:120]
    if not text:
        return None
    if "@" in text:
        return {"email": text}
    return {"name" if any(character.isalpha() for character in text) else "phone": text}


def _from_nothing(request: HttpRequest, more: dict[str, Any]) -> HttpResponse:
    visitor_draft.save_anew(request, visitor_draft.load_progress(request), **more)
    return steps.back_to("start")


@require_POST
@staff_member_required(login_url="admin:login")
def leave(request: HttpRequest) -> HttpResponse:
    """Gives up a booking for a client, and lets its time go."""
    progress = visitor_draft.load_progress(request)
    visitor_draft.drop(request, progress)
    messages.info(request, _("Nothing was booked."))
    return redirect("admin:index")
