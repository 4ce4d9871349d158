from datetime import UTC, datetime, timedelta

from django.db import migrations, models
from django.db.models import F, Q, Value


class Migration(migrations.Migration):
    services_stop = "Held times are counted from another column."
    dependencies = [
        ("bookings", "0002_roles_and_search"),
    ]

    operations = [
        # A courtesy of minutes: nobody loses a visit.
        migrations.RunSQL("DELETE FROM bookings_hold", migrations.RunSQL.noop),
        migrations.RemoveField(model_name="hold", name="is_extended"),
        migrations.AddField(
            model_name="hold",
            name="held_since",
            field=models.DateTimeField(default=datetime(2026, 1, 1, tzinfo=UTC)),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=Q(expires_at__lte=F("held_since") + Value(timedelta(minutes=40))),
                name="hold_not_for_ever",
            ),
        ),
    ]
