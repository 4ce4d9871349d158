"""Posts, their tags and the addresses they had."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Any, Self

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorField
from simple_history.models import HistoricalRecords

from blog.prose import POST_EXTENSIONS, clean_post_html
from massagerx.lib.html import excerpt, plain_text, when_typed, without_controls
from services.models import Service

from .pictures import Picture

# Addresses under /blog/ that are not posts.
RESERVED_SLUGS = frozenset({"feed", "tag", "page", "preview", "search"})
# Beyond these a date is a typing mistake, and some are too far out to be shown in another zone.
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
# What grown-ups read of plain prose in a minute; studies give 200 to 260.
WORDS_A_MINUTE = 220
_SEARCHED_LETTERS, _SEARCHED_WORDS = 100, 8


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
        """The list of the tag's posts."""
        return reverse("blog:tag", args=[self.slug])


class PostQuerySet(models.QuerySet["Post"]):
    def published(self, now: datetime) -> PostQuerySet:
        """Those that readers can see at the aware instant `now`, newest first: scheduled posts from their minute on."""
        visible = self.filter(status=Post.Status.PUBLISHED, published_at__lte=now)
        return visible.select_related("cover__dark")

    def searched(self, query: str) -> PostQuerySet:
        """Those with the words of `query`, best first: by their stems on PostgreSQL, else by their letters.

        Only the first 100 letters and 8 words count. Nothing to look for finds nothing.
        """
        words = without_controls(query)[:_SEARCHED_LETTERS].split()[:_SEARCHED_WORDS]
        if not words:
            return self.none()
        if connection.vendor == "postgresql":
            vector = (
                SearchVector("title", weight="A", config="english")
                + SearchVector("summary", weight="B", config="english")
                + SearchVector("plain_body", weight="C", config="english")
            )
            sought = SearchQuery(" ".join(words), search_type="websearch", config="english")
            found = self.annotate(vector=vector).filter(vector=sought)
            return found.annotate(rank=SearchRank(vector, sought)).order_by("-rank", "-published_at", "-pk")
        each = Q()
        for word in words:
            each &= Q(title__icontains=word) | Q(summary__icontains=word) | Q(plain_body__icontains=word)
        return self.filter(each)

    def tagged(self, tag: Tag) -> PostQuerySet:
        """Posts with this tag."""
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
    body = ProseEditorField(_("text"), extensions=POST_EXTENSIONS, sanitize=when_typed(clean_post_html))
    # The words alone, to search in and to count; written with the text.
    plain_body = models.TextField(editable=False, default="", blank=True)
    cover = models.ForeignKey(
        Picture,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="covered_posts",
        verbose_name=_("cover"),
        help_text=_("Shown above the post and in lists. Cut to a wide shape around its focus."),
    )
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
    # The picture that links to the post are shown with, and the words that were drawn into it.
    share_name = models.CharField(max_length=80, default="", blank=True, editable=False)
    share_words = models.CharField(max_length=300, default="", blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = PostQuerySet.as_manager()
    # What is made of the words, or changes with any save, is no part of it. It goes when the post goes.
    history = HistoricalRecords(
        excluded_fields=["plain_body", "share_name", "share_words", "created_at", "updated_at"],
        cascade_delete_history=True,
    )

    # The address that the database has, once read from it.
    _stored_slug: str | None = None

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

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Remembers the stored slug, to keep it as an old address when it changes."""
        post = super().from_db(*args, **kwargs)
        post._stored_slug = post.__dict__.get("slug")
        return post

    def get_absolute_url(self) -> str:
        """The post's public address."""
        return reverse("blog:detail", args=[self.slug])

    def clean(self) -> None:
        """Raises `ValidationError` for a reserved slug, an empty body or an unlikely year."""
        if self.slug in RESERVED_SLUGS:
            raise ValidationError({"slug": _("This address is used by the site itself. Choose another one.")})
        if not self.body:
            raise ValidationError({"body": _("Write something first.")})
        if self.published_at and not EARLIEST_YEAR <= self.published_at.year < LATEST_YEAR:
            raise ValidationError({"published_at": _("Check the year.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Cleans the HTML, fills in the searched text, and keeps the old address of a changed slug."""
        # Also for what does not come through a form: nothing else stands between this text and a reader's browser.
        self.body = clean_post_html(self.body)
        self.plain_body = plain_text(self.body)
        self.title = without_controls(self.title)
        self.summary = without_controls(self.summary)
        fields = kwargs.get("update_fields")
        with transaction.atomic():
            super().save(*args, **kwargs)
            if fields is None or "slug" in fields:
                self._keep_old_address()

    def _keep_old_address(self) -> None:
        """Leads readers on from the address that the post had; one that nobody could have seen is not kept."""
        old, self._stored_slug = self._stored_slug, self.slug
        if not old or old == self.slug:
            return
        OldAddress.objects.filter(slug=self.slug).delete()
        if self.published_at is not None:
            OldAddress.objects.update_or_create(slug=old, defaults={"post": self})

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
    def reading_minutes(self) -> int:
        """How long it takes to read, in whole minutes, at least one."""
        return max(1, ceil(len(self.plain_body.split()) / WORDS_A_MINUTE))

    @property
    def share_url(self) -> str | None:
        """Where the picture drawn for links to this post is served; None until there is one."""
        return default_storage.url(self.share_name) if self.share_name else None

    @property
    def changed_at(self) -> datetime:
        """When what readers see last changed: a post written ahead of time is new when it appears."""
        return max(self.updated_at, self.published_at) if self.published_at else self.updated_at


class OldAddress(models.Model):
    """An address that a post had: it leads to the one it has now."""

    slug = models.SlugField(_("address"), max_length=140, unique=True)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="old_addresses")

    class Meta:
        verbose_name = _("old address")
        verbose_name_plural = _("old addresses")

    def __str__(self) -> str:
        return self.slug
