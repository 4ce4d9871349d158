"""What was typed into a form that came too late: its session had closed, or the mailbox has to be proved again.

It is kept encrypted, as a draft is, for a day, and only for a browser that had been shown that form. It is shown again
to nobody but who has opened that visit anew and proved the mailbox.
"""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from bookings.domain import intake
from bookings.models import Booking, BookingDraft

from .visitor import was_proved

SESSION_KEY = "unsent"
# Longer than any field of these forms may be, so that what is too long is still told to be.
_LONGEST_KEPT = 2000
_NOT_TYPED = frozenset({"csrfmiddlewaretoken", "total_cents"})
_MOST_FIELDS = 100


def keep_unsent(request: HttpRequest, reference: str, page: str, *, now: datetime) -> bool:
    """Keeps the form that was sent, when this browser had been shown it; says whether it did."""
    if request.method != "POST":
        return False
    booking = Booking.objects.select_related("client").filter(reference=reference[:12]).first()
    if booking is None or not was_proved(request, booking.client.email):
        return False
    typed = {
        name: str(value)[:_LONGEST_KEPT]
        for name, value in list(request.POST.items())[:_MOST_FIELDS]
        if name not in _NOT_TYPED
    }
    draft = BookingDraft(answers={}, updated_at=now)
    _drop(request, now)
    intake.save_draft(draft, {"of": booking.reference, "page": page, "typed": typed}, now=now)
    request.session[SESSION_KEY] = str(draft.key)
    return True


def unsent(request: HttpRequest, booking: Booking, page: str, *, now: datetime) -> dict[str, str]:
    """What was kept of a page's form for this visit; empty when nothing was. Only for who proved the mailbox."""
    answers = _load(request, now).answers
    if (answers.get("of"), answers.get("page")) != (booking.reference, page):
        return {}
    return dict(answers["typed"])


def unsent_page(request: HttpRequest, booking: Booking, *, now: datetime) -> str:
    """The page of this visit whose form is still unsent; blank when there is none."""
    answers = _load(request, now).answers
    return str(answers["page"]) if answers.get("of") == booking.reference else ""


def forget_unsent(request: HttpRequest, *, now: datetime) -> None:
    """The form has been sent at last."""
    _drop(request, now)
    request.session.pop(SESSION_KEY, None)


def _load(request: HttpRequest, now: datetime) -> BookingDraft:
    key = request.session.get(SESSION_KEY)
    return intake.load_draft(key, now=now) if key else BookingDraft(answers={}, updated_at=now)


def _drop(request: HttpRequest, now: datetime) -> None:
    if SESSION_KEY in request.session:
        intake.discard_draft(_load(request, now))
