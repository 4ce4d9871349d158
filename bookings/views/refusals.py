"""Refusals of the domain in kind words that say what to do."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bookings import exceptions
from bookings.enums import Gender
from bookings.models import Therapist


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
    return _("That didn't work. Please try again.")


def entry_words() -> str:
    """For a time that fits only without the stairs or the elevator."""
    return _(
        "Stairs or an elevator take us a few minutes more, and the time you chose is too tight for that. "
        "Please choose one of these; all you typed is kept."
    )


def _reasons() -> dict[str, str]:
    return {
        "notice": _("That time is too soon for us to get ready. Please choose a later one."),
        "horizon": _("That day is further ahead than we plan. Please choose an earlier one."),
        "taken": _("That time has just gone. Here are the times still free; all you typed is kept."),
        "drive": _("We can't get there by that time. Please choose one of these."),
    }


def preference_label(meaning: Therapist | str | None) -> str:
    """The words of one of `domain.selection.preference_choices`."""
    if meaning is None:
        return pgettext("therapist", "Anyone who is qualified")
    if isinstance(meaning, Therapist):
        return meaning.name
    words = {str(Gender.FEMALE): _("A woman"), str(Gender.MALE): _("A man")}
    return words.get(meaning, _("A therapist of another gender"))
