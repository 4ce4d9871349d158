"""An app's tables are made in one go, those that point at a later one too."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState

from massagerx.lib.create_models import CreateModels

TABLES = CreateModels(
    [
        migrations.CreateModel(
            "Boat",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("harbor", models.ForeignKey("blog.harbor", models.CASCADE)),
                ("length", models.PositiveIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["length"], name="boat_length")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(length__gt=0), name="boat_has_length")
                ],
            },
        ),
        migrations.CreateModel("Harbor", [("id", models.BigAutoField(primary_key=True))]),
    ]
)
NAMES = {"blog_boat", "blog_harbor"}


def tables() -> set[str]:
    return NAMES & set(connection.introspection.table_names())


@pytest.mark.django_db(transaction=True)
def test_tables_are_made_with_what_belongs_to_them_and_dropped_again() -> None:
    before, after = ProjectState(), ProjectState()
    assert before.apps is not None  # as `migrate` does it: the classes are there before the operation
    TABLES.state_forwards("blog", after)

    with connection.schema_editor() as editor:
        TABLES.database_forwards("blog", editor, before, after)
    assert tables() == NAMES
    with connection.cursor() as cursor:
        made = connection.introspection.get_constraints(cursor, "blog_boat")
    assert {"boat_length", "boat_has_length"} <= made.keys()
    assert {each["foreign_key"] for each in made.values() if each["foreign_key"]} == {("blog_harbor", "id")}

    with connection.schema_editor() as editor:
        TABLES.database_backwards("blog", editor, after, before)
    assert tables() == set()


def test_classes_are_built_once_for_all_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    state = ProjectState()
    assert state.apps is not None
    built = []
    monkeypatch.setattr(ProjectState, "reload_model", lambda *given, **more: built.append(given))

    TABLES.state_forwards("blog", state)

    assert built == []
    assert {model.__name__ for model in state.apps.get_models()} == {"Boat", "Harbor"}
    assert TABLES.describe() == "Create Boat, Harbor"


@pytest.mark.parametrize("model", [model for model in apps.get_models() if hasattr(model, "history")])
def test_a_history_is_as_simple_history_keeps_it(model: Any) -> None:
    kept, table = (ModelState.from_model(each) for each in (model.history.model, model))
    left_out = set(table.fields) - set(kept.fields)
    made = ProjectState()

    CreateModels(
        [migrations.CreateModel(table.name, list(table.fields.items()), table.options)],
        {table.name: left_out},
    ).state_forwards(table.app_label, made)

    found = made.models[kept.app_label, kept.name_lower]
    assert [found.name, found.bases, found.options] == [kept.name, kept.bases, kept.options]
    assert {name: field.deconstruct()[1:] for name, field in found.fields.items()} == {
        name: field.deconstruct()[1:] for name, field in kept.fields.items()
    }
