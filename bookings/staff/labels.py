"""How the admin says things: times and states in plain words. What went wrong is said by `bookings.refusals`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.domain.scheduling import Drive
from bookings.enums import BookingStatus, MessageState, NoteScope, Tier
from bookings.models import AccessNotes, Booking, ClinicianNote, ContactMessage, TimeOff, TimeOffWish
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import day_bounds, local

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


def private_address(address: str, page: str, again: str) -> SafeString:
    """A private address to copy, with a link to the `page` that makes it `again`; without one, that makes the first."""
    if not address:
        return format_html('<a href="{}">{}</a>', page, _("Make an address"))
    return format_html('<code class="feed-address">{}</code><br><a href="{}">{}</a>', address, page, again)


def status_mark(booking: Booking, now: datetime) -> SafeString:
    """How a visit stands; of one that is over and that nobody has closed, that."""
    if booking.is_not_closed(now):
        return mark("waiting", "?", _("Not closed"))
    status = BookingStatus(booking.status)
    style, sign = _STATUS_MARKS.get(status, ("off", "–"))
    return mark(style, sign, status.label)


def tier_mark(tier: str | None) -> SafeString:
    """The result of a screening; a booking without one says so."""
    if not tier:
        return mark("off", "–", _("No screening"))
    style, sign, word = _TIER_MARKS[Tier(tier)]
    return mark(style, sign, word)


def state_mark(state: str) -> SafeString:
    style, sign = _STATE_MARKS.get(MessageState(state), ("off", "–"))
    return mark(style, sign, MessageState(state).label)


def answer_mark(message: ContactMessage) -> SafeString:
    """Whether a message from the site still waits for us."""
    if message.answered_at is None:
        return mark("waiting", "◔", _("Waiting"))
    return mark("good", "✓", _("Done"))


def note_words(note: ClinicianNote) -> str:
    """What a clinician's note speaks of."""
    if note.scope == NoteScope.SERVICE and note.covers_until is not None:
        last = local(note.covers_until - timedelta(microseconds=1)).date()
        return _("Clears this service for this person until %(day)s") % {"day": long_day(last)}
    if note.scope == NoteScope.COURSE:
        return _("Clears all visits booked together")
    return _("Clears this visit")


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


# The visit -----------------------------------------------------------------------------------------------------------

ACCESS_LABELS = {
    "parking": gettext_lazy("Parking"),
    "gate_code": gettext_lazy("Gate code"),
    "pets": gettext_lazy("Pets"),
    "room": gettext_lazy("Room for the table"),
    "notes": gettext_lazy("Notes"),
}


def access_lines(booking: Booking) -> tuple[list[tuple[Any, str]], bool]:
    """(label, text) of each access note, and whether they are there and can't be opened. One query, and none for a
    visit that brought them sealed (`sealed_access`)."""
    try:
        notes = AccessNotes.of_visit(booking)
    except UnreadableValue:
        return [], True
    return [(label, notes[key]) for key, label in ACCESS_LABELS.items() if notes.get(key)], False


def unreadable() -> str:
    """Says that something is there and no key opens it."""
    return _("This can't be opened with the keys of this installation (HEALTH_KEYS). Tell the owner.")


def map_url(booking: Booking) -> str:
    """Where a map shows the address; opened only when somebody presses it."""
    return f"https://www.openstreetmap.org/search?{urlencode({'query': _door(booking)})}"


def way_url(booking: Booking) -> str:
    """What a phone opens in its own map app, with the way from where it is; opened only when somebody presses it."""
    query = urlencode({"api": "1", "destination": _door(booking), "travelmode": "driving"})
    return f"https://www.google.com/maps/dir/?{query}"


def rescue_url(off: TimeOff | TimeOffWish, first: Booking) -> str:
    """Where the visits of the first day with one are rescued from a therapist's time off: of its hours, as far as they
    are of that day. A visit just after midnight may be in the way of time off that ended the evening before."""
    day = local(first.starts_at).date()
    asked: dict[str, Any] = {"therapist": off.therapist_id, "day": day}
    start, end = day_bounds(day)
    if start < off.starts_at < end:
        asked["from_time"] = f"{local(off.starts_at):%H:%M}"
    if start < off.ends_at < end:
        asked["until_time"] = f"{local(off.ends_at):%H:%M}"
    return f"{reverse('admin:bookings_booking_rescue')}?{urlencode(asked)}"


def _door(booking: Booking) -> str:
    return f"{booking.street}, {booking.city}, CA {booking.area.zip_code}"
