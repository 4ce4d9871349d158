"""Downloading all that is held about a client, and erasing one, are the owner's rights."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLE = "Owner"
RIGHTS = {"bookings.client": ("export_client", "erase_client"), "bookings.erasure": ("view_erasure",)}


def give_rights(apps, schema_editor):
    config = apps.get_app_config("bookings")
    # Within a migration an app has no such module, and permissions are made only for apps with one.
    kept, config.models_module = getattr(config, "models_module", None), True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = kept
    group = apps.get_model("auth", "Group").objects.filter(name=ROLE).first()
    if group is None:
        # The owner of this site has named the roles otherwise, and gives rights by hand.
        return
    for label, codenames in RIGHTS.items():
        app, model = label.split(".")
        group.permissions.add(
            *apps.get_model("auth", "Permission").objects.filter(
                content_type__app_label=app, content_type__model=model, codename__in=codenames
            )
        )


def take_rights(apps, schema_editor):
    group = apps.get_model("auth", "Group").objects.filter(name=ROLE).first()
    if group is not None:
        for label, codenames in RIGHTS.items():
            app, model = label.split(".")
            group.permissions.remove(
                *group.permissions.filter(
                    content_type__app_label=app, content_type__model=model, codename__in=codenames
                )
            )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0016_erasure_and_retention")]

    operations = [migrations.RunPython(give_rights, take_rights)]
