"""As many unconfirmed requests may come from one connection as a family makes."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0024_office_clearances"),
    ]

    operations = [
        migrations.AlterField(
            model_name="bookingrules",
            name="unproved_per_address",
            field=models.PositiveSmallIntegerField(
                db_default=6,
                default=6,
                help_text="So that a program with made-up names can't take your week, and a whole family can ask.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="unconfirmed requests from one internet connection",
            ),
        ),
        migrations.AlterField(
            model_name="historicalbookingrules",
            name="unproved_per_address",
            field=models.PositiveSmallIntegerField(
                db_default=6,
                default=6,
                help_text="So that a program with made-up names can't take your week, and a whole family can ask.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="unconfirmed requests from one internet connection",
            ),
        ),
    ]
