"""Everything that changes a booking. Each operation locks late and once, asks the transition table, writes the
booking with its event and its messages in one transaction, and says by an exception what it refused."""

from .enquiries import answer_contact, close_contact, purge_enquiries, request_booklet, send_contact
from .hold import extend_hold, hold_fits, hold_time, release_expired_holds, release_hold
from .move import (
    MOVABLE,
    Door,
    correct_door,
    move_booking,
    quote_for_move,
    require_movable,
    selection_of,
    session_of,
)
from .request import LookedUp, Submission, request_booking
from .status import (
    cancel_booking,
    complete_booking,
    confirm_booking,
    decline_booking,
    expire_requests,
    expires_at,
    mark_no_show,
    needs_clinician_note,
    record_clinician_note,
)

__all__ = [
    "MOVABLE",
    "Door",
    "LookedUp",
    "Submission",
    "answer_contact",
    "cancel_booking",
    "close_contact",
    "complete_booking",
    "confirm_booking",
    "correct_door",
    "decline_booking",
    "expire_requests",
    "expires_at",
    "extend_hold",
    "hold_fits",
    "hold_time",
    "mark_no_show",
    "move_booking",
    "needs_clinician_note",
    "purge_enquiries",
    "quote_for_move",
    "record_clinician_note",
    "release_expired_holds",
    "release_hold",
    "request_booking",
    "request_booklet",
    "require_movable",
    "selection_of",
    "send_contact",
    "session_of",
]
