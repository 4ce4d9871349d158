"""Tables of one row: what the owner sets once for the whole business."""

from __future__ import annotations

from functools import cache
from typing import Any, Self

from django.db import models
from django.db.models import Q

from .compiled_query import CompiledQuery


class SingletonModel(models.Model):
    """A model of one row, whose key is 1; the database refuses any other."""

    class Meta:
        abstract = True
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="%(class)s_single_row")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves under the key 1, whatever key was set."""
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def load(cls) -> Self:
        """The saved row, or an unsaved one with the fields' defaults."""
        return _row_of(cls).first() or cls(pk=1)


@cache
def _row_of(model: type[SingletonModel]) -> CompiledQuery[Any]:
    return CompiledQuery(lambda parameter: model._default_manager.filter(pk=1), of_reference_data=True)
