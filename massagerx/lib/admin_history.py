"""The history page of the admin, with old and new values: who changed a price, a rule or a text, and when."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format, time_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .localtime import local

# So many of the latest changes are shown.
MOST = 200
# A longer text is shown by the lines that differ.
LONG = 160
# Lines before times lines after: a line that comes often is looked for at each of its places.
MOST_COMPARED = 40_000
_KINDS = {"+": "added", "~": "changed", "-": "removed"}


@dataclass(frozen=True, slots=True)
class Value:
    """One field's value before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change: when (an aware instant), who (a log-in, or "" for the site itself), of what, from what to what."""

    at: datetime
    who: str
    kind: str
    part: str
    values: list[Value]


class HistoryMixin(admin.ModelAdmin):
    """For models with `history = HistoricalRecords()`: their history page shows each change with its values.

    `history_parts` names models with a history whose rows belong to the object: the model, its foreign key to the
    object, and the field that tells its rows apart.
    """

    object_history_template = "admin/history.html"
    history_parts: Sequence[tuple[type[models.Model], str, str]] = ()

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Adds the latest changes, at most `MOST`, to the context of Django's history page."""
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        # Only when the page itself said that this person may see the row.
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            changes = self._changes(response.context_data["object"])
            response.context_data.update(changes=changes[:MOST], more_changes=len(changes) > MOST)
        return response

    def _changes(self, obj: models.Model) -> list[Change]:
        found = _changes_of(self.model, {self.opts.pk.name: obj.pk}, names_rows_by="")
        for model, key, named_by in self.history_parts:
            found += _changes_of(model, {f"{key}_id": obj.pk}, names_rows_by=named_by)
        return sorted(found, key=lambda change: change.at, reverse=True)


def _changes_of(model: Any, rows: dict[str, Any], *, names_rows_by: str) -> list[Change]:
    """The changes of the rows of one model, newest first; a save that changed nothing is none."""
    records = list(
        model.history.filter(**rows).select_related("history_user").order_by("-history_id")[: MOST + 2]
    )
    fields = [field for field in model.history.model.tracked_fields if not field.primary_key]
    words = _Words(fields, records)
    found = []
    for index, record in enumerate(records):
        key = getattr(record, model._meta.pk.attname)
        earlier = (row for row in records[index + 1 :] if getattr(row, model._meta.pk.attname) == key)
        before = next(earlier, None)
        values = words.values(before, record) if before is not None and record.history_type == "~" else []
        if record.history_type == "~" and before is not None and not values:
            continue
        part = ""
        if names_rows_by:
            named = model._meta.get_field(names_rows_by)
            part = f"{capfirst(model._meta.verbose_name)}, {words.say(named, record)} {named.verbose_name}"
        user = record.history_user
        found.append(
            Change(
                at=record.history_date,
                who=user.get_username() if user is not None else "",
                kind=_KINDS[record.history_type],
                part=part,
                values=values,
            )
        )
    return found


class _Words:
    """Says values as people read them; rows that values point to are fetched once for each field."""

    def __init__(self, fields: Iterable[Any], records: Sequence[Any]) -> None:
        self.fields = list(fields)
        self.rows: dict[str, dict[Any, Any]] = {}
        for field in self.fields:
            if field.is_relation:
                keys = {getattr(record, field.attname) for record in records} - {None}
                self.rows[field.name] = field.related_model._base_manager.in_bulk(keys) if keys else {}

    def values(self, before: Any, after: Any) -> list[Value]:
        found = []
        for field in self.fields:
            if getattr(before, field.attname) == getattr(after, field.attname):
                continue
            label = capfirst(str(field.verbose_name).replace(" in cents", ""))
            found.append(Value(label, *_differing(self.say(field, before), self.say(field, after))))
        return found

    def say(self, field: Any, record: Any) -> str:
        value = getattr(record, field.attname)
        if value is None or value == "":
            return "–"
        if field.is_relation:
            return str(self.rows[field.name].get(value, f"#{value}"))
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if field.name.endswith("_cents"):
            return f"${value // 100:,}.{value % 100:02}"
        if isinstance(value, datetime):
            return date_format(local(value), "DATETIME_FORMAT")
        if isinstance(value, date):
            return date_format(value, "DATE_FORMAT")
        if isinstance(value, time):
            return time_format(value, "TIME_FORMAT")
        if isinstance(value, dict | list):
            return json.dumps(value, indent=1, ensure_ascii=False)
        return str(value)


def _differing(before: str, after: str) -> tuple[str, str]:
    """Both texts; of long ones only the lines that differ."""
    if max(len(before), len(after)) <= LONG:
        return before, after
    # What the editor wrote is one line: its blocks end lines too.
    old, new = (
        re.sub(r"(</(?:p|li|h\d|blockquote)>)\s*", r"\1\n", text).splitlines() for text in (before, after)
    )
    # What is alike at both ends needs no comparing; what is left is compared only while that takes no time.
    alike = next(
        (place for place, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), None
    )
    alike = min(len(old), len(new)) if alike is None else alike
    old, new = old[alike:], new[alike:]
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    if len(old) * len(new) > MOST_COMPARED:
        return "\n".join(old) or "–", "\n".join(new) or "–"
    gone, come = [], []
    for tag, first, last, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += old[first:last]
            come += new[start:end]
    return "\n".join(gone) or "–", "\n".join(come) or "–"
