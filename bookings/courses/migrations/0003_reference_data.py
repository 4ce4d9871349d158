"""Which of the app's tables are reference data, as `massagerx.lib.reference_data` keeps it."""

from django.db import migrations

from massagerx.lib.postgresql.revisions import track


class Migration(migrations.Migration):
    dependencies = [("courses", "0002_rights"), ("bookings", "0003_reference_data")]

    operations = [track("courses_courseplan", "courses_coursephase", "courses_coursephase_add_ons")]
