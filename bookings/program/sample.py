"""Drafts of exercises and templates that a new installation starts with: none is in a program before the owner's
qualified therapist has approved it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from massagerx.lib.content_files import read_toml

from .models import Exercise, ProgramTemplate, TemplateExercise

_DRAFTS = Path(__file__).parent / "sample_data" / "exercises.toml"


def load(*, now: datetime) -> None:
    """Adds the drafts whose names are not there yet."""
    drafts = read_toml(_DRAFTS)
    for row in drafts["exercises"]:
        texts = {name: value.strip() if isinstance(value, str) else value for name, value in row.items()}
        Exercise.objects.get_or_create(name=texts.pop("name"), defaults=texts)
    keys = dict(Exercise.objects.order_by().values_list("name", "pk"))
    for row in drafts["templates"]:
        if not ProgramTemplate.objects.filter(name=row["name"]).exists():
            _add(row, keys)


def _add(row: dict[str, Any], keys: dict[str, int]) -> None:
    chosen = row.pop("exercises")
    template = ProgramTemplate.objects.create(**row)
    TemplateExercise.objects.bulk_create(
        TemplateExercise(template=template, exercise_id=keys[name], from_week=first, to_week=last)
        for name, first, last in chosen
        if name in keys
    )


def left() -> list[str]:
    """None: a draft that nobody approved is in nobody's program."""
    return []
