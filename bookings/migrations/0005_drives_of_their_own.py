"""Drive times have an app of their own, which knows distances: figures between zones are not taken over."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0004_terms_and_answers")]

    operations = [
        migrations.DeleteModel(name="HistoricalDriveTime"),
        migrations.DeleteModel(name="DriveTime"),
    ]
