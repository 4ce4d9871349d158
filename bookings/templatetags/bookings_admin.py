"""What the admin's front page shows."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from bookings.admin import front

register = template.Library()


@register.simple_tag(takes_context=True)
def front_page(context: Context) -> dict[str, Any]:
    """`{% front_page as desk %}`: see `bookings.admin.front`."""
    return front.front_page(context["request"].user)
