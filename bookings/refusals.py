"""Refusals of the domain in kind words that say what to do: the one place, for the site's pages and for staff's.

Each reason and each exception stands here once, with what a client reads beside what staff read. Clients learn less:
nothing of which visit stands in the way, nor of where anyone lives or is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from bookings import exceptions
from bookings.domain.lifecycle import may_become
from bookings.enums import BookingStatus, Gender
from bookings.models import Therapist
from massagerx.lib.localtime import clock_time

_GONE = gettext_lazy("That time has just gone. Here are the times still free; all you typed is kept.")
_NOBODY = gettext_lazy("Nobody on our team can be booked for this service at the moment.")
_TOO_FAR = gettext_lazy("Your ZIP code is farther than our therapists drive for now.")
_OTHERWISE = gettext_lazy("That didn't work. Please try again.")
_NOT_ALLOWED = gettext_lazy("the booking rules don't allow it; nothing was changed.")
_LOOK_AGAIN = gettext_lazy("What this costs is not what you were shown. Please look at it again.")


class _Reason(NamedTuple):
    """Why a time can't be had: for staff, as a part of a sentence; for a client of a time, of a day, and of five weeks.

    None where clients are told no more than that there is none. `of_someone` is told them only where they asked for
    nobody by name or gender: of one therapist it would say how far they drive, or when they work.
    """

    to_staff: Any
    of_time: Any = None
    of_day: Any = None
    of_span: Any = None
    of_someone: bool = False


_FULL = _GONE, gettext_lazy("This day is full."), gettext_lazy("These weeks are full.")
_NO_HOURS = (
    None,
    gettext_lazy("None of us is available for your visit on this day."),
    gettext_lazy("None of us is available for your visit in these weeks."),
)
# By the values of the engine's `RefusalReason`, which only `bookings.domain.scheduling` may import, and by what else
# keeps a booked visit from taking place (`domain.stranding`).
_REASONS = {
    "consent": _Reason(gettext_lazy("who is visited has taken their consent back")),
    "taken": _Reason(gettext_lazy("another visit is in the way"), *_FULL),
    "drive": _Reason(
        gettext_lazy("the drive from or to a neighboring visit would not fit"),
        gettext_lazy("We can't get there by that time. Please choose one of these."),
        gettext_lazy("On this day we can't reach you in time between our other visits."),
        gettext_lazy("In these weeks we can't reach you in time between our other visits."),
    ),
    "daily_limit": _Reason(gettext_lazy("the therapist's day is full"), *_FULL),
    "break": _Reason(gettext_lazy("the therapist would have no break"), *_FULL),
    "time_off": _Reason(gettext_lazy("the therapist has time off"), *_NO_HOURS, of_someone=True),
    "certificate": _Reason(
        gettext_lazy("the therapist has no certificate for that day"), *_NO_HOURS, of_someone=True
    ),
    "other_zone": _Reason(
        gettext_lazy("the therapist drives in other zones at that hour"),
        gettext_lazy("At that hour we're in another part of the city. Please choose one of these."),
        gettext_lazy("On this day we're in another part of the city."),
        gettext_lazy("At our hours of this month we're in other parts of the city."),
    ),
    "reach": _Reason(
        gettext_lazy("the address is further than the therapist drives"),
        None,
        _TOO_FAR,
        _TOO_FAR,
        of_someone=True,
    ),
    "notice": _Reason(
        gettext_lazy("it is too soon, or has passed"),
        gettext_lazy("That time is too soon for us to get ready. Please choose a later one."),
        gettext_lazy("This day is too soon for us to get ready."),
        gettext_lazy("These weeks are too soon for us to get ready."),
    ),
    "horizon": _Reason(
        gettext_lazy("it is too far ahead"),
        gettext_lazy("That day is further ahead than we plan. Please choose an earlier one."),
    ),
    "closed": _Reason(
        gettext_lazy("we are closed that day"),
        None,
        gettext_lazy("We are closed on this day."),
        gettext_lazy("We are closed in these weeks."),
    ),
    "outside_hours": _Reason(
        gettext_lazy("it is outside the therapist's hours"), *_NO_HOURS, of_someone=True
    ),
    "unknown_place": _Reason(
        gettext_lazy("nobody knows how long the drive is"), None, _TOO_FAR, _TOO_FAR, of_someone=True
    ),
    "off_grid": _Reason(gettext_lazy("visits don't start at that minute")),
    "never_sent": _Reason(gettext_lazy("this therapist is never sent to this client")),
    "no_therapist": _Reason(gettext_lazy("no therapist is qualified for it"), _NOBODY, _NOBODY, _NOBODY),
    "inactive": _Reason(gettext_lazy("the therapist is not active")),
    "qualification": _Reason(gettext_lazy("the therapist is not qualified for the service")),
    "service": _Reason(gettext_lazy("the service is not active")),
    "length": _Reason(gettext_lazy("this length of the service is not active")),
    "wish": _Reason(gettext_lazy("the client asked for a therapist of another gender")),
    "course": _Reason(
        gettext_lazy(
            "it would not stay between the visits before and after it, or come before the day that is allowed"
        ),
        gettext_lazy(
            "A visit of a course stays between the one before and the one after, and never comes before the day that "
            "your surgeon allows. Choose another day."
        ),
        gettext_lazy(
            "The plan of the course, or the day that your surgeon allows, leaves this visit other days."
        ),
        gettext_lazy(
            "The plan of the course, or the day that your surgeon allows, leaves this visit other weeks."
        ),
    ),
    "people": _Reason(gettext_lazy("it is for more people than the service may be booked for")),
}

_NOT_OFFERED = {
    "service": gettext_lazy("That service or length is no longer offered. Please choose again."),
    "add-on": gettext_lazy("One of the extras is no longer offered. Please choose again."),
    "people": gettext_lazy("That number of people is not offered for this service. Please choose again."),
    "therapist": gettext_lazy("That therapist is no longer offered here. Please choose again."),
}

# What a client reads, and how staff's sentence ends that begins with the booking's reference.
_ERRORS: dict[type[exceptions.BookingError], tuple[Any, Any]] = {
    exceptions.SlotTaken: (
        _GONE,
        gettext_lazy("the therapist has another visit at that time; nothing was changed."),
    ),
    exceptions.OutsideArea: (gettext_lazy("We don't drive to that ZIP code at the moment."), _NOT_ALLOWED),
    exceptions.DoorUntold: (
        gettext_lazy("We can't move this visit to another therapist online. Please call us."),
        gettext_lazy("please say that whoever comes knows what holds at the door; nothing was changed."),
    ),
    exceptions.AddressByPhone: (
        gettext_lazy("We can't change this address online. Please call us, and we'll change it together."),
        _NOT_ALLOWED,
    ),
    exceptions.NoLongerOffered: (
        _NOT_OFFERED["service"],
        gettext_lazy("no therapist is qualified and free to be booked for it; nothing was changed."),
    ),
    exceptions.PriceChanged: (
        gettext_lazy("The price is not the one you were shown. Please look at it again."),
        gettext_lazy("the total is another one now; please look again."),
    ),
    exceptions.TermsChanged: (
        gettext_lazy("Our terms have changed since you opened this page. Please read them again."),
        _NOT_ALLOWED,
    ),
    exceptions.ScreeningChanged: (
        gettext_lazy("Our health questions have changed. Please answer them once more."),
        _NOT_ALLOWED,
    ),
    exceptions.SubmissionReused: (
        gettext_lazy("This was already sent with other answers. Please check and send once more."),
        _NOT_ALLOWED,
    ),
    exceptions.AnotherClient: (
        gettext_lazy(
            "This course was booked with another email or phone. Please give the ones from then, or call us."
        ),
        gettext_lazy("the course has another client; nothing was booked."),
    ),
    exceptions.PersonKnown: (
        gettext_lazy("You already book for somebody of that name. Please write the name otherwise."),
        gettext_lazy("the client books for another person of that name; nothing was changed."),
    ),
    exceptions.TooManyMessages: (
        gettext_lazy(
            "We got a lot from this email address in a short time. Please try again later, or call us."
        ),
        _NOT_ALLOWED,
    ),
    exceptions.TooManyFiles: (
        gettext_lazy("You have uploaded several files already. Please call us if one is missing."),
        _NOT_ALLOWED,
    ),
    exceptions.ChangedMeanwhile: (
        gettext_lazy("This visit has changed since you opened the page. This is how it is now."),
        gettext_lazy("the visit has changed meanwhile; nothing was changed. Please look at it again."),
    ),
    exceptions.LateChange: (
        _LOOK_AGAIN,
        gettext_lazy("the late fee is another one now; nothing was changed. Please look again."),
    ),
    exceptions.NotLate: (
        _LOOK_AGAIN,
        gettext_lazy("the late fee is another one now; nothing was changed. Please look again."),
    ),
    exceptions.ChangeAnswered: (
        gettext_lazy("We have answered your request already. This is how your visit stands now."),
        gettext_lazy("the late move no longer waits for an answer; nothing was changed."),
    ),
    exceptions.PhoneTaken: (
        _OTHERWISE,
        gettext_lazy(
            "another client has this email and phone already; nothing was changed. Please merge the two records."
        ),
    ),
    exceptions.WishAnswered: (
        _OTHERWISE,
        gettext_lazy("somebody has answered this wish already; nothing was changed."),
    ),
    exceptions.FeeDecided: (
        _OTHERWISE,
        gettext_lazy("somebody has decided about the late fee already; nothing was changed."),
    ),
    exceptions.DiscountTooHigh: (
        _OTHERWISE,
        gettext_lazy("the discount is more than the price; nothing was changed."),
    ),
    exceptions.MessageGone: (
        _OTHERWISE,
        gettext_lazy(
            "the email has left, or it was undone already; nothing was changed. Please look at the visit."
        ),
    ),
    exceptions.FeePaid: (
        _OTHERWISE,
        gettext_lazy("its late fee is paid; nothing was changed. Say first that it is not paid after all."),
    ),
    exceptions.HealthAnswered: (
        _OTHERWISE,
        gettext_lazy(
            "its health answers or note speak of who it is for now; nothing was changed. For somebody else, or for "
            "another number of people, please cancel it and book anew."
        ),
    ),
    exceptions.TooLate: (
        _OTHERWISE,
        gettext_lazy("it is too late to take that back; nothing was changed."),
    ),
    exceptions.FeeAsked: (
        _OTHERWISE,
        gettext_lazy(
            "its client was asked for the late fee; nothing was changed. Waive it first, so that they hear of it."
        ),
    ),
    exceptions.FeeUntold: (
        _OTHERWISE,
        gettext_lazy(
            "its client has still to hear that the late fee is waived; nothing was changed. Try again once they have."
        ),
    ),
    exceptions.ConsentTakenBack: (
        gettext_lazy(
            "Who we would visit told us that they don't agree, so it can't be moved. You can cancel it, or call us."
        ),
        gettext_lazy(
            "who is visited no longer agrees. They can say otherwise by a new link from the page of who is visited."
        ),
    ),
    exceptions.ScreeningNotCleared: (
        _OTHERWISE,
        gettext_lazy("needs a clinician's note first. Record it on the booking's page, then confirm."),
    ),
}


def refusal_words(error: exceptions.BookingError) -> str:
    """One or two sentences for the client."""
    if isinstance(error, exceptions.NoLongerOffered) and error.what in _NOT_OFFERED:
        return str(_NOT_OFFERED[error.what])
    if type(error) in _ERRORS:
        return str(_ERRORS[type(error)][0])
    if isinstance(error, exceptions.SlotNotOffered):
        told = _REASONS[error.reason].of_time if error.reason in _REASONS else None
        return str(told or _("We can't come at that time. Please choose one of these."))
    return str(_OTHERWISE)


def explain(error: exceptions.BookingError) -> str:
    """What stood in the way of a change to a booking, for staff: the end of a sentence that begins with its
    reference."""
    if isinstance(error, exceptions.InvalidTransition):
        return _why_no_transition(error)
    if type(error) in _ERRORS:
        return str(_ERRORS[type(error)][1])
    if isinstance(error, exceptions.StillWaiting):
        words = _("by the terms we wait at the door until %(at)s. Call the client, and press again then.")
        return words % {"at": clock_time(error.until, labelled=False)}
    if isinstance(error, exceptions.SlotNotOffered):
        words = _("that time can't be kept any more (%(why)s); nothing was changed.")
        return words % {"why": stranding_words(error.reason)}
    return str(_NOT_ALLOWED)


def _why_no_transition(error: exceptions.InvalidTransition) -> str:
    found = BookingStatus(error.status).label.lower()
    if error.status == error.wanted:
        return _("already %(status)s; nothing was changed.") % {"status": found}
    if may_become(error.status, error.wanted):
        return _("the visit has not started yet; nothing was changed.")
    if error.wanted not in BookingStatus.values:
        return _("is %(status)s or has begun, so it can't be changed like this.") % {"status": found}
    return _("is %(status)s, so it can't become %(wanted)s; nothing was changed.") % {
        "status": found,
        "wanted": BookingStatus(error.wanted).label.lower(),
    }


def stranding_words(reason: str) -> str:
    """Why a booked visit can't be kept, as the end of a sentence for staff; `reason` as `domain.stranding` has it."""
    return str(_REASONS[reason].to_staff) if reason in _REASONS else reason


def day_words(reason: str, *, asked_for: bool, zones: Sequence[str] = ()) -> str:
    """Why a day has no time, in a sentence for the client. `reason` is one of `availability.RefusalReason`; `asked_for`
    says that the client asked for somebody. `zones` are the names of those that we are in."""
    if reason == "other_zone" and zones:
        return _("On this day we're in %(zones)s.") % {"zones": get_text_list(list(zones), _("and"))}
    none = _("No free times on this day.")
    if asked_for:
        none = _("With your choice of therapist there is no free time on this day.")
    return str(_told(reason, asked_for).of_day or none)


def span_words(reason: str, *, asked_for: bool, zones: Sequence[str] = ()) -> str:
    """The same for five weeks, or for those of their days that can be booked."""
    if reason == "other_zone" and zones:
        return _("In these weeks we're in %(zones)s.") % {"zones": get_text_list(list(zones), _("and"))}
    none = _("No free times in these weeks.")
    if asked_for:
        none = _("With your choice of therapist there is no free time in these weeks.")
    return str(_told(reason, asked_for).of_span or none)


def weekday_words(day: date) -> str:
    """For a day on whose weekday nobody who is qualified ever works."""
    words = (
        _("We don't visit on Mondays."),
        _("We don't visit on Tuesdays."),
        _("We don't visit on Wednesdays."),
        _("We don't visit on Thursdays."),
        _("We don't visit on Fridays."),
        _("We don't visit on Saturdays."),
        _("We don't visit on Sundays."),
    )
    return words[day.weekday()]


def another_words(before: str, now: str) -> str:
    """For a time at which not the one who was shown would come, but somebody else."""
    return _("%(before)s can't come at that time anymore. %(now)s can.") % {"before": before, "now": now}


def _told(reason: str, asked_for: bool) -> _Reason:
    found = _REASONS.get(reason, _UNTOLD)
    return _UNTOLD if asked_for and found.of_someone else found


_UNTOLD = _Reason("")


def access_label() -> str:
    """For a time that fits only without the stairs or the elevator."""
    return _(
        "Stairs or an elevator take us a few minutes more, and the time you chose is too tight for that. "
        "Please choose one of these; all you typed is kept."
    )


def preference_label(meaning: Therapist | str | None) -> str:
    """The words of one of `domain.visit_request.preference_choices`."""
    if meaning is None:
        return pgettext("therapist", "Anyone, soonest")
    if isinstance(meaning, Therapist):
        return meaning.name
    if meaning == Gender.FEMALE:
        return _("A woman")
    return _("A man") if meaning == Gender.MALE else _("A therapist of another gender")
