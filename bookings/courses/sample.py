"""Drafts of plans that a new installation starts with: none is offered before the owner has approved it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from massagerx.lib.content_files import read_toml
from services.models import ServiceOption

from .models import CoursePhase, CoursePlan

_PLANS = Path(__file__).parent / "sample_plans.toml"


def load(*, now: datetime) -> None:
    """Adds the drafts whose names are not there yet; needs the sample catalogue."""
    for row in read_toml(_PLANS)["plans"]:
        if not CoursePlan.objects.filter(name=row["name"]).exists():
            _add(row)


def _add(row: dict[str, Any]) -> None:
    options = ServiceOption.objects.filter(service__slug=row["service"], minutes=row["minutes"])
    option = options.order_by("pk").first()
    if option is None:
        return  # the owner has another catalogue
    plan = CoursePlan.objects.create(
        name=row["name"],
        number=1,
        option=option,
        counted_from=row["counted_from"],
        words=row["words"].strip(),
    )
    CoursePhase.objects.bulk_create(
        CoursePhase(plan=plan, from_day=first, to_day=last, visits=visits, apart=apart)
        for first, last, visits, apart in row["phases"]
    )


def remove(*, now: datetime) -> None:
    """Deletes the drafts that nobody approved and that no course follows."""
    names = [row["name"] for row in read_toml(_PLANS)["plans"]]
    CoursePlan.objects.filter(name__in=names, approved_by="", courses=None).delete()


def left() -> list[str]:
    """None: a draft that nobody approved is offered to nobody."""
    return []
