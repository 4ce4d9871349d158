"""Plans that a new installation starts with: two are offered on the sample site, so that a course can be tried out, the
others are drafts until the owner has approved them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from massagerx.lib.content_files import read_toml
from services.models import ServiceOption
from services.sample_left import Left, page_of

from .models import CoursePhase, CoursePlan

_PLANS = Path(__file__).parent / "sample_plans.toml"


def load(*, now: datetime) -> None:
    """Adds the plans whose names are not there yet; needs the sample catalogue."""
    for row in _rows():
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
        approved_by=row.get("approved_by", ""),
    )
    CoursePhase.objects.bulk_create(
        CoursePhase(plan=plan, from_day=first, to_day=last, visits=visits, apart=apart)
        for first, last, visits, apart in row["phases"]
    )


def remove(*, now: datetime) -> None:
    """Deletes the plans that nobody of the owner's approved and that no course follows; those that one follows are
    offered no longer."""
    plans = CoursePlan.objects.filter(name__in=[row["name"] for row in _rows()], approved_by__in=_approvals())
    plans.filter(courses=None).delete()
    plans.update(is_offered=False)


def left() -> list[Left]:
    """The plans that are offered with the sample's approval; a draft is offered to nobody."""
    words = _("the course plan “%(name)s”, which somebody qualified must approve")
    plans = CoursePlan.objects.offered().filter(approved_by__in=_approvals())
    return [Left(words % {"name": plan.name}, page_of(plan)) for plan in plans]


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_toml(_PLANS)["plans"]
    return rows


def _approvals() -> set[str]:
    """What stands in place of an approval in the sample's plans; the empty one of a draft among them."""
    return {row.get("approved_by", "") for row in _rows()}
