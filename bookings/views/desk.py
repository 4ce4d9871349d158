"""Booking for a client on the phone: the steps, times and rules are those of everybody; staff answer for it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings.models import Booking, Client

from . import steps
from .again import start_again

# What a new booking at the desk takes over from no earlier one.
_NOTHING = dict.fromkeys(
    (
        "service",
        "option",
        "add_ons",
        "people",
        "zip_code",
        "preference",
        "details",
        "health",
        "submission_key",
        "missed",
        "known",
        steps.FILLED_FOR,
    )
)


@require_POST
@staff_member_required(login_url="admin:login")
@permission_required("bookings.change_booking", raise_exception=True)
def begin(request: HttpRequest) -> HttpResponse:
    """Begins at the steps, with what we know of the client: the last visit's service and address, or the name alone.
    Without a client everything is asked."""
    key = request.POST.get("client", "")
    mark = {steps.DESK: request.user.pk}
    if not key:
        return _from_nothing(request, mark)
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        raise Http404
    client = Client.objects.filter(pk=int(key)).first()
    if client is None:
        raise Http404
    last = (
        Booking.objects.filter(client=client)
        .select_related("client", "service", "option", "area")
        .order_by("-starts_at")
        .first()
    )
    if last is not None:
        return start_again(request, last, with_details=True, known=None, missed=None, **mark)
    details = {"name": client.name, "email": client.email, "phone": client.phone.as_e164}
    return _from_nothing(request, {**mark, "known": details})


def _from_nothing(request: HttpRequest, more: dict[str, Any]) -> HttpResponse:
    progress = steps.load_progress(request)
    steps.save(request, progress, **{**_NOTHING, **steps.forget_time(progress), **more})
    return steps.back_to("start")


@require_POST
@staff_member_required(login_url="admin:login")
def leave(request: HttpRequest) -> HttpResponse:
    """Gives up a booking for a client, and lets its time go."""
    progress = steps.load_progress(request)
    steps.drop(request, progress)
    messages.info(request, _("Nothing was booked."))
    return redirect("admin:index")
