"""What staff may do with a visit, from confirming it to taking back how it ended; by a button, or many in a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import lifecycle, operations
from bookings.enums import BookingStatus
from bookings.exceptions import BookingError, ScreeningNotCleared
from bookings.models import Booking
from bookings.refusals import explain
from massagerx.lib.fields import LineField

from .visibility import FINISH_OWN

_CHANGE = "bookings.change_booking"


@dataclass(frozen=True, slots=True)
class StatusAction:
    """Something staff do with a visit: its button, the status that follows, and the operation that does it."""

    slug: str
    label: Any
    wanted: BookingStatus
    done: Any
    operation: Callable[..., Booking]
    asks_first: bool = False
    after_start: bool = False

    def fits(self, booking: Booking, now: datetime) -> bool:
        """Whether the visit as it stands lets it be done."""
        if self.slug == REOPEN:
            return operations.may_reopen(booking, now=now)
        has_begun = not self.after_start or now >= booking.starts_at
        return has_begun and lifecycle.may_become(booking.status, self.wanted)

    def is_open_to(self, user: User | AnonymousUser) -> bool:
        """Whether this member of staff may do this with the visits that they may see."""
        if self.after_start and user.has_perm(FINISH_OWN):
            return True
        return user.has_perm(_CHANGE)


CONFIRM, COMPLETE, NO_SHOW, REOPEN, DECLINE = "confirm", "complete", "no-show", "reopen", "decline"
STATUS_ACTIONS = {
    action.slug: action
    for action in (
        StatusAction(
            CONFIRM,
            gettext_lazy("Confirm"),
            BookingStatus.CONFIRMED,
            gettext_lazy("confirmed"),
            operations.confirm_booking,
        ),
        StatusAction(
            DECLINE,
            gettext_lazy("Decline"),
            BookingStatus.DECLINED,
            gettext_lazy("declined"),
            operations.decline_booking,
            asks_first=True,
        ),
        StatusAction(
            COMPLETE,
            gettext_lazy("Mark as completed"),
            BookingStatus.COMPLETED,
            gettext_lazy("completed"),
            operations.complete_booking,
            after_start=True,
        ),
        StatusAction(
            NO_SHOW,
            gettext_lazy("Mark as no-show"),
            BookingStatus.NO_SHOW,
            gettext_lazy("marked as no-show"),
            operations.mark_no_show,
            asks_first=True,
            after_start=True,
        ),
        StatusAction(
            REOPEN,
            gettext_lazy("Take back how it ended"),
            BookingStatus.CONFIRMED,
            gettext_lazy("taken back; it waits to be closed"),
            operations.reopen_booking,
            asks_first=True,
            after_start=True,
        ),
        StatusAction(
            "cancel",
            gettext_lazy("Cancel the visit"),
            BookingStatus.CANCELED,
            gettext_lazy("canceled"),
            operations.cancel_booking,
            asks_first=True,
        ),
    )
}


class ReasonForm(forms.Form):
    """Why something is done with visits; of canceling also whether the client asked for it; and whether the visit side
    by side with it is canceled or declined too, or all that wait of its course; of confirming, what
    holds at the door as far as whoever comes knows it."""

    reason = LineField(label=gettext_lazy("Reason"), max_length=300, required=False)
    by_client = forms.BooleanField(label=gettext_lazy("The client asked us to"), required=False)
    both = forms.BooleanField(label=gettext_lazy("Both visits"), required=False)
    door = forms.CharField(required=False)


def actions_open(booking: Booking, user: User, now: datetime) -> list[StatusAction]:
    """What this member of staff may do with the visit as it stands."""
    return [
        action for action in STATUS_ACTIONS.values() if action.fits(booking, now) and action.is_open_to(user)
    ]


def perform(
    action: StatusAction, booking: Booking, *, actor: User, now: datetime, told: dict[str, Any]
) -> tuple[bool, str]:
    """Whether it was done, and the sentence that says so or why not. `told` is what the `ReasonForm` gave."""
    more = {"by_client": told["by_client"]} if action.wanted == BookingStatus.CANCELED else {}
    if action.slug in (COMPLETE, NO_SHOW, REOPEN):
        more["may_decide"] = actor.has_perm(_CHANGE)
    references, beside = [booking.reference], Booking.objects.side_by_side(booking)
    if action.slug == CONFIRM:
        more["door"] = told["door"]
        # Two side by side that wait are confirmed together.
        references += beside.filter(status=BookingStatus.REQUESTED).values_list("reference", flat=True)
    try:
        if told.get("both") and "by_client" in more and booking.together is not None and beside.exists():
            act = operations.Act(now, actor, told["by_client"], told["reason"])
            operations.cancel_together(together=booking.together, act=act)
            return True, _("%(reference)s and the visit beside it: canceled.") % {
                "reference": booking.reference
            }
        if told.get("both") and action.slug == DECLINE and booking.together is not None:
            act = operations.Act(now, actor, reason=told["reason"])
            declined = operations.decline_together(together=booking.together, act=act)
            references = [one.reference for one in declined]
            return True, f"{get_text_list(references, _('and'))}: {action.done}."
        action.operation(booking=booking, actor=actor, now=now, reason=told["reason"], **more)
    except ScreeningNotCleared as error:
        return False, f"{error.reference}: {explain(error)}"
    except BookingError as error:
        return False, f"{booking.reference}: {explain(error)}"
    return True, f"{get_text_list(references, _('and'))}: {action.done}."
