"""Therapists have a phone of their own, which alerts about a door name."""

import phonenumber_field.modelfields
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0028_who_is_visited"),
    ]

    operations = [
        migrations.AddField(
            model_name="therapist",
            name="phone",
            field=phonenumber_field.modelfields.PhoneNumberField(
                blank=True,
                db_default="",
                default="",
                help_text="Their own, which alerts about a door name. Never shown on the site.",
                max_length=128,
                region="US",
                verbose_name="phone",
            ),
        ),
    ]
