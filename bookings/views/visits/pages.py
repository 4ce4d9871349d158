"""One visit as its client sees it, its calendar entry, and the same visit once more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.domain import operations, queries
from bookings.domain.calendar import visit_calendar
from bookings.domain.selection import load_area, load_session
from bookings.enums import BookingStatus
from bookings.exceptions import NoLongerOffered, OutsideArea
from bookings.forms import DetailsForm
from bookings.models import AccessNotes, Booking, BookingPolicy
from bookings.views import steps
from bookings.views.refusals import refusal_words
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.limits import limited
from services.models import Business

from .access import Access, ClosedError, get_visit, visits_page
from .words import headline


@require_safe
@visits_page
def visit(request: HttpRequest, reference: str) -> HttpResponse:
    now = timezone.now()
    booking, access = get_visit(request, reference, now=now)
    return visit_page(request, booking, access)


def visit_page(request: HttpRequest, booking: Booking, access: Access, *, status: int = 200) -> HttpResponse:
    """The visit's page: what was booked, how it stands, what can be done with it."""
    now = access.now
    policy = BookingPolicy.load()
    stands = operations.may_change(booking, now=now)
    context = {
        **visit_context(booking, access),
        "here_is_visit": True,
        "headline": headline(booking, now=now),
        "stands": stands,
        "expires_at": (
            operations.expires_at(booking, policy) if booking.status == BookingStatus.REQUESTED else None
        ),
        "change": queries.waiting_change(booking),
        "late_fee": operations.late_fee(booking, policy, now=now) if stands else None,
        "notice_hours": policy.cancel_notice_hours,
        "free_until": operations.free_until(booking, policy) if stands else None,
        "rechecked": booking.rechecks.values_list("evaluated_at", flat=True).first() if stands else None,
        "in_calendar": stands and booking.status == BookingStatus.CONFIRMED,
    }
    return render(request, "visits/visit.html", context, status=status)


def visit_context(booking: Booking, access: Access) -> dict[str, Any]:
    """What every page about one visit needs."""
    return {
        "booking": booking,
        "is_proved": access.is_proved(booking.client.email),
    }


@require_safe
@visits_page
def calendar(request: HttpRequest, reference: str) -> HttpResponse:
    """The visit as a file for a calendar; with the address only for who proved that the mailbox is theirs."""
    now = timezone.now()
    booking, access = get_visit(request, reference, now=now)
    if booking.status != BookingStatus.CONFIRMED:
        raise ClosedError
    text = visit_calendar(
        booking=booking,
        business=Business.load(),
        method="PUBLISH",
        now=now,
        with_place=access.is_proved(booking.client.email),
    )
    return HttpResponse(
        text,
        content_type="text/calendar; charset=utf-8; method=PUBLISH",
        headers={"Content-Disposition": f'attachment; filename="{booking.reference}.ics"'},
    )


@require_POST
@limited("20/m", "visits-again")
@visits_page
def again(request: HttpRequest, reference: str) -> HttpResponse:
    """Starts a booking like this one, with what we know filled in; never a health answer."""
    now = timezone.now()
    booking, access = get_visit(request, reference, now=now)
    progress = steps.load_progress(request)
    changes: dict[str, Any] = {
        **steps.forget_time(progress),
        "health": None,
        "submission_key": None,
        "details": None,
        "zip_code": None,
        "preference": booking.preference,
    }
    add_ons = [add_on.pk for add_on in booking.add_ons.all()]
    try:
        load_session(
            service_slug=booking.service.slug,
            option_id=booking.option_id,
            add_on_ids=add_ons,
            people=booking.people,
        )
    except NoLongerOffered as error:
        messages.warning(request, refusal_words(error))
        changes |= {"service": None, "option": None, "add_ons": None, "people": None}
        step = "start"
    else:
        changes |= {
            "service": booking.service.slug,
            "option": booking.option_id,
            "add_ons": add_ons,
            "people": booking.people,
        }
        step = "where"
    if access.is_proved(booking.client.email):
        changes["details"] = _details(booking, now)
        try:
            load_area(booking.area.zip_code)
        except OutsideArea as error:
            messages.warning(request, refusal_words(error))
        else:
            changes["zip_code"] = booking.area.zip_code
            step = "when" if step == "where" else step
    steps.save(request, progress, **changes)
    return steps.back_to(step)


def _details(booking: Booking, now: datetime) -> dict[str, Any]:
    """What was typed at the details step, as the draft keeps it."""
    return {
        "name": booking.contact_name,
        "email": booking.client.email,
        "phone": booking.client.phone.as_e164,
        "for_other": bool(booking.recipient_name),
        "recipient_name": booking.recipient_name,
        **door_of(booking),
    }


def door_of(booking: Booking) -> dict[str, str]:
    """Address and way in, by the names of the form's fields. Notes that can't be opened any more are left out."""
    try:
        found = AccessNotes.objects.filter(booking=booking).first()
        notes = found.notes if found is not None else {}
    except UnreadableValue:
        notes = {}
    return {
        "street": booking.street,
        "unit": booking.unit,
        "entry": booking.entry,
        **{name: notes.get(name, "") for name in DetailsForm.ACCESS_FIELDS},
    }


def not_any_more(request: HttpRequest, booking: Booking, access: Access) -> HttpResponse:
    """The visit's page instead of a change that it is too late for: after a POST with 409, and nothing has changed."""
    messages.warning(
        request, _("This visit can't be changed any more. Please call or write if something is wrong.")
    )
    if request.method == "POST":
        return visit_page(request, booking, access, status=409)
    return redirect("visits:visit", booking.reference)


def asked_already(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Back to the visit's page, where a late change waits that has to be taken back first."""
    messages.info(
        request,
        _(
            "You have asked us for a change already. You can take that back here, and then ask for something else."
        ),
    )
    return redirect("visits:visit", booking.reference)
