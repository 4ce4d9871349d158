"""What is told once with a booking, while it may be somebody else's word."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0004_note_templates")]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="told_once",
            field=models.JSONField(null=True, blank=True, editable=False),
        ),
    ]
