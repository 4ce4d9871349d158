"""The owner's page of a review: read it, show or decline it, answer it. Nobody changes a client's words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.desk.frame import StaffRequest, desk_page, log_change, page, read_key, say
from bookings.domain.operations import Act
from bookings.exceptions import ChangedMeanwhile
from bookings.staff.labels import local_when, unreadable
from massagerx.lib.encryption import UnreadableValue

from . import operations
from .admin import state_mark
from .forms import AnswerForm, DeclineForm
from .models import Review

VIEW, CHANGE = "reviews.view_review", "reviews.change_review"
# By then somebody should have looked at a review.
LOOK_WITHIN = timedelta(days=3)
_MOST_ROWS = 20
_PAGE = "admin:reviews_review_change"


@desk_page(VIEW)
@require_safe
def review_page(request: StaffRequest, key: str) -> HttpResponse:
    """How a review stands; words that not everybody can read stay shut."""
    review = _find(key)
    return _page(request, review) if review is not None else _gone(request)


@desk_page(VIEW)
def review_history(request: StaffRequest, key: str) -> HttpResponse:
    """A review has no history of its own: its page says what happened."""
    return redirect(reverse(_PAGE, args=[key]))


@desk_page(VIEW, CHANGE)
def decide(request: StaffRequest, pk: int, what: str) -> HttpResponse:
    """Opens the words (who looks is written down first), shows, declines or answers."""
    review = _find(str(pk))
    if review is None:
        return _gone(request)
    if request.method != "POST":
        return redirect(_PAGE, pk)
    try:
        if what == "open":
            return _page(request, review, is_open=True)
        return _decide(request, review, what)
    except UnreadableValue:
        say(request, False, unreadable())
    except ChangedMeanwhile:
        say(request, False, _("The client has changed or withdrawn it meanwhile. Please read it again."))
    return redirect(_PAGE, pk)


def _decide(request: StaffRequest, review: Review, what: str) -> HttpResponse:
    act = Act(timezone.now(), request.user)
    written_at = _moment(request.POST.get("written_at", ""))
    if what == "answer":
        answer = AnswerForm(request.POST)
        if not answer.is_valid():
            return _page(request, review, answer=answer, status=422)
        operations.answer(review=review, words=answer.cleaned_data["answer"], act=act)
        said = (
            _("Your answer stands beside it.") if answer.cleaned_data["answer"] else _("Your answer is gone.")
        )
    elif written_at is None:
        say(request, False, _("Please read it first."))
        return redirect(_PAGE, review.pk)
    elif what == "publish":
        operations.publish(review=review, written_at=written_at, act=act)
        said = _("It is shown, word for word.")
    else:
        decline = DeclineForm(request.POST)
        if not decline.is_valid():
            return _page(request, review, is_open=True, decline=decline, status=422)
        operations.decline(
            review=review, written_at=written_at, reason=decline.cleaned_data["reason"], act=act
        )
        said = _("It isn’t shown. Its stars still count, unless it isn’t about us.")
    log_change(request, review, said)
    say(request, True, said)
    return redirect(_PAGE, review.pk)


def _moment(text: str) -> datetime | None:
    """When the words that the page showed were written."""
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _find(text: str) -> Review | None:
    key = read_key(text)
    rows = Review.objects.select_related("booking__client", "booking__service", "booking__therapist")
    rows = rows.select_related("decided_by").defer("words")
    return rows.filter(pk=key).first() if key is not None else None


def _gone(request: StaffRequest) -> HttpResponse:
    messages.warning(request, _("There is no such review."))
    return redirect("admin:reviews_review_changelist")


def _page(
    request: StaffRequest,
    review: Review,
    *,
    is_open: bool = False,
    decline: DeclineForm | None = None,
    answer: AnswerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    is_public = review.state == Review.State.PUBLISHED
    words = review.public_words if is_public else None
    if is_open and not is_public:
        words = operations.open_words(review=review, user=request.user, now=timezone.now())
    may_change = request.user.has_perm(CHANGE)
    context: dict[str, Any] = {
        "title": _("Review by %(name)s") % {"name": review.booking.client},
        "review": review,
        "state": state_mark(review),
        "asked": local_when(review.asked_at),
        "written": local_when(review.written_at) if review.written_at else "",
        "decided": local_when(review.decided_at) if review.decided_at else "",
        "written_at": review.written_at.isoformat() if review.written_at else "",
        "words": words,
        "is_public": is_public,
        "may_open": may_change and words is None and review.written_at is not None,
        "decline": (decline or DeclineForm())
        if may_change and words is not None and review.may_publish
        else None,
        "answer": (answer or AnswerForm(initial={"answer": review.answer}))
        if may_change and is_public
        else None,
    }
    return page(request, "reviews/review", context, status=status)


def waiting(user: User, now: datetime) -> list[dict[str, Any]]:
    """Rows of the front page: reviews that wait to be shown or declined."""
    if not user.has_perm(CHANGE):
        return []
    rows = Review.objects.to_decide().select_related("booking__client").defer("words")
    return [
        {
            "kind": "app",
            "url": reverse(_PAGE, args=[row.pk]),
            "who": row.booking.client.name,
            "what": _("Wrote a review: please read it."),
            "due": (row.written_at or now) + LOOK_WITHIN,
        }
        for row in rows.order_by("written_at", "pk")[:_MOST_ROWS]
    ]
