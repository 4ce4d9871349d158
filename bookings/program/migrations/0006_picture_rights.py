"""Who may do what with pictures of exercises."""

from django.db import migrations

from massagerx.lib import roles
from massagerx.lib.roles import ALL, SEE

RIGHTS = {"Owner": {"program.exercisepicture": ALL}, "Front desk": {"program.exercisepicture": SEE}}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [("program", "0005_pictures"), ("bookings", "0002_roles_and_search")]

    operations = [migrations.RunPython(give_rights, take_rights)]
