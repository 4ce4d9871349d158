"""Somebody for whom a client books: their visits, what is told of them, and the link by which they agree themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.domain import links, persons, queries
from bookings.domain.operations import Act
from bookings.domain.persons import Told
from bookings.exceptions import BookingError, PersonKnown
from bookings.forms import ToldForm
from bookings.models import Booking, Link
from bookings.notifications.addresses import agree_url
from bookings.refusals import refusal_words
from massagerx.lib.limits import limited

from .visitor import Visitor, get_visit, proof_missing, visits_page


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-change")
@visits_page
def person(request: HttpRequest, reference: str) -> HttpResponse:
    """Whom this visit is for, for who proved the mailbox."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    if response := proof_missing(request, booking, visitor, then="person"):
        return response
    if not booking.recipient_name:
        return redirect("visits:visit", booking.reference)
    if request.method != "POST":
        return _page(request, booking, visitor, _form(booking))
    if "link" in request.POST:
        consent = persons.own_consent(booking.client, booking.recipient_name)
        if consent is not None:  # what they said is for them to change
            return redirect("visits:person", booking.reference)
        return _page(request, booking, visitor, _form(booking), link=links.consent_link(booking, now=now))
    form = ToldForm(request.POST)
    if not form.is_valid():
        return _page(request, booking, visitor, form, status=422)
    try:
        persons.change_person(
            of=booking,
            told=Told(**form.cleaned_data),
            act=Act(now, by_client=True),
        )
    except PersonKnown as error:
        form.add_error("name", refusal_words(error))
        return _page(request, booking, visitor, form, status=409)
    except BookingError as error:
        messages.warning(request, refusal_words(error))
        return _page(request, booking, visitor, form, status=409)
    messages.success(request, _("Saved. Whoever comes sees it before the visit."))
    return redirect("visits:person", booking.reference)


def _form(booking: Booking) -> ToldForm:
    """With what was told for this visit, or last where it is over."""
    return ToldForm.of_person(persons.shown_of(booking, now=timezone.now()))


def _page(
    request: HttpRequest,
    booking: Booking,
    visitor: Visitor,
    form: ToldForm,
    *,
    link: Link | None = None,
    status: int = 200,
) -> HttpResponse:
    same = persons.visits_of(booking.client, booking.recipient_name).order_by().values("pk")
    theirs = visitor.visits().filter(pk__in=same)
    upcoming, past = queries.visits_by_time(theirs, now=visitor.now)
    context: dict[str, Any] = {
        "booking": booking,
        "name": booking.recipient_name,
        "form": form,
        "upcoming": upcoming,
        "past": past,
        "consent": persons.own_consent(booking.client, booking.recipient_name),
        "link": link,
        "link_url": agree_url(links.token_of(link)) if link is not None else "",
    }
    response = render(request, "visits/person.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
