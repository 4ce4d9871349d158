"""Refusals of the domain in kind words that say what to do."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bookings import exceptions
from bookings.domain.alternatives import WEEKDAY
from bookings.enums import Gender
from bookings.models import Therapist

# What concerns staff alone is told in the words of what a client can see.
_TOLD_AS = {"daily_limit": "taken", "break": "taken", "time_off": "outside_hours"}


def refusal_words(error: exceptions.BookingError) -> str:
    """One or two sentences for the client."""
    if isinstance(error, exceptions.SlotNotOffered):
        return _reasons().get(error.reason, _("We can't come at that time. Please choose one of these."))
    if isinstance(error, exceptions.SlotTaken):
        return _("That time has just gone. Here are the times still free; all you typed is kept.")
    if isinstance(error, exceptions.OutsideArea):
        return _("We don't drive to that ZIP code at the moment.")
    if isinstance(error, exceptions.NoLongerOffered):
        words = {
            "service": _("That service or length is no longer offered. Please choose again."),
            "add-on": _("One of the extras is no longer offered. Please choose again."),
            "people": _("That number of people is not offered for this service. Please choose again."),
            "therapist": _("That therapist is no longer offered here. Please choose again."),
        }
        return words.get(error.what, words["service"])
    if isinstance(error, exceptions.PriceChanged):
        return _("The price is not the one you were shown. Please look at it again.")
    if isinstance(error, exceptions.ChangedMeanwhile):
        return _("This visit has changed since you opened the page. This is how it is now.")
    if isinstance(error, exceptions.LateChange | exceptions.NotLate):
        return _("What this costs is not what you were shown. Please look at it again.")
    if isinstance(error, exceptions.ChangeAnswered):
        return _("We have answered your request already. This is how your visit stands now.")
    return _("That didn't work. Please try again.")


def another_words(before: str, now: str) -> str:
    """For a time at which not the one who was shown would come, but somebody else."""
    return _("%(before)s can't come at that time any more. %(now)s can.") % {"before": before, "now": now}


def access_label() -> str:
    """For a time that fits only without the stairs or the elevator."""
    return _(
        "Stairs or an elevator take us a few minutes more, and the time you chose is too tight for that. "
        "Please choose one of these; all you typed is kept."
    )


def _reasons() -> dict[str, str]:
    gone = _("That time has just gone. Here are the times still free; all you typed is kept.")
    return {
        "notice": _("That time is too soon for us to get ready. Please choose a later one."),
        "horizon": _("That day is further ahead than we plan. Please choose an earlier one."),
        "taken": gone,
        "daily_limit": gone,
        "break": gone,
        "drive": _("We can't get there by that time. Please choose one of these."),
        "no_therapist": nobody_words(),
    }


def nobody_words() -> str:
    """For a service that nobody can be booked for."""
    return _("Nobody on our team can be booked for this service at the moment.")


def day_words(reason: str, day: date, *, asked_for: bool) -> str:
    """Why a day has no time, in a sentence for the client. `reason` as of `domain.alternatives`.

    It says nothing of where anyone lives or is: not which visit stands in the way, and of a therapist who was asked
    for (`asked_for`) neither the reach nor time off.
    """
    words = {
        "taken": _("This day is full."),
        "drive": _("On this day we can't reach you in time between our other visits."),
        "notice": _("This day is too soon for us to get ready."),
        "closed": _("We are closed on this day."),
        "no_therapist": nobody_words(),
        WEEKDAY: _weekday_words()[day.weekday()],
    }
    if not asked_for:
        words |= {"outside_hours": _("None of us has hours for your visit on this day.")} | _too_far()
    none = _("No free times on this day.")
    if asked_for:
        none = _("With your choice of therapist there is no free time on this day.")
    return words.get(_TOLD_AS.get(reason, reason), none)


def _weekday_words() -> tuple[str, ...]:
    return (
        _("We don't visit on Mondays."),
        _("We don't visit on Tuesdays."),
        _("We don't visit on Wednesdays."),
        _("We don't visit on Thursdays."),
        _("We don't visit on Fridays."),
        _("We don't visit on Saturdays."),
        _("We don't visit on Sundays."),
    )


def span_words(reason: str, *, asked_for: bool) -> str:
    """The same for five weeks, or for those of their days that can be booked."""
    words = {
        "taken": _("These weeks are full."),
        "drive": _("In these weeks we can't reach you in time between our other visits."),
        "notice": _("These weeks are too soon for us to get ready."),
        "closed": _("We are closed in these weeks."),
        "no_therapist": nobody_words(),
    }
    if not asked_for:
        words |= {"outside_hours": _("None of us has hours for your visit in these weeks.")} | _too_far()
    none = _("No free times in these weeks.")
    if asked_for:
        none = _("With your choice of therapist there is no free time in these weeks.")
    return words.get(_TOLD_AS.get(reason, reason), none)


def _too_far() -> dict[str, str]:
    words = _("Your ZIP code is further than our therapists drive for now.")
    return {"reach": words, "unknown_place": words}


def preference_label(meaning: Therapist | str | None) -> str:
    """The words of one of `domain.selection.preference_choices`."""
    if meaning is None:
        return pgettext("therapist", "Anyone, soonest")
    if isinstance(meaning, Therapist):
        return meaning.name
    words = {str(Gender.FEMALE): _("A woman"), str(Gender.MALE): _("A man")}
    return words.get(meaning, _("A therapist of another gender"))
