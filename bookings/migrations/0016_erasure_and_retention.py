import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0015_change_preference"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("visits", models.PositiveIntegerField(verbose_name="visits kept for the books")),
                ("at", models.DateTimeField(verbose_name="when")),
            ],
            options={
                "verbose_name": "erased client",
                "verbose_name_plural": "erased clients",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.AlterModelOptions(
            name="client",
            options={
                "ordering": ["name"],
                "permissions": [
                    ("export_client", "Can download all that is held about a client"),
                    ("erase_client", "Can erase a client"),
                ],
                "verbose_name": "client",
                "verbose_name_plural": "clients",
            },
        ),
        migrations.RemoveConstraint(
            model_name="client",
            name="client_one_per_email_and_phone",
        ),
        migrations.AddField(
            model_name="bookingpolicy",
            name="health_kept_months",
            field=models.PositiveSmallIntegerField(
                db_default=24,
                default=24,
                help_text="Counted from a client's last visit. After that the answers and clinicians' notes are deleted.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(240),
                ],
                verbose_name="health answers are kept, months",
            ),
        ),
        migrations.AddField(
            model_name="client",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased at"),
        ),
        migrations.AddField(
            model_name="historicalbookingpolicy",
            name="health_kept_months",
            field=models.PositiveSmallIntegerField(
                db_default=24,
                default=24,
                help_text="Counted from a client's last visit. After that the answers and clinicians' notes are deleted.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(240),
                ],
                verbose_name="health answers are kept, months",
            ),
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.UniqueConstraint(
                condition=models.Q(("erased_at", None)),
                fields=("email", "phone"),
                name="client_one_per_email_and_phone",
            ),
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at", None),
                    models.Q(("email", ""), ("is_blocked", False), ("name", "Erased client"), ("phone", "")),
                    _connector="OR",
                ),
                name="client_erased_is_nobody",
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="who",
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="client",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="erasure",
                to="bookings.client",
                verbose_name="client",
            ),
        ),
    ]
