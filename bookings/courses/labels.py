"""What pages say of the visits of a course: times to choose from, and why there is none."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from bookings.exceptions import NoLongerOffered, OutsideArea
from bookings.refusals import refusal_words, stranding_words
from massagerx.lib.localtime import clock_time, local

from .planner import Why
from .planning import PlannedVisit


def why_words(visit: PlannedVisit) -> str:
    """Why a visit has no place, and the nearest day that has one."""
    place, target = visit.place, visit.target
    near = day_words(place.nearest.day) if place.nearest else ""
    if place.why is Why.HORIZON:
        return _("That is further ahead than can be booked.")
    if place.why is Why.TOO_EARLY:
        words = _("All days of this phase are before the day that is allowed.")
    elif place.why is Why.NO_TIME and visit.reason:
        words = _("Nothing is free from %(first)s to %(last)s: %(why)s.") % {
            "first": day_words(target.first_day),
            "last": day_words(target.last_day),
            "why": stranding_words(visit.reason),
        }
    elif place.why is Why.NO_TIME:
        words = _("Nothing is free from %(first)s to %(last)s.") % {
            "first": day_words(target.first_day),
            "last": day_words(target.last_day),
        }
    else:
        words = _("What is free in this phase is too close to the other visits.")
    return f"{words} {_('The nearest day with a time is %(day)s.') % {'day': near}}" if near else words


def day_words(day: date) -> str:
    return f"{day:%a, %b} {day.day}"


def address_words(street: str, unit: str, zip_code: str) -> str:
    return ", ".join(part for part in (street, unit, zip_code) if part)


def time_words(starts_at: datetime, name: str) -> str:
    return f"{day_words(local(starts_at).date())}, {clock_time(starts_at, labelled=False)}, {name}"


def time_value(starts_at: datetime, slug: str) -> str:
    """A time as forms send it."""
    return f"{starts_at.isoformat()} {slug}"


def other_times(visit: PlannedVisit) -> list[dict[str, str]]:
    """What a visit could have instead, as the choices of a list."""
    return [
        {"value": time_value(other.starts_at, slug), "words": time_words(other.starts_at, name)}
        for other, slug, name in visit.others
    ]


def not_offered_words(error: NoLongerOffered | OutsideArea, *, by_staff: bool) -> str:
    """Why a course can't be planned as it is."""
    if isinstance(error, OutsideArea):
        return _("We don’t come to %(zip)s anymore. Please give another address for those visits.") % {
            "zip": error.zip_code
        }
    if error.what == "therapist":
        return refusal_words(error)
    if by_staff:
        return _(
            "The length of this course, or an extra in it, is no longer offered. Offer it again in the admin, "
            "or book the visits one by one."
        )
    return _("We can’t plan this course by ourselves here. Please call us.")
