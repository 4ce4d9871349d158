"""Exercises that are held back because a later health answer speaks against them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("program", "0002_rights")]

    operations = [
        migrations.AddField(
            model_name="programexercise",
            name="held_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="held back since"),
        ),
        migrations.AddField(
            model_name="programexercise",
            name="not_for",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()), default=list, editable=False
            ),
        ),
        migrations.AlterField(
            model_name="program",
            name="hurts_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="to be looked at since"),
        ),
    ]
