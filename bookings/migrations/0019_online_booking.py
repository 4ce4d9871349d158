from django.db import migrations, models


def switch(default: bool) -> models.BooleanField:
    return models.BooleanField(default=default, db_default=default, verbose_name="clients can book online")


class Migration(migrations.Migration):
    """Where bookings are taken already, they go on; a new site opens when its owner says so."""

    dependencies = [("bookings", "0018_safe_at_the_door")]

    operations = [
        migrations.AddField("bookingrules", "is_open", switch(default=True)),
        migrations.AlterField("bookingrules", "is_open", switch(default=False)),
        migrations.AddField("historicalbookingrules", "is_open", switch(default=True)),
        migrations.AlterField("historicalbookingrules", "is_open", switch(default=False)),
        migrations.AlterField(
            "contactmessage", "email", models.EmailField(blank=True, max_length=254, verbose_name="email")
        ),
        migrations.AddConstraint(
            "contactmessage",
            models.CheckConstraint(
                condition=models.Q(("email", ""), ("phone", ""), _negated=True),
                name="contactmessage_can_be_answered",
            ),
        ),
    ]
