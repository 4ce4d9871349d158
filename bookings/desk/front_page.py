"""The front page: who waits, what is in trouble, today by therapist. Its queries don't grow with how much there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import AreaRequest, BookingRules, ExtraHours, Therapist, WorkingHours
from bookings.staff.visibility import sees_every_visit, sees_own_visits, sees_rows
from massagerx.lib import error_kinds
from massagerx.lib.localtime import local
from services.models import Business
from services.sample_left import sample_left

from . import waiting
from .calls import waiting_calls
from .check_ins import doors_overdue
from .closing import may_close
from .frame import StaffRequest, desk_page, page
from .my_day import day_page
from .opening import is_before_opening, may_open, needs_owner, show_opening
from .second_thoughts import undoable
from .today import todays_work

# The parts of the page whose rows are its list "To do": each has `due`, the instant by which somebody should look.
_WAITING = (
    "requests",
    "changes",
    "wishes",
    "fees",
    "graver",
    "handed_in",
    "calls",
    "complaints",
    "unanswered",
    "trouble",
)
# The council takes weeks to renew a certificate.
LAPSES_SOON = timedelta(days=45)


@desk_page()
def front_page(request: StaffRequest) -> HttpResponse:
    """Requests waiting and messages from the site (oldest first), messages in trouble, and what the owner still has to
    do; each for those who may see it. A therapist has a page of their own."""
    if sees_own_visits(request.user):
        return day_page(
            request,
            waiting.late_changes(request.user)["changes"] if sees_rows(request.user, "changerequest") else [],
        )
    if is_before_opening(request.user):
        return show_opening(request, timezone.now())
    desk = {name: value for part in _parts(request.user) for name, value in part.items()}
    context = {
        "title": _("Today at the desk"),
        "desk": desk,
        "todo": _todo(desk, request.user),
        "undoable": undoable(request.user, timezone.now()),
    }
    return page(request, "front_page", context)


# What apps inside bookings have waiting for a member of staff, as rows of the list; the core doesn't import them.
RowsOf = Callable[[User, datetime], list[dict[str, Any]]]
_of_apps: list[RowsOf] = []


def add_rows(rows_of: RowsOf) -> None:
    """Has an app's rows shown among what waits; a second time changes nothing."""
    if rows_of not in _of_apps:
        _of_apps.append(rows_of)


def _todo(desk: dict[str, Any], user: User) -> list[dict[str, Any]]:
    """What waits for somebody, whatever it is, what is due first on top; late fees last, because nobody out there waits
    for them."""
    rows = [row for part in _WAITING for row in desk.get(part, ())]
    rows += [row for rows_of in _of_apps for row in rows_of(user, timezone.now())]
    return sorted(rows, key=lambda row: (row["kind"] == "fee", row["due"]))


def _parts(user: User) -> Iterator[dict[str, Any]]:
    now = timezone.now()
    may_see_bookings, may_see_messages = sees_every_visit(user), user.has_perm("bookings.view_message")
    is_sample = user.has_perm("services.change_business") and Business.load().is_sample
    yield {
        "may_close": may_close(user),
        "sample_data": is_sample,
        "may_open": may_open(user),
        "sample_left": sample_left() if is_sample else [],
        "may_answer_requests": user.has_perm("bookings.change_booking"),
        "may_see_bookings": may_see_bookings,
        "may_see_messages": may_see_messages,
    }
    if may_open(user):
        yield {**needs_owner(now, is_sample=is_sample), "errors": error_kinds.lately(now)}
    if user.has_perm("bookings.view_changerequest"):
        yield waiting.late_changes(user)
    if user.has_perm("bookings.change_booking"):
        yield {"fees": waiting.fees(user), "calls": waiting_calls(now, most=waiting.MOST_ROWS)}
    if may_see_bookings:
        rules = BookingRules.load()
        yield {
            **waiting.requests(now, rules),
            **todays_work(user, now),
            **waiting.to_look_at(now),
            **waiting.stranded(now, rules),
            "wishes": waiting.wishes(now) if user.has_perm("bookings.add_timeoff") else [],
            **waiting.not_closed(now),
            "doors": doors_overdue(user),
        }
    if user.has_perm("bookings.view_arearequest"):
        yield {"area_request_count": AreaRequest.objects.filter(is_answered=False).count()}
    if user.has_perm("bookings.change_therapist"):
        yield _therapists_in_need(now)
    if may_see_messages:
        yield waiting.trouble(user, now)
    if sees_rows(user, "contactmessage"):
        yield waiting.unanswered()
    if sees_rows(user, "clientnote"):
        yield waiting.complaints()


def _therapists_in_need(now: datetime) -> dict[str, Any]:
    """Therapists whose certificate lapses soon or has lapsed, and those without any hours next month."""
    today = local(now).date()
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    month_end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    active = Therapist.objects.filter(is_active=True)
    weekly = WorkingHours.objects.filter(
        Q(valid_from=None) | Q(valid_from__lte=month_end), Q(valid_until=None) | Q(valid_until__gte=month)
    )
    extra = ExtraHours.objects.filter(date__gte=month, date__lte=month_end)
    idle = active.exclude(pk__in=weekly.values("therapist")).exclude(pk__in=extra.values("therapist"))
    return {
        "lapsing": list(
            active.filter(certificate_expires_on__lte=today + LAPSES_SOON).order_by("certificate_expires_on")
        ),
        "idle": list(idle),
        "idle_month": f"{month:%B}",
    }
