"""What the admin's front page shows."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString

from bookings.admin import front
from bookings.admin.words import status_mark

register = template.Library()


@register.simple_tag(takes_context=True)
def front_page(context: Context) -> dict[str, Any]:
    """`{% front_page as desk %}`: see `bookings.admin.front`."""
    return front.front_page(context["request"].user)


@register.simple_tag
def status_of(status: str) -> SafeString:
    """`{% status_of booking.status %}`: the status as a word with its sign."""
    return status_mark(status)
