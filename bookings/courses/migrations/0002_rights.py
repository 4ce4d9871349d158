"""What each role may do with the app's models."""

from django.db import migrations

from massagerx.lib.roles import ALL, KEEP, SEE, giving

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


class Migration(migrations.Migration):
    dependencies = [("courses", "0001_tables"), ("bookings", "0002_roles_and_search")]

    operations = [giving(RIGHTS)]
