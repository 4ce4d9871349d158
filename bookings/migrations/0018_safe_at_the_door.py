"""Check-ins at doors, therapists' PINs, who is alerted, and the owner's minutes."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from massagerx.lib import roles

RIGHTS = {"Owner": {"bookings.safetycontact": roles.ALL}}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0017_holds_of_courses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="bookingrules",
            name="check_in_overdue_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=15,
                default=15,
                help_text="Past the planned end of a visit at which they arrived, and of which they said nothing since.",
                validators=[
                    django.core.validators.MinValueValidator(5),
                    django.core.validators.MaxValueValidator(240),
                ],
                verbose_name="a therapist is asked whether they are all right after, minutes",
            ),
        ),
        migrations.AddField(
            model_name="bookingrules",
            name="check_in_turn_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=5,
                default=5,
                help_text="So long the therapist has before the first person on your list is alerted, and each person before the next.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(60),
                ],
                verbose_name="who is alerted has time to answer, minutes",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="check_in_overdue_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=15,
                default=15,
                help_text="Past the planned end of a visit at which they arrived, and of which they said nothing since.",
                validators=[
                    django.core.validators.MinValueValidator(5),
                    django.core.validators.MaxValueValidator(240),
                ],
                verbose_name="a therapist is asked whether they are all right after, minutes",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="check_in_turn_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=5,
                default=5,
                help_text="So long the therapist has before the first person on your list is alerted, and each person before the next.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(60),
                ],
                verbose_name="who is alerted has time to answer, minutes",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="to",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="to",
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
                    ("check_in", "Check-in: are you all right?"),
                    ("check_in_alert", "Alert: somebody at a door doesn’t answer"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="SafetyContact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="safety_contact",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="log-in",
                    ),
                ),
            ],
            options={
                "verbose_name": "person alerted about a door",
                "verbose_name_plural": "people alerted about a door",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="CheckIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="arrived at")),
                ("asked_at", models.DateTimeField(blank=True, null=True, verbose_name="therapist asked at")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered at")),
                ("help_at", models.DateTimeField(blank=True, null=True, verbose_name="called for help at")),
                ("alarm_at", models.DateTimeField(blank=True, null=True, verbose_name="alarm since")),
                ("turns", models.PositiveSmallIntegerField(default=0, verbose_name="alerts")),
                ("last_turn_at", models.DateTimeField(blank=True, null=True, verbose_name="last alert at")),
                ("taken_at", models.DateTimeField(blank=True, null=True, verbose_name="taken at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("wrong_pins", models.PositiveSmallIntegerField(default=0)),
                ("wrong_pin_at", models.DateTimeField(blank=True, null=True)),
                (
                    "booking",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="check_in",
                        to="bookings.booking",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ended by",
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="looked after by",
                    ),
                ),
            ],
            options={
                "verbose_name": "check-in at a door",
                "verbose_name_plural": "check-ins at doors",
                "ordering": ["-opened_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)), fields=["opened_at"], name="checkin_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("taken_at", None), ("taken_by", None)),
                            models.Q(("taken_at__isnull", False), ("taken_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="checkin_taken_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("help_at", None), ("alarm_at__isnull", False), _connector="OR"),
                        name="checkin_help_is_an_alarm",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SafetyPins",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fine", models.CharField(editable=False, max_length=64)),
                ("help", models.CharField(editable=False, max_length=64)),
                ("set_at", models.DateTimeField(verbose_name="set at")),
                (
                    "therapist",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="safety_pins",
                        to="bookings.therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "PINs for the door",
                "verbose_name_plural": "PINs for the door",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("fine", models.F("help")), _negated=True),
                        name="safetypins_are_two",
                    )
                ],
            },
        ),
        migrations.RunPython(give_rights, take_rights),
    ]
