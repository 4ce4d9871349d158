"""An operation for initial migrations: an app's tables made in one go, with those of their histories."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from simple_history.models import HistoricalChanges

# What a foreign key of a history says in its own way, or not at all.
_OF_THE_KEY = frozenset(
    {"db_constraint", "db_index", "limit_choices_to", "on_delete", "related_name", "unique"}
)


class CreateModels(Operation):
    """Create several tables that may point at one another, each with its indexes and constraints.

    Django builds the classes of all related models anew after every single `CreateModel`, `AddIndex` and
    `AddConstraint`, which takes most of the time of an empty database's first migration. Here they are built once.
    A foreign key to a table that comes later in the list is fine: PostgreSQL gets it when all tables are there,
    SQLite looks for it only when a row is written.

    `histories` names the tables that get one for their history, by `history_of`, with the columns that it leaves out.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(
        self, tables: Sequence[CreateModel], histories: Mapping[str, Collection[str]] | None = None
    ) -> None:
        made = {table.name: table for table in tables}
        kept = [history_of(made[name], left_out) for name, left_out in (histories or {}).items()]
        self.tables = [*tables, *kept]

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add the models to `state`, whose model classes are built when somebody next asks for them."""
        state.__dict__.pop("apps", None)
        for table in self.tables:
            table.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Create the tables in the database."""
        for table in self.tables:
            table.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the tables, the last one first."""
        for table in reversed(self.tables):
            table.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Name the tables, for `migrate --plan`."""
        return "Create " + ", ".join(table.name for table in self.tables)


def history_of(table: CreateModel, left_out: Collection[str] = ()) -> CreateModel:
    """The table of a model's history, as django-simple-history keeps it: its columns as they were, with nothing unique,
    and who changed the row, when, how and why."""
    options = {name: f"historical {table.options[name]}" for name in ("verbose_name", "verbose_name_plural")}
    return CreateModel(
        f"Historical{table.name}",
        [
            *((name, _as_it_was(field)) for name, field in table.fields if _is_kept(name, field, left_out)),
            ("history_id", models.AutoField(primary_key=True, serialize=False)),
            ("history_date", models.DateTimeField(db_index=True)),
            ("history_change_reason", models.CharField(max_length=100, null=True)),
            (
                "history_type",
                models.CharField(
                    max_length=1, choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")]
                ),
            ),
            ("history_user", models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, "+", null=True)),
        ],
        options={
            **options,
            "ordering": ("-history_date", "-history_id"),
            "get_latest_by": ("history_date", "history_id"),
        },
        bases=(HistoricalChanges, models.Model),
    )


def _is_kept(name: str, field: models.Field[Any, Any], left_out: Collection[str]) -> bool:
    return name not in left_out and not field.many_to_many


def _as_it_was(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    """The field of a history: nothing in it is a key, is unique or changes by itself."""
    _name, _path, args, given = field.deconstruct()
    kind = type(field)
    if isinstance(field, models.ForeignKey):
        kind = models.ForeignKey
        given = {
            **{name: value for name, value in given.items() if name not in _OF_THE_KEY},
            "blank": True, "null": True, "db_constraint": False, "on_delete": models.DO_NOTHING, "related_name": "+",
        }  # fmt: skip
    elif isinstance(field, models.AutoField):
        kind = models.BigIntegerField if kind is models.BigAutoField else models.IntegerField
        given = {"auto_created": True, "blank": True, "db_index": True, "verbose_name": field.verbose_name}
    else:
        if isinstance(field, models.FileField):
            kind = models.TextField
        if given.pop("auto_now", False) or given.pop("auto_now_add", False):
            given |= {"blank": True, "editable": False}
        if given.pop("primary_key", False) or given.pop("unique", False):
            given["db_index"] = True
    return kind(*args, **given)
