"""Time off that therapists ask for over booked visits, and the email that answers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0022_incidents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                    ("time_off", "Time off answered"),
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
            name="TimeOffWish",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                ("reason", models.CharField(blank=True, max_length=120, verbose_name="reason")),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Waiting"), ("approved", "Approved"), ("declined", "Declined")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("why", models.CharField(blank=True, max_length=300, verbose_name="why not")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered at")),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answered by",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="wishes",
                        to="bookings.therapist",
                        verbose_name="therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "wish for time off",
                "verbose_name_plural": "wishes for time off",
                "ordering": ["-asked_at", "-pk"],
            },
        ),
        migrations.AddField(
            model_name="message",
            name="wish",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="messages",
                to="bookings.timeoffwish",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=("wish", "kind"), name="message_one_per_wish"),
        ),
        migrations.AddIndex(
            model_name="timeoffwish",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["starts_at"], name="timeoffwish_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="timeoffwish",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="timeoffwish_end_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="timeoffwish",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "approved", "declined"])),
                name="timeoffwish_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="timeoffwish",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("therapist", "starts_at", "ends_at"),
                name="timeoffwish_asked_once",
            ),
        ),
    ]
