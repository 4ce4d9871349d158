"""Late moves in words, and staff's answers to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.domain import operations
from bookings.domain.visit_request import ANYONE
from bookings.enums import ChangeState, DoorRule
from bookings.exceptions import BookingError
from bookings.models import ChangeRequest
from bookings.refusals import explain

from .labels import local_when, mark

ACCEPT, ACCEPT_WITH_FEE, REFUSE = "accept", "accept-with-fee", "refuse"
ANSWERS = (ACCEPT_WITH_FEE, ACCEPT, REFUSE)
_STATE_MARKS = {
    ChangeState.OPEN: ("waiting", "◔"),
    ChangeState.ACCEPTED: ("good", "✓"),
    ChangeState.REFUSED: ("bad", "✕"),
    ChangeState.WITHDRAWN: ("off", "–"),
}


def change_words(change: ChangeRequest, *, both: bool = False) -> str:
    """What is asked for, such as `Move to Mon, Dec 7, 2026, 2:00 PM PST`; of `both` visits side by side. Needs the
    booking beside it."""
    if both:
        return _("Move both to %(when)s") % {"when": local_when(change.wanted_starts_at)}
    if change.preference == ANYONE != change.booking.preference:
        return _("Move to %(when)s, with anyone") % {"when": local_when(change.wanted_starts_at)}
    return _("Move to %(when)s") % {"when": local_when(change.wanted_starts_at)}


def change_mark(change: ChangeRequest) -> SafeString:
    """Its state as a word with a sign."""
    look, sign = _STATE_MARKS[ChangeState(change.state)]
    return mark(look, sign, change.get_state_display())


def answered_words(change: ChangeRequest) -> str:
    """When it was answered and by whom; a dash while it waits."""
    if change.answered_at is None:
        return "–"
    who = change.answered_by.get_username() if change.answered_by else _("the client")
    return f"{local_when(change.answered_at)} · {who}"


def waiting_words(change: ChangeRequest | None, now: datetime) -> dict[str, Any] | None:
    """What `_late_change.html` shows of a change that waits for its answer; None when none does. A visit that has begun
    by the instant `now` is moved no more."""
    if change is None or change.state != ChangeState.OPEN:
        return None
    changes = operations.asked_together(change)
    return {
        "pk": change.pk,
        "what": change_words(change, both=len(changes) > 1),
        "asked": local_when(change.asked_at),
        "reason": change.reason,
        "fee_cents": sum(one.fee_cents for one in changes),
        "has_begun": any(one.booking.starts_at <= now for one in changes),
        "knows": DoorRule.at_doors(one.booking for one in changes),
    }


def answer_change(
    change: ChangeRequest, answer: str, *, actor: User, now: datetime, reason: str = "", door: str = ""
) -> tuple[bool, str]:
    """Whether the answer was given, to all that was asked for together, and the sentence that says so or why not.
    `door` is as in `Act`."""
    references = [one.booking.reference for one in operations.asked_together(change)]
    reference = get_text_list(references, _("and"))
    try:
        if answer == REFUSE:
            operations.refuse_change(change=change, actor=actor, now=now, reason=reason)
            done = ngettext(
                "%(reference)s: the move is refused; the visit keeps its time.",
                "%(reference)s: the move is refused; the visits keep their time.",
                len(references),
            )
        else:
            with_fee = answer == ACCEPT_WITH_FEE
            operations.accept_change(change=change, actor=actor, now=now, with_fee=with_fee, door=door)
            done = _("%(reference)s: moved.")
    except BookingError as error:
        return False, f"{reference}: {explain(error)}"
    return True, done % {"reference": reference}
