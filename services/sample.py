"""Loads the sample catalogue (`sample_data/`) that a new installation starts with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from massagerx.lib.content_files import read_toml, to_html

from .models import AddOn, Business, Category, Service, ServiceFaq, ServiceOption
from .sample_left import Left, page_of, untouched

_CATALOGUE = Path(__file__).parent / "sample_data" / "catalogue.toml"
_TEXTS = ("description", "what_to_expect", "before_visit", "after_visit")


def load(*, now: datetime) -> None:
    """Adds the sample catalogue and business; rows that exist (by slug or name) stay as they are."""
    sample = read_toml(_CATALOGUE)
    Business.objects.get_or_create(pk=1, defaults={**sample["business"], "is_sample": True})
    for position, values in enumerate(sample["categories"], start=1):
        Category.objects.get_or_create(
            slug=values["slug"], defaults={"name": values["name"], "position": position}
        )
    for position, values in enumerate(sample["services"], start=1):
        _service(values, position)
    for position, values in enumerate(sample["add_ons"], start=1):
        slugs = values.pop("services")
        add_on, created = AddOn.objects.get_or_create(
            name=values.pop("name"), defaults={**values, "position": position}
        )
        if created:
            add_on.services.set(Service.objects.filter(slug__in=slugs))


def left() -> list[Left]:
    """Services whose words and prices nobody has saved as their own."""
    slugs = [values["slug"] for values in read_toml(_CATALOGUE)["services"]]
    rows = untouched(Service.objects.filter(is_active=True, slug__in=slugs))
    words = _("words and prices of “%(name)s”")
    return [Left(words % {"name": service.name}, page_of(service)) for service in rows]


def _service(values: dict[str, Any], position: int) -> None:
    service, created = Service.objects.get_or_create(
        slug=values["slug"],
        defaults={
            "category": Category.objects.get(slug=values["category"]),
            "name": values["name"],
            **{name: values[name] for name in ("summary", "purpose_question", "purpose_hint")},
            **{name: to_html(values[name]) for name in _TEXTS},
            "setup_minutes": 10,
            "packdown_minutes": 10,
            "max_people": values["max_people"],
            "position": position,
        },
    )
    if not created:
        return
    bulk_create_with_history(
        [ServiceOption(service=service, **length) for length in values["lengths"]], ServiceOption
    )
    ServiceFaq.objects.bulk_create(
        ServiceFaq(service=service, position=place, **question)
        for place, question in enumerate(values["questions"], start=1)
    )
