"""The owner's pictures of exercises."""

import django.core.validators
import django.db.models.deletion
import massagerx.lib.stored_picture
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("program", "0004_course"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExercisePicture",
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
                    "title",
                    models.CharField(
                        help_text="Read aloud to people who can’t see the picture.",
                        max_length=120,
                        verbose_name="what it shows",
                    ),
                ),
            ],
            options={
                "verbose_name": "picture of an exercise",
                "verbose_name_plural": "pictures of exercises",
                "ordering": ["title", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("sizes_due_at__isnull", False)),
                        fields=["sizes_due_at"],
                        name="exercisepicture_sizes_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("focal_x__lte", 100), ("focal_y__lte", 100)),
                        name="exercisepicture_focus_is_within",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="exercise",
            name="picture",
            field=models.ForeignKey(
                blank=True,
                help_text="Your own, in addition to the drawing.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="program.exercisepicture",
                verbose_name="picture",
            ),
        ),
        migrations.AddField(
            model_name="historicalexercise",
            name="picture",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                help_text="Your own, in addition to the drawing.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="program.exercisepicture",
                verbose_name="picture",
            ),
        ),
        migrations.AddField(
            model_name="programexercise",
            name="picture",
            field=models.ForeignKey(
                blank=True,
                help_text="Your own, in addition to the drawing.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="program.exercisepicture",
                verbose_name="picture",
            ),
        ),
    ]
