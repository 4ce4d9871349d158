"""The home page's blocks, and who may change them."""

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from massagerx.lib import roles

RIGHTS = {role: {"blog.homeblock": roles.KEEP} for role in ("Owner", "Writer")}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [
        ("blog", "0001_tables"),
        # The roles.
        ("bookings", "0002_roles_and_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalHomeBlock",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                (
                    "slug",
                    models.CharField(
                        choices=[
                            ("hero", "First screen"),
                            ("therapists", "Who comes"),
                            ("services", "Services"),
                            ("surgery", "After surgery"),
                            ("visit", "A visit by the minute"),
                            ("promises", "Promises"),
                            ("area", "Where we drive"),
                            ("questions", "Questions"),
                            ("posts", "From the blog"),
                            ("closing", "The last word"),
                        ],
                        db_index=True,
                        max_length=10,
                        verbose_name="block",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=80, verbose_name="title")),
                ("text", models.TextField(blank=True, max_length=300, verbose_name="text")),
                ("lines", models.TextField(blank=True, max_length=600, verbose_name="lines")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Lower numbers come first. Empty: its usual place, in steps of ten.",
                        null=True,
                        verbose_name="position",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="shown")),
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
                "verbose_name": "historical block of the home page",
                "verbose_name_plural": "historical blocks of the home page",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HomeBlock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "slug",
                    models.CharField(
                        choices=[
                            ("hero", "First screen"),
                            ("therapists", "Who comes"),
                            ("services", "Services"),
                            ("surgery", "After surgery"),
                            ("visit", "A visit by the minute"),
                            ("promises", "Promises"),
                            ("area", "Where we drive"),
                            ("questions", "Questions"),
                            ("posts", "From the blog"),
                            ("closing", "The last word"),
                        ],
                        max_length=10,
                        unique=True,
                        verbose_name="block",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=80, verbose_name="title")),
                ("text", models.TextField(blank=True, max_length=300, verbose_name="text")),
                ("lines", models.TextField(blank=True, max_length=600, verbose_name="lines")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Lower numbers come first. Empty: its usual place, in steps of ten.",
                        null=True,
                        verbose_name="position",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="shown")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
            ],
            options={
                "verbose_name": "block of the home page",
                "verbose_name_plural": "blocks of the home page",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("is_active", False), ("slug", "hero"), _negated=True),
                        name="home_begins_with_hero",
                    )
                ],
            },
        ),
        migrations.RunPython(give_rights, take_rights),
    ]
