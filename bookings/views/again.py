"""A booking that starts with what an earlier visit tells."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from bookings.domain import queries
from bookings.domain.alternatives import same_weekday_ahead
from bookings.domain.visit_request import load_treatment
from bookings.exceptions import NoLongerOffered, OutsideArea
from bookings.forms import DetailsForm
from bookings.models import AccessNotes, Booking, VisitPurpose
from bookings.refusals import refusal_words
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import local

from . import steps, visitor_draft


def start_again(
    request: HttpRequest, booking: Booking, *, with_details: bool, same: bool = False, **more: Any
) -> HttpResponse:
    """Begins the visitor's draft anew with what was booked, and `with_details` with who and where, for the client also
    with what the visit was for; never a health answer, which only the client can say to be true still. `same` asks for
    the same therapist, and opens on the same weekday with times near the same hour. `more` are further answers. Leads
    to the first step that is left, and says what is no longer offered."""
    beside = Booking.objects.side_by_side(booking).first()
    if beside is not None and beside.pk < booking.pk:
        booking, beside = beside, booking
    begun: dict[str, Any] = {
        "preference": booking.preference,
        visitor_draft.CAME_LAST: booking.therapist.slug,
        **more,
    }
    by_staff = visitor_draft.STAFF_BOOKING in more
    if same:
        begun |= _like(booking)
    if with_details:
        begun |= {
            "details": _details(booking, beside, by_staff=by_staff),
            visitor_draft.FILLED_FOR: booking.client.email,
            visitor_draft.AGAIN_OF: booking.pk,
        }
    step = "where"
    try:
        if with_details:
            area = queries.area(booking.area.zip_code, today=timezone.localdate(), by_staff=by_staff)
            begun["zip_code"], step = area.zip_code, "when"
    except OutsideArea as error:
        messages.warning(request, refusal_words(error))
    try:
        begun |= _treatment(booking, beside, same=same)
    except NoLongerOffered as error:
        messages.warning(request, refusal_words(error))
        step = "start"
    visitor_draft.save_anew(request, visitor_draft.load_progress(request), **begun)
    return steps.back_to(step)


def _like(booking: Booking) -> dict[str, Any]:
    """Whom and when the same again is with, as the draft keeps it."""
    day = same_weekday_ahead(local(booking.starts_at).date(), timezone.localdate())
    return {
        "preference": f"therapist:{booking.therapist.slug}",
        "day": str(day),
        visitor_draft.LIKE: booking.starts_at.isoformat(),
    }


def _treatment(booking: Booking, beside: Booking | None, *, same: bool) -> dict[str, Any]:
    """What was booked, as the draft keeps it, also for two side by side, with the `same` therapist for the second.
    Raises `NoLongerOffered`."""
    chosen: dict[str, Any] = {
        "option": booking.option_id,
        "add_ons": [add_on.pk for add_on in booking.add_ons.all()],
        "people": booking.people,
    }
    load_treatment(
        service_slug=booking.service.slug,
        option_id=chosen["option"],
        add_on_ids=chosen["add_ons"],
        people=chosen["people"],
    )
    both: dict[str, Any] = {}
    if beside is not None:
        second = f"therapist:{beside.therapist.slug}" if same else beside.preference
        both = {visitor_draft.SIDE_BY_SIDE: True, visitor_draft.SECOND_PREFERENCE: second}
    return {"service": booking.service.slug, **chosen, **both}


def _details(booking: Booking, beside: Booking | None, *, by_staff: bool) -> dict[str, Any]:
    """What was typed at the details step, as the draft keeps it. What is kept like a health answer is for the client
    alone: staff read it on its page, which writes that down."""
    return {
        "name": booking.contact_name,
        "email": booking.client.email,
        "phone": booking.client.phone.as_e164,
        "for_other": bool(booking.recipient_name),
        "recipient_name": booking.recipient_name,
        "recipient_phone": booking.recipient_phone.as_e164 if booking.recipient_phone else "",
        "recipient_language": booking.recipient_language,
        "payer_name": booking.payer_name,
        **address_of(booking),
        **(_second(beside, by_staff=by_staff) if beside is not None else {}),
        **({} if by_staff else {"purpose": _purpose(booking)}),
    }


def _second(beside: Booking, *, by_staff: bool) -> dict[str, Any]:
    """The same of the second of two side by side."""
    return {
        "second_name": beside.visit_for,
        "second_phone": beside.recipient_phone.as_e164 if beside.recipient_phone else "",
        "second_language": beside.recipient_language,
        **({} if by_staff else {"second_purpose": _purpose(beside)}),
    }


def _purpose(booking: Booking) -> str:
    """What the visit was for, for who proved to be its client; "" when it can't be opened any more."""
    try:
        found = VisitPurpose.objects.filter(booking=booking).first()
        return str(found.text) if found is not None else ""
    except UnreadableValue:
        return ""


def address_of(booking: Booking) -> dict[str, str]:
    """Address and access, by the names of the form's fields. Notes that can't be opened any more are left out."""
    try:
        notes = AccessNotes.of_visit(booking)
    except UnreadableValue:
        notes = {}
    return {
        "street": booking.street,
        "unit": booking.unit,
        "access_type": booking.access_type,
        **{name: notes.get(name, "") for name in DetailsForm.ACCESS_FIELDS},
    }
