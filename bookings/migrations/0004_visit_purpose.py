"""What a visit is for, and who may read it."""

import django.db.models.deletion
from django.db import migrations, models

import massagerx.lib.encryption
from massagerx.lib import roles

RIGHTS = {role: {"bookings.visitpurpose": roles.SEE} for role in ("Owner", "Front desk", "Therapist")}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_held_since")]

    operations = [
        migrations.CreateModel(
            name="VisitPurpose",
            fields=[
                (
                    "booking",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="purpose",
                        serialize=False,
                        to="bookings.booking",
                    ),
                ),
                ("text", massagerx.lib.encryption.EncryptedJSONField()),
            ],
            options={
                "verbose_name": "what a visit is for",
                "verbose_name_plural": "what visits are for",
            },
        ),
        migrations.RunPython(give_rights, take_rights),
    ]
