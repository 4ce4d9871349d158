"""Which status may follow which. Rescheduling is an event, not a status."""

from __future__ import annotations

from bookings.enums import BookingStatus
from bookings.exceptions import InvalidTransition

_S = BookingStatus

TRANSITIONS: dict[str, frozenset[str]] = {
    _S.REQUESTED: frozenset({_S.CONFIRMED, _S.DECLINED, _S.CANCELED, _S.EXPIRED}),
    _S.CONFIRMED: frozenset({_S.COMPLETED, _S.NO_SHOW, _S.CANCELED}),
    # Staff press the wrong one of two buttons now and then.
    _S.COMPLETED: frozenset({_S.NO_SHOW}),
    _S.NO_SHOW: frozenset({_S.COMPLETED}),
    _S.CANCELED: frozenset(),
    _S.DECLINED: frozenset(),
    _S.EXPIRED: frozenset(),
}


def require_transition(status: str, wanted: str) -> None:
    """Raises `InvalidTransition` unless a booking in `status` may become `wanted`."""
    if wanted not in TRANSITIONS.get(status, frozenset()):
        raise InvalidTransition(status, wanted)


def may_become(status: str, wanted: str) -> bool:
    """Whether a booking in `status` may become `wanted`; for pages that show or hide a button."""
    return wanted in TRANSITIONS.get(status, frozenset())
