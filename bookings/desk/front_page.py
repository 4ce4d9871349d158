"""The front page: who waits, what is in trouble, today by therapist. Its queries don't grow with how much there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, Window
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import closing, queries
from bookings.domain.day_board import SHORTEST_GAP, Column, Visit, load_columns
from bookings.domain.operations import MOVABLE, expires_at, first_tier
from bookings.domain.outbox import may_send_again
from bookings.domain.sending import LATE_MINUTES, oldest_due_minutes
from bookings.domain.stranding import CONSENT, TOLD_WITHIN, Stranded, stranded_by
from bookings.enums import (
    BookingStatus,
    ChangeState,
    Channel,
    ComplaintState,
    LateFeeState,
    MessageState,
    WishState,
)
from bookings.models import (
    AreaRequest,
    Booking,
    BookingRules,
    ChangeRequest,
    ClientNote,
    ContactMessage,
    ExtraHours,
    LateFee,
    Message,
    Therapist,
    TimeOff,
    TimeOffWish,
    WorkingHours,
)
from bookings.models.intake import needs_note
from bookings.notifications.wording import span_of_days
from bookings.refusals import stranding_words
from bookings.staff.labels import clock, local_when, long_day, rescue_url, tier_mark, time_left
from bookings.staff.late_changes import change_words
from bookings.staff.messages import message_mark
from bookings.staff.visibility import (
    messages_seen_by,
    only_seen_by,
    sees_every_visit,
    sees_own_visits,
    sees_rows,
    therapists_seen_by,
)
from bookings.templatetags.bookings_admin import national_phone
from massagerx.lib import error_kinds
from massagerx.lib.localtime import day_bounds, local
from services.models import Business
from services.sample_left import sample_left
from services.templatetags.money import dollars

from .board_columns import column_words, minute_of_day, span_of
from .calls import waiting_calls
from .check_ins import doors_overdue
from .closing import may_close
from .frame import StaffRequest, desk_page, page
from .my_day import day_page
from .opening import is_before_opening, may_open, needs_owner, show_opening
from .reflow import late_days
from .second_thoughts import undoable

MOST_ROWS = 20
# The parts of the page whose rows are its list "To do": each has `due`, the instant by which somebody should look.
_WAITING = (
    "requests",
    "changes",
    "wishes",
    "fees",
    "graver",
    "handed_in",
    "calls",
    "complaints",
    "unanswered",
    "trouble",
)
# What is due within so long has the colour of what can't wait.
SOON = timedelta(hours=2)
# By then a message from the site should have its answer.
ANSWER_WITHIN = timedelta(days=1)
# No day has more visits.
MOST_A_DAY = 200
HOUR = timedelta(hours=1)
LATE = timedelta(minutes=LATE_MINUTES)
# The council takes weeks to renew a certificate.
LAPSES_SOON = timedelta(days=45)


@desk_page()
def front_page(request: StaffRequest) -> HttpResponse:
    """Requests waiting and messages from the site (oldest first), messages in trouble, and what the owner still has to
    do; each for those who may see it. A therapist has a page of their own."""
    if sees_own_visits(request.user):
        return day_page(
            request,
            _late_changes(request.user)["changes"] if sees_rows(request.user, "changerequest") else [],
        )
    if is_before_opening(request.user):
        return show_opening(request, timezone.now())
    desk = {name: value for part in _parts(request.user) for name, value in part.items()}
    context = {
        "title": _("Today at the desk"),
        "desk": desk,
        "todo": _todo(desk, request.user),
        "undoable": undoable(request.user, timezone.now()),
    }
    return page(request, "front_page", context)


# What apps inside bookings have waiting for a member of staff, as rows of the list; the core doesn't import them.
RowsOf = Callable[[User, datetime], list[dict[str, Any]]]
_of_apps: list[RowsOf] = []


def add_rows(rows_of: RowsOf) -> None:
    """Has an app's rows shown among what waits; a second time changes nothing."""
    if rows_of not in _of_apps:
        _of_apps.append(rows_of)


def _todo(desk: dict[str, Any], user: User) -> list[dict[str, Any]]:
    """What waits for somebody, whatever it is, what is due first on top; late fees last, because nobody out there waits
    for them."""
    rows = [row for part in _WAITING for row in desk.get(part, ())]
    rows += [row for rows_of in _of_apps for row in rows_of(user, timezone.now())]
    return sorted(rows, key=lambda row: (row["kind"] == "fee", row["due"]))


def _parts(user: User) -> Iterator[dict[str, Any]]:
    now = timezone.now()
    may_see_bookings, may_see_messages = sees_every_visit(user), user.has_perm("bookings.view_message")
    is_sample = user.has_perm("services.change_business") and Business.load().is_sample
    yield {
        "may_close": may_close(user),
        "sample_data": is_sample,
        "may_open": may_open(user),
        "sample_left": sample_left() if is_sample else [],
        "may_answer_requests": user.has_perm("bookings.change_booking"),
        "may_see_bookings": may_see_bookings,
        "may_see_messages": may_see_messages,
    }
    if may_open(user):
        yield {**needs_owner(now, is_sample=is_sample), "errors": error_kinds.lately(now)}
    if user.has_perm("bookings.view_changerequest"):
        yield _late_changes(user)
    if user.has_perm("bookings.change_booking"):
        yield {"fees": _fees(user), "calls": waiting_calls(now, most=MOST_ROWS)}
    if may_see_bookings:
        rules = BookingRules.load()
        yield {
            **_requests(now, rules),
            **_today(user, now),
            **_to_look_at(now),
            **_stranded(now, rules),
            "wishes": _wishes(now) if user.has_perm("bookings.add_timeoff") else [],
            **_not_closed(now),
            "doors": doors_overdue(user),
        }
    if user.has_perm("bookings.view_arearequest"):
        yield {"area_request_count": AreaRequest.objects.filter(is_answered=False).count()}
    if user.has_perm("bookings.change_therapist"):
        yield _therapists_in_need(now)
    if may_see_messages:
        yield _trouble(user, now)
    if sees_rows(user, "contactmessage"):
        yield _unanswered()
    if sees_rows(user, "clientnote"):
        yield _complaints()


def _requests(now: datetime, rules: BookingRules) -> dict[str, Any]:
    # Who was promised a word soonest comes first (without an hour: a call at once), so no course pushes them out.
    waiting = Booking.objects.waiting().order_by(F("answer_by").asc(nulls_first=True), "created_at", "pk")
    rows = list(
        waiting.select_related("client", "therapist", "service", "area__zone", "screening")
        .defer("screening__answers")
        .annotate(needs_note=ExpressionWrapper(needs_note(), output_field=BooleanField()), in_all=_in_all())[
            :MOST_ROWS
        ]
    )
    return {
        "waiting_count": rows[0].in_all if rows else 0,
        "requests": [
            {
                **_visit(booking),
                "kind": "request",
                "booking": booking,
                "due": expires_at(booking, rules),
                "is_urgent": expires_at(booking, rules) - now < SOON,
                "confirm": reverse("admin:bookings_booking_do", args=[booking.pk, "confirm"])
                if not booking.needs_note and not booking.door_rule
                else "",
                "phone": booking.client.phone,
                "service": booking.service.name,
                "where": f"{booking.area.zone} · {booking.area.zip_code}",
                "asks_a_look": booking.needs_note or booking.door_rule,
                "tier": tier_mark(first_tier(booking)),
                "asks_health": not first_tier(booking),
                "left": time_left(expires_at(booking, rules) - now),
            }
            for booking in rows
        ],
    }


def _in_all() -> Window:
    """How many rows there are, beside each of those that are shown."""
    return Window(Count("pk"))


def _unanswered() -> dict[str, Any]:
    waiting = ContactMessage.objects.filter(answered_at=None)
    return {
        "unanswered_count": waiting.count(),
        "unanswered": [
            {
                "url": reverse("admin:bookings_contactmessage_change", args=[message.pk]),
                "kind": "enquiry",
                "due": message.written_at + ANSWER_WITHIN,
                "who": message.name,
                "email": message.email or national_phone(message.phone),
                "written": local_when(message.written_at),
            }
            for message in waiting.defer("body", "answer").order_by("written_at", "pk")[:MOST_ROWS]
        ],
    }


def _complaints() -> dict[str, Any]:
    """Complaints that nobody has settled, the oldest first."""
    waiting = ClientNote.objects.filter(complaint=ComplaintState.OPEN).select_related("client", "by")
    rows = list(waiting.defer("text").annotate(in_all=_in_all()).order_by("at", "pk")[:MOST_ROWS])
    return {
        "complaint_count": rows[0].in_all if rows else 0,
        "complaints": [
            {
                "url": reverse("admin:bookings_client_change", args=[note.client_id]),
                "anchor": "#client-notes",
                "kind": "complaint",
                "due": note.at + ANSWER_WITHIN,
                "who": note.client.name,
                "phone": note.client.phone,
                "by": note.by.get_username(),
                "written": local_when(note.at),
            }
            for note in rows
        ],
    }


def _late_changes(user: User) -> dict[str, Any]:
    """Late changes that wait for an answer, the next visit first."""
    waiting = only_seen_by(user, ChangeRequest.objects.filter(state=ChangeState.OPEN), "booking__therapist")
    rows = list(
        waiting.with_both()
        .filter(is_second=False)
        .select_related("booking__therapist")
        .annotate(in_all=_in_all())
        .order_by("booking__starts_at")[:MOST_ROWS]
    )
    return {
        "change_count": rows[0].in_all if rows else 0,
        "changes": [
            {
                **_visit(change.booking),
                "kind": "change",
                "due": change.booking.starts_at,
                "what": change_words(change, both=change.is_of_both),
                "anchor": "#late-change",
            }
            for change in rows
        ],
    }


def _wishes(now: datetime) -> list[dict[str, Any]]:
    """Time off that therapists would like over booked visits, the next first."""
    rows = TimeOffWish.objects.filter(state=WishState.OPEN).select_related("therapist")
    return [
        {
            "kind": "wish",
            "url": reverse("admin:bookings_timeoff_wish", args=[wish.pk]),
            "who": wish.therapist.name,
            "comes": wish.therapist,
            "due": min(wish.asked_at + ANSWER_WITHIN, wish.starts_at),
            "is_urgent": wish.starts_at - now < TOLD_WITHIN,
            "what": span_of_days(wish.starts_at, wish.ends_at),
        }
        for wish in rows.order_by("starts_at", "pk")[:MOST_ROWS]
    ]


def _fees(user: User) -> list[dict[str, Any]]:
    """Late fees that nobody has decided about, the oldest first: canceled late, or nobody opened."""
    rows = only_seen_by(user, LateFee.objects.filter(state=LateFeeState.OPEN), "booking__therapist")
    return [
        {
            **_visit(fee.booking),
            "kind": "fee",
            "due": fee.named_at + ANSWER_WITHIN,
            "anchor": "#late-fee",
            "is_no_show": fee.booking.status == BookingStatus.NO_SHOW,
            "fee": dollars(fee.cents),
            "asks_waiver": fee.asks_waiver,
        }
        for fee in rows.select_related("booking__therapist").order_by("named_at", "pk")[:MOST_ROWS]
    ]


def _to_look_at(now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Visits to come whose health answers, given again, are graver than the first, and those with a clinician's note
    that was handed in and nobody has opened."""
    found = queries.to_look_at(now=now)
    graver = [booking for booking in found if booking.gravest_tier]
    handed_in = [booking for booking in found if booking.handed_in_at]
    return {
        "graver": [
            {
                **_visit(booking),
                "kind": "graver",
                "due": booking.starts_at,
                "phone": booking.client.phone,
                "tier": tier_mark(booking.gravest_tier),
            }
            for booking in graver[:MOST_ROWS]
        ],
        "handed_in": [
            {
                **_visit(booking),
                "kind": "note",
                "anchor": "#health",
                "due": min(booking.handed_in_at + ANSWER_WITHIN, booking.starts_at),
            }
            for booking in handed_in[:MOST_ROWS]
        ],
    }


def _stranded(now: datetime, rules: BookingRules) -> dict[str, Any]:
    """Visits to come that can't be kept, whatever the cause, the next first; until each is solved."""
    found = stranded_by(now=now, rules=rules)
    off = _time_off([row for row in found if row.reason == "time_off"])
    return {
        "stranded_count": len(found),
        "stranded": [
            {
                **_visit(row.booking),
                "phone": row.booking.client.phone,
                "rescue": _rescue_url(row.booking, off) if row.reason != CONSENT else "",
                "why": stranding_words(row.reason),
                "is_urgent": row.booking.starts_at - now < TOLD_WITHIN,
            }
            for row in found[:MOST_ROWS]
        ],
    }


def _not_closed(now: datetime) -> dict[str, Any]:
    """Visits that are over and that nobody has closed, the oldest first."""
    waiting = closing.waiting(now=now).select_related("therapist", "service")
    rows = list(waiting.annotate(in_all=_in_all())[:MOST_ROWS])
    return {
        "not_closed_count": rows[0].in_all if rows else 0,
        "not_closed": [
            {**_visit(booking), "pk": booking.pk, "service": booking.service.name} for booking in rows
        ],
    }


def _time_off(found: list[Stranded]) -> list[TimeOff]:
    """The time off of those whose visits these are, while they are; one query, and none without any."""
    if not found:
        return []
    return list(
        TimeOff.objects.filter(
            therapist__in={row.booking.therapist_id for row in found},
            starts_at__lt=max(row.booking.blocked_until for row in found),
            ends_at__gt=min(row.booking.blocked_from for row in found),
        ).order_by("starts_at", "pk")
    )


def _rescue_url(booking: Booking, off: list[TimeOff]) -> str:
    """The rescue of the day, or where time off is in the way, of its hours."""
    for row in off:
        is_theirs = row.therapist_id == booking.therapist_id
        if is_theirs and row.starts_at < booking.blocked_until and booking.blocked_from < row.ends_at:
            return rescue_url(row, booking)
    query = urlencode({"therapist": booking.therapist_id, "day": local(booking.starts_at).date()})
    return f"{reverse('admin:bookings_booking_rescue')}?{query}"


def _visit(booking: Booking) -> dict[str, Any]:
    """What a row says of a visit."""
    return {
        "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "reference": booking.reference,
        "who": booking.visit_for,
        "when": local_when(booking.starts_at),
        "therapist": booking.therapist.name,
        "comes": booking.therapist,
    }


def _today(user: User, now: datetime) -> dict[str, Any]:
    """Today's lanes, what happens in the next two hours, and the next day that has visits."""
    day = local(now).date()
    tomorrow = day + timedelta(days=1)
    therapists = list(therapists_seen_by(user))
    columns = load_columns(therapists=therapists, first_day=day, last_day=tomorrow, now=now)
    today = [column for column in columns if column.day == day and column.is_worked]
    first, last = span_of(today)
    ahead = [visit for column in today for visit in column.visits if visit.is_ahead(now)]
    gaps = sorted(
        (max(start, now), column.therapist.name)
        for column in today
        for start, end in column.gaps
        if end - max(start, now) >= SHORTEST_GAP
    )
    return {
        "today_date": day,
        "day": long_day(day),
        "clock": clock(now),
        "lanes": [_lane(column, now) for column in today],
        "lane_from": first,
        "lane_length": last - first,
        "lane_now": minute_of_day(now, day) if first <= minute_of_day(now, day) < last else None,
        "lane_hours": [minute // 60 % 12 or 12 for minute in range(first, last, 60)],
        "left": len(ahead),
        "next_start": _next_start(ahead, now),
        "free": {"at": clock(gaps[0][0]), "who": gaps[0][1], "is_now": gaps[0][0] == now} if gaps else None,
        "soon": _soon(today, now),
        "running_late": _running_late(today, therapists, now),
        "next_day": _of_tomorrow(columns, tomorrow) or _next_day(user, now),
    }


def _running_late(today: list[Column], therapists: list[Therapist], now: datetime) -> list[str]:
    """The names of those who are late for somebody who doesn't know; no query where nothing was pressed today."""
    if not any(visit.booking.has_steps for column in today for visit in column.visits):
        return []
    return [row.name for row, _visits in late_days(therapists, BookingRules.load(), now)]


def _next_start(visits: list[Visit], now: datetime) -> str:
    starts = [visit.booking.starts_at for visit in visits if visit.booking.starts_at > now]
    return clock(min(starts)) if starts else ""


def _lane(column: Column, now: datetime) -> dict[str, Any]:
    """A therapist's day in one line: the board's column, what is next, and when they are home."""
    following = next((visit for visit in column.visits if visit.is_ahead(now)), None)
    home = column.way_home.arrives_at if column.way_home is not None else None
    return {
        **column_words(column, now=now),
        "next": following.booking if following is not None else None,
        "next_at": clock(following.booking.starts_at) if following is not None else "",
        "home_at": clock(home) if home is not None else "",
    }


def _soon(columns: list[Column], now: datetime) -> list[dict[str, Any]]:
    """Who leaves, begins and becomes free within two hours, in the order of the clock."""
    found: list[dict[str, Any]] = []
    for column in columns:
        for visit in column.visits:
            if visit.booking.status not in MOVABLE:
                continue
            drive = visit.drive
            said = {"therapist": column.therapist, "booking": visit.booking}
            if drive is not None and drive.leaves_at is not None:
                found.append({**said, "kind": "leave", "instant": drive.leaves_at, "minutes": drive.minutes})
            found.append({**said, "kind": "start", "instant": visit.booking.starts_at})
        found += [
            {"therapist": column.therapist, "kind": "free", "instant": start, "until": clock(end)}
            for start, end in column.gaps
        ]
    coming = sorted(
        (row for row in found if now <= row["instant"] < now + SOON), key=lambda row: row["instant"]
    )
    return [{**row, "at": clock(row["instant"])} for row in coming]


def _of_tomorrow(columns: list[Column], tomorrow: date) -> dict[str, Any] | None:
    """As `_next_day`, of columns that are there already."""
    found = [column for column in columns if column.day == tomorrow]
    starts = [visit.booking.starts_at for column in found for visit in column.visits]
    if not starts:
        return None
    free = sum(((end - start) for column in found for start, end in column.gaps), timedelta())
    return {**_day_ahead(tomorrow, len(starts), min(starts)), "is_tomorrow": True, "free_hours": free // HOUR}


def _next_day(user: User, now: datetime) -> dict[str, Any] | None:
    """The next day after today that has visits: which, how many, and when the first starts; None without any."""
    after = day_bounds(local(now).date())[1]
    coming = only_seen_by(user, Booking.objects.occupying().filter(starts_at__gte=after), "therapist")
    starts = list(coming.order_by("starts_at").values_list("starts_at", flat=True)[:MOST_A_DAY])
    if not starts:
        return None
    day = local(starts[0]).date()
    return _day_ahead(day, sum(local(start).date() == day for start in starts), starts[0])


def _day_ahead(day: date, count: int, first: datetime) -> dict[str, Any]:
    return {
        "count": count,
        "day": long_day(day),
        "first": clock(first),
        "url": f"{reverse('admin:bookings_booking_day')}?day={day}",
    }


def _therapists_in_need(now: datetime) -> dict[str, Any]:
    """Therapists whose certificate lapses soon or has lapsed, and those without any hours next month."""
    today = local(now).date()
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    month_end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    active = Therapist.objects.filter(is_active=True)
    weekly = WorkingHours.objects.filter(
        Q(valid_from=None) | Q(valid_from__lte=month_end), Q(valid_until=None) | Q(valid_until__gte=month)
    )
    extra = ExtraHours.objects.filter(date__gte=month, date__lte=month_end)
    idle = active.exclude(pk__in=weekly.values("therapist")).exclude(pk__in=extra.values("therapist"))
    return {
        "lapsing": list(
            active.filter(certificate_expires_on__lte=today + LAPSES_SOON).order_by("certificate_expires_on")
        ),
        "idle": list(idle),
        "idle_month": f"{month:%B}",
    }


def _trouble(user: User, now: datetime) -> dict[str, Any]:
    late = Q(state__in=[MessageState.DUE, MessageState.SENDING]) & Q(due_at__lt=now - LATE)
    by_email = Message.objects.filter(channel=Channel.EMAIL)
    troubled = by_email.filter(Q(state__in=[MessageState.FAILED, MessageState.UNKNOWN]) | late)
    in_trouble = messages_seen_by(user, troubled)
    rows = list(
        in_trouble.select_related("booking__client").annotate(in_all=_in_all()).order_by("due_at")[:MOST_ROWS]
    )
    late_minutes = oldest_due_minutes(now=now)
    return {
        # What /status calls late: from then on, somebody has to look at the mail server or the worker.
        "late": time_left(timedelta(minutes=late_minutes)) if late_minutes >= LATE_MINUTES else "",
        "trouble_count": rows[0].in_all if rows else 0,
        "trouble": [
            {
                "url": reverse("admin:bookings_message_change", args=[message.pk]),
                "kind": "trouble",
                "due": message.due_at,
                "is_urgent": True,
                "who": message.booking.visit_for if message.booking else message.get_kind_display(),
                "what": message.get_kind_display(),
                "reference": message.booking.reference if message.booking else "–",
                "state": message_mark(message),
                "error": message.last_error,
                "resend": message.pk
                if user.has_perm("bookings.change_message") and may_send_again(message)
                else None,
            }
            for message in rows
        ],
    }
