"""Templates of notes, which the owner keeps."""

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from massagerx.lib.roles import ALL, giving

RIGHTS = {
    "Owner": {
        "bookings.notetemplate": ALL,
    },
}


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0003_booklet_foot"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalNoteTemplate",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("client", "A note on a client"),
                            ("complaint", "A complaint"),
                            ("clinician", "What a clinician said"),
                        ],
                        default="client",
                        max_length=10,
                        verbose_name="for",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="What stands on the button.", max_length=40, verbose_name="name"
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="Say nothing of a client here: it is put into every such note.",
                        max_length=1000,
                        verbose_name="text",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Lower numbers come first.", verbose_name="position"
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
                "verbose_name": "historical template of a note",
                "verbose_name_plural": "historical templates of notes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="NoteTemplate",
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
                            ("client", "A note on a client"),
                            ("complaint", "A complaint"),
                            ("clinician", "What a clinician said"),
                        ],
                        default="client",
                        max_length=10,
                        verbose_name="for",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="What stands on the button.", max_length=40, verbose_name="name"
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="Say nothing of a client here: it is put into every such note.",
                        max_length=1000,
                        verbose_name="text",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Lower numbers come first.", verbose_name="position"
                    ),
                ),
            ],
            options={
                "verbose_name": "template of a note",
                "verbose_name_plural": "templates of notes",
                "ordering": ["kind", "position", "name"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "name"),
                        name="notetemplate_one_per_name",
                        violation_error_message="There is a template of that name already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["client", "complaint", "clinician"])),
                        name="notetemplate_kind_known",
                    ),
                ],
            },
        ),
        giving(RIGHTS),
    ]
