import django.core.validators
import django.db.models.deletion
import massagerx.lib.stored_picture
from django.contrib.auth.management import create_permissions
from django.db import migrations, models


def give_photos_to_the_owner(apps, schema_editor):
    config = apps.get_app_config("bookings")
    # Within a migration an app has no such module, and permissions are made only for apps with one.
    kept, config.models_module = getattr(config, "models_module", None), True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = kept
    group = apps.get_model("auth", "Group").objects.filter(name="Owner").first()
    if group is not None:
        Permission = apps.get_model("auth", "Permission")
        group.permissions.add(
            *Permission.objects.filter(content_type__app_label="bookings", content_type__model="photo")
        )


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0008_new_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="historicaltherapist",
            name="here_since",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="A year. Blank lines of this page are left out on the site, with their labels.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1950),
                    django.core.validators.MaxValueValidator(2100),
                ],
                verbose_name="here since",
            ),
        ),
        migrations.AddField(
            model_name="historicaltherapist",
            name="languages",
            field=models.CharField(
                blank=True, help_text="English, Spanish", max_length=120, verbose_name="speaks"
            ),
        ),
        migrations.AddField(
            model_name="historicaltherapist",
            name="quote",
            field=models.CharField(
                blank=True,
                help_text="At most 160 letters, as they would say it. Shown large, and on their card.",
                max_length=160,
                verbose_name="one line in their own voice",
            ),
        ),
        migrations.AddField(
            model_name="historicaltherapist",
            name="training",
            field=models.CharField(
                blank=True,
                help_text="Where, how long, when: Vodder, 160 hours, 2014.",
                max_length=160,
                verbose_name="trained",
            ),
        ),
        migrations.AddField(
            model_name="therapist",
            name="here_since",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="A year. Blank lines of this page are left out on the site, with their labels.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1950),
                    django.core.validators.MaxValueValidator(2100),
                ],
                verbose_name="here since",
            ),
        ),
        migrations.AddField(
            model_name="therapist",
            name="languages",
            field=models.CharField(
                blank=True, help_text="English, Spanish", max_length=120, verbose_name="speaks"
            ),
        ),
        migrations.AddField(
            model_name="therapist",
            name="portrait",
            field=models.JSONField(blank=True, default=list, editable=False),
        ),
        migrations.AddField(
            model_name="therapist",
            name="quote",
            field=models.CharField(
                blank=True,
                help_text="At most 160 letters, as they would say it. Shown large, and on their card.",
                max_length=160,
                verbose_name="one line in their own voice",
            ),
        ),
        migrations.AddField(
            model_name="therapist",
            name="training",
            field=models.CharField(
                blank=True,
                help_text="Where, how long, when: Vodder, 160 hours, 2014.",
                max_length=160,
                verbose_name="trained",
            ),
        ),
        migrations.AddField(
            model_name="therapist",
            name="zones",
            field=models.ManyToManyField(
                blank=True,
                help_text="Told on their page. How far they really drive is said by the reach.",
                related_name="+",
                to="bookings.zone",
                verbose_name="visits",
            ),
        ),
        migrations.AlterField(
            model_name="historicaltherapist",
            name="bio",
            field=models.TextField(
                blank=True,
                help_text="Two or three short paragraphs, in their own words.",
                verbose_name="a first visit with them",
            ),
        ),
        migrations.AlterField(
            model_name="therapist",
            name="bio",
            field=models.TextField(
                blank=True,
                help_text="Two or three short paragraphs, in their own words.",
                verbose_name="a first visit with them",
            ),
        ),
        migrations.CreateModel(
            name="Photo",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "token",
                    models.CharField(
                        default=massagerx.lib.stored_picture.new_token,
                        editable=False,
                        max_length=32,
                        unique=True,
                        verbose_name="name of the file",
                    ),
                ),
                (
                    "focal_x",
                    models.PositiveSmallIntegerField(
                        default=50,
                        help_text="In percent. Press on the picture, or type the number.",
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="focus, from the left",
                    ),
                ),
                (
                    "focal_y",
                    models.PositiveSmallIntegerField(
                        default=50,
                        help_text="In percent. This point stays in sight when the picture is cut to fit.",
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="focus, from the top",
                    ),
                ),
                ("width", models.PositiveIntegerField(editable=False, verbose_name="width in pixels")),
                ("height", models.PositiveIntegerField(editable=False, verbose_name="height in pixels")),
                ("whole_widths", models.JSONField(default=list, editable=False)),
                ("cover_widths", models.JSONField(default=list, editable=False)),
                ("cover_focus", models.CharField(blank=True, default="", editable=False, max_length=8)),
                ("sizes_due_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="added")),
                (
                    "slot",
                    models.CharField(
                        choices=[
                            ("portrait", "Portrait"),
                            ("hands", "Hands at work"),
                            ("table", "The table in a real room"),
                            ("car", "The car, boot open"),
                            ("owner", "The owner"),
                        ],
                        max_length=8,
                        verbose_name="what for",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="photos",
                        to="bookings.therapist",
                        verbose_name="therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "photo",
                "verbose_name_plural": "photos",
                "ordering": ["therapist", "slot"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("sizes_due_at__isnull", False)),
                        fields=["sizes_due_at"],
                        name="photo_sizes_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("slot", "therapist"), name="photo_one_a_slot_and_therapist"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("therapist", None)),
                        fields=("slot",),
                        name="photo_one_a_slot_of_the_site",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("slot__in", ["portrait", "hands"]), ("therapist__isnull", False)),
                            models.Q(("slot__in", ["table", "car", "owner"]), ("therapist__isnull", True)),
                            _connector="OR",
                        ),
                        name="photo_is_someones_or_the_sites",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("focal_x__lte", 100), ("focal_y__lte", 100)),
                        name="photo_focus_is_within",
                    ),
                ],
            },
        ),
        migrations.RunPython(give_photos_to_the_owner, migrations.RunPython.noop),
    ]
