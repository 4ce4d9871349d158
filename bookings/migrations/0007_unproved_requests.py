import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0006_hours_name_zones"),
        ("services", "0002_payment_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="prove_by",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="booking",
            name="source",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="bookingrules",
            name="prove_within_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=60,
                default=60,
                help_text="By a press in the email that they get. Until then their time is kept so long, and no longer. Bookings at the desk don't need it.",
                validators=[
                    django.core.validators.MinValueValidator(15),
                    django.core.validators.MaxValueValidator(1440),
                ],
                verbose_name="a new client confirms the email address within, minutes",
            ),
        ),
        migrations.AddField(
            model_name="bookingrules",
            name="unproved_in_all",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="unconfirmed requests in all",
            ),
        ),
        migrations.AddField(
            model_name="bookingrules",
            name="unproved_per_address",
            field=models.PositiveSmallIntegerField(
                db_default=3,
                default=3,
                help_text="So that a program with made-up names can't take your week.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="unconfirmed requests from one internet connection",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="prove_within_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=60,
                default=60,
                help_text="By a press in the email that they get. Until then their time is kept so long, and no longer. Bookings at the desk don't need it.",
                validators=[
                    django.core.validators.MinValueValidator(15),
                    django.core.validators.MaxValueValidator(1440),
                ],
                verbose_name="a new client confirms the email address within, minutes",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="unproved_in_all",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="unconfirmed requests in all",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="unproved_per_address",
            field=models.PositiveSmallIntegerField(
                db_default=3,
                default=3,
                help_text="So that a program with made-up names can't take your week.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="unconfirmed requests from one internet connection",
            ),
        ),
        migrations.AlterField(
            model_name="bookingevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("confirmed", "Confirmed"),
                    ("declined", "Declined"),
                    ("canceled", "Canceled"),
                    ("moved", "Moved"),
                    ("completed", "Completed"),
                    ("no_show", "No-show"),
                    ("expired", "Expired"),
                    ("cleared", "Clinician's note recorded"),
                    ("edited", "Details changed"),
                    ("proved", "Email address confirmed"),
                    ("change_asked", "Late move asked for"),
                    ("refused", "Late move refused"),
                    ("fee_decided", "Late fee decided"),
                    ("rechecked", "Health questions answered again"),
                ],
                max_length=12,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="bookingrules",
            name="open_requests_per_client",
            field=models.PositiveSmallIntegerField(
                default=6,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="unanswered requests one client may have",
            ),
        ),
        migrations.AlterField(
            model_name="historicalbookingrules",
            name="open_requests_per_client",
            field=models.PositiveSmallIntegerField(
                default=6,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="unanswered requests one client may have",
            ),
        ),
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("prove_by__isnull", False), ("status", "requested")),
                fields=["prove_by"],
                name="booking_unproved",
            ),
        ),
    ]
