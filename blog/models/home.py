"""The blocks of the home page: their order, whether they are shown, and the owner's words for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.models import HistoricalRecords


@dataclass(frozen=True, slots=True)
class Words:
    """The site's own words for a block, in the reader's language. Without `text` or `lines` the block has no such."""

    title: Any
    text: Any = ""
    lines: tuple[Any, ...] = ()


class HomeBlock(models.Model):
    """The owner's words and place for one block. What is empty here is said in the site's own words, and a block
    without a row stands where it usually does."""

    class Slug(models.TextChoices):
        """In their usual order."""

        HERO = "hero", _("First screen")
        THERAPISTS = "therapists", _("Who comes")
        SERVICES = "services", _("Services")
        SURGERY = "surgery", _("After surgery")
        VISIT = "visit", _("A visit by the minute")
        PROMISES = "promises", _("Promises")
        REVIEWS = "reviews", _("What clients say")
        PROGRAM = "program", _("Training program")
        AREA = "area", _("Where we drive")
        QUESTIONS = "questions", _("Questions")
        POSTS = "posts", _("From the blog")
        CLOSING = "closing", _("The last word")

    slug = models.CharField(_("block"), max_length=10, choices=Slug.choices, unique=True)
    title = models.CharField(_("title"), max_length=80, blank=True)
    text = models.TextField(_("text"), max_length=300, blank=True)
    lines = models.TextField(_("lines"), max_length=600, blank=True)
    position = models.PositiveSmallIntegerField(
        _("position"),
        null=True,
        blank=True,
        help_text=_("Lower numbers come first. Empty: its usual place, in steps of ten."),
    )
    is_active = models.BooleanField(_("shown"), default=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    history = HistoricalRecords(excluded_fields=["updated_at"], cascade_delete_history=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("block of the home page")
        verbose_name_plural = _("blocks of the home page")
        constraints = [
            models.CheckConstraint(condition=~Q(slug="hero", is_active=False), name="home_begins_with_hero"),
        ]

    def __str__(self) -> str:
        return self.get_slug_display()

    def clean(self) -> None:
        """Raises `ValidationError` where the first screen would be hidden or not be first, and for a number of lines
        that the block has no room for."""
        if self.slug == self.Slug.HERO and (not self.is_active or self.position):
            raise ValidationError(_("The first screen is always shown, and always first."))
        wanted, given = len(self.own.lines), len(self._typed_lines)
        if given not in (0, wanted):
            words = ngettext(
                "Write exactly %(count)d line, or leave all empty.",
                "Write exactly %(count)d lines, or leave all empty.",
                wanted,
            )
            raise ValidationError({"lines": words % {"count": wanted}})

    @property
    def template(self) -> str:
        """What draws the block."""
        return f"home/{self.slug}.html"

    @property
    def own(self) -> Words:
        """The site's own words."""
        return _OWN[self.Slug(self.slug)]

    @property
    def said_title(self) -> str:
        """The title as readers see it."""
        return self.title or str(self.own.title)

    @property
    def said_text(self) -> str:
        """The text as readers see it."""
        return self.text or str(self.own.text)

    @property
    def said_lines(self) -> list[str]:
        """The lines as readers see them."""
        return self._typed_lines or [str(line) for line in self.own.lines]

    @property
    def parted_lines(self) -> list[tuple[str, str]]:
        """The lines, each with what stands before its first colon apart; that is empty where there is none."""
        parted = (line.partition(": ") for line in self.said_lines)
        return [(first, rest) if colon else ("", first) for first, colon, rest in parted]

    @property
    def _typed_lines(self) -> list[str]:
        return [line.strip() for line in self.lines.splitlines() if line.strip()]

    @classmethod
    def named(cls, slug: str) -> HomeBlock:
        """The block of that name, with the site's words where the owner has none."""
        return cls.objects.filter(slug=slug).first() or cls(slug=slug)

    @classmethod
    def in_order(cls) -> list[HomeBlock]:
        """The blocks that are shown, the first screen first."""
        rows = {row.slug: row for row in cls.objects.all()}
        blocks = [rows.get(slug) or cls(slug=slug) for slug in cls.Slug.values]
        usual = {slug: 10 * number for number, slug in enumerate(cls.Slug.values)}
        shown = [block for block in blocks if block.is_active]
        return sorted(shown, key=lambda b: usual[b.slug] if b.position is None else max(b.position, 1))


_OWN = {
    HomeBlock.Slug.HERO: Words(
        _("Stay home. We come to you."),
        _(
            "Lymphatic drainage after surgery, posture training, and massage, by a therapist whose name you know "
            "before you book."
        ),
    ),
    HomeBlock.Slug.THERAPISTS: Words(_("Who comes to your door")),
    HomeBlock.Slug.SERVICES: Words(_("What brings you?")),
    HomeBlock.Slug.SURGERY: Words(
        _("Just out of surgery?"),
        lines=(
            _("Book a time now."),
            _("Your surgeon’s office gives you a short note. We tell you how to hand it in."),
            _("Then we come, as often as you plan."),
        ),
    ),
    HomeBlock.Slug.VISIT: Words(
        _("A visit, minute by minute"),
        _("You clear a space of about 7 by 10 feet."),
        (
            _("We ring. Table, linens and oil come along."),
            _("Your session. You say how firm, and where."),
            _("You rest. We pack up quietly."),
            _("We are gone. The sofa is right there."),
        ),
    ),
    HomeBlock.Slug.PROMISES: Words(
        _("You know who is coming, and what it costs"),
        lines=(
            _("One full price: Session, travel and any evening fee are one total. You pay nothing online."),
            _("A name and a number: Each therapist’s certificate can be looked up."),
            _("Questions before hands: If massage may not be right for you now, we say so."),
            _("Your answers stay private: Health answers are encrypted, and each look is written down."),
        ),
    ),
    HomeBlock.Slug.REVIEWS: Words(_("What clients say")),
    HomeBlock.Slug.PROGRAM: Words(
        _("A program of your own"),
        _("Exercises for your sport and your problem areas, made for you at a visit."),
        (
            _("A visit: We look at how you stand and move, and at what you train for."),
            _("At home: Your exercises stand on a page of your own, a few each day, one at a time."),
            _("The next visit: We look at how it went, and change what doesn’t fit."),
        ),
    ),
    HomeBlock.Slug.AREA: Words(
        _("Where we drive"),
        _("The drive to you, and the drive after you, are counted before a time is offered."),
    ),
    HomeBlock.Slug.QUESTIONS: Words(_("Good questions")),
    HomeBlock.Slug.POSTS: Words(_("From the blog")),
    HomeBlock.Slug.CLOSING: Words(
        _("Ready when you are"),
        _(
            "Choose a service, tell us your ZIP code, and see every time we can be at your door. It takes about five "
            "minutes, and you pay nothing now."
        ),
    ),
}
