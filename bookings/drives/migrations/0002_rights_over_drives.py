"""Who may see and change what is said of drives."""

from django.db import migrations

from massagerx.lib import roles

RIGHTS = {
    "Owner": {
        "drives.driverules": roles.KEEP,
        "drives.drivecorrection": roles.ALL,
        "drives.fixeddrive": roles.ALL,
        "drives.observeddrive": roles.SEE,
        "drives.roadtime": roles.SEE,
    },
    "Front desk": {"drives.drivecorrection": roles.SEE, "drives.fixeddrive": roles.SEE},
}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [("drives", "0001_tables"), ("bookings", "0002_roles_and_search")]

    operations = [migrations.RunPython(give_rights, take_rights)]
