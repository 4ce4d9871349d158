"""Drive times have an app of their own, which knows distances: figures between zones are not taken over."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_roles_and_search")]

    operations = [
        migrations.DeleteModel(name="HistoricalDriveTime"),
        migrations.DeleteModel(name="DriveTime"),
    ]
