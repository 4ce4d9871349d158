"""By when a request is answered: at an hour at which somebody is at the desk, well before the visit."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from math import ceil

from bookings.models import BookingRules
from massagerx.lib.localtime import local, zone

# Nobody can look at a request and answer it in less.
LEAST = timedelta(hours=1)


def answer_by(
    *, asked_at: datetime, starts_at: datetime, rules: BookingRules, patience: int = 1
) -> datetime | None:
    """The last full hour at the desk before the owner's limit (`patience` times as long) and the owner's time before
    the visit. None when no such hour is left: then somebody calls within the hour."""
    limit = min(
        asked_at + timedelta(minutes=rules.request_expires_after_minutes * patience),
        starts_at - timedelta(minutes=rules.answer_before_minutes),
    )
    here = local(limit)
    day = here.date()
    if limit >= _at(day, rules.desk_closes_at):
        answer = _at(day, rules.desk_closes_at)
    elif limit < _at(day, rules.desk_opens_at):
        answer = _at(day - timedelta(days=1), rules.desk_closes_at)
    else:
        answer = max(_at(day, time(here.hour)), _at(day, rules.desk_opens_at))
    return answer if answer - asked_at >= LEAST else None


def first_for_request(*, rules: BookingRules, now: datetime) -> datetime:
    """The earliest start that may be asked for by who must be looked at first: `now` while somebody is at the desk,
    else so long after it opens again that the answer still comes in time."""
    day = local(now).date()
    opens, closes = _at(day, rules.desk_opens_at), _at(day, rules.desk_closes_at)
    if opens <= now < closes:
        return now
    if now >= closes:
        opens = _at(day + timedelta(days=1), rules.desk_opens_at)
    return opens + LEAST + timedelta(minutes=rules.answer_before_minutes)


def rules_for_requests(rules: BookingRules, *, now: datetime) -> BookingRules:
    """The rules by which times are offered to who must be looked at first: with notice enough for the answer."""
    minutes = ceil((first_for_request(rules=rules, now=now) - now) / timedelta(minutes=1))
    if minutes <= rules.minimum_notice_minutes:
        return rules
    # As by `copy.copy`, which takes as many calls as a query.
    stricter = BookingRules.__new__(BookingRules)
    vars(stricter).update(vars(rules), minimum_notice_minutes=minutes)
    return stricter


def _at(day: date, hour: time) -> datetime:
    # In UTC: two times of one zone are compared and subtracted by the clock on the wall.
    return datetime.combine(day, hour, tzinfo=zone()).astimezone(UTC)
