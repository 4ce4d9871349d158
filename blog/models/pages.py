"""Pages, FAQ entries, testimonials and announcements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorField
from simple_history.models import HistoricalRecords

from blog.prose import POST_EXTENSIONS, clean_post_html
from massagerx.lib.html import PROSE_EXTENSIONS, clean_html, when_typed


class Page(models.Model):
    """The owner's words for one of the site's fixed pages."""

    class Slug(models.TextChoices):
        ABOUT = "about", _("About us")
        FAQ = "faq", _("Questions and answers")
        POLICIES = "policies", _("Policies")
        PRIVACY = "privacy", _("Privacy")
        CONTACT = "contact", _("Contact")

    #: What the law wants to be said.
    NEEDED = (Slug.POLICIES, Slug.PRIVACY)

    slug = models.CharField(_("page"), max_length=20, choices=Slug.choices, unique=True)
    title = models.CharField(_("title"), max_length=140)
    meta_description = models.CharField(
        _("description"), max_length=160, blank=True, help_text=_("One sentence, for search engines.")
    )
    body = ProseEditorField(
        _("text"), extensions=POST_EXTENSIONS, sanitize=when_typed(clean_post_html), blank=True
    )
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    history = HistoricalRecords(excluded_fields=["updated_at"], cascade_delete_history=True)

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
        """The page's public address."""
        return reverse(f"blog:{self.slug}")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Cleans the HTML: not every write comes from a form."""
        self.body = clean_post_html(self.body)
        super().save(*args, **kwargs)

    @classmethod
    def load(cls, slug: str) -> Page:
        """The saved page, or an unsaved one with a title and no text: the site's own links to it never break."""
        return cls.objects.filter(slug=slug).first() or cls(slug=slug, title=str(cls.Slug(slug).label))


class FaqEntryQuerySet(models.QuerySet["FaqEntry"]):
    def active(self) -> FaqEntryQuerySet:
        """Entries that are shown."""
        return self.filter(is_active=True)


class FaqEntry(models.Model):
    """One question of the FAQ with its answer."""

    question = models.CharField(_("question"), max_length=200, unique=True)
    answer = ProseEditorField(_("answer"), extensions=PROSE_EXTENSIONS, sanitize=when_typed(clean_html))
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Lower numbers come first.")
    )
    is_active = models.BooleanField(_("shown"), default=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = FaqEntryQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["updated_at"], cascade_delete_history=True)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("FAQ entry")
        verbose_name_plural = _("FAQ entries")

    def __str__(self) -> str:
        return self.question

    def clean(self) -> None:
        """Raises `ValidationError` without an answer."""
        if not self.answer:
            raise ValidationError({"answer": _("Write something first.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Cleans the HTML: not every write comes from a form."""
        self.answer = clean_html(self.answer)
        super().save(*args, **kwargs)


class TestimonialQuerySet(models.QuerySet["Testimonial"]):
    def shown(self) -> TestimonialQuerySet:
        """Those that readers may see: switched on, and the person agreed to it."""
        return self.filter(is_active=True, has_consent=True)


class Testimonial(models.Model):
    """A quote of a client, shown with their consent."""

    words = models.TextField(_("their words"), max_length=600)
    name = models.CharField(
        _("name"), max_length=60, help_text=_("As they want to be called: a first name or initials.")
    )
    place = models.CharField(
        _("place"), max_length=60, blank=True, help_text=_("A neighborhood or city, such as Los Feliz.")
    )
    has_consent = models.BooleanField(
        _("may we show it?"),
        help_text=_("Ask the person, and keep their answer. Without a yes it is never shown."),
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Lower numbers come first.")
    )
    is_active = models.BooleanField(_("shown"), default=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = TestimonialQuerySet.as_manager()
    # Who takes their words back means the earlier ones too.
    history = HistoricalRecords(excluded_fields=["updated_at"], cascade_delete_history=True)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("testimonial")
        verbose_name_plural = _("testimonials")

    def __str__(self) -> str:
        return f"{self.name}, {self.place}" if self.place else self.name


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def current(self, now: datetime) -> AnnouncementQuerySet:
        """Those to show at the aware instant `now`, the one that began last first."""
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), starts_at__lte=now)


class Announcement(models.Model):
    """A line above every page, for a while. Its time is half-open: from the start until just before the end."""

    text = models.CharField(
        _("text"), max_length=200, help_text=_("One or two short sentences, such as a holiday or a storm.")
    )
    link = models.CharField(
        _("link"),
        max_length=200,
        blank=True,
        help_text=_("A page of this site, such as /policies/, or a whole address beginning with https://."),
    )
    link_text = models.CharField(
        _("words of the link"), max_length=60, blank=True, help_text=_("Left empty: “Read more”.")
    )
    starts_at = models.DateTimeField(_("from"), help_text=_("Los Angeles time."))
    ends_at = models.DateTimeField(
        _("until"), null=True, blank=True, help_text=_("Left empty, it stays until you delete it.")
    )

    objects = AnnouncementQuerySet.as_manager()
    history = HistoricalRecords(cascade_delete_history=True)

    class Meta:
        ordering = ["-starts_at", "-pk"]
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="notice_ends_after_it_begins",
                violation_error_message=_("An announcement ends after it begins."),
            ),
        ]

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        """Raises `ValidationError` for a link outside `/…` and `https://…`, and for an end before the
        start."""
        is_page = self.link.startswith("/") and not self.link.startswith(("//", "/\\"))
        if self.link and not is_page and not self.link.startswith("https://"):
            raise ValidationError(
                {"link": _("Begin with / for a page of this site, or with https:// for another one.")}
            )
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("An announcement ends after it begins.")})
