"""How the time of a day is written: Los Angeles time with its zone's name, in the hour that comes twice too."""

from datetime import datetime

from django import template

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
