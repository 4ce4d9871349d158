"""Before clients can book: what is missing, in the order to do it, and the switch of online booking."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain.opening import set_open
from bookings.models import Booking, BookingRules
from massagerx.accounts.sample_accounts import remove_logins, working_logins
from services.readiness import steps
from services.sample_left import remove_sample, sample_left

from .frame import StaffRequest, desk_page, page, say

_RIGHTS = ("services.change_business", "bookings.change_bookingrules")
# For what leaving the sample takes off; pages are nobody's to delete who isn't a superuser.
_TO_LEAVE = (
    "services.delete_service", "services.delete_addon", "blog.delete_post", "blog.delete_faqentry", "blog.change_page",
    "bookings.delete_therapist", "bookings.change_booklet", "auth.change_user",
)  # fmt: skip


def may_open(user: User) -> bool:
    """Whether the list and the switch are this member of staff's."""
    return user.has_perms(_RIGHTS)


@desk_page(may_open)
def opening_page(request: StaffRequest) -> HttpResponse:
    """The list; a press opens online booking, once nothing is missing that bookings need, or closes it."""
    now = timezone.now()
    if request.method != "POST":
        return show_opening(request, now)
    do = request.POST.get("do")
    if do == "leave-sample":
        return _leave_sample(request, now)
    if do not in ("open", "close"):
        return show_opening(request, now, status=400)
    wants_open = do == "open"
    if wants_open and any(step.stops for step in steps(now=now)):
        say(request, False, _("Clients can’t book yet: something that a booking needs is still missing."))
        return show_opening(request, now, status=409)
    set_open(is_open=wants_open)
    words = (
        _("Clients can book online now.")
        if wants_open
        else _("Online booking is off. Visits that are booked stay as they are.")
    )
    say(request, True, words)
    return redirect("admin:opening")


def _leave_sample(request: StaffRequest, now: datetime) -> HttpResponse:
    if not request.user.has_perms(_TO_LEAVE):
        raise PermissionDenied
    with transaction.atomic():
        remove_sample(now=now)
        remove_logins(by=request.user)
    words = _("the log-in “%(name)s”")
    stays = [left.words for left in sample_left()]
    stays += [words % {"name": name} for _role, name, _password in working_logins()]
    if stays:
        said = _(
            "What could go of the sample is gone; what you made your own stays. Still the sample’s: %(left)s."
        )
        say(request, True, said % {"left": "; ".join(stays)})
    else:
        say(request, True, _("What was still the sample’s is gone. What you made your own stays."))
    return redirect("admin:opening")


def show_opening(request: StaffRequest, now: datetime, *, status: int = 200) -> HttpResponse:
    """The page itself."""
    found = steps(now=now)
    is_open = BookingRules.load().is_open
    context: dict[str, Any] = {
        "title": _("What needs you") if is_open else _("Before you open"),
        "steps": found,
        "is_open": is_open,
        "may_leave_sample": request.user.has_perms(_TO_LEAVE),
        "done": sum(not step.lacks for step in found),
        "may_be_opened": not any(step.stops for step in found),
    }
    return page(request, "opening", context, status=status)


def is_before_opening(user: User) -> bool:
    """Whether the list is the first that this member of staff should see: nobody has booked, and nobody can."""
    return may_open(user) and not BookingRules.load().is_open and not Booking.objects.order_by().exists()


def needs_owner(now: datetime, *, is_sample: bool) -> dict[str, Any]:
    """For the front page of a site that has opened: whether clients can book, and what is missing or can't work.
    What is left of a sample has a part of its own there."""
    found = steps(now=now)
    lacks = [lack for step in found if not (is_sample and step.slug == "sample") for lack in step.lacks]
    return {"lacks": lacks, "is_shut": not BookingRules.load().is_open}
