import datetime
import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


MODELS = (
    "Zone",
    "DriveTime",
    "Therapist",
    "BookingPolicy",
    "PolicyVersion",
    "ScreeningVersion",
    "MessageSettings",
)


def begin_histories(apps, schema_editor):
    """The rows that are there become the first entry of their histories, so that the first change shows what was."""
    now = datetime.datetime.now(datetime.UTC)
    for name in MODELS:
        model, history = apps.get_model("bookings", name), apps.get_model("bookings", f"Historical{name}")
        own = {field.attname for field in history._meta.concrete_fields}
        fields = [field.attname for field in model._meta.concrete_fields if field.attname in own]
        history.objects.bulk_create(
            [
                history(
                    history_type="+", history_date=now, **{field: getattr(row, field) for field in fields}
                )
                for row in model.objects.order_by("pk").iterator()
            ],
            batch_size=500,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0012_client_notes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalBookingPolicy",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                (
                    "minimum_notice_minutes",
                    models.PositiveIntegerField(
                        default=240,
                        help_text="A time sooner than this is not offered.",
                        validators=[django.core.validators.MaxValueValidator(20160)],
                        verbose_name="minimum notice, minutes",
                    ),
                ),
                (
                    "horizon_days",
                    models.PositiveSmallIntegerField(
                        default=60,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(365),
                        ],
                        verbose_name="booking horizon, days",
                    ),
                ),
                (
                    "granularity_minutes",
                    models.PositiveSmallIntegerField(
                        choices=[(5, "5"), (10, "10"), (15, "15"), (20, "20"), (30, "30"), (60, "60")],
                        default=30,
                        verbose_name="a start every … minutes",
                    ),
                ),
                (
                    "stairs_minutes",
                    models.PositiveSmallIntegerField(
                        default=5,
                        help_text="Added before and again after a visit to an address with stairs, for carrying the table.",
                        validators=[django.core.validators.MaxValueValidator(60)],
                        verbose_name="stairs add, minutes",
                    ),
                ),
                (
                    "elevator_minutes",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="Added before and again after a visit to an address with an elevator.",
                        validators=[django.core.validators.MaxValueValidator(60)],
                        verbose_name="an elevator adds, minutes",
                    ),
                ),
                (
                    "confirm_known_clients",
                    models.BooleanField(
                        default=True,
                        help_text="A client who has had a visit, and whose screening is clear, needs no answer from staff.",
                        verbose_name="confirm known clients at once",
                    ),
                ),
                (
                    "request_expires_after_minutes",
                    models.PositiveIntegerField(
                        default=1440,
                        validators=[
                            django.core.validators.MinValueValidator(15),
                            django.core.validators.MaxValueValidator(20160),
                        ],
                        verbose_name="a request expires after, minutes",
                    ),
                ),
                (
                    "open_requests_per_client",
                    models.PositiveSmallIntegerField(
                        default=6,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="open visits one client may have",
                    ),
                ),
                (
                    "evening_starts_at",
                    models.TimeField(default=datetime.time(18, 0), verbose_name="evening starts at"),
                ),
                (
                    "evening_fee_cents",
                    models.PositiveIntegerField(
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(100000)],
                        verbose_name="evening fee in cents",
                    ),
                ),
                (
                    "cancel_notice_hours",
                    models.PositiveSmallIntegerField(
                        default=24,
                        validators=[django.core.validators.MaxValueValidator(336)],
                        verbose_name="free cancellation until, hours before",
                    ),
                ),
                (
                    "area_requests_kept_days",
                    models.PositiveSmallIntegerField(
                        default=180,
                        help_text="After that they are deleted, answered or not.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1095),
                        ],
                        verbose_name="requests from outside our area are kept, days",
                    ),
                ),
                (
                    "late_fee_percent",
                    models.PositiveSmallIntegerField(
                        default=50,
                        help_text="What the policy asks of a client who cancels or moves a visit later than that. Shown before they press; staff decide whether it is charged.",
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="late fee, percent of the total",
                    ),
                ),
                (
                    "alert_email",
                    models.EmailField(
                        blank=True,
                        help_text="Blank: to the business's email.",
                        max_length=254,
                        verbose_name="alerts to staff go to",
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical booking rules",
                "verbose_name_plural": "historical booking rules",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalDriveTime",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                ("starts_at", models.TimeField(help_text="Los Angeles time", verbose_name="from the hour")),
                (
                    "ends_at",
                    models.TimeField(
                        help_text="Los Angeles time; 00:00 is the end of the day",
                        verbose_name="until the hour",
                    ),
                ),
                (
                    "minutes",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MaxValueValidator(300)], verbose_name="minutes"
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "destination",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="bookings.zone",
                        verbose_name="to",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "origin",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="bookings.zone",
                        verbose_name="from",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical drive time",
                "verbose_name_plural": "historical drive times",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalMessageSettings",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                (
                    "reply_to",
                    models.EmailField(
                        blank=True,
                        help_text="Blank: to the business's email.",
                        max_length=254,
                        verbose_name="answers go to",
                    ),
                ),
                (
                    "signature",
                    models.TextField(
                        blank=True,
                        help_text="The last lines of every message to a client.",
                        max_length=400,
                        verbose_name="signature",
                    ),
                ),
                (
                    "first_reminder_hours",
                    models.PositiveSmallIntegerField(
                        default=48,
                        help_text="0: no such reminder.",
                        validators=[django.core.validators.MaxValueValidator(336)],
                        verbose_name="first reminder, hours before",
                    ),
                ),
                (
                    "last_reminder_hours",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="0: no such reminder.",
                        validators=[django.core.validators.MaxValueValidator(336)],
                        verbose_name="last reminder, hours before",
                    ),
                ),
                (
                    "recheck_hours",
                    models.PositiveSmallIntegerField(
                        default=24,
                        help_text="0: they are not asked again.",
                        validators=[django.core.validators.MaxValueValidator(336)],
                        verbose_name="health questions again, hours before",
                    ),
                ),
                (
                    "thanks_hours",
                    models.PositiveSmallIntegerField(
                        default=20,
                        help_text="0: none is sent.",
                        validators=[django.core.validators.MaxValueValidator(336)],
                        verbose_name="thank-you, hours after",
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical message settings",
                "verbose_name_plural": "historical message settings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalPolicyVersion",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                ("number", models.PositiveIntegerField(db_index=True, verbose_name="version")),
                ("cancellation", models.TextField(verbose_name="cancellation policy")),
                ("consent", models.TextField(verbose_name="what the client agrees to")),
                ("published_at", models.DateTimeField(verbose_name="in force from")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical policy text",
                "verbose_name_plural": "historical policy texts",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalScreeningVersion",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                ("number", models.PositiveIntegerField(db_index=True, verbose_name="version")),
                ("rules", models.JSONField(verbose_name="questions and rules")),
                (
                    "approved_by",
                    models.CharField(
                        blank=True,
                        help_text="The qualified therapist who checked these questions. Blank: not approved yet.",
                        max_length=160,
                        verbose_name="approved by",
                    ),
                ),
                ("published_at", models.DateTimeField(verbose_name="in force from")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical screening questions",
                "verbose_name_plural": "historical screening questions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTherapist",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("slug", models.SlugField(verbose_name="slug")),
                (
                    "gender",
                    models.CharField(
                        choices=[("female", "Female"), ("male", "Male"), ("other", "Another")],
                        max_length=10,
                        verbose_name="gender",
                    ),
                ),
                ("bio", models.TextField(blank=True, verbose_name="about")),
                (
                    "certificate_number",
                    models.CharField(
                        help_text="Shown beside the name wherever we advertise, as the law asks.",
                        max_length=40,
                        verbose_name="CAMTC certificate number",
                    ),
                ),
                (
                    "certificate_expires_on",
                    models.DateField(
                        blank=True,
                        help_text="After this day the therapist is no longer shown or offered.",
                        null=True,
                        verbose_name="certificate expires on",
                    ),
                ),
                (
                    "reach_minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="The longest drive from home base. Blank: no limit.",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(300)],
                        verbose_name="reach in minutes",
                    ),
                ),
                (
                    "max_visits_per_day",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="visits a day at most"
                    ),
                ),
                (
                    "max_work_minutes_per_day",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="session minutes a day at most"
                    ),
                ),
                (
                    "break_minutes",
                    models.PositiveSmallIntegerField(default=30, verbose_name="break in a long day, minutes"),
                ),
                (
                    "break_after_minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Session minutes; a longer day needs the break. Blank: never.",
                        null=True,
                        verbose_name="a day is long after",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "home_zip",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Where the day's first drive starts and the last one ends. Never shown.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="bookings.servedzip",
                        verbose_name="home base ZIP code",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="log-in",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical therapist",
                "verbose_name_plural": "historical therapists",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalZone",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                ("name", models.CharField(db_index=True, max_length=80, verbose_name="name")),
                (
                    "travel_fee_cents",
                    models.PositiveIntegerField(
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(100000)],
                        verbose_name="travel fee in cents",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical zone",
                "verbose_name_plural": "historical zones",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.RunPython(begin_histories, migrations.RunPython.noop),
    ]
