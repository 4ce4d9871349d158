"""The calendar that a therapist subscribes to: making its address, and ending it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import links
from bookings.models import Therapist

from .frame import StaffRequest, change_page, desk_page, log_change, page, say


@desk_page("bookings.change_therapist")
def feed_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Asks first, then ends the address in use and makes another."""
    therapist = get_object_or_404(Therapist, pk=pk)
    token = links.present_feed_token(therapist)
    if request.method == "POST":
        now = timezone.now()
        links.revoke_feed(therapist, now=now)
        links.feed_token(therapist, now=now)
        log_change(request, therapist, "New calendar address.")
        sentence = (
            _("There is a new calendar address. The old one opens nothing any more.")
            if token
            else _("There is a calendar address now.")
        )
        say(request, True, sentence)
        return redirect(change_page("therapist"), pk)
    title = _("Calendar of %(name)s") % {"name": therapist.name}
    return page(request, "therapist_feed", {"title": title, "therapist": therapist, "token": token})
