"""A therapist's visits, for the calendar on their phone. Opened by a secret address, without a log-in."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from bookings.domain.feed import find_therapist, therapist_feed
from massagerx.lib.limits import limited


@require_safe
@limited("60/m", "calendar-feed", methods=frozenset({"GET", "HEAD"}))
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed of the therapist that the token belongs to; 404 for every other token, 304 for a calendar that has
    it already."""
    now = timezone.now()
    therapist = find_therapist(token, now=now)
    if therapist is None:
        raise Http404
    found = therapist_feed(therapist, now=now)
    etag = f'"{hashlib.sha256(found.text.encode()).hexdigest()[:32]}"'
    changed = int(found.changed_at.timestamp())
    response = HttpResponse(found.text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="visits.ics"'
    response["ETag"] = etag
    response["Last-Modified"] = http_date(changed)
    # Asked for again each time, which costs little: a canceled visit must not stay on somebody's phone.
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return get_conditional_response(request, etag=etag, last_modified=changed, response=response) or response
