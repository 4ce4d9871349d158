"""Who may see and change plans for courses."""

from django.db import migrations

from massagerx.lib import roles

RIGHTS = {
    "Owner": {"courses.courseplan": roles.KEEP, "courses.coursephase": roles.ALL},
    "Front desk": {"courses.courseplan": roles.SEE, "courses.coursephase": roles.SEE},
}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [("courses", "0001_tables"), ("bookings", "0002_roles_and_search")]

    operations = [migrations.RunPython(give_rights, take_rights)]
