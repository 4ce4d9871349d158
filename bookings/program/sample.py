"""Drafts of exercises and templates that a new installation starts with: none is in a program before the owner's
qualified therapist has approved it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import Exists, OuterRef

from massagerx.lib.content_files import read_toml
from services.sample_left import untouched

from .models import Exercise, ProgramExercise, ProgramTemplate, TemplateExercise

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


def remove(*, now: datetime) -> None:
    """Deletes the templates that nobody saved, unless somebody approved an exercise of theirs; then the drafts that
    nobody saved or approved, and that no template or program has."""
    drafts = read_toml(_DRAFTS)
    templates = untouched(
        ProgramTemplate.objects.filter(name__in=[row["name"] for row in drafts["templates"]])
    )
    approved = TemplateExercise.objects.exclude(exercise__approved_by="")
    templates.exclude(pk__in=approved.values("template")).delete()
    names = [row["name"] for row in drafts["exercises"]]
    used = TemplateExercise.objects.filter(exercise=OuterRef("pk"))
    asked = ProgramExercise.objects.filter(exercise=OuterRef("pk"))
    exercises = untouched(Exercise.objects.filter(name__in=names, approved_by=""))
    exercises.exclude(Exists(used)).exclude(Exists(asked)).delete()


def left() -> list[str]:
    """None: a draft that nobody approved is in nobody's program."""
    return []
