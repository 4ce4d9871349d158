"""Somebody for whom a client books, for staff: their visits, what is told of them, and whether they agreed."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import links, persons
from bookings.domain.operations import Act
from bookings.domain.persons import Told
from bookings.exceptions import BookingError
from bookings.forms import ToldForm
from bookings.models import Booking, Link
from bookings.notifications.addresses import agree_url
from bookings.refusals import explain
from bookings.staff.labels import local_when, status_mark
from bookings.staff.visibility import sees_visits

from .frame import StaffRequest, desk_page, get_visit, page, say, to_visit

# A page shows no more of a person's visits; the client's page has all.
_MOST_SHOWN = 50


@desk_page(sees_visits, "bookings.change_booking")
def person_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Whom a visit is for; POST saves what was told at the client's word, or shows the link to be passed on."""
    booking, now = get_visit(request.user, pk), timezone.now()
    if not booking.recipient_name:
        return to_visit(booking)
    if request.method != "POST":
        return _page(request, booking, _form(booking))
    if "link" in request.POST:
        consent = persons.own_consent(booking.client, booking.recipient_name)
        after = consent.taken_back_at if consent is not None else None
        link = links.consent_link(booking, now=now, after=after)
        return _page(request, booking, _form(booking), link=link)
    if "taken_back" in request.POST:
        return _take_back(request, booking)
    form = ToldForm(request.POST)
    if not form.is_valid():
        return _page(request, booking, form, status=422)
    told = Told(**form.cleaned_data)
    try:
        changed = persons.change_person(
            of=booking,
            told=told,
            act=Act(now, request.user, by_client=True),
        )
    except BookingError as error:
        form.add_error(None, _("Nothing was saved: %(why)s") % {"why": explain(error)})
        return _page(request, booking, form, status=409)
    said = _("What is told of %(name)s is saved.") if changed else _("Nothing differed for %(name)s.")
    say(request, True, said % {"name": told.name})
    return to_visit(booking)


def _take_back(request: StaffRequest, booking: Booking) -> HttpResponse:
    """Writes down that the person doesn't agree, as they told staff."""
    try:
        persons.take_back(booking, act=Act(timezone.now(), request.user, reason=_("told to us")))
    except BookingError as error:
        say(request, False, _("Nothing was saved: %(why)s") % {"why": explain(error)})
    else:
        words = _("No visit to come for %(name)s is kept. Who booked is told; please call, and cancel them.")
        say(request, True, words % {"name": booking.recipient_name})
    return to_visit(booking)


def _when(instant: datetime | None) -> str:
    return local_when(instant) if instant is not None else ""


def _form(booking: Booking) -> ToldForm:
    """With what was told for this visit, or last where it is over."""
    return ToldForm.of_person(persons.shown_of(booking, now=timezone.now()))


def _page(
    request: StaffRequest, booking: Booking, form: ToldForm, *, link: Link | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    visits = persons.visits_of(booking.client, booking.recipient_name).select_related("service", "therapist")
    consent = persons.own_consent(booking.client, booking.recipient_name)
    context = {
        "title": booking.recipient_name,
        "booking": booking,
        "form": form,
        "link": link,
        "link_url": agree_url(links.token_of(link)) if link is not None else "",
        "agreed": _when(consent.agreed_at if consent is not None else None),
        "taken_back": _when(consent.taken_back_at if consent is not None else None),
        "rows": [
            {"visit": visit, "when": local_when(visit.starts_at), "status": status_mark(visit, now)}
            for visit in visits[:_MOST_SHOWN]
        ],
    }
    return page(request, "person", context, status=status)
