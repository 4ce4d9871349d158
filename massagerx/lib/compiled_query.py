"""ORM queries that are compiled to SQL once, and then only executed.

Django takes several times as long to build a query and compile it as PostgreSQL takes to answer it. A query of a hot
path is therefore built once, with parameters in place of values, and keeps its SQL:

    _of_owner = CompiledQuery(lambda parameter: Thing.objects.filter(owner_id=parameter("owner", IntegerField())))
    _of_owner.objects(owner=7)

Values are bound by the database's driver, as for all of Django's queries; none becomes a part of the SQL. PostgreSQL is
also spared parsing and planning it again: each connection prepares a query when it first asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import DeleteQuery, UpdateQuery

from . import reference_data
from .column_values import ALWAYS_PLAIN, plain_kind, prepared_value
from .instances import make_quick, maker
from .prepared import Prepared
from .statements import Statement, execute_together

M = TypeVar("M", bound=models.Model)
# For each name of a value given: None, the length of a list, or True for a single value.
Shape = dict[str, int | bool | None]


class _Slot(NamedTuple):
    """One SQL parameter: the value that goes there, and the field that converts it."""

    name: str
    number: int | None
    field: models.Field
    shift: timedelta | None
    kind: type | None

    def value(self, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        value = values[self.name]
        if self.number is not None:
            value = value[self.number]
        if self.shift is not None:
            value = value - self.shift
        if type(value) is self.kind and self.kind in ALWAYS_PLAIN:  # asked here too, as most are
            return value
        return prepared_value(value, self.field, self.kind, connection)


class Parameter(Expression):
    """One value, or a list for `__in`, that is bound when the query is run."""

    def __init__(
        self, name: str, field: models.Field, length: int | None = None, shift: timedelta | None = None
    ) -> None:
        super().__init__(output_field=field)
        self.name, self.length, self.shift = name, length, shift

    def __sub__(self, other: Any) -> Parameter:  # type: ignore[override]
        """The value less a time span, so that a query set's method can take a parameter where it expects an
        instant."""
        if not isinstance(other, timedelta) or self.shift is not None:
            return NotImplemented
        return Parameter(self.name, self.output_field, self.length, other)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """One placeholder, or as many as the list is long. Raises `EmptyResultSet` for an empty list."""
        field = self.output_field
        slot = partial(
            _Slot, self.name, field=field, shift=self.shift, kind=plain_kind(field, connection.vendor)
        )
        if self.length is None:
            return "%s", [slot(None)]
        if not self.length:
            raise EmptyResultSet
        return f"({', '.join(['%s'] * self.length)})", [slot(index) for index in range(self.length)]


class Parameters:
    """Makes the parameters of a compiled query while it is built."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def __call__(self, name: str, field: models.Field) -> Any:
        """The parameter `name`, used as if it were the value; None where the value is None. A list is for `__in`."""
        kind = self._shape[name]
        if kind is None:
            return None
        return Parameter(name, field, None if kind is True else int(kind))


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    parameters: tuple[Any, ...]
    prepared: Prepared | None
    converters: tuple[tuple[int, Sequence[Any], Any], ...] = ()
    locks: bool = False
    read: Callable[[Sequence[Any]], Any] | None = None

    def statement(self, connection: BaseDatabaseWrapper, values: dict[str, Any]) -> Statement:
        bound = [part.value(values, connection) if type(part) is _Slot else part for part in self.parameters]
        return Statement(self.sql, bound, self.prepared)


class _Kept(Generic[M]):
    """What is built and compiled once for each combination of values that are None and lengths of lists."""

    def __init__(self, build: Callable[[Parameters], models.QuerySet[M, Any]]) -> None:
        self._build = build
        self._compiled: dict[tuple[Any, ...], _Compiled | None] = {}

    def _find(self, connection: BaseDatabaseWrapper, values: dict[str, Any]) -> _Compiled | None:
        """None for what can have no answer, such as one that looks in an empty list."""
        kinds = [
            None if value is None else len(value) if isinstance(value, (list, tuple)) else True
            for value in values.values()
        ]
        key = connection.vendor, *values, *kinds
        if key not in self._compiled:
            shape: Shape = dict(zip(values, kinds, strict=True))
            try:
                self._compiled[key] = self._compile(connection, self._build(Parameters(shape)))
            except EmptyResultSet:
                self._compiled[key] = None
        return self._compiled[key]

    def _compile(self, connection: BaseDatabaseWrapper, rows: models.QuerySet[M, Any]) -> _Compiled:
        raise NotImplementedError


class CompiledDelete(_Kept[M]):
    """Deletes with one statement the rows of the query set that `build` returns: such as nothing points at, since
    nothing else is deleted with them and no signal is sent. `build` as for `CompiledQuery`."""

    def statement(self, **values: Any) -> Statement:
        """To be run ahead of another."""
        connection = connections[DEFAULT_DB_ALIAS]
        compiled = self._find(connection, values)
        if compiled is None:
            raise EmptyResultSet
        return compiled.statement(connection, values)

    def run(self, **values: Any) -> None:
        """Raises `IntegrityError` where something does point at a row."""
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            execute_together(connection, cursor, [self.statement(**values)])

    def _compile(self, connection: BaseDatabaseWrapper, rows: models.QuerySet[M, Any]) -> _Compiled:
        query = rows.query.clone()
        query.__class__ = DeleteQuery
        return _written(query, rows.model, connection)


class CompiledUpdate(_Kept[M]):
    """Writes the columns of these `names` in the rows of the query set that `build` returns, with one statement and
    without signals. `build` as for `CompiledQuery`; it gets its values beside those of the columns."""

    def __init__(self, build: Callable[[Parameters], models.QuerySet[M, Any]], *names: str) -> None:
        super().__init__(build)
        self._names = names

    def run(self, **values: Any) -> int:
        """In how many rows."""
        connection = connections[DEFAULT_DB_ALIAS]
        compiled = self._find(connection, values)
        if compiled is None:
            return 0
        with connection.cursor() as cursor:
            execute_together(connection, cursor, [compiled.statement(connection, values)])
            return int(cursor.rowcount)

    def _compile(self, connection: BaseDatabaseWrapper, rows: models.QuerySet[M, Any]) -> _Compiled:
        query: Any = rows.query.chain(UpdateQuery)
        fields = {field.name: field for field in rows.model._meta.concrete_fields}
        query.add_update_values({name: Parameter(name, fields[name]) for name in self._names})
        return _written(query, rows.model, connection)


class CompiledQuery(_Kept[M]):
    """One query. `build` gets `Parameters` and returns a query set, and must depend on nothing else. One
    `of_reference_data` may be told what was read before, as `reference_data` says."""

    #: All of these that there are.
    all_of_reference_data: ClassVar[list[CompiledQuery[Any]]] = []

    def __init__(
        self, build: Callable[[Parameters], models.QuerySet[M, Any]], *, of_reference_data: bool = False
    ) -> None:
        super().__init__(build)
        self._is_of_reference_data = of_reference_data
        if of_reference_data:
            self.all_of_reference_data.append(self)

    def objects(self, *, ahead: Sequence[Statement] = (), **values: Any) -> list[M]:
        """Model instances, with what `select_related` names and annotations tell. Raises TypeError for one with
        `values`. The statements `ahead` are run before it, in the same round trip."""
        rows, compiled = self._run(values, ahead)
        if compiled is None:
            return []
        if compiled.read is None:
            raise TypeError("This query makes no instances; ask for its rows.")
        return [compiled.read(row) for row in rows]

    def first(self, **values: Any) -> M | None:
        """The first instance, or None."""
        return next(iter(self.objects(**values)), None)

    def rows(self, *, ahead: Sequence[Statement] = (), **values: Any) -> list[tuple[Any, ...]]:
        """Plain rows, of a query set with `values_list`. The statements `ahead` are run before it, in the same round
        trip."""
        return self._run(values, ahead)[0]

    def _run(
        self, values: dict[str, Any], ahead: Sequence[Statement]
    ) -> tuple[list[tuple[Any, ...]], _Compiled | None]:
        connection = connections[DEFAULT_DB_ALIAS]
        compiled = self._find(connection, values)
        if compiled is None:
            if ahead:
                with connection.cursor() as cursor:
                    execute_together(connection, cursor, ahead)
            return [], None
        if compiled.locks and connection.get_autocommit():
            raise transaction.TransactionManagementError("Rows are locked inside a transaction only.")

        def ask() -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                execute_together(connection, cursor, [*ahead, compiled.statement(connection, values)])
                return cursor.fetchall()

        revision = reference_data.known_revision() if self._is_of_reference_data else None
        if revision is None or ahead:
            rows = ask()
        else:
            rows = reference_data.rows_of(revision, self, values, ask)
        if compiled.converters:
            rows = [_converted(row, compiled.converters, connection) for row in rows]
        return rows, compiled

    def _compile(self, connection: BaseDatabaseWrapper, rows: models.QuerySet[M, Any]) -> _Compiled:
        query = rows.query
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        columns = [column for column, _sql, _alias in compiler.select[: compiler.col_count]]
        converters = tuple(
            (number, functions, expression)
            for number, (functions, expression) in compiler.get_converters(columns).items()
        )
        read = _reader(compiler) if rows._iterable_class is ModelIterable else None
        prepared = _prepared(rows.model, sql, parameters, connection)
        return _Compiled(sql, tuple(parameters), prepared, converters, query.select_for_update, read)


def _written(query: Any, model: type[models.Model], connection: BaseDatabaseWrapper) -> _Compiled:
    """Of a query that writes."""
    sql, parameters = query.get_compiler(connection=connection).as_sql()
    return _Compiled(sql, tuple(parameters), _prepared(model, sql, parameters, connection))


def _prepared(
    model: type[models.Model], sql: str, parameters: Sequence[Any], connection: BaseDatabaseWrapper
) -> Prepared | None:
    given = {number: part.field for number, part in enumerate(parameters) if type(part) is _Slot}
    return Prepared.of(model, sql, parameters, given, connection)


def _converted(
    row: Sequence[Any], converters: Sequence[tuple[int, Sequence[Any], Any]], connection: BaseDatabaseWrapper
) -> tuple[Any, ...]:
    values = list(row)
    for number, functions, expression in converters:
        for function in functions:
            values[number] = function(values[number], expression, connection)
    return tuple(values)


def _reader(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """A function that makes an instance of a row, as Django's `ModelIterable` does."""
    model, columns = compiler.klass_info["model"], compiler.klass_info["select_fields"]
    first, last = columns[0], columns[-1] + 1
    make = maker(model, [column.target.attname for column, _sql, _alias in compiler.select[first:last]])
    populators = get_related_populators(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
    make_quick(populators)
    annotations = tuple(compiler.annotation_col_map.items())

    def read(row: Sequence[Any]) -> Any:
        instance = make(row[first:last])
        for populator in populators:
            populator.populate(row, instance)
        for name, column in annotations:
            setattr(instance, name, row[column])
        return instance

    return read
