"""Cells of the admin's lists."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, repeat
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()


@register.filter
def labeled(cells: Iterable[SafeString], headers: list[dict[str, Any]]) -> list[SafeString]:
    """A row's cells, each with its column's heading in `data-label` for where the headings are out of sight, and with
    the heading as the name of a field in it. `cells` and `headers` are as Django's list has them: cells beyond the
    last heading (hidden fields), and the box that chooses the row, stay as they are."""
    return [_labeled(cell, header) for cell, header in zip(cells, chain(headers, repeat({})), strict=False)]


def _labeled(cell: SafeString, header: dict[str, Any]) -> SafeString:
    text = str(header.get("text", ""))
    if not text or "action-checkbox" in str(header.get("class_attrib", "")):
        return cell
    name = escape(capfirst(text))
    changed = str(cell).replace("<td", f'<td data-label="{name}"', 1)
    for field in ("input", "select", "textarea"):
        changed = changed.replace(f"<{field} ", f'<{field} aria-label="{name}" ')
    return mark_safe(changed)
