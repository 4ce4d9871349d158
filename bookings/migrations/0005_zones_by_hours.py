"""Where a therapist drives is said by the hours alone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0004_visit_purpose")]

    operations = [migrations.RemoveField(model_name="therapist", name="zones")]
