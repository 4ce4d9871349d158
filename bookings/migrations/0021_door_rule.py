"""What holds for whoever goes to a client's door."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0020_fell_away_in_a_pause"),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="door_rule",
            field=models.CharField(
                blank=True,
                choices=[("not_alone", "Not alone"), ("two_people", "Two people only")],
                db_default="",
                default="",
                help_text="Not alone: somebody of ours waits near or stays on the phone. Two people only: two of us go in. Seen by everybody who takes a visit over; online, requests always wait for staff.",
                max_length=10,
                verbose_name="at their door",
            ),
        ),
    ]
