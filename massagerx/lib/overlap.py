"""A database constraint: active rows of one resource never overlap in time, on PostgreSQL and on SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table


class NoOverlap(models.BaseConstraint):
    """Rows with the same `resource` and an `active_field` among `active_values` never share an instant.

    Ranges are half-open: one that ends at 11:00 and one that starts at 11:00 touch and do not overlap. PostgreSQL
    gets an EXCLUDE constraint (the id as a range of one, so that no extension is needed), SQLite two triggers,
    created by deferred SQL so that Django's table remakes keep them. A violation raises `IntegrityError` whose text
    holds the constraint's name; `full_clean()` gives a form error.
    """

    default_violation_error_message = "That time overlaps another one."

    def __init__(
        self,
        *,
        name: str,
        resource: str,
        start: str,
        end: str,
        active_field: str,
        active_values: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.resource, self.start, self.end = resource, start, end
        self.active_field = active_field
        self.active_values = tuple(str(value) for value in active_values)

    def _parts(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> dict[str, str]:
        def column(field: str) -> str:
            return str(editor.quote_name(model._meta.get_field(field).column))  # type: ignore[union-attr,arg-type]

        values = ", ".join(str(editor.quote_value(value)) for value in self.active_values)
        return {
            "resource": column(self.resource),
            "start": column(self.start),
            "end": column(self.end),
            "active": column(self.active_field),
            "values": f"({values})",
        }

    def _exclusion(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> Statement:
        return Statement(
            "CONSTRAINT %(name)s EXCLUDE USING gist ("
            "int8range(%(resource)s, %(resource)s, '[]') WITH &&, "
            "tstzrange(%(start)s, %(end)s, '[)') WITH &&) WHERE (%(active)s IN %(values)s)",
            table=Table(model._meta.db_table, editor.quote_name),
            name=editor.quote_name(self.name),
            **self._parts(model, editor),
        )

    def _triggers(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> Iterator[Statement]:
        key = editor.quote_name(str(model._meta.pk.column))
        message = editor.quote_value(f"exclusion constraint failed: {self.name}")
        for event in ("INSERT", "UPDATE"):
            other = f"AND t.{key} <> OLD.{key} " if event == "UPDATE" else ""
            yield Statement(
                # Names and values of our own code, quoted by the schema editor.
                f"CREATE TRIGGER %(name)s BEFORE {event} ON %(table)s "  # noqa: S608
                "WHEN NEW.%(active)s IN %(values)s AND NEW.%(resource)s IS NOT NULL BEGIN "
                "SELECT RAISE(ABORT, %(message)s) WHERE EXISTS (SELECT 1 FROM %(table)s t "
                f"WHERE t.%(active)s IN %(values)s AND t.%(resource)s = NEW.%(resource)s {other}"
                "AND t.%(start)s < NEW.%(end)s AND t.%(end)s > NEW.%(start)s); END",
                table=Table(model._meta.db_table, editor.quote_name),
                name=editor.quote_name(f"{self.name}_{event.lower()}"),
                message=message,
                **self._parts(model, editor),
            )

    def constraint_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement | None:
        """The EXCLUDE clause on PostgreSQL; on SQLite adds the triggers to the deferred SQL and returns
        None."""
        if schema_editor.connection.vendor == "postgresql":
            return self._exclusion(model, schema_editor)
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.deferred_sql.extend(self._triggers(model, schema_editor))
        return None

    def create_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement | None:
        """Adds the constraint to an existing table."""
        if schema_editor.connection.vendor == "postgresql":
            return Statement(
                "ALTER TABLE %(table)s ADD %(constraint)s",
                table=Table(model._meta.db_table, schema_editor.quote_name),
                constraint=self._exclusion(model, schema_editor),
            )
        return None  # SQLite remakes the table, and constraint_sql adds the triggers

    def remove_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement | None:
        """Drops the constraint from an existing table."""
        if schema_editor.connection.vendor == "postgresql":
            return Statement(
                "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
                table=Table(model._meta.db_table, schema_editor.quote_name),
                name=schema_editor.quote_name(self.name),
            )
        return None  # SQLite remakes the table without the triggers

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: Any = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raises `ValidationError` when another active row overlaps the instance; one query."""
        if exclude and {self.resource, self.start, self.end, self.active_field} & set(exclude):
            return
        attname = model._meta.get_field(self.resource).attname  # type: ignore[union-attr]
        resource, start, end = (getattr(instance, name) for name in (attname, self.start, self.end))
        active = getattr(instance, self.active_field) in self.active_values
        if resource is None or start is None or end is None or not active:
            return
        others = model._base_manager.using(using).filter(
            **{
                attname: resource,
                f"{self.active_field}__in": self.active_values,
                f"{self.start}__lt": end,
                f"{self.end}__gt": start,
            }
        )
        if not instance._state.adding and instance.pk is not None:
            others = others.exclude(pk=instance.pk)
        if others.exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """Path and arguments for migrations."""
        path, args, kwargs = super().deconstruct()
        kwargs.update(
            resource=self.resource,
            start=self.start,
            end=self.end,
            active_field=self.active_field,
            active_values=self.active_values,
        )
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoOverlap) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]
