"""How the time of a day is written: Los Angeles time with its zone's name, in the hour that comes twice too."""

from datetime import datetime

from django import template
from django.utils.dateformat import format as date_format

from massagerx.lib.localtime import clock_time, local

register = template.Library()


@register.filter
def clock(instant: datetime | None) -> str:
    """An aware instant as `2:30 PM PDT`; nothing for None."""
    return clock_time(instant) if instant is not None else ""


@register.filter
def zone_name(instant: datetime | None) -> str:
    """`PDT` or `PST`, whichever holds at an aware instant; nothing for None."""
    return local(instant).tzname() or "" if instant is not None else ""


@register.filter
def long_day(instant: datetime | None) -> str:
    """The Los Angeles day of an aware instant as `Thursday, October 15`, month and number never on two lines; nothing
    for None."""
    if instant is None:
        return ""
    here = local(instant)
    return f"{date_format(here, 'l')}, {date_format(here, 'F')}\N{NO-BREAK SPACE}{here.day}"
