"""Parts of pages that are rendered once a process for as long as what they show is the same.

Such a part is rendered with the values that it is given and nothing else: no request, so nothing of a visitor, no token
of a form and no nonce can get into it. Each value is looked at every time, so a part is never older than what it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field
from django.core.signals import setting_changed
from django.db.models import Model
from django.forms import BoundField
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.functional import LazyObject
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

# Of more, for whatever reason, the process begins anew.
MOST_KEPT = 500


class _Kept(NamedTuple):
    shown: tuple[Any, ...]
    html: SafeString


_kept: dict[tuple[Any, ...], _Kept] = {}


def render_kept(template_name: str, values: dict[str, Any]) -> SafeString:
    """What the template makes of these values, in the active language and today: texts, numbers, lists of them, and
    rows, of which only their own columns may be shown."""
    given = {name: _unwrapped(value) for name, value in values.items()}
    # By kind, too: a text that is marked safe equals one that is not.
    plain = tuple((type(value), value) if isinstance(value, str | int) else None for value in given.values())
    key = template_name, get_language(), get_script_prefix(), timezone.localdate(), plain
    shown = tuple(
        _columns(type(value))(value) if isinstance(value, Model) else value for value in given.values()
    )
    return _rendered(key, shown, lambda: render_to_string(template_name, given))


def render_kept_field(field: BoundField) -> SafeString:
    """A field of choices (plain texts) as `as_crispy_field` renders it. What else is on it is of its form's class, in
    the active language, unless the form was sent: then it is rendered anew."""
    if field.form.is_bound:
        return as_crispy_field(field)
    choices = tuple(field.field.choices)  # type: ignore[attr-defined]
    key = type(field.form), field.html_name, field.auto_id, get_language(), choices
    return _rendered(key, (repr(field.value()),), lambda: as_crispy_field(field))


def _rendered(key: tuple[Any, ...], shown: tuple[Any, ...], render: Callable[[], str]) -> SafeString:
    """What was rendered of a key and what is shown, or is now: of each key what was shown last is kept."""
    kept = _kept.get(key)
    if kept is None or kept.shown != shown:
        html = render()
        if len(_kept) >= MOST_KEPT:
            forget()
        kept = _kept[key] = _Kept(shown, mark_safe(html))  # of files of ours, which escape
    return kept.html


def _unwrapped(value: Any) -> Any:
    """What a lazy object stands for."""
    if not isinstance(value, LazyObject):
        return value
    lazy: Any = value
    bool(lazy)  # looks it up
    return lazy._wrapped


@cache
def _columns(model: type[Model]) -> Callable[[Model], Any]:
    """What tells the kind of a row and its columns."""
    return attrgetter("__class__", *(field.attname for field in model._meta.concrete_fields))


def forget(**_change: Any) -> None:
    """Renders everything anew from now on."""
    _kept.clear()


# Addresses depend on them; they change in tests only.
setting_changed.connect(forget)
