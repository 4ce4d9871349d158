"""What each role may do with the app's models."""

from django.db import migrations

from massagerx.lib.roles import ALL, KEEP, SEE, giving

RIGHTS = {
    "Front desk": {
        "drives.drivecorrection": SEE,
        "drives.fixeddrive": SEE,
    },
    "Owner": {
        "drives.drivecorrection": ALL,
        "drives.driverules": KEEP,
        "drives.fixeddrive": ALL,
        "drives.observeddrive": SEE,
        "drives.roadtime": SEE,
    },
}


class Migration(migrations.Migration):
    dependencies = [("drives", "0001_tables"), ("bookings", "0002_roles_and_search")]

    operations = [giving(RIGHTS)]
