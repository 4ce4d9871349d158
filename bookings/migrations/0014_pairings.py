"""Whom a note on a client is for, complaints, and who is never sent to a client or first."""

import django.db.models.deletion
import massagerx.lib.encryption
from django.conf import settings
from django.db import migrations, models

from massagerx.lib import roles

RIGHTS = {
    "Owner": {"bookings.pairing": ("view", "add", "delete")},
    "Front desk": {"bookings.pairing": ("view", "add", "delete")},
    # Those that are for therapists, on their own visits.
    "Therapist": {"bookings.clientnote": roles.SEE},
}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0013_what_was_looked_at"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Pairing",
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
                        choices=[("never", "Never send"), ("preferred", "Send first")],
                        max_length=9,
                        verbose_name="what holds",
                    ),
                ),
                ("reason", massagerx.lib.encryption.EncryptedJSONField(default=str, verbose_name="why")),
                ("at", models.DateTimeField(verbose_name="when")),
            ],
            options={
                "verbose_name": "word on a client and a therapist",
                "verbose_name_plural": "words on clients and therapists",
                "ordering": ["kind", "therapist__position", "pk"],
            },
        ),
        migrations.AddField(
            model_name="clientnote",
            name="complaint",
            field=models.CharField(
                blank=True,
                choices=[("open", "Open"), ("settled", "Settled")],
                db_default="",
                default="",
                max_length=8,
                verbose_name="complaint",
            ),
        ),
        migrations.AddField(
            model_name="clientnote",
            name="reader",
            field=models.CharField(
                choices=[("desk", "The desk"), ("therapists", "Therapists who visit them"), ("both", "Both")],
                db_default="desk",
                default="desk",
                max_length=10,
                verbose_name="for",
            ),
        ),
        migrations.AddField(
            model_name="clientnote",
            name="settled_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="settled at"),
        ),
        migrations.AddField(
            model_name="clientnote",
            name="settled_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="settled by",
            ),
        ),
        migrations.AddIndex(
            model_name="clientnote",
            index=models.Index(
                condition=models.Q(("complaint", "open")), fields=["at"], name="clientnote_open_complaint"
            ),
        ),
        migrations.AddConstraint(
            model_name="clientnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("complaint", "settled"), ("settled_at__isnull", False)),
                    models.Q(("complaint__in", ["", "open"]), ("settled_at", None)),
                    _connector="OR",
                ),
                name="clientnote_settled_at",
            ),
        ),
        migrations.AddField(
            model_name="pairing",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="who",
            ),
        ),
        migrations.AddField(
            model_name="pairing",
            name="client",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pairings",
                to="bookings.client",
                verbose_name="client",
            ),
        ),
        migrations.AddField(
            model_name="pairing",
            name="therapist",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pairings",
                to="bookings.therapist",
                verbose_name="therapist",
            ),
        ),
        migrations.AddConstraint(
            model_name="pairing",
            constraint=models.UniqueConstraint(fields=("client", "therapist"), name="pairing_one_per_pair"),
        ),
        migrations.AddConstraint(
            model_name="pairing",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["never", "preferred"])), name="pairing_kind_known"
            ),
        ),
        migrations.RunPython(give_rights, take_rights),
    ]
