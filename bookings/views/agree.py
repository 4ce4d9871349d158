"""Where somebody for whom another has booked says themselves that they agree, or that they don't, by a link that was
passed on to them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from bookings.domain import links, persons
from bookings.enums import LinkPurpose
from bookings.exceptions import SlotTaken
from bookings.models import TermsVersion
from massagerx.lib.limits import limited

from .enquiries import private


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "agree")
def agree(request: HttpRequest, token: str) -> HttpResponse:
    """What is agreed to, and a button for yes and one for no; afterwards what was said, and when. What looks at links
    before people do asks by GET, and changes nothing."""
    now = timezone.now()
    link = links.find_link(token, purpose=LinkPurpose.CONSENT, now=now)
    booking = link.booking if link is not None else None
    if link is None or booking is None or not booking.recipient_name or booking.client.erased_at is not None:
        return private(render(request, "bookings/link_closed.html", status=404))
    is_busy = False
    if request.method == "POST":
        try:
            persons.refuse(link, now=now) if "no" in request.POST else persons.agree(link, now=now)
            return private(redirect(request.path))
        except SlotTaken:
            is_busy = True
    consent = persons.own_consent(booking.client, booking.recipient_name)
    terms = consent.terms_version if consent is not None else TermsVersion.in_force(now)
    context = {
        "name": booking.recipient_name,
        "booked_by": booking.contact_name,
        "consent_given": consent,
        "may_agree": (consent is None or consent.taken_back_at is not None)
        and persons.may_agree(link, consent),
        "is_busy": is_busy,
        "terms_version": terms,
        "consent": terms.consent_words(for_other=False) if terms is not None else "",
    }
    return private(render(request, "bookings/agree.html", context, status=409 if is_busy else 200))
