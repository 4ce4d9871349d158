"""Weekly checks, reminders that clients want, and what therapists find."""

import django.db.models.deletion
import massagerx.lib.encryption
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    services_stop = "A program has reminders."
    dependencies = [
        ("bookings", "0028_who_is_visited"),
        ("program", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="program",
            name="reminded_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last reminder"),
        ),
        migrations.AddField(
            model_name="program",
            name="reminders",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="reminders sent"),
        ),
        migrations.AddField(
            model_name="program",
            name="reminds",
            field=models.BooleanField(default=False, verbose_name="wants reminders"),
        ),
        migrations.CreateModel(
            name="Assessment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("findings", massagerx.lib.encryption.EncryptedJSONField()),
                ("at", models.DateTimeField(verbose_name="written at")),
                (
                    "booking",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assessments",
                        to="bookings.booking",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
            ],
            options={
                "verbose_name": "assessment",
                "verbose_name_plural": "assessments",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="WeekCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("week", models.PositiveSmallIntegerField(verbose_name="week")),
                ("answers", massagerx.lib.encryption.EncryptedJSONField()),
                ("at", models.DateTimeField(verbose_name="answered at")),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="checks",
                        to="program.program",
                    ),
                ),
            ],
            options={
                "verbose_name": "weekly check",
                "verbose_name_plural": "weekly checks",
                "ordering": ["week"],
                "constraints": [
                    models.UniqueConstraint(fields=("program", "week"), name="weekcheck_once_a_week")
                ],
            },
        ),
    ]
