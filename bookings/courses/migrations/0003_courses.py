"""The courses that were booked, and who may see them."""

import django.db.models.deletion
import massagerx.lib.encryption
import uuid
from django.conf import settings
from django.db import migrations, models

from massagerx.lib import roles

RIGHTS = {role: {"courses.course": roles.SEE} for role in ("Owner", "Front desk")}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0002_rights_over_courses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Course",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("dates", massagerx.lib.encryption.EncryptedJSONField()),
                ("wishes", models.JSONField(default=dict)),
                ("booked_at", models.DateTimeField(verbose_name="booked at")),
                (
                    "booked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="booked by",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="courses",
                        to="courses.courseplan",
                        verbose_name="plan",
                    ),
                ),
            ],
            options={
                "verbose_name": "course",
                "verbose_name_plural": "courses",
                "ordering": ["-booked_at", "-pk"],
            },
        ),
        migrations.RunPython(give_rights, take_rights),
    ]
