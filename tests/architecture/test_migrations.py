"""What a migration may do while processes of the release before still run: an upgrade loses no press."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.fields import NOT_PROVIDED

from massagerx.lib.create_models import CreateModels

# The release before still reads and writes these, so they go one release after the last code that names them. A
# migration that can't wait says why in `services_stop`, and CHANGELOG.md tells to stop the services.
_TAKES_AWAY = (
    migrations.RemoveField, migrations.RenameField, migrations.DeleteModel, migrations.RenameModel,
    migrations.AlterModelTable,
)  # fmt: skip


# What the release before writes may be refused by these.
_REFUSES = (migrations.AddConstraint, migrations.AlterUniqueTogether)


def one_by_one(operations: Iterable[Operation]) -> Iterator[Operation]:
    """The operations, with the tables of a `CreateModels` each by itself."""
    for operation in operations:
        yield from operation.tables if isinstance(operation, CreateModels) else [operation]


def faults(migration: migrations.Migration, before: ProjectState) -> Iterator[str]:
    """What would break a running process of the release before, or can't be taken back. `before` are the tables as the
    migration finds them."""
    made_here = {
        operation.name_lower
        for operation in one_by_one(migration.operations)
        if isinstance(operation, migrations.CreateModel)
    }
    may_break = migration.initial or hasattr(migration, "services_stop")
    for operation in migration.operations:
        if not operation.reversible:
            yield f"{operation.describe()}: no way back"
        if may_break or getattr(operation, "model_name_lower", "") in made_here:
            continue
        if isinstance(operation, migrations.AddField):
            name = f"{operation.model_name_lower}.{operation.name}"
            if not _is_left_out_safely(operation.field):
                yield f"{name} needs null or db_default: the release before doesn't write it"
        elif isinstance(operation, _TAKES_AWAY):
            yield f"{operation.describe()}: the release before still uses it"
        elif isinstance(operation, migrations.AlterField):
            model = before.models[migration.app_label, operation.model_name_lower]
            was = model.fields.get(operation.name)
            if was is not None and _is_narrower(operation.field, was):
                yield f"{operation.describe()}: the release before writes what it takes no more"
        elif isinstance(operation, _REFUSES):
            yield f"{operation.describe()}: the release before may write what it refuses"


def _is_left_out_safely(field: models.Field) -> bool:
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED


def _is_narrower(field: models.Field, was: models.Field) -> bool:
    def longest(one: models.Field) -> float:
        return math.inf if one.max_length is None else one.max_length

    return (was.null and not field.null) or (field.unique and not was.unique) or longest(field) < longest(was)


def ours() -> Iterator[tuple[migrations.Migration, ProjectState]]:
    """Every migration of our apps, with the tables as it finds them."""
    here = {config.label for config in apps.get_app_configs() if "site-packages" not in config.path}
    loader = MigrationLoader(None)
    for key, found in sorted(loader.disk_migrations.items()):
        if key[0] in here:
            yield found, loader.project_state(key, at_end=False)


def test_migrations_leave_the_release_before_working() -> None:
    found = [f"{migration}: {fault}" for migration, before in ours() for fault in faults(migration, before)]
    assert found == []


def of_one(*operations: Any, **facts: Any) -> list[str]:
    """The faults of a migration that does so, to the tables as they are."""
    facts = {"operations": list(operations), **facts}
    later = type("Migration", (migrations.Migration,), facts)("later", "bookings")
    return list(faults(later, ProjectState.from_apps(apps)))


def text(**facts: Any) -> migrations.AddField:
    """A column of texts in a table that is there."""
    return migrations.AddField("client", "nickname", models.CharField(max_length=9, **facts))


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (text(), "client.nickname needs null or db_default"),
        (text(default=""), "client.nickname needs null or db_default"),
        (migrations.RemoveField("client", "name"), "still uses it"),
        (migrations.RenameField("client", "name", "called"), "still uses it"),
        (migrations.DeleteModel("client"), "still uses it"),
        (migrations.RunPython(migrations.RunPython.noop), "no way back"),
        (migrations.RunSQL("SELECT 1"), "no way back"),
        (migrations.AlterField("client", "name", models.CharField(max_length=9)), "takes no more"),
        (
            migrations.AlterField("client", "name", models.CharField(max_length=120, unique=True)),
            "takes no more",
        ),
        (migrations.AlterField("client", "erased_at", models.DateTimeField()), "takes no more"),
        (
            migrations.AddConstraint("client", models.UniqueConstraint(fields=["name"], name="one")),
            "it refuses",
        ),
        (migrations.AlterUniqueTogether("client", {("name", "email")}), "it refuses"),
    ],
)
def test_what_breaks_the_release_before_is_named(operation: Any, words: str) -> None:
    (fault,) = of_one(operation)
    assert words in fault


@pytest.mark.parametrize(
    "operation",
    [
        text(null=True),
        text(default="", db_default=""),
        migrations.AddField("client", "friends", models.ManyToManyField("bookings.client")),
        migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
        migrations.RunSQL("SELECT 1", migrations.RunSQL.noop),
        migrations.AlterField("client", "name", models.TextField(help_text="Longer.")),
        migrations.AlterField("client", "erased_at", models.DateTimeField(null=True, blank=True)),
    ],
)
def test_what_the_release_before_does_not_notice_passes(operation: Any) -> None:
    assert of_one(operation) == []


def test_what_can_not_wait_says_so() -> None:
    gone = migrations.RemoveField("client", "name")
    assert of_one(gone, services_stop="Names have moved to a table of their own.") == []
    table = migrations.CreateModel("Client", [("id", models.BigAutoField(primary_key=True))])
    only_one = migrations.AddConstraint("client", models.UniqueConstraint(fields=["id"], name="one"))
    assert of_one(table, text(), only_one) == []
    assert of_one(CreateModels([table]), text(), only_one) == []
