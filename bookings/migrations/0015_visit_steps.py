"""What a therapist presses on the way and at the door, the message about it, and the owner's minutes of lateness."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0014_pairings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="bookingrules",
            name="late_free_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="Than the time that was booked, as the client was told last. No late fee is named then.",
                validators=[django.core.validators.MaxValueValidator(240)],
                verbose_name="canceling is free when we are later than, minutes",
            ),
        ),
        migrations.AddField(
            model_name="bookingrules",
            name="late_grace_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=15,
                default=15,
                help_text="When a therapist runs late, clients are told a new time up to this; beyond it they are given a choice.",
                validators=[django.core.validators.MaxValueValidator(120)],
                verbose_name="a visit may begin later, minutes",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="late_free_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="Than the time that was booked, as the client was told last. No late fee is named then.",
                validators=[django.core.validators.MaxValueValidator(240)],
                verbose_name="canceling is free when we are later than, minutes",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="late_grace_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=15,
                default=15,
                help_text="When a therapist runs late, clients are told a new time up to this; beyond it they are given a choice.",
                validators=[django.core.validators.MaxValueValidator(120)],
                verbose_name="a visit may begin later, minutes",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=[
                    ("received", "Request received"),
                    ("health_asked", "Health questions sent"),
                    ("health_reminder", "Health questions, once more"),
                    ("confirmed", "Visit confirmed"),
                    ("declined", "Request declined"),
                    ("together", "Visits booked together"),
                    ("moved", "Visit moved"),
                    ("canceled", "Visit canceled"),
                    ("expired", "Request expired"),
                    ("reminder_first", "First reminder"),
                    ("reminder_last", "Last reminder"),
                    ("recheck", "Health questions again"),
                    ("thanks", "Thank-you"),
                    ("on_the_way", "On the way"),
                    ("change_refused", "Late move refused"),
                    ("late_fee", "Late fee decided"),
                    ("no_show", "Nobody opened"),
                    ("sign_in", "Sign-in link"),
                    ("code", "One-time code"),
                    ("contact_answer", "Answer to a message"),
                    ("booklet", "Booklet"),
                    ("staff_alert", "Alert to staff"),
                    ("change_alert", "Alert: late move asked for"),
                    ("recheck_alert", "Alert: health answers changed"),
                    ("contact_alert", "Alert: message from the site"),
                    ("stranded_alert", "Alert: visit can’t be kept"),
                    ("morning", "Morning: visits not closed"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="VisitStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("leaving", "Leaving"),
                            ("late", "Running late"),
                            ("arrived", "Arrived"),
                            ("done", "Done"),
                        ],
                        max_length=8,
                        verbose_name="what",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="pressed at")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                (
                    "minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="minutes late"),
                ),
                ("expected_from", models.DateTimeField(blank=True, null=True, verbose_name="expected from")),
                (
                    "expected_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="expected until"),
                ),
                (
                    "paid_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_yet", "Not yet"),
                            ("cash", "Cash"),
                            ("terminal", "Card, at the terminal"),
                            ("zelle", "Zelle"),
                            ("check", "Check"),
                        ],
                        default="",
                        max_length=8,
                        verbose_name="paid by",
                    ),
                ),
                ("key", models.UUIDField(editable=False, unique=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="taken back at")),
                (
                    "booking",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="bookings.booking",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of a visit",
                "verbose_name_plural": "steps of visits",
                "ordering": ["at", "pk"],
                "indexes": [models.Index(fields=["at"], name="visitstep_by_time")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at", None), models.Q(("kind", "late"), _negated=True)),
                        fields=("booking", "kind"),
                        name="visitstep_one_standing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["leaving", "late", "arrived", "done"])),
                        name="visitstep_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "late"), ("minutes__gte", 1)),
                            models.Q(models.Q(("kind", "late"), _negated=True), ("minutes", None)),
                            _connector="OR",
                        ),
                        name="visitstep_minutes_of_late",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("expected_from", None), ("expected_until", None)),
                            ("expected_from__lt", models.F("expected_until")),
                            _connector="OR",
                        ),
                        name="visitstep_window_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind", "done"), ("paid_by", ""), _connector="OR"),
                        name="visitstep_paid_when_done",
                    ),
                ],
            },
        ),
    ]
