"""How the admin says things: times, states and what went wrong, in plain words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.domain.lifecycle import may_become
from bookings.domain.scheduling import Drive
from bookings.enums import BookingStatus, MessageState, Tier
from bookings.exceptions import (
    BookingError,
    ChangeAnswered,
    ChangedMeanwhile,
    InvalidTransition,
    NoLongerOffered,
    ScreeningNotCleared,
    SlotNotOffered,
    SlotTaken,
)
from massagerx.lib.localtime import local

# A sign beside each word, so that no state is told by colour alone. The class names are in static/css/admin.css.
_STATUS_MARKS = {
    BookingStatus.REQUESTED: ("waiting", "◔"),
    BookingStatus.CONFIRMED: ("good", "✓"),
    BookingStatus.COMPLETED: ("done", "●"),
    BookingStatus.NO_SHOW: ("bad", "✕"),
    BookingStatus.CANCELED: ("off", "–"),
    BookingStatus.DECLINED: ("off", "–"),
    BookingStatus.EXPIRED: ("off", "–"),
}
_TIER_MARKS = {
    Tier.CLEAR: ("good", "✓", gettext_lazy("Clear")),
    Tier.CAUTION: ("note", "!", gettext_lazy("Clear, with a note")),
    Tier.CLEARANCE: ("waiting", "?", gettext_lazy("Needs a look")),
    Tier.STOP: ("bad", "✕", gettext_lazy("Not online")),
    Tier.EMERGENCY: ("bad", "✕", gettext_lazy("Emergency")),
}
_STATE_MARKS = {
    MessageState.DUE: ("waiting", "◔"),
    MessageState.SENDING: ("waiting", "◔"),
    MessageState.SENT: ("good", "✓"),
    MessageState.DROPPED: ("off", "–"),
    MessageState.UNKNOWN: ("note", "?"),
    MessageState.FAILED: ("bad", "✕"),
}


def drive_words(drive: Drive) -> str:
    """How long a drive takes, with its spread: "35 to 50 min drive"; nothing when nobody knows."""
    if drive.minutes is None:
        return ""
    if drive.quick_minutes is None or drive.quick_minutes >= drive.minutes:
        return _("%(minutes)d min drive") % {"minutes": drive.minutes}
    return _("%(quick)d to %(minutes)d min drive") % {
        "quick": drive.quick_minutes,
        "minutes": drive.minutes,
    }


def mark(style: str, sign: str, word: Any) -> SafeString:
    """A coloured word with its sign."""
    return format_html(
        '<span class="mark mark--{}"><span aria-hidden="true">{}</span> {}</span>', style, sign, word
    )


def status_mark(status: str) -> SafeString:
    style, sign = _STATUS_MARKS.get(BookingStatus(status), ("off", "–"))
    return mark(style, sign, BookingStatus(status).label)


def tier_mark(tier: str | None) -> SafeString:
    """The result of a screening; a booking without one says so."""
    if not tier:
        return mark("off", "–", _("No screening"))
    style, sign, word = _TIER_MARKS[Tier(tier)]
    return mark(style, sign, word)


def state_mark(state: str) -> SafeString:
    style, sign = _STATE_MARKS.get(MessageState(state), ("off", "–"))
    return mark(style, sign, MessageState(state).label)


def local_when(instant: datetime | None) -> str:
    """`Tue, Nov 24, 2026, 2:30 PM PST`: an aware instant in Los Angeles, labelled; a dash for None."""
    if instant is None:
        return "–"
    return ", ".join(local_day_and_clock(instant))


def local_day_and_clock(instant: datetime) -> tuple[str, str]:
    """`Tue, Nov 24, 2026` and `2:30 PM PST`."""
    here = local(instant)
    return f"{here:%a}, {here:%b} {here.day}, {here.year}", f"{_clock(here)} {here:%Z}"


def two_lines(instant: datetime | None) -> SafeString:
    """As `local_when`, the clock under the day, for a narrow column."""
    if instant is None:
        return mark_safe("–")
    day, clock = local_day_and_clock(instant)
    return format_html('<span class="nowrap">{}</span><br><span class="nowrap">{}</span>', day, clock)


def local_span(start: datetime, end: datetime) -> str:
    """`2:30 – 3:30 PM PST`; the zone is named twice where the clocks change in between."""
    first, last = local(start), local(end)
    zone = f" {first:%Z}" if f"{first:%Z}" != f"{last:%Z}" else ""
    return f"{_clock(first)}{zone} – {_clock(last)} {last:%Z}"


def clock_span(start: datetime, end: datetime) -> str:
    """`2:30 PM – 3:30 PM`, for pages that name the zone once; both zones are named where the clocks change
    in between."""
    if local(start).tzname() != local(end).tzname():
        return local_span(start, end)
    return f"{clock(start)} – {clock(end)}"


def _clock(here: datetime) -> str:
    return f"{here.hour % 12 or 12}:{here:%M %p}"


def clock(instant: datetime) -> str:
    """`2:30 PM` in Los Angeles: for pages that name the zone once."""
    return _clock(local(instant))


def long_day(day: date) -> str:
    """`Tuesday, November 24, 2026`."""
    return f"{day:%A}, {day:%B} {day.day}, {day.year}"


def week_start(day: date) -> date:
    """The Sunday on or before `day`: weeks in the admin begin as those of the site's calendar do."""
    return day - timedelta(days=(day.weekday() + 1) % 7)


def time_left(delta: timedelta) -> str:
    """`3 h 20 min`, `2 days 4 h`; a moment that has passed is `any minute now`."""
    minutes = int(delta.total_seconds() // 60)
    if minutes < 1:
        return _("any minute now")
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return ngettext("%(days)d day %(hours)d h", "%(days)d days %(hours)d h", days) % {
            "days": days,
            "hours": hours,
        }
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)d min") % {"minutes": minutes}


# By the values of the engine's `RefusalReason`, which only `bookings.domain.scheduling` may import.
_REFUSALS = {
    "taken": gettext_lazy("another visit is in the way"),
    "drive": gettext_lazy("the drive from or to a neighboring visit would not fit"),
    "daily_limit": gettext_lazy("the therapist's day is full"),
    "break": gettext_lazy("the therapist would have no break"),
    "time_off": gettext_lazy("the therapist has time off"),
    "reach": gettext_lazy("the address is further than the therapist drives"),
    "notice": gettext_lazy("it is too soon, or has passed"),
    "horizon": gettext_lazy("it is too far ahead"),
    "closed": gettext_lazy("we are closed that day"),
    "outside_hours": gettext_lazy("it is outside the therapist's hours"),
    "unknown_place": gettext_lazy("nobody knows how long the drive is"),
    "off_grid": gettext_lazy("visits don't start at that minute"),
    "no_therapist": gettext_lazy("no therapist is qualified for it"),
}


_STRANDING = {
    **_REFUSALS,
    "inactive": gettext_lazy("the therapist is not active"),
    "certificate": gettext_lazy("the therapist has no certificate for that day"),
    "qualification": gettext_lazy("the therapist is not qualified for the service"),
    "service": gettext_lazy("the service is not active"),
    "length": gettext_lazy("this length of the service is not active"),
    "people": gettext_lazy("it is for more people than the service may be booked for"),
}


def stranding_words(reason: str) -> str:
    """Why a booked visit can't be kept, as the end of a sentence; `reason` as in `domain.stranding.Stranded`."""
    return str(_STRANDING.get(reason, reason))


def explain(error: BookingError) -> str:
    """What stood in the way of a change to a booking, as the end of a sentence that begins with its reference."""
    if isinstance(error, InvalidTransition):
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
    if isinstance(error, ChangeAnswered):
        return _("the late change no longer waits for an answer; nothing was changed.")
    if isinstance(error, ChangedMeanwhile):
        return _("the visit has changed meanwhile; nothing was changed. Please look at it again.")
    if isinstance(error, NoLongerOffered):
        return _("no therapist is qualified and free to be booked for it; nothing was changed.")
    if isinstance(error, ScreeningNotCleared):
        return _("needs a clinician's note first. Record it on the booking's page, then confirm.")
    if isinstance(error, SlotTaken):
        return _("the therapist has another visit at that time; nothing was changed.")
    if isinstance(error, SlotNotOffered):
        why = _REFUSALS.get(error.reason, error.reason)
        return _("that time can't be kept any more (%(why)s); nothing was changed.") % {"why": why}
    return _("the booking rules don't allow it; nothing was changed.")
