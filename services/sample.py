"""Loads the sample catalogue (`sample_data/`) that a new installation starts with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from massagerx.lib.content_files import read_toml, to_html

from .models import AddOn, Business, Category, Service, ServiceFaq, ServiceOption
from .sample_left import Left, page_of, take_off, untouched

_CATALOGUE = Path(__file__).parent / "sample_data" / "catalogue.toml"
_TEXTS = ("description", "what_to_expect", "before_visit", "after_visit")


def load(*, now: datetime) -> None:
    """Adds the sample catalogue and business; rows that exist (by slug or name) stay as they are."""
    sample = read_toml(_CATALOGUE)
    Business.objects.get_or_create(pk=1, defaults={**sample["business"], "is_sample": True})
    for position, values in enumerate(sample["services"], start=1):
        _service(values, position, sample["categories"])
    for position, values in enumerate(sample["add_ons"], start=1):
        _add_on(values, position)


class Prepared(NamedTuple):
    """A service or an add-on to begin with: its name, a sentence, and its lengths or minutes with prices in cents."""

    key: str
    name: str
    summary: str
    lengths: list[tuple[int, int]]


def prepared_services() -> list[Prepared]:
    """The services to begin with that aren't there yet, by slug or name."""
    there = set(Service.objects.order_by().values_list("slug", flat=True))
    names = {name.casefold() for name in Service.objects.order_by().values_list("name", flat=True)}
    return [
        Prepared(
            row["slug"],
            row["name"],
            row["summary"],
            [(length["minutes"], length["price_cents"]) for length in row["lengths"]],
        )
        for row in read_toml(_CATALOGUE)["services"]
        if row["slug"] not in there and row["name"].casefold() not in names
    ]


def prepared_add_ons() -> list[Prepared]:
    """The add-ons to begin with that aren't there yet, by name."""
    there = set(AddOn.objects.order_by().values_list("name", flat=True))
    return [
        Prepared(row["name"], row["name"], row["summary"], [(row["minutes"], row["price_cents"])])
        for row in read_toml(_CATALOGUE)["add_ons"]
        if row["name"] not in there
    ]


def add_drafts(services: Iterable[str], add_ons: Iterable[str]) -> None:
    """Adds these of the prepared services and add-ons, by their keys, each out of sight until the owner has gone
    through it; those that are there by now stay as they are. In one transaction."""
    chosen, extras = set(services), set(add_ons)
    sample = read_toml(_CATALOGUE)
    with transaction.atomic():
        for position, values in enumerate(sample["services"], start=1):
            if values["slug"] in chosen:
                _service(values, position, sample["categories"], is_active=False)
        for position, values in enumerate(sample["add_ons"], start=1):
            if values["name"] in extras:
                _add_on(values, position, is_active=False)


def remove(*, now: datetime) -> None:
    """Takes the services that `left` names off the site, with the add-ons that nobody saved and that belong to none
    by then."""
    take_off(_left())
    names = [row["name"] for row in read_toml(_CATALOGUE)["add_ons"]]
    take_off(untouched(AddOn.objects.filter(name__in=names)).exclude(services__is_active=True))


def left() -> list[Left]:
    """Services whose words and prices nobody has saved as their own."""
    words = _("words and prices of “%(name)s”")
    return [Left(words % {"name": service.name}, page_of(service)) for service in _left()]


def _left() -> QuerySet[Service]:
    slugs = [values["slug"] for values in read_toml(_CATALOGUE)["services"]]
    return untouched(Service.objects.filter(is_active=True, slug__in=slugs))


def _add_on(values: dict[str, Any], position: int, *, is_active: bool = True) -> None:
    fields = {name: values[name] for name in ("summary", "minutes", "price_cents")}
    add_on, created = AddOn.objects.get_or_create(
        name=values["name"], defaults={**fields, "position": position, "is_active": is_active}
    )
    if created:
        add_on.services.set(Service.objects.filter(slug__in=values["services"]))


def _service(
    values: dict[str, Any], position: int, categories: list[dict[str, str]], *, is_active: bool = True
) -> None:
    places = {row["slug"]: place for place, row in enumerate(categories, start=1)}
    names = {row["slug"]: row["name"] for row in categories}
    slug = values["category"]
    category, _created = Category.objects.get_or_create(
        slug=slug, defaults={"name": names[slug], "position": places[slug]}
    )
    service, created = Service.objects.get_or_create(
        slug=values["slug"],
        defaults={
            "category": category,
            "name": values["name"],
            **{name: values[name] for name in ("summary", "purpose_question", "purpose_hint")},
            **{name: to_html(values[name]) for name in _TEXTS},
            "setup_minutes": 10,
            "packdown_minutes": 10,
            "max_people": values["max_people"],
            "position": position,
            "is_active": is_active,
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
