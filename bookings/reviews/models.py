"""What a client was asked, and what they wrote."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Link
from massagerx.lib.encryption import EncryptedJSONField
from massagerx.lib.localtime import local

LONGEST_WORDS, LONGEST_ANSWER = 2000, 1000


class ReviewQuerySet(models.QuerySet["Review"]):
    def to_decide(self) -> ReviewQuerySet:
        """Those that their client lets us show, and of which nobody has decided."""
        return self.filter(state=Review.State.WRITTEN, may_publish=True)

    def published(self) -> ReviewQuerySet:
        """Those that everybody can read, the newest first."""
        return self.filter(state=Review.State.PUBLISHED).order_by("-written_at", "-pk")

    def with_visit(self) -> ReviewQuerySet:
        """With what is shown of the visit, and the words of the client still shut."""
        return self.select_related("booking__service", "booking__therapist").defer("words")

    def consented(self) -> ReviewQuerySet:
        """Those that their client lets us show, whatever became of them."""
        return self.filter(may_publish=True)


class Review(models.Model):
    """That a client was asked after this visit, and the review, once it is written. A row without one says that they
    were asked: nobody is asked twice, and what is withdrawn leaves such a row."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked")
        WRITTEN = "written", _("Written")
        PUBLISHED = "published", _("Shown")
        DECLINED = "declined", _("Declined")

    class Why(models.TextChoices):
        """Why one isn't shown. That it says little good of us is no reason."""

        OFFENSIVE = "offensive", _("It insults or threatens somebody")
        HEALTH = "health", _("It names a person’s health")
        NOT_ABOUT_US = "not_us", _("It isn’t about us")

    booking = models.OneToOneField(
        Booking, on_delete=models.CASCADE, related_name="review", verbose_name=_("visit")
    )
    link = models.OneToOneField(
        Link, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.ASKED)
    stars = models.PositiveSmallIntegerField(_("stars"), null=True, blank=True)
    words = EncryptedJSONField(_("words"), default=str)
    # The words that everybody can read: those of a review that is shown, as they were then.
    public_words = models.TextField(editable=False, blank=True)
    shown_as = models.CharField(_("shown as"), max_length=60, blank=True)
    may_publish = models.BooleanField(_("may be shown to everybody"), default=False)
    written_at = models.DateTimeField(_("written at"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    declined_for = models.CharField(_("why it isn’t shown"), max_length=9, choices=Why.choices, blank=True)
    # The owner's, for everybody to read beside it.
    answer = models.TextField(_("our answer"), blank=True, validators=[MaxLengthValidator(LONGEST_ANSWER)])
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="asked", stars=None, written_at=None, may_publish=False, shown_as="")
                & Q(public_words="")
                | Q(state="written", public_words="", stars__range=(1, 5), written_at__isnull=False)
                | Q(state="published", stars__range=(1, 5), may_publish=True, decided_at__isnull=False)
                | Q(
                    state="declined",
                    public_words="",
                    stars__range=(1, 5),
                    may_publish=True,
                    decided_at__isnull=False,
                )
                & ~Q(declined_for=""),
                name="review_fits_its_state",
            ),
        ]
        indexes = [
            models.Index(fields=["-written_at"], condition=Q(state="published"), name="review_shown"),
            models.Index(fields=["written_at"], condition=Q(state="written"), name="review_to_decide"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} · {local(self.asked_at):%Y-%m-%d}"
