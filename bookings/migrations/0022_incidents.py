"""The log of violence at work, and who may write and read it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from massagerx.lib import roles

RIGHTS = {
    "Owner": {"bookings.incident": ("view", "add")},
    "Front desk": {"bookings.incident": ("view", "add")},
}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0021_door_rule"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("happened_at", models.DateTimeField(verbose_name="happened at")),
                (
                    "place",
                    models.CharField(
                        choices=[
                            ("home", "A client’s home"),
                            ("outside", "Outside a client’s home, or on the way to the door"),
                            ("road", "In a car or on the road"),
                            ("office", "Our office"),
                            ("phone", "On the phone or in writing"),
                            ("other", "Elsewhere"),
                        ],
                        max_length=10,
                        verbose_name="where",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("1", "Type 1: by somebody with no business there"),
                            ("2", "Type 2: by a client or somebody with them"),
                            ("3", "Type 3: by somebody who works or worked with us"),
                            ("4", "Type 4: by somebody who knows one of us personally"),
                        ],
                        max_length=1,
                        verbose_name="type of violence",
                    ),
                ),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("attack", "Physical attack without a weapon"),
                            ("weapon", "Attack with a weapon or an object"),
                            ("threat", "Threat of force, of a weapon or an object"),
                            ("sexual", "Sexual assault, threat or unwanted contact"),
                            ("animal", "Animal attack"),
                            ("other", "Something else"),
                        ],
                        max_length=10,
                        verbose_name="what it was",
                    ),
                ),
                (
                    "circumstance",
                    models.CharField(
                        choices=[
                            ("usual", "At the usual work"),
                            ("alone", "Working alone"),
                            ("dark", "In the dark, or where help was far"),
                            ("unfamiliar", "At a new or unfamiliar place"),
                            ("rushed", "In a hurry, or with too few people"),
                            ("other", "Something else"),
                        ],
                        max_length=10,
                        verbose_name="circumstances",
                    ),
                ),
                (
                    "description",
                    models.TextField(
                        help_text="Without the name, address or phone of anybody.",
                        max_length=4000,
                        verbose_name="what happened",
                    ),
                ),
                (
                    "consequences",
                    models.TextField(
                        help_text="Injuries, and whether the police or somebody else was called and what they did.",
                        max_length=2000,
                        verbose_name="consequences",
                    ),
                ),
                (
                    "steps",
                    models.TextField(
                        help_text="To protect whoever works for us from it happening again.",
                        max_length=2000,
                        verbose_name="steps taken",
                    ),
                ),
                ("job_title", models.CharField(max_length=80, verbose_name="job of who fills this in")),
                ("recorded_at", models.DateTimeField(verbose_name="filled in at")),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="filled in by",
                    ),
                ),
            ],
            options={
                "verbose_name": "incident at work",
                "verbose_name_plural": "incidents at work",
                "ordering": ["-happened_at", "-pk"],
            },
        ),
        migrations.RunPython(give_rights, take_rights),
    ]
