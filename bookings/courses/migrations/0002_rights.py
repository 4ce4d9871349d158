"""What each role may do with the app's models."""

from django.db import migrations

from massagerx.lib import roles
from massagerx.lib.roles import ALL, KEEP, SEE

RIGHTS = {
    "Front desk": {
        "courses.course": SEE,
        "courses.coursephase": SEE,
        "courses.courseplan": SEE,
    },
    "Owner": {
        "courses.course": SEE,
        "courses.coursephase": ALL,
        "courses.courseplan": KEEP,
    },
}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [("courses", "0001_tables"), ("bookings", "0002_roles_and_search")]

    operations = [migrations.RunPython(give_rights, take_rights)]
