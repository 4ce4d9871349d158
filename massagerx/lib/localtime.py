"""Local days and how times are shown: always the business's zone, always labelled."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from django.utils.formats import date_format
from django.utils.timezone import get_default_timezone

#: The business's zone.
zone = get_default_timezone


def local(instant: datetime) -> datetime:
    """An aware instant in the business's zone."""
    return instant.astimezone(zone())


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The half-open span of aware instants of a local day: 23, 24 or 25 hours."""
    start = datetime.combine(day, time.min, tzinfo=zone())
    end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone())
    return start, end


def instant_of(day: date, clock: time) -> datetime | None:
    """The instant of a local day and wall time; the first of two in the hour that comes twice, None in the hour
    that doesn't come."""
    here = datetime.combine(day, clock, tzinfo=zone())
    there = here.astimezone(UTC)
    return there if local(there).replace(tzinfo=None) == here.replace(tzinfo=None) else None


def months_before(moment: datetime, months: int) -> datetime:
    """So many months earlier, at the same wall time; of a day that the month doesn't have, on its last day."""
    years, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    day = min(moment.day, monthrange(years, month + 1)[1])
    return moment.replace(year=years, month=month + 1, day=day)


def clock_time(instant: datetime, *, labelled: bool = True) -> str:
    """`2:30 PM PDT`, in local time. The label comes from the zone: Django's `T` has no name in the hour of the year
    that comes twice, where it is needed most."""
    here = local(instant)
    text = date_format(here, "g:i A")
    return f"{text} {here.tzname()}" if labelled else text
