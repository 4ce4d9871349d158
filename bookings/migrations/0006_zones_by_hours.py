"""Where a therapist drives is said by the hours alone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0005_booked_together")]

    operations = [migrations.RemoveField(model_name="therapist", name="zones")]
