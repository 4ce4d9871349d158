"""What a migration may do while processes of the release before still run: an upgrade loses no press."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models.fields import NOT_PROVIDED

# The release before still reads and writes these, so they go one release after the last code that names them. A
# migration that can't wait says why in `services_stop`, and CHANGELOG.md tells to stop the services.
_TAKES_AWAY = (
    migrations.RemoveField, migrations.RenameField, migrations.DeleteModel, migrations.RenameModel,
    migrations.AlterModelTable,
)  # fmt: skip


def faults(migration: migrations.Migration) -> Iterator[str]:
    """What would break a running process of the release before, or can't be taken back."""
    made_here = {
        operation.name_lower
        for operation in migration.operations
        if isinstance(operation, migrations.CreateModel)
    }
    may_break = migration.initial or hasattr(migration, "services_stop")
    for operation in migration.operations:
        if isinstance(operation, migrations.RunPython) and not operation.reversible:
            yield "RunPython has no way back"
        if may_break:
            continue
        if isinstance(operation, migrations.AddField):
            name = f"{operation.model_name_lower}.{operation.name}"
            if operation.model_name_lower not in made_here and not _is_left_out_safely(operation.field):
                yield f"{name} needs null or db_default: the release before doesn't write it"
        elif isinstance(operation, _TAKES_AWAY):
            yield f"{operation.describe()}: the release before still uses it"


def _is_left_out_safely(field: models.Field) -> bool:
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED


def ours() -> list[migrations.Migration]:
    """Every migration of our apps."""
    here = {config.label for config in apps.get_app_configs() if "site-packages" not in config.path}
    loader = MigrationLoader(None)
    return [found for (label, _name), found in sorted(loader.disk_migrations.items()) if label in here]


def test_migrations_leave_the_release_before_working() -> None:
    found = [f"{migration}: {fault}" for migration in ours() for fault in faults(migration)]
    assert found == []


def made(*operations: Any, **facts: Any) -> migrations.Migration:
    """A migration that does so."""
    facts = {"operations": list(operations), **facts}
    return type("Migration", (migrations.Migration,), facts)("later", "bookings")


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
    ],
)
def test_what_breaks_the_release_before_is_named(operation: Any, words: str) -> None:
    (fault,) = faults(made(operation))
    assert words in fault


@pytest.mark.parametrize(
    "operation",
    [
        text(null=True),
        text(default="", db_default=""),
        migrations.AddField("client", "friends", models.ManyToManyField("bookings.client")),
        migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
    ],
)
def test_what_the_release_before_does_not_notice_passes(operation: Any) -> None:
    assert list(faults(made(operation))) == []


def test_what_can_not_wait_says_so() -> None:
    gone = migrations.RemoveField("client", "name")
    assert list(faults(made(gone, services_stop="Names have moved to a table of their own."))) == []
    table = migrations.CreateModel("Client", [("id", models.BigAutoField(primary_key=True))])
    assert list(faults(made(table, text()))) == []
