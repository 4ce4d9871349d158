"""Rights of staff's roles: migrations give them, each app's over its own models."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db.migrations import RunPython

# What each role (a group's name) may do, by "app.model". An action with an underscore is a permission's whole name.
Rights = Mapping[str, Mapping[str, Iterable[str]]]

ALL = ("view", "add", "change", "delete")
KEEP = ("view", "add", "change")
SEE = ("view",)


def codename(model: str, action: str) -> str:
    """The permission's codename: of "view" and "post" it is "view_post"."""
    return action if "_" in action else f"{action}_{model}"


def give_rights(apps: Apps, rights: Rights) -> None:
    """Add these permissions to the roles that there are: an owner who has named a role otherwise gives them by hand."""
    for label in {name.partition(".")[0] for table in rights.values() for name in table}:
        _make_permissions(apps, label)
    for group, permissions in _found(apps, rights):
        group.permissions.add(*permissions)


def giving(rights: Rights) -> RunPython:
    """The operation of a migration that gives them; backwards it takes them."""
    return RunPython(
        lambda apps, _editor: give_rights(apps, rights), lambda apps, _editor: take_rights(apps, rights)
    )


def take_rights(apps: Apps, rights: Rights) -> None:
    """The reverse of `give_rights`."""
    for group, permissions in _found(apps, rights):
        group.permissions.remove(*permissions)


def _make_permissions(apps: Apps, label: str) -> None:
    """On a fresh database they are made only after the last migration."""
    config = apps.get_app_config(label)
    # Within a migration an app has no such module, and permissions are made only for apps with one.
    kept, config.models_module = getattr(config, "models_module", None), sys.modules[__name__]
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = kept


def _found(apps: Apps, rights: Rights) -> Iterator[tuple[Any, list[Any]]]:
    """Each role that there is, with its permissions of `rights`."""
    permissions = apps.get_model("auth", "Permission").objects
    for group in apps.get_model("auth", "Group").objects.filter(name__in=rights).order_by("name"):
        found: list[Any] = []
        for name, actions in rights[group.name].items():
            app, _dot, model = name.partition(".")
            codenames = [codename(model, action) for action in actions]
            found += permissions.filter(
                content_type__app_label=app, content_type__model=model, codename__in=codenames
            )
        yield group, found
