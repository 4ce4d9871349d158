"""The tables that keep what rows of others were: their histories."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from simple_history.models import HistoricalChanges


def histories() -> list[Any]:
    """The model of each history of the site, in the order of the installed apps."""
    return [model for model in apps.get_models() if issubclass(model, HistoricalChanges)]
