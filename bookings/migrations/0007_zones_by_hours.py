"""Where a therapist drives is said by the hours alone."""

from django.db import migrations


class Migration(migrations.Migration):
    services_stop = "Zones are said by the hours alone."
    dependencies = [("bookings", "0006_health_fresh")]

    operations = [migrations.RemoveField(model_name="therapist", name="zones")]
