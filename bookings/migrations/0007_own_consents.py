"""Those for whom clients book may agree themselves, by a link of a purpose of its own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    services_stop = "The constraint on links is replaced by one that knows a purpose more."

    dependencies = [
        ("bookings", "0006_booklet_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OwnConsent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("agreed_at", models.DateTimeField(verbose_name="agreed at")),
            ],
            options={
                "verbose_name": "own consent",
                "verbose_name_plural": "own consents",
            },
        ),
        migrations.RemoveConstraint(
            model_name="link",
            name="link_fits_its_purpose",
        ),
        migrations.AlterField(
            model_name="link",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("visit", "One visit"),
                    ("sign_in", "All visits of an email address"),
                    ("code", "Address and health answers"),
                    ("booklet", "The booklet"),
                    ("feed", "A therapist's calendar feed"),
                    ("office", "An office’s page for its patients"),
                    ("referral", "A course that an office prepared"),
                    ("program", "A client’s training program"),
                    ("review", "A client’s review"),
                    ("password", "A password of a member of staff"),
                    ("consent", "The own consent of somebody who is visited"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("booking__isnull", False), ("expires_at__isnull", False), ("purpose", "visit")),
                    models.Q(("purpose", "feed"), ("therapist__isnull", False)),
                    ("purpose", "office"),
                    models.Q(
                        ("booking__isnull", False),
                        ("expires_at__isnull", False),
                        ("purpose__in", ["program", "review", "consent"]),
                    ),
                    models.Q(
                        ("booklet_request__isnull", False),
                        ("expires_at__isnull", False),
                        ("purpose", "booklet"),
                    ),
                    models.Q(
                        ("expires_at__isnull", False),
                        ("purpose", "password"),
                        ("user__isnull", False),
                        models.Q(("email", ""), _negated=True),
                    ),
                    models.Q(
                        ("expires_at__isnull", False),
                        ("purpose__in", ["sign_in", "code", "referral"]),
                        models.Q(("email", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="link_fits_its_purpose",
            ),
        ),
        migrations.AddField(
            model_name="ownconsent",
            name="client",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="own_consents", to="bookings.client"
            ),
        ),
        migrations.AddField(
            model_name="ownconsent",
            name="terms_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="bookings.termsversion",
                verbose_name="terms",
            ),
        ),
        migrations.AddConstraint(
            model_name="ownconsent",
            constraint=models.UniqueConstraint(fields=("client", "name"), name="ownconsent_one_per_person"),
        ),
    ]
