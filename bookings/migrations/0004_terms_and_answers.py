import datetime
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0003_evening_ends"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LateFee",
            fields=[
                (
                    "booking",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="late_fee",
                        serialize=False,
                        to="bookings.booking",
                    ),
                ),
                ("cents", models.PositiveIntegerField(verbose_name="late fee, cents")),
                ("asks_waiver", models.BooleanField(default=False, verbose_name="asks us to waive it")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="why")),
                ("named_at", models.DateTimeField(verbose_name="named at")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "To decide"), ("charged", "Asked for"), ("waived", "Waived")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided at")),
            ],
            options={
                "verbose_name": "late fee",
                "verbose_name_plural": "late fees",
                "ordering": ["-named_at", "-pk"],
            },
        ),
        migrations.AlterModelOptions(
            name="changerequest",
            options={
                "ordering": ["-asked_at", "-pk"],
                "verbose_name": "late move",
                "verbose_name_plural": "late moves",
            },
        ),
        migrations.RemoveConstraint(
            model_name="changerequest",
            name="changerequest_move_has_a_start",
        ),
        migrations.RemoveField(
            model_name="bookingrules",
            name="cancel_notice_hours",
        ),
        migrations.RemoveField(
            model_name="bookingrules",
            name="late_fee_percent",
        ),
        migrations.RemoveField(
            model_name="changerequest",
            name="kind",
        ),
        migrations.RemoveField(
            model_name="historicalbookingrules",
            name="cancel_notice_hours",
        ),
        migrations.RemoveField(
            model_name="historicalbookingrules",
            name="late_fee_percent",
        ),
        migrations.AddField(
            model_name="booking",
            name="answer_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="answer promised by"),
        ),
        migrations.AddField(
            model_name="bookingrules",
            name="answer_before_minutes",
            field=models.PositiveIntegerField(
                default=240,
                help_text="Clients are told by when they hear from us: at a full hour at the desk, so long before the visit at the latest. A request that nobody answers ends then.",
                validators=[django.core.validators.MaxValueValidator(20160)],
                verbose_name="a request is answered before the visit, minutes",
            ),
        ),
        migrations.AddField(
            model_name="bookingrules",
            name="desk_closes_at",
            field=models.TimeField(
                default=datetime.time(20, 0),
                help_text="Outside these hours, times that come too soon for an answer are offered only to clients who are confirmed at once.",
                verbose_name="somebody is at the desk until",
            ),
        ),
        migrations.AddField(
            model_name="bookingrules",
            name="desk_opens_at",
            field=models.TimeField(default=datetime.time(8, 0), verbose_name="somebody is at the desk from"),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="answer_before_minutes",
            field=models.PositiveIntegerField(
                default=240,
                help_text="Clients are told by when they hear from us: at a full hour at the desk, so long before the visit at the latest. A request that nobody answers ends then.",
                validators=[django.core.validators.MaxValueValidator(20160)],
                verbose_name="a request is answered before the visit, minutes",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="desk_closes_at",
            field=models.TimeField(
                default=datetime.time(20, 0),
                help_text="Outside these hours, times that come too soon for an answer are offered only to clients who are confirmed at once.",
                verbose_name="somebody is at the desk until",
            ),
        ),
        migrations.AddField(
            model_name="historicalbookingrules",
            name="desk_opens_at",
            field=models.TimeField(default=datetime.time(8, 0), verbose_name="somebody is at the desk from"),
        ),
        migrations.AddField(
            model_name="historicaltermsversion",
            name="cancel_notice_hours",
            field=models.PositiveSmallIntegerField(
                default=24,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(336),
                ],
                verbose_name="moving and canceling are free until, hours before",
            ),
        ),
        migrations.AddField(
            model_name="historicaltermsversion",
            name="consent_for_other",
            field=models.TextField(
                default="",
                help_text="In place of the text above when the visit is for another person: that they know about it and agree.",
                verbose_name="what the client agrees to, for somebody else",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="historicaltermsversion",
            name="late_fee_base",
            field=models.CharField(
                choices=[
                    ("session", "The session, without extras, travel and evening fee"),
                    ("total", "The total"),
                ],
                default="session",
                max_length=7,
                verbose_name="late fee, part of",
            ),
        ),
        migrations.AddField(
            model_name="historicaltermsversion",
            name="late_fee_percent",
            field=models.PositiveSmallIntegerField(
                default=50,
                help_text="Named to a client who cancels or moves later than that, before they press. Staff decide whether it is charged. 0: there is no late fee.",
                validators=[django.core.validators.MaxValueValidator(100)],
                verbose_name="late fee, percent",
            ),
        ),
        migrations.AddField(
            model_name="historicaltermsversion",
            name="wait_minutes",
            field=models.PositiveSmallIntegerField(
                default=15,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(120),
                ],
                verbose_name="the therapist waits at the door, minutes",
            ),
        ),
        migrations.AddField(
            model_name="termsversion",
            name="cancel_notice_hours",
            field=models.PositiveSmallIntegerField(
                default=24,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(336),
                ],
                verbose_name="moving and canceling are free until, hours before",
            ),
        ),
        migrations.AddField(
            model_name="termsversion",
            name="consent_for_other",
            field=models.TextField(
                default="",
                help_text="In place of the text above when the visit is for another person: that they know about it and agree.",
                verbose_name="what the client agrees to, for somebody else",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="termsversion",
            name="late_fee_base",
            field=models.CharField(
                choices=[
                    ("session", "The session, without extras, travel and evening fee"),
                    ("total", "The total"),
                ],
                default="session",
                max_length=7,
                verbose_name="late fee, part of",
            ),
        ),
        migrations.AddField(
            model_name="termsversion",
            name="late_fee_percent",
            field=models.PositiveSmallIntegerField(
                default=50,
                help_text="Named to a client who cancels or moves later than that, before they press. Staff decide whether it is charged. 0: there is no late fee.",
                validators=[django.core.validators.MaxValueValidator(100)],
                verbose_name="late fee, percent",
            ),
        ),
        migrations.AddField(
            model_name="termsversion",
            name="wait_minutes",
            field=models.PositiveSmallIntegerField(
                default=15,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(120),
                ],
                verbose_name="the therapist waits at the door, minutes",
            ),
        ),
        migrations.AlterField(
            model_name="bookingevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("confirmed", "Confirmed"),
                    ("declined", "Declined"),
                    ("canceled", "Canceled"),
                    ("moved", "Moved"),
                    ("completed", "Completed"),
                    ("no_show", "No-show"),
                    ("expired", "Expired"),
                    ("cleared", "Clinician's note recorded"),
                    ("edited", "Details changed"),
                    ("change_asked", "Late move asked for"),
                    ("refused", "Late move refused"),
                    ("fee_decided", "Late fee decided"),
                    ("rechecked", "Health questions answered again"),
                ],
                max_length=12,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="changerequest",
            name="wanted_starts_at",
            field=models.DateTimeField(verbose_name="would like to start at"),
        ),
        migrations.AlterField(
            model_name="historicaltermsversion",
            name="cancellation",
            field=models.TextField(
                help_text="Write {notice}, {fee} and {wait} where the figures above belong, such as: free until {notice} before; after that we may ask for {fee}; your therapist waits {wait}.",
                verbose_name="cancellation policy",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=[
                    ("received", "Request received"),
                    ("confirmed", "Visit confirmed"),
                    ("declined", "Request declined"),
                    ("moved", "Visit moved"),
                    ("canceled", "Visit canceled"),
                    ("expired", "Request expired"),
                    ("reminder_first", "First reminder"),
                    ("reminder_last", "Last reminder"),
                    ("recheck", "Health questions again"),
                    ("thanks", "Thank-you"),
                    ("change_refused", "Late move refused"),
                    ("late_fee", "Late fee decided"),
                    ("sign_in", "Sign-in link"),
                    ("code", "One-time code"),
                    ("contact_answer", "Answer to a message"),
                    ("booklet", "Booklet"),
                    ("staff_alert", "Alert to staff"),
                    ("change_alert", "Alert: late move asked for"),
                    ("recheck_alert", "Alert: health answers changed"),
                    ("contact_alert", "Alert: message from the site"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="termsversion",
            name="cancellation",
            field=models.TextField(
                help_text="Write {notice}, {fee} and {wait} where the figures above belong, such as: free until {notice} before; after that we may ask for {fee}; your therapist waits {wait}.",
                verbose_name="cancellation policy",
            ),
        ),
        migrations.AddField(
            model_name="latefee",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddIndex(
            model_name="latefee",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["named_at"], name="latefee_open"
            ),
        ),
    ]
