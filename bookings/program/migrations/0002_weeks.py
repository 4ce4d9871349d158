"""Weekly checks, and reminders that clients want."""

import django.db.models.deletion
import massagerx.lib.encryption
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("program", "0001_tables"),
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
