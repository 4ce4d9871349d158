"""Who may see and change plans for courses."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

_ALL = ("view", "add", "change", "delete")
RIGHTS = {
    "Owner": {"courseplan": ("view", "add", "change"), "coursephase": _ALL},
    "Front desk": {"courseplan": ("view",), "coursephase": ("view",)},
}


def _permissions(apps, rights):
    Permission = apps.get_model("auth", "Permission")
    for model, verbs in rights.items():
        yield from Permission.objects.filter(
            content_type__app_label="courses",
            content_type__model=model,
            codename__in=[f"{verb}_{model}" for verb in verbs],
        )


def give_rights(apps, schema_editor):
    config = apps.get_app_config("courses")
    # Within a migration an app has no such module, and permissions are made only for apps with one.
    kept, config.models_module = getattr(config, "models_module", None), True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = kept
    for role, rights in RIGHTS.items():
        # An owner who has named the roles otherwise gives rights by hand.
        for group in apps.get_model("auth", "Group").objects.filter(name=role):
            group.permissions.add(*_permissions(apps, rights))


def take_rights(apps, schema_editor):
    for role, rights in RIGHTS.items():
        for group in apps.get_model("auth", "Group").objects.filter(name=role):
            group.permissions.remove(*_permissions(apps, rights))


class Migration(migrations.Migration):
    dependencies = [("courses", "0001_course_plans"), ("bookings", "0002_roles_and_search")]

    operations = [migrations.RunPython(give_rights, take_rights)]
