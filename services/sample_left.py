"""What on the site is still the sample's and not the owner's own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from typing import Any, NamedTuple

from django.apps import apps
from django.db import transaction
from django.db.models import Model, ProtectedError, QuerySet
from django.urls import reverse
from django.utils.module_loading import module_has_submodule

from massagerx.lib.histories import histories

_LOADED = "sample"


class Left(NamedTuple):
    """Something that is still the sample's, in words for the owner, and the address of the page where it is made
    one's own."""

    words: str
    address: str


def sample_modules() -> list[Any]:
    """Each app's part of the sample data, in the order of INSTALLED_APPS: the catalogue comes before those who offer
    it. A module has `load(now)`, which adds its rows, `left()`, which says what of them is still as it came, and
    `remove(now)`, which takes that off the site."""
    return [
        import_module(f"{config.name}.sample")
        for config in apps.get_app_configs()
        if config.module is not None and module_has_submodule(config.module, "sample")
    ]


def sample_left() -> list[Left]:
    """What was loaded as a sample and is neither replaced nor taken as their own by the owner; the phone and the email
    of the business are seen by its form."""
    return [left for module in sample_modules() for left in module.left()]


def remove_sample(*, now: datetime) -> None:
    """Takes off the site what `sample_left` names, and leaves what the owner made their own: rows that nothing needs
    are deleted, and those of visits that were booked are no longer offered. In one transaction."""
    with transaction.atomic():
        # Who offers a service goes before it.
        for module in reversed(sample_modules()):
            module.remove(now=now)


def take_off(rows: Iterable[Any]) -> None:
    """Deletes each row; one that others rest on is only made inactive. Within a transaction."""
    for row in rows:
        try:
            with transaction.atomic():
                row.delete()
        except ProtectedError:
            row.is_active = False
            row.save()


def page_of(row: Model) -> str:
    """The address of a row's page in the admin."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def mark_loaded(*, since: datetime) -> None:
    """Writes into every history that what it says since then came with the sample."""
    for history in histories():
        rows = history._default_manager.filter(history_date__gte=since, history_user=None)
        rows.update(history_change_reason=_LOADED)


def untouched(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of these rows that nobody has saved since they were loaded, by their history: who it was may have left."""
    history = rows.model.history.exclude(history_change_reason=_LOADED)
    return rows.exclude(pk__in=history.values(rows.model._meta.pk.attname))
