import datetime
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    services_stop = "Held times have a table of another key."
    dependencies = [
        ("bookings", "0016_long_lists"),
    ]

    operations = [
        # A courtesy of minutes: nobody loses a visit. The table is made anew, with a key of its own.
        migrations.DeleteModel(name="Hold"),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(default=1)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("blocked_from", models.DateTimeField()),
                ("blocked_until", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("held_since", models.DateTimeField()),
                ("source", models.CharField(max_length=64)),
                ("place", models.PositiveSmallIntegerField()),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="bookings.servicearea",
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="bookings.bookingdraft",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="bookings.therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "hold",
                "verbose_name_plural": "holds",
                "indexes": [
                    models.Index(fields=["therapist", "blocked_from"], name="hold_by_therapist_time"),
                    models.Index(fields=["expires_at"], name="hold_by_expiry"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("draft", "number"), name="hold_one_per_visit"),
                    models.UniqueConstraint(fields=("source", "place", "number"), name="hold_few_per_source"),
                    models.UniqueConstraint(
                        condition=models.Q(("number", 2)),
                        fields=("source",),
                        name="hold_one_course_per_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1), ("place__lt", 3)), name="hold_place_in_range"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("blocked_from__lte", models.F("starts_at")),
                            ("ends_at__lte", models.F("blocked_until")),
                            ("starts_at__lt", models.F("ends_at")),
                        ),
                        name="hold_times_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "expires_at__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("held_since"),
                                    "+",
                                    models.Value(datetime.timedelta(seconds=2400)),
                                ),
                            )
                        ),
                        name="hold_not_for_ever",
                    ),
                ],
            },
        ),
    ]
