"""Spots of the core's pages that the apps inside bookings fill: a page names the spot, and no app."""

from __future__ import annotations

from collections import defaultdict

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_templates: defaultdict[str, list[str]] = defaultdict(list)


def insert(spot: str, name: str) -> None:
    """Has a template (name) shown at a spot from now on, with the page's context, after those that are there. For
    `ready()` of an app's `apps.py`."""
    if name not in _templates[spot]:
        _templates[spot].append(name)


@register.simple_tag(takes_context=True)
def inserts(context: Context, spot: str) -> SafeString:
    """`{% inserts "visit_notices" %}`: what the apps show there; empty where none has anything to show."""
    parts = []
    for name in _templates[spot]:
        with context.push():
            parts.append(context.template.engine.get_template(name).render(context))  # type: ignore[union-attr]
    # Each is a template of ours, which has escaped what it was given.
    return mark_safe("".join(parts).strip())
