"""The owner's wishes about messages: at which hour reminders leave, whom answers go to, the signature."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from massagerx.lib.singleton import SingletonModel


class MessageSettings(SingletonModel):
    """The one row of the owner's wishes about messages. Hours before the visit; 0 switches one off."""

    reply_to = models.EmailField(
        _("answers go to"), blank=True, help_text=_("Blank: to the business's email.")
    )
    signature = models.TextField(
        _("signature"),
        blank=True,
        max_length=400,
        help_text=_("The last lines of every message to a client."),
    )
    # The owner’s sentence in emails of a kind, by the kind: each has a field on the page, and a blank one is left out.
    own_words = models.JSONField(_("own words"), default=dict, blank=True, editable=False)
    first_reminder_hours = models.PositiveSmallIntegerField(
        _("first reminder, hours before"),
        default=48,
        validators=[MaxValueValidator(336)],
        help_text=_("0: no such reminder."),
    )
    last_reminder_hours = models.PositiveSmallIntegerField(
        _("last reminder, hours before"),
        default=3,
        validators=[MaxValueValidator(336)],
        help_text=_("0: no such reminder."),
    )
    recheck_hours = models.PositiveSmallIntegerField(
        _("health questions again, hours before"),
        default=24,
        validators=[MaxValueValidator(336)],
        help_text=_("0: they are not asked again."),
    )
    thanks_hours = models.PositiveSmallIntegerField(
        _("thank-you, hours after"),
        default=20,
        validators=[MaxValueValidator(336)],
        help_text=_("0: none is sent."),
    )
    review_days = models.PositiveSmallIntegerField(
        _("ask for a review, days after"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(30)],
        help_text=_(
            "Each client once, after their last visit, if they agreed to it when they booked. 0: nobody is asked."
        ),
    )

    second_thoughts_minutes = models.PositiveSmallIntegerField(
        _("what staff do is told after, minutes"),
        default=2,
        db_default=2,
        validators=[MaxValueValidator(60)],
        help_text=_(
            "Until then it can be undone, and no email was ever sent. At once where the visit is within three hours. "
            "0: always at once."
        ),
    )

    history = HistoricalRecords()

    class Meta(SingletonModel.Meta):
        verbose_name = _("message settings")
        verbose_name_plural = _("message settings")

    def __str__(self) -> str:
        return str(_("Message settings"))

    def clean(self) -> None:
        """The first reminder comes before the last one, when there are both."""
        first, last = self.first_reminder_hours, self.last_reminder_hours
        if first and last and first <= last:
            raise ValidationError(
                {
                    "first_reminder_hours": _(
                        "This must be more hours before the visit than the last reminder."
                    )
                }
            )
