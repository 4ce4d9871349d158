"""A program can change at the visits of a course."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("program", "0003_booklets")]

    operations = [
        migrations.AddField(
            model_name="program",
            name="course_key",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="program",
            name="waits_for",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="week that waits for a visit"
            ),
        ),
    ]
