"""What health answers given again say beyond those before them; of those that are there, all is taken as new."""

from django.db import migrations, models

TIERS = [
    ("clear", "Clear"),
    ("caution", "Clear, with a note to the therapist"),
    ("clearance", "Needs a look before it is confirmed"),
    ("stop", "Not online"),
    ("emergency", "Emergency"),
]


def take_all_as_new(apps, schema_editor):
    apps.get_model("bookings", "ScreeningRecheck")._base_manager.update(new_tier=models.F("tier"))


class Migration(migrations.Migration):
    dependencies = [("bookings", "0007_unproved_requests")]

    operations = [
        migrations.AddField(
            model_name="screeningrecheck",
            name="new_tier",
            field=models.CharField(choices=TIERS, default="clear", max_length=10, verbose_name="what is new"),
            preserve_default=False,
        ),
        migrations.RunPython(take_all_as_new, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="screeningrecheck",
            constraint=models.CheckConstraint(
                condition=models.Q(new_tier__in=[value for value, _label in TIERS]),
                name="recheck_new_tier_known",
            ),
        ),
    ]
