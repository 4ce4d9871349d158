"""Visits that are over are closed from the front page: each by one press, or all that are ticked."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Booking
from bookings.staff.status_actions import STATUS_ACTIONS, perform
from bookings.staff.visibility import only_seen_by, sees_visits

from .frame import StaffRequest, desk_page, read_key, say

# The buttons; the value of each is one visit, or `TICKED`.
_ANSWERS = ("complete", "no-show")
TICKED = "ticked"
# The front page shows no more at once.
MOST_AT_ONCE = 20


def may_close(user: User) -> bool:
    """Whether this member of staff may say how visits ended."""
    return STATUS_ACTIONS["complete"].is_open_to(user)


@desk_page(sees_visits, may_close)
def close_visits(request: StaffRequest) -> HttpResponse:
    """Says of one visit, or of those ticked, how they ended; each by a transaction of its own. Those that somebody has
    closed meanwhile stay as they are."""
    answer = next((name for name in _ANSWERS if name in request.POST), "")
    if request.method != "POST" or not answer:
        return redirect("admin:index")
    now, action = timezone.now(), STATUS_ACTIONS[answer]
    sent = request.POST[answer]
    keys = dict.fromkeys(
        read_key(text) for text in (request.POST.getlist("visit") if sent == TICKED else [sent])
    )
    wanted = [key for key in keys if key is not None][:MOST_AT_ONCE]
    if not wanted:
        say(request, False, _("Nothing was ticked, so nothing was changed."))
    found = only_seen_by(request.user, Booking.objects.not_closed(now).filter(pk__in=wanted), "therapist")
    done = 0
    for booking in list(found):
        ok, sentence = perform(action, booking, actor=request.user, now=now, told={"reason": ""})
        done += ok
        if not ok or len(wanted) == 1:
            say(request, ok, sentence)
    if done and len(wanted) > 1:
        words = ngettext("%(count)d visit is completed.", "%(count)d visits are completed.", done)
        say(request, True, words % {"count": done})
    if missing := len(wanted) - len(found):
        words = ngettext(
            "%(count)d visit was closed by somebody else meanwhile, and is as they said.",
            "%(count)d visits were closed by somebody else meanwhile, and are as they said.",
            missing,
        )
        say(request, False, words % {"count": missing})
    return redirect("admin:index")
