"""Staff's pages about offices: their private address, and the patients whom they referred."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.courses.labels import day_words
from bookings.desk.frame import StaffRequest, desk_page, log_change, page, read_key, say
from bookings.domain.export import Section, as_data
from bookings.exceptions import ChangedMeanwhile
from bookings.staff.labels import local_when, unreadable
from massagerx.lib.encryption import UnreadableValue

from . import operations
from .models import Referral, ReferralOffice
from .personal_data import lines_of
from .views import offered_plan, start_course

VIEW, CHANGE, BOOK = "referrals.view_referral", "referrals.change_referral", "bookings.change_booking"
OPEN, APPROVE = "bookings.view_screeningrecord", "bookings.add_cliniciannote"
ERASE, EXPORT = "bookings.erase_client", "bookings.export_client"
OFFICE = "referrals.change_referraloffice"
# By then somebody should have looked at an entry.
LOOK_WITHIN = timedelta(days=1)
_MOST_ROWS = 20
_PAGE = "admin:referrals_referral_change"


@desk_page(OFFICE)
def address_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Asks first, then makes the office's private address anew, or takes it back."""
    office = get_object_or_404(ReferralOffice.objects.select_related("link"), pk=pk)
    back = "admin:referrals_referraloffice_change"
    if request.method == "POST":
        now = timezone.now()
        if request.POST.get("press") == "end":
            operations.end_address(office, now=now)
            log_change(request, office, "Address taken back.")
            say(request, True, _("The address opens nothing any more."))
        else:
            operations.make_address(office, now=now)
            log_change(request, office, "New address.")
            say(request, True, _("There is a new address. One from before opens nothing any more."))
        return redirect(back, pk)
    context = {"title": office.name, "office": office, "has_address": bool(operations.token_of(office))}
    return page(request, "referrals/office_address", context)


@desk_page(VIEW)
@require_safe
def referral_page(request: StaffRequest, key: str) -> HttpResponse:
    """Who was referred, and how it stands; what tells of health stays shut."""
    referral = _find(key)
    if referral is None:
        messages.warning(request, _("There is no such patient."))
        return redirect("admin:referrals_referral_changelist")
    return _page(request, referral)


@desk_page(VIEW)
def referral_history(request: StaffRequest, key: str) -> HttpResponse:
    """A referral has no history of its own: its page says what happened."""
    return redirect(reverse(_PAGE, args=[key]))


@desk_page(VIEW, OPEN)
def open_entry(request: StaffRequest, pk: int) -> HttpResponse:
    """The page with what the office entered; who looked is written down first."""
    referral = _find(str(pk))
    if request.method != "POST" or referral is None:
        return redirect(_PAGE, pk)
    try:
        entry = operations.open_health(referral=referral, user=request.user, now=timezone.now())
    except UnreadableValue:
        say(request, False, unreadable())
        return redirect(_PAGE, pk)
    return _page(request, referral, entry)


@desk_page(VIEW, APPROVE)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Staff's word on an entry, from the page that shows it."""
    referral = _find(str(pk))
    if request.method == "POST" and referral is not None:
        if not referral.access_log.filter(user=request.user).exists():
            say(request, False, _("Please open it first, and look at what the office entered."))
            return redirect(_PAGE, pk)
        try:
            operations.approve(referral=referral, actor=request.user, now=timezone.now())
        except ChangedMeanwhile:
            say(request, False, _("It waits for no word any more."))
        else:
            words = _("We write to %(name)s.") if referral.email else _("Please call %(name)s.")
            say(request, True, words % {"name": referral.name})
    return redirect(_PAGE, pk)


@desk_page(VIEW, CHANGE)
def take_back(request: StaffRequest, pk: int) -> HttpResponse:
    """Ends a referral by which nothing is booked."""
    referral = _find(str(pk))
    if request.method == "POST" and referral is not None:
        try:
            operations.take_back(referral=referral, now=timezone.now())
        except ChangedMeanwhile:
            say(request, False, _("A course is booked by it, or it was taken back before."))
        else:
            log_change(request, referral, "Taken back.")
            say(request, True, _("It is taken back. The patient’s link opens nothing any more."))
    return redirect(_PAGE, pk)


@desk_page(VIEW, ERASE)
def erase(request: StaffRequest, pk: int) -> HttpResponse:
    """Deletes what an office entered of who is no client, once it is taken back."""
    referral = _find(str(pk))
    if request.method != "POST" or referral is None:
        return redirect(_PAGE, pk)
    try:
        operations.erase(referral=referral)
    except ChangedMeanwhile:
        say(request, False, _("Only an entry that is taken back can be erased."))
        return redirect(_PAGE, pk)
    log_change(request, referral, "Erased.")
    say(request, True, _("The entry is erased."))
    return redirect("admin:referrals_referral_changelist")


@desk_page(VIEW, OPEN, EXPORT)
def download(request: StaffRequest, pk: int) -> HttpResponse:
    """The entry as a file for the patient, who may be no client; who looked is written down first."""
    referral = _find(str(pk))
    if request.method != "POST" or referral is None:
        return redirect(_PAGE, pk)
    try:
        operations.open_health(referral=referral, user=request.user, now=timezone.now())
    except UnreadableValue:
        # Everything else of it is theirs all the same.
        say(request, False, unreadable())
    log_change(request, referral, "Downloaded.")
    section = Section("referrals", _("What surgeons’ offices entered"), [lines_of(referral)])
    response = JsonResponse(as_data([section]), json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="entry-{referral.pk}.json"'
    response["Cache-Control"] = "no-store"
    return response


@desk_page(VIEW, OPEN, BOOK)
def plan_by_phone(request: StaffRequest, pk: int) -> HttpResponse:
    """Begins the course with the patient on the line, with what the office entered filled in; who looked is written
    down first."""
    referral = _find(str(pk))
    if request.method != "POST" or referral is None:
        return redirect(_PAGE, pk)
    plan = offered_plan(referral)
    if not _may_plan(referral) or plan is None:
        say(request, False, _("No course can be planned by it: it is used, taken back or waits for a look."))
        return redirect(_PAGE, pk)
    try:
        operations.open_health(referral=referral, user=request.user, now=timezone.now())
        return start_course(request, referral, plan, staff=request.user.pk)
    except UnreadableValue:
        say(request, False, unreadable())
        return redirect(_PAGE, pk)


def _may_plan(referral: Referral) -> bool:
    return referral.approved_at is not None and referral.ended_at is None and referral.course_id is None


def _find(text: str) -> Referral | None:
    key = read_key(text)
    rows = Referral.objects.select_related("office", "plan__option__service", "course__plan", "approved_by")
    return rows.defer("health").filter(pk=key).first() if key is not None else None


def _page(request: StaffRequest, referral: Referral, entry: dict[str, str] | None = None) -> HttpResponse:
    user = request.user
    is_open = referral.ended_at is None and referral.course_id is None
    context: dict[str, Any] = {
        "title": referral.name,
        "referral": referral,
        "entered": local_when(referral.entered_at),
        "approved": local_when(referral.approved_at) if referral.approved_at else "",
        "ended": local_when(referral.ended_at) if referral.ended_at else "",
        "entry": _in_words(entry) if entry is not None else [],
        "may_open": user.has_perm(OPEN),
        "may_approve": is_open and referral.approved_at is None and user.has_perm(APPROVE),
        "may_take_back": is_open and user.has_perm(CHANGE),
        "may_plan": _may_plan(referral) and user.has_perms([OPEN, BOOK]),
        "may_download": user.has_perms([OPEN, EXPORT]),
        "may_erase": referral.ended_at is not None and referral.course_id is None and user.has_perm(ERASE),
        "looks": [
            {"when": local_when(look.at), "who": look.user.get_username()}
            for look in referral.access_log.select_related("user")
        ],
    }
    return page(request, "referrals/referral", context)


def _in_words(entry: dict[str, str]) -> list[tuple[str, str]]:
    surgery, first = parse_date(entry["surgery"]), parse_date(entry["cleared_from"])
    return [
        (_("Procedure"), entry["procedure"]),
        (_("Day of the surgery"), day_words(surgery) if surgery else entry["surgery"]),
        (_("Cleared for visits from"), day_words(first) if first else entry["cleared_from"]),
        (_("Limits"), entry["limits"] or "–"),
        (_("Entered by"), entry["entered_by"]),
    ]


def waiting(user: User, now: datetime) -> list[dict[str, Any]]:
    """Rows of the front page: entries that wait for staff's word, and patients who have to be called."""
    if not user.has_perm(VIEW):
        return []
    rows = (Referral.objects.to_approve() | Referral.objects.to_call()).select_related("office")
    return [
        {
            "kind": "app",
            "url": reverse(_PAGE, args=[row.pk]),
            "who": row.name,
            "what": (
                _("%(office)s referred a patient: please look at it.")
                if row.approved_at is None
                else _("%(office)s referred a patient without an email: please call and plan.")
            )
            % {"office": row.office.name},
            "due": row.entered_at + LOOK_WITHIN,
            "phone": row.phone,
            "is_urgent": row.entered_at + LOOK_WITHIN < now,
        }
        for row in rows.defer("health").order_by("entered_at", "pk")[:_MOST_ROWS]
    ]
