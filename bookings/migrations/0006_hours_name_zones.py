"""Working hours and extra hours may name the zones that visits may be in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0005_drives_of_their_own"),
    ]

    operations = [
        migrations.AddField(
            model_name="extrahours",
            name="zones",
            field=models.ManyToManyField(
                blank=True, related_name="+", to="bookings.zone", verbose_name="only in"
            ),
        ),
        migrations.AddField(
            model_name="workinghours",
            name="zones",
            field=models.ManyToManyField(
                blank=True, related_name="+", to="bookings.zone", verbose_name="only in"
            ),
        ),
    ]
