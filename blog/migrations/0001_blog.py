from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("services", "0001_catalogue"),
    ]

    operations = [
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("question", models.CharField(max_length=200, unique=True, verbose_name="question")),
                ("answer", models.TextField(verbose_name="answer")),
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
                "verbose_name": "question",
                "verbose_name_plural": "questions",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
                ("slug", models.SlugField(max_length=60, unique=True, verbose_name="address")),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Page",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "slug",
                    models.CharField(
                        choices=[
                            ("about", "About us"),
                            ("faq", "Questions and answers"),
                            ("policies", "Policies"),
                            ("privacy", "Privacy"),
                            ("contact", "Contact"),
                        ],
                        max_length=20,
                        unique=True,
                        verbose_name="page",
                    ),
                ),
                ("title", models.CharField(max_length=140, verbose_name="title")),
                (
                    "meta_description",
                    models.CharField(
                        blank=True,
                        help_text="One sentence, for search engines.",
                        max_length=160,
                        verbose_name="description",
                    ),
                ),
                ("body", models.TextField(blank=True, verbose_name="text")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
            ],
            options={
                "verbose_name": "page",
                "verbose_name_plural": "pages",
                "ordering": ["slug"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("slug__in", ["about", "faq", "policies", "privacy", "contact"])),
                        name="page_slug_is_fixed",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=140, verbose_name="title")),
                (
                    "slug",
                    models.SlugField(
                        help_text="The last part of the post's web address. Keep it as it is once people link to it.",
                        max_length=140,
                        unique=True,
                        verbose_name="address",
                    ),
                ),
                (
                    "summary",
                    models.CharField(
                        blank=True,
                        help_text="One or two sentences, for lists and search engines. Left empty, the post's first words are used.",
                        max_length=280,
                        verbose_name="summary",
                    ),
                ),
                ("body", models.TextField(verbose_name="text")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("published", "Published")],
                        default="draft",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Los Angeles time. Empty means at once; a later time means that it appears by itself then.",
                        null=True,
                        verbose_name="publish on",
                    ),
                ),
                (
                    "author_name",
                    models.CharField(
                        blank=True,
                        help_text="Left empty, the name of the business is shown.",
                        max_length=80,
                        verbose_name="author",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                (
                    "pinned_posts",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Posts to offer at the end. Left empty, posts with the same tags are offered.",
                        related_name="pinned_by",
                        to="blog.post",
                        verbose_name="read next",
                    ),
                ),
                (
                    "services",
                    models.ManyToManyField(
                        blank=True,
                        related_name="posts",
                        to="services.service",
                        verbose_name="services it is about",
                    ),
                ),
                (
                    "tags",
                    models.ManyToManyField(
                        blank=True, related_name="posts", to="blog.tag", verbose_name="tags"
                    ),
                ),
            ],
            options={
                "verbose_name": "post",
                "verbose_name_plural": "posts",
                "ordering": ["-published_at", "-pk"],
                "indexes": [models.Index(fields=["status", "-published_at"], name="post_status_published")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "published"), _negated=True),
                            ("published_at__isnull", False),
                            _connector="OR",
                        ),
                        name="post_published_has_a_time",
                        violation_error_message="A published post needs the time when it appears.",
                    )
                ],
            },
        ),
    ]
