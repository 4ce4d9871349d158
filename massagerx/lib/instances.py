"""Model instances, of rows that were read and new ones, made without asking for each column how it wants to be set.

A press that books makes some thirty of them; Django takes most of a tenth of the press's own work for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import RelatedPopulator
from django.db.models.query_utils import DeferredAttribute

M = TypeVar("M", bound=models.Model)
Make = Callable[[Sequence[Any]], Any]
_PLAIN = {DeferredAttribute, ForeignKeyDeferredAttribute}


def maker(model: type[models.Model], names: Sequence[str]) -> Make:
    """What makes an instance of the values of these columns (attribute names), as `Model.from_db` does: also of a model
    that has its own way, or of one that others are told about."""
    has_own_way = model.from_db.__func__ is not models.Model.from_db.__func__  # type: ignore[attr-defined]
    if has_own_way or not _is_made_quickly(model):
        return lambda values: model.from_db(DEFAULT_DB_ALIAS, names, values)
    described = [name for name in names if not _is_plain(model, name)]

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


def _is_made_quickly(model: type[models.Model]) -> bool:
    signals = models.signals.pre_init, models.signals.post_init
    is_ordinary = model.__init__ in (models.Model.__init__, _init)
    return is_ordinary and not any(signal.has_listeners(model) for signal in signals)


def _is_plain(model: type[models.Model], name: str) -> bool:
    """Whether a column's value is held as it is: no descriptor of its own makes a telephone number of it."""
    return type(inspect.getattr_static(model, name)) in _PLAIN


def made_quickly(model: type[M]) -> type[M]:
    """Decorates a model: its new instances are made quickly when their fields are given by name."""
    model.__init__ = _init  # type: ignore[method-assign]
    return model


def _init(self: models.Model, *args: Any, **given: Any) -> None:
    new = None if args else _new_of(type(self))
    if new is None or not new.known.issuperset(given):
        models.Model.__init__(self, *args, **given)
        return
    columns = self.__dict__
    columns["_state"] = state = ModelState()
    columns.update(new.defaults)
    for name, make in new.made.items():
        if name not in given:
            setattr(self, name, make())
    with_it = state.fields_cache
    for name, value in given.items():
        if name in new.plain:
            columns[name] = value
        elif name in new.others and type(value) is new.others[name].model and value._state.db:
            other = new.others[name]
            columns[other.column] = value.__dict__[other.key]
            with_it[name], state.db = value, DEFAULT_DB_ALIAS
        else:
            setattr(self, name, value)


class _Other(NamedTuple):
    """The model that a foreign key points at, the attribute that holds its key there, and the one that does here."""

    model: type[models.Model]
    key: str
    column: str


class _New(NamedTuple):
    """What a new instance is made of: the values of most columns that aren't given, what makes those of others, the
    attributes that are held as they are, foreign keys by name, and all names there are."""

    defaults: Mapping[str, Any]
    made: Mapping[str, Callable[[], Any]]
    plain: Collection[str]
    others: Mapping[str, _Other]
    known: frozenset[str]


@lru_cache(maxsize=64)
def _new_of(model: type[models.Model]) -> _New | None:
    if not _is_made_quickly(model):
        return None
    fields: list[Any] = [field for field in model._meta.concrete_fields if not field.generated]
    plain = {field.attname for field in fields if _is_plain(model, field.attname)}
    fixed = {
        field.attname
        for field in fields
        if field.attname in plain
        and not (field.has_default() and callable(field.default))
        and not field.has_db_default()
    }
    others = {
        field.name: _Other(field.related_model, field.target_field.attname, field.attname)
        for field in fields
        if type(field) is models.ForeignKey
    }
    return _New(
        {field.attname: field.get_default() for field in fields if field.attname in fixed},
        {field.attname: field.get_default for field in fields if field.attname not in fixed},
        plain,
        others,
        frozenset(name for field in fields for name in (field.name, field.attname)),
    )


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
