"""What we write: posts with their tags, the pages that the owner edits, and the questions of the FAQ."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorField

from massagerx.lib.html import PROSE_EXTENSIONS, clean_html, excerpt, without_controls
from services.models import Service

# Addresses under /blog/ that are not posts.
RESERVED_SLUGS = frozenset({"feed", "tag", "page", "search"})
# Beyond these a date is a typing mistake, and some are too far out to be shown in another zone.
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100


class TagQuerySet(models.QuerySet["Tag"]):
    def in_use(self, now: datetime) -> TagQuerySet:
        """Those of at least one post that readers can see at `now`."""
        return self.filter(posts__in=Post.objects.published(now)).distinct()


class Tag(models.Model):
    name = models.CharField(_("name"), max_length=60, unique=True)
    slug = models.SlugField(_("address"), max_length=60, unique=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("tag")
        verbose_name_plural = _("tags")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("blog:tag", args=[self.slug])


class PostQuerySet(models.QuerySet["Post"]):
    def published(self, now: datetime) -> PostQuerySet:
        """Those that readers can see at the aware instant `now`, newest first: scheduled posts from their minute on."""
        return self.filter(status=Post.Status.PUBLISHED, published_at__lte=now)

    def tagged(self, tag: Tag) -> PostQuerySet:
        return self.filter(tags=tag)

    def before(self, post: Post) -> PostQuerySet:
        """Those older than `post`, newest first."""
        return self.filter(
            Q(published_at__lt=post.published_at) | Q(published_at=post.published_at, pk__lt=post.pk)
        )

    def pinned_by(self, post: Post) -> PostQuerySet:
        """Those that the writer chose to follow `post`."""
        return self.filter(pinned_by=post).exclude(pk=post.pk)

    def sharing_tags_with(self, post: Post) -> PostQuerySet:
        """Those with a tag of `post`, the most tags in common first."""
        sharing = self.filter(tags__in=post.tags.all()).exclude(pk=post.pk)
        return sharing.annotate(shared_tags=Count("pk")).order_by("-shared_tags", "-published_at", "-pk")

    def after(self, post: Post) -> PostQuerySet:
        """Those newer than `post`, oldest first."""
        newer = self.filter(
            Q(published_at__gt=post.published_at) | Q(published_at=post.published_at, pk__gt=post.pk)
        )
        return newer.order_by("published_at", "pk")


class Post(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")

    title = models.CharField(_("title"), max_length=140)
    slug = models.SlugField(
        _("address"),
        max_length=140,
        unique=True,
        help_text=_("The last part of the post's web address. Keep it as it is once people link to it."),
    )
    summary = models.CharField(
        _("summary"),
        max_length=280,
        blank=True,
        help_text=_(
            "One or two sentences, for lists and search engines. Left empty, the post's first words are used."
        ),
    )
    body = ProseEditorField(_("text"), extensions=PROSE_EXTENSIONS, sanitize=clean_html)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.DRAFT)
    published_at = models.DateTimeField(
        _("publish on"),
        null=True,
        blank=True,
        help_text=_(
            "Los Angeles time. Empty means at once; a later time means that it appears by itself then."
        ),
    )
    author_name = models.CharField(
        _("author"), max_length=80, blank=True, help_text=_("Left empty, the name of the business is shown.")
    )
    tags = models.ManyToManyField(Tag, related_name="posts", blank=True, verbose_name=_("tags"))
    pinned_posts = models.ManyToManyField(
        "self",
        symmetrical=False,
        related_name="pinned_by",
        blank=True,
        verbose_name=_("read next"),
        help_text=_("Posts to offer at the end. Left empty, posts with the same tags are offered."),
    )
    services = models.ManyToManyField(
        Service, related_name="posts", blank=True, verbose_name=_("services it is about")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        indexes = [models.Index(fields=["status", "-published_at"], name="post_status_published")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="published") | Q(published_at__isnull=False),
                name="post_published_has_a_time",
                violation_error_message=_("A published post needs the time when it appears."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("blog:detail", args=[self.slug])

    def clean(self) -> None:
        if self.slug in RESERVED_SLUGS:
            raise ValidationError({"slug": _("This address is used by the site itself. Choose another one.")})
        if not self.body:
            raise ValidationError({"body": _("Write something first.")})
        if self.published_at and not EARLIEST_YEAR <= self.published_at.year < LATEST_YEAR:
            raise ValidationError({"published_at": _("Check the year.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Also for what does not come through a form: nothing else stands between this text and a reader's browser.
        self.body = clean_html(self.body)
        self.title = without_controls(self.title)
        self.summary = without_controls(self.summary)
        super().save(*args, **kwargs)

    def publish(self, *, now: datetime) -> None:
        """Shows the post to readers from the aware instant `now` on, also one that was scheduled for later.

        A post that was out before keeps its first date.
        """
        self.status = self.Status.PUBLISHED
        if self.published_at is None or self.published_at > now:
            self.published_at = now
        self.save(update_fields=["status", "published_at", "updated_at"])

    def unpublish(self) -> None:
        """Takes the post off the site and keeps it as a draft."""
        self.status = self.Status.DRAFT
        self.save(update_fields=["status", "updated_at"])

    def is_visible(self, now: datetime) -> bool:
        """Whether readers can see it at the aware instant `now`."""
        return (
            self.status == self.Status.PUBLISHED
            and self.published_at is not None
            and self.published_at <= now
        )

    @property
    def lead(self) -> str:
        """What stands for the post in lists: its summary, else its first words, as plain text."""
        return self.summary or excerpt(self.body)

    @property
    def changed_at(self) -> datetime:
        """When what readers see last changed: a post written ahead of time is new when it appears."""
        return max(self.updated_at, self.published_at) if self.published_at else self.updated_at


class Page(models.Model):
    """The owner's words for one of the site's fixed pages."""

    class Slug(models.TextChoices):
        ABOUT = "about", _("About us")
        FAQ = "faq", _("Questions and answers")
        POLICIES = "policies", _("Policies")
        PRIVACY = "privacy", _("Privacy")
        CONTACT = "contact", _("Contact")

    slug = models.CharField(_("page"), max_length=20, choices=Slug.choices, unique=True)
    title = models.CharField(_("title"), max_length=140)
    meta_description = models.CharField(
        _("description"), max_length=160, blank=True, help_text=_("One sentence, for search engines.")
    )
    body = ProseEditorField(_("text"), extensions=PROSE_EXTENSIONS, sanitize=clean_html, blank=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        constraints = [
            models.CheckConstraint(
                condition=Q(slug__in=["about", "faq", "policies", "privacy", "contact"]),
                name="page_slug_is_fixed",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse(f"blog:{self.slug}")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.body = clean_html(self.body)
        super().save(*args, **kwargs)

    @classmethod
    def load(cls, slug: str) -> Page:
        """The saved page, or an unsaved one with a title and no text: the site's own links to it never break."""
        return cls.objects.filter(slug=slug).first() or cls(slug=slug, title=str(cls.Slug(slug).label))


class QuestionQuerySet(models.QuerySet["Question"]):
    def active(self) -> QuestionQuerySet:
        return self.filter(is_active=True)


class Question(models.Model):
    """One question of the FAQ with its answer."""

    question = models.CharField(_("question"), max_length=200, unique=True)
    answer = ProseEditorField(_("answer"), extensions=PROSE_EXTENSIONS, sanitize=clean_html)
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Lower numbers come first.")
    )
    is_active = models.BooleanField(_("shown"), default=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("question")
        verbose_name_plural = _("questions")

    def __str__(self) -> str:
        return self.question

    def clean(self) -> None:
        if not self.answer:
            raise ValidationError({"answer": _("Write something first.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.answer = clean_html(self.answer)
        super().save(*args, **kwargs)
