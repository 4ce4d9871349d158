"""Which of a visit's health data somebody looked at."""

from django.db import migrations, models


class Migration(migrations.Migration):
    services_stop = "A look says what was looked at."
    dependencies = [("bookings", "0012_phone_notes_health")]

    operations = [
        migrations.AddField(
            model_name="healthaccess",
            name="what",
            field=models.CharField(
                choices=[("answers", "Health answers"), ("purpose", "What the visit is for")],
                default="answers",
                max_length=10,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="healthaccess",
            name="reason",
            field=models.CharField(blank=True, max_length=120, verbose_name="why"),
        ),
        migrations.AddConstraint(
            model_name="healthaccess",
            constraint=models.CheckConstraint(
                condition=models.Q(what__in=["answers", "purpose"]), name="healthaccess_what_known"
            ),
        ),
    ]
