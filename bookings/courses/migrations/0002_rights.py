"""What each role may do with the app's models, and which of its tables are reference data."""

from django.db import migrations

from massagerx.lib.postgresql.revisions import track
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

    operations = [
        giving(RIGHTS),
        track("courses_courseplan", "courses_coursephase", "courses_coursephase_add_ons"),
    ]
