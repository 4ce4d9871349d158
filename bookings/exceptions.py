"""What can go wrong in the domain, named by what happened. Views and the admin turn them into kind words."""

from __future__ import annotations

from datetime import datetime


class BookingError(Exception):
    """The base of all of these."""


class SlotNotOffered(BookingError):
    """The time can't be kept; `reason` is one of `availability.RefusalReason`, or of a visit that stands `inactive` or
    `qualification`, as in `domain.stranding`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SlotTaken(SlotNotOffered):
    """The time was offered or free a moment ago, and has gone: another visit has come between."""

    def __init__(self, reason: str = "taken") -> None:
        super().__init__(reason)


class NoLongerOffered(BookingError):
    """The service, length, add-on, therapist or area chosen is no longer offered; `what` names which."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class OutsideArea(BookingError):
    """We don't drive to this ZIP code."""

    def __init__(self, zip_code: str) -> None:
        super().__init__(zip_code)
        self.zip_code = zip_code


class ScreeningStops(BookingError):
    """The health answers don't allow booking online."""


class ScreeningNotCleared(BookingError):
    """The visit of that reference needs a clinician's note on record before it can be confirmed."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


class ConsentTakenBack(BookingError):
    """Who would be visited has said that they don't agree any more."""


class PriceChanged(BookingError):
    """The total shown to the client is not today's total any more; both in cents."""

    def __init__(self, shown_cents: int, total_cents: int) -> None:
        super().__init__(f"{shown_cents} -> {total_cents}")
        self.shown_cents = shown_cents
        self.total_cents = total_cents


class InvalidTransition(BookingError):
    """The status does not allow what was asked; `status` is the status found."""

    def __init__(self, status: str, wanted: str) -> None:
        super().__init__(f"{status} -> {wanted}")
        self.status = status
        self.wanted = wanted


class StillWaiting(BookingError):
    """By the terms we wait longer at the door before nobody is said to have opened; `until` is an aware instant."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class AnotherClient(BookingError):
    """What a course has left is to be booked for somebody else than its client."""


class SubmissionReused(BookingError):
    """One submission key came with two different bodies."""


class TooManyRequests(BookingError):
    """The client already has as many open requests as one client may have."""


class TooManyUnproved(TooManyRequests):
    """As many requests as may wait for their mailboxes to be proved do so already, from this address or in all."""


class TermsChanged(BookingError):
    """The terms the client read is not the one in force any more."""


class ScreeningChanged(BookingError):
    """The questions the client answered are not the ones in force for this service any more."""


class TooManyMessages(BookingError):
    """One email address sent, or asked for, more than it may in so short a time."""


class AlreadyAnswered(BookingError):
    """Somebody else has answered or closed this message."""


class BookletMissing(BookingError):
    """The owner has put no booklet on the site."""


class LateChange(BookingError):
    """Inside the notice window the terms name a late fee, of `fee_cents`, that was not shown like that."""

    def __init__(self, fee_cents: int) -> None:
        super().__init__(str(fee_cents))
        self.fee_cents = fee_cents


class NotLate(BookingError):
    """The visit is far enough ahead to be canceled or moved for nothing."""


class FeeDecided(BookingError):
    """Somebody else has decided about the late fee; `state` is how."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class FeePaid(BookingError):
    """The late fee of a visit where nobody opened is paid, so it can't be another visit without a word about it."""


class FeeAsked(BookingError):
    """The client of a visit where nobody opened has been asked for its late fee: it is waived, in words to them, before
    the visit is said to be another one."""


class FeeUntold(BookingError):
    """The client of a visit where nobody opened has still to hear that its late fee is waived."""


class DiscountTooHigh(BookingError):
    """The discount is more than the price of the visit."""


class MessageGone(BookingError):
    """What is to be undone has been told, or was undone before: its message has left, is leaving, or is no more."""


class ChangeWaiting(BookingError):
    """Another late move of this visit waits for an answer."""


class ChangeAnswered(BookingError):
    """The late move no longer waits for an answer; `state` is what became of it."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class PhoneTaken(BookingError):
    """Another client has this phone, with the same email or with none either."""


class WishAnswered(BookingError):
    """The wish for time off no longer waits for an answer."""


class TooManyFiles(BookingError):
    """As many files as one visit may have were handed in already."""


class ChangedMeanwhile(BookingError):
    """The visit is not as it was shown any more."""


class DoorUntold(BookingError):
    """Somebody would go to a door without having been told what holds there."""


class AddressByPhone(BookingError):
    """Staff alone change where the visit is: something holds at the one address or the other."""


class HealthAnswered(BookingError):
    """Who a visit is for can't be corrected any more: health answers or a clinician's note speak of somebody."""


class TooLate(BookingError):
    """What was pressed can't be taken back any more."""


class PersonKnown(BookingError):
    """The client books for another person of that name, or has it."""


class SameClient(BookingError):
    """A client can't be merged with themselves."""


class ClientGone(BookingError):
    """The client is no longer there: somebody else has merged or erased them."""


class VisitsOpen(BookingError):
    """The client has visits that are still requested or confirmed."""
