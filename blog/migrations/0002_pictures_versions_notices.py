import re
from html import unescape

import blog.models.pictures
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


_TAG = re.compile(r"<[^>]*>")


def write_plain_bodies(apps, schema_editor):
    """The posts that are there can be searched at once. `updated_at` stays: no reader sees a change."""
    posts = apps.get_model("blog", "Post").objects
    for key, body in posts.values_list("pk", "body").iterator():
        posts.filter(pk=key).update(plain_body=" ".join(unescape(_TAG.sub(" ", body)).split()))


class Migration(migrations.Migration):
    dependencies = [
        ("blog", "0001_blog"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Testimonial",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("words", models.TextField(max_length=600, verbose_name="their words")),
                (
                    "name",
                    models.CharField(
                        help_text="As they want to be called: a first name or initials.",
                        max_length=60,
                        verbose_name="name",
                    ),
                ),
                (
                    "place",
                    models.CharField(
                        blank=True,
                        help_text="A neighborhood or city, such as Los Feliz.",
                        max_length=60,
                        verbose_name="place",
                    ),
                ),
                (
                    "has_consent",
                    models.BooleanField(
                        help_text="Ask the person, and keep their answer. Without a yes it is never shown.",
                        verbose_name="may we show it?",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Lower numbers come first.", verbose_name="position"
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="shown")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
            ],
            options={
                "verbose_name": "testimonial",
                "verbose_name_plural": "testimonials",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.AddField(
            model_name="post",
            name="plain_body",
            field=models.TextField(blank=True, default="", editable=False),
        ),
        migrations.AddField(
            model_name="post",
            name="share_name",
            field=models.CharField(blank=True, default="", editable=False, max_length=80),
        ),
        migrations.AddField(
            model_name="post",
            name="share_words",
            field=models.CharField(blank=True, default="", editable=False, max_length=300),
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "text",
                    models.CharField(
                        help_text="One or two short sentences, such as a holiday or a storm.",
                        max_length=200,
                        verbose_name="text",
                    ),
                ),
                (
                    "link",
                    models.CharField(
                        blank=True,
                        help_text="A page of this site, such as /policies/, or a whole address beginning with https://.",
                        max_length=200,
                        verbose_name="link",
                    ),
                ),
                (
                    "link_text",
                    models.CharField(
                        blank=True,
                        help_text="Left empty: “Read more”.",
                        max_length=60,
                        verbose_name="words of the link",
                    ),
                ),
                ("starts_at", models.DateTimeField(help_text="Los Angeles time.", verbose_name="from")),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Left empty, it stays until you delete it.",
                        null=True,
                        verbose_name="until",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "ordering": ["-starts_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                        ),
                        name="notice_ends_after_it_begins",
                        violation_error_message="A notice ends after it begins.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OldAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=140, unique=True, verbose_name="address")),
                (
                    "post",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="old_addresses",
                        to="blog.post",
                    ),
                ),
            ],
            options={
                "verbose_name": "old address",
                "verbose_name_plural": "old addresses",
            },
        ),
        migrations.CreateModel(
            name="Picture",
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
                        default=blog.models.pictures.new_token,
                        editable=False,
                        max_length=32,
                        unique=True,
                        verbose_name="name of the file",
                    ),
                ),
                (
                    "alt",
                    models.CharField(
                        blank=True,
                        help_text="Say it as you would on the phone. Read aloud to people who can't see the picture.",
                        max_length=200,
                        verbose_name="what it shows",
                    ),
                ),
                (
                    "is_decorative",
                    models.BooleanField(
                        default=False,
                        help_text="Tick this only if nothing is lost when the picture can't be seen.",
                        verbose_name="only decoration",
                    ),
                ),
                (
                    "credit",
                    models.CharField(
                        blank=True,
                        help_text="Who made it, if they want to be named.",
                        max_length=120,
                        verbose_name="credit",
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
            ],
            options={
                "verbose_name": "picture",
                "verbose_name_plural": "pictures",
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("sizes_due_at__isnull", False)),
                        fields=["sizes_due_at"],
                        name="picture_sizes_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_decorative", True), models.Q(("alt", ""), _negated=True), _connector="OR"
                        ),
                        name="picture_says_what_it_shows",
                        violation_error_message="Say what the picture shows, or tick that it is only decoration.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("focal_x__lte", 100), ("focal_y__lte", 100)),
                        name="picture_focus_is_within",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="post",
            name="cover",
            field=models.ForeignKey(
                blank=True,
                help_text="Shown above the post and in lists. Cut to a wide shape around its focus.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="covered_posts",
                to="blog.picture",
                verbose_name="cover",
            ),
        ),
        migrations.CreateModel(
            name="PostRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=140, verbose_name="title")),
                ("summary", models.CharField(blank=True, max_length=280, verbose_name="summary")),
                ("body", models.TextField(verbose_name="text")),
                ("saved_at", models.DateTimeField(verbose_name="saved")),
                (
                    "post",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="revisions", to="blog.post"
                    ),
                ),
                (
                    "saved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="saved by",
                    ),
                ),
            ],
            options={
                "verbose_name": "version",
                "verbose_name_plural": "versions",
                "ordering": ["-saved_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Video",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "url",
                    models.URLField(
                        help_text="Copy it from the browser, on the page of the video at YouTube or Vimeo.",
                        max_length=300,
                        verbose_name="address",
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        choices=[("youtube", "YouTube"), ("vimeo", "Vimeo")], editable=False, max_length=10
                    ),
                ),
                ("code", models.CharField(editable=False, max_length=40)),
                (
                    "title",
                    models.CharField(
                        help_text="What one will see. Shown on the picture, and read aloud.",
                        max_length=140,
                        verbose_name="title",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="added")),
                (
                    "poster",
                    models.ForeignKey(
                        blank=True,
                        help_text="Shown until someone presses. Left empty, a drawn one is shown.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="videos",
                        to="blog.picture",
                        verbose_name="picture",
                    ),
                ),
            ],
            options={
                "verbose_name": "video",
                "verbose_name_plural": "videos",
                "ordering": ["-created_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("provider", "code"), name="video_is_there_once")
                ],
            },
        ),
        migrations.RunPython(write_plain_bodies, migrations.RunPython.noop),
    ]
