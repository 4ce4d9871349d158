"""Model instances of rows that were read, made without asking for each column how it wants to be set.

A press that books makes some thirty of them; Django takes most of a tenth of the press's own work for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import RelatedPopulator
from django.db.models.query_utils import DeferredAttribute

Make = Callable[[Sequence[Any]], Any]
_PLAIN = {DeferredAttribute, ForeignKeyDeferredAttribute}


def maker(model: type[models.Model], names: Sequence[str]) -> Make:
    """What makes an instance of the values of these columns (attribute names), as `Model.from_db` does: also of a model
    that has its own way, or of one that others are told about."""
    has_own_way = model.from_db.__func__ is not models.Model.from_db.__func__ or (  # type: ignore[attr-defined]
        model.__init__ is not models.Model.__init__
    )
    signals = models.signals.pre_init, models.signals.post_init
    if has_own_way or any(signal.has_listeners(model) for signal in signals):
        return lambda values: model.from_db(DEFAULT_DB_ALIAS, names, values)
    # What a column's own descriptor makes of its value, such as a telephone number.
    described = [name for name in names if type(inspect.getattr_static(model, name)) not in _PLAIN]

    def make(values: Sequence[Any]) -> Any:
        instance = model.__new__(model)
        columns = instance.__dict__
        columns["_state"] = state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        columns.update(zip(names, values, strict=True))
        for name in described:
            setattr(instance, name, columns.pop(name))
        return instance

    return make


class _Stand(NamedTuple):
    """Stands for a model class where Django's own code asks it for instances."""

    make: Make

    def from_db(self, _database: str, _names: Sequence[str], values: Sequence[Any]) -> Any:
        return self.make(values)


def make_quick(populators: Iterable[RelatedPopulator]) -> None:
    """Lets these, which add what was selected with a row, make their instances in this way too."""
    for populator in populators:
        stand: Any = _Stand(maker(populator.model_cls, populator.init_list))
        populator.model_cls = stand
        make_quick(populator.related_populators)
