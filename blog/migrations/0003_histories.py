from datetime import UTC, datetime

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

WORDS = ("title", "summary", "body")


def begin_histories(apps, schema_editor):
    """The words that are there become the first entries, so that the first change shows what was; of posts also the
    versions that were kept until now."""
    now = datetime.now(UTC)
    for name in ("Notice", "Page", "Post", "Question", "Testimonial"):
        model, history = apps.get_model("blog", name), apps.get_model("blog", f"Historical{name}")
        own = {field.attname for field in history._meta.concrete_fields}
        fields = [field.attname for field in model._meta.concrete_fields if field.attname in own]
        entries = []
        for row in model.objects.order_by("pk").iterator():
            today = {field: getattr(row, field) for field in fields}
            if name == "Post":
                entries += _versions(history, row, today)
            else:
                entries.append(history(history_type="+", history_date=now, **today))
        history.objects.bulk_create(entries, batch_size=200)


def _versions(history, post, today):
    """The kept versions of a post, oldest first, and what it says today if no version does. Of the past only the words
    are known; the rest is as it is today."""
    entries = []
    for old in post.revisions.order_by("saved_at", "pk"):
        words = {name: getattr(old, name) for name in WORDS}
        entry = history(history_type="~", history_date=old.saved_at, history_user_id=old.saved_by_id)
        for field, value in {**today, **words}.items():
            setattr(entry, field, value)
        entries.append(entry)
    if not entries or any(getattr(entries[-1], name) != today[name] for name in WORDS):
        entries.append(history(history_type="~", history_date=post.updated_at, **today))
    entries[0].history_type = "+"
    return entries


class Migration(migrations.Migration):
    dependencies = [
        ("blog", "0002_pictures_versions_notices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalNotice",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
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
                "verbose_name": "historical notice",
                "verbose_name_plural": "historical notices",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalPage",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
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
                        db_index=True,
                        max_length=20,
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
                "verbose_name": "historical page",
                "verbose_name_plural": "historical pages",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalPost",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                ("title", models.CharField(max_length=140, verbose_name="title")),
                (
                    "slug",
                    models.SlugField(
                        help_text="The last part of the post's web address. Keep it as it is once people link to it.",
                        max_length=140,
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
                    "cover",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Shown above the post and in lists. Cut to a wide shape around its focus.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="blog.picture",
                        verbose_name="cover",
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
                "verbose_name": "historical post",
                "verbose_name_plural": "historical posts",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalQuestion",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                ("question", models.CharField(db_index=True, max_length=200, verbose_name="question")),
                ("answer", models.TextField(verbose_name="answer")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Lower numbers come first.", verbose_name="position"
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="shown")),
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
                "verbose_name": "historical question",
                "verbose_name_plural": "historical questions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTestimonial",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
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
                "verbose_name": "historical testimonial",
                "verbose_name_plural": "historical testimonials",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.RunPython(begin_histories, migrations.RunPython.noop),
    ]
