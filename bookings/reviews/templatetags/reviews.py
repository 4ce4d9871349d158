"""Stars, and the reviews about a service or a therapist."""

from __future__ import annotations

from typing import Any

from django import template

from bookings.reviews.models import Review

register = template.Library()
# Of one service or therapist so many are shown on its page.
_MOST = 3


@register.filter
def stars(count: int) -> str:
    """Five signs, for eyes alone."""
    return "★" * count + "☆" * (5 - count)


@register.inclusion_tag("reviews/_about.html")
def reviews_of(*, service: Any = None, therapist: Any = None) -> dict[str, Any]:
    """The newest reviews of visits of that service, or by that therapist; one query."""
    about = {"booking__service": service} if service is not None else {"booking__therapist": therapist}
    return {"reviews": Review.objects.published().filter(**about).with_visit()[:_MOST]}
