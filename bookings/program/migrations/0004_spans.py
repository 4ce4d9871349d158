"""How days of a program were counted before it was moved."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("program", "0003_held_exercises")]

    operations = [
        migrations.AddField(
            model_name="program",
            name="spans",
            field=models.JSONField(
                blank=True, db_default=models.Value([], models.JSONField()), default=list, editable=False
            ),
        ),
    ]
