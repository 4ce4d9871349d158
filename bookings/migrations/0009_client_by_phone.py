"""A client is also looked up by phone alone, while therapists are locked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0008_us_spelling")]

    operations = [
        migrations.AddIndex(
            model_name="client",
            index=models.Index(fields=["phone"], name="client_by_phone"),
        ),
    ]
