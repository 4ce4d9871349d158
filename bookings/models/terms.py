"""The terms that clients agree to, in versions: cancellation, the late fee and its percent, consent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.models import HistoricalRecords

from massagerx.lib.in_force import NewestInForce


class TermsVersion(models.Model):
    """What a client agrees to when booking: the words, and the figures in them, by which the visit is changed and
    charged ever after. A version that is in force is never changed: add a new one."""

    class Base(models.TextChoices):
        """Of which price the late fee is a part."""

        TREATMENT = "session", _("The treatment, without extras, travel and evening fee")
        TOTAL = "total", _("The total")

    number = models.PositiveIntegerField(_("version"), unique=True)
    cancel_notice_hours = models.PositiveSmallIntegerField(
        _("moving and canceling are free until, hours before"),
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(336)],
    )
    late_fee_percent = models.PositiveSmallIntegerField(
        _("late fee, percent"),
        default=50,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "Named to a client who cancels or moves later than that, before they press. Staff decide whether "
            "it is charged. 0: there is no late fee."
        ),
    )
    late_fee_base = models.CharField(
        _("late fee, part of"), max_length=7, choices=Base.choices, default=Base.TREATMENT
    )
    wait_minutes = models.PositiveSmallIntegerField(
        _("the therapist waits at the door, minutes"),
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
    )
    cancellation = models.TextField(
        _("cancellation policy"),
        help_text=_(
            "Write {notice}, {fee} and {wait} where the figures above belong, such as: free until {notice} before; "
            "after that we may ask for {fee}; your therapist waits {wait}."
        ),
    )
    consent = models.TextField(_("what the client agrees to"))
    consent_for_other = models.TextField(
        _("what the client agrees to, for somebody else"),
        help_text=_(
            "In place of the text above when the visit is for another person: that they know about it and agree."
        ),
    )
    published_at = models.DateTimeField(_("in force from"))

    history = HistoricalRecords()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("terms")
        verbose_name_plural = _("terms")

    def __str__(self) -> str:
        return f"v{self.number}"

    def clean(self) -> None:
        """The text names each figure, and only as the fields above give it."""
        super().clean()
        named = set(_PLACE.findall(self.cancellation))
        known = set(self.figures())
        if unknown := named - known:
            words = _("There is no figure called {%(name)s}: write {notice}, {fee} or {wait}.")
            raise ValidationError({"cancellation": words % {"name": min(unknown)[:40]}})
        if missing := known - named:
            words = _("The text does not say {%(name)s}. Clients must read it before they agree.")
            raise ValidationError({"cancellation": words % {"name": min(missing)}})
        if own := _OWN_FIGURE.search(self.cancellation):
            words = _(
                "Write {notice}, {fee} or {wait} instead of “%(figure)s”, so that the two can’t disagree."
            )
            raise ValidationError({"cancellation": words % {"figure": own[0]}})

    def figures(self) -> dict[str, str]:
        """What stands in the text for each name in braces, in words."""
        hours, minutes, percent = self.cancel_notice_hours, self.wait_minutes, self.late_fee_percent
        fee = {
            self.Base.TREATMENT: _(
                "%(percent)d%% of the price of the session (not of extras, travel or an evening fee)"
            ),
            self.Base.TOTAL: _("%(percent)d%% of the total"),
        }[self.Base(self.late_fee_base)]
        return {
            "notice": ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours},
            "fee": str(fee) % {"percent": percent} if percent else str(_("no fee")),
            "wait": ngettext("%(minutes)d minute", "%(minutes)d minutes", minutes) % {"minutes": minutes},
        }

    @property
    def cancellation_words(self) -> str:
        """The cancellation policy as clients read it, with the figures in it."""
        figures = self.figures()
        return _PLACE.sub(lambda place: figures.get(place[1], place[0]), self.cancellation)

    def consent_words(self, *, for_other: bool) -> str:
        """What is agreed to, in the person of who agrees."""
        return self.consent_for_other if for_other else self.consent

    def free_until(self, starts_at: datetime) -> datetime:
        """The last moment at which a visit that starts then can be canceled or moved without a fee."""
        return starts_at - timedelta(hours=self.cancel_notice_hours)

    def late_fee_cents(self, *, treatment_cents: int, total_cents: int) -> int:
        """The late fee of a visit at these prices, all in cents, rounded down."""
        base = treatment_cents if self.late_fee_base == self.Base.TREATMENT else total_cents
        return base * self.late_fee_percent // 100

    @classmethod
    def in_force(cls, now: datetime) -> TermsVersion | None:
        """The newest version in force at `now`, or None when there is none."""
        return _TERMS.at(now)


_TERMS = NewestInForce(TermsVersion.objects.all)


_PLACE = re.compile(r"\{([^{}\n]{1,40})\}")
# A figure that the text would give beside those of the fields.
_OWN_FIGURE = re.compile(r"\d+\s?(?:%|percent|hours?|minutes?|days?)(?!\w)", re.IGNORECASE)
