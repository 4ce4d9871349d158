import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0005_booked_together"),
    ]

    operations = [
        migrations.AddField(
            model_name="bookingrules",
            name="health_fresh_days",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="Who books the same again within these days is asked whether their last answers are still true, instead of every question. 0: every question, every time.",
                validators=[django.core.validators.MaxValueValidator(365)],
                verbose_name="health answers stay fresh, days",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="health_fresh_days",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="Who books the same again within these days is asked whether their last answers are still true, instead of every question. 0: every question, every time.",
                validators=[django.core.validators.MaxValueValidator(365)],
                verbose_name="health answers stay fresh, days",
            ),
        ),
    ]
