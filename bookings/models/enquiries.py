"""Enquiries without a booking: messages, and requests for the booklet."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from massagerx.lib.encryption import EncryptedJSONField
from massagerx.lib.singleton import SingletonModel


class ContactMessage(models.Model):
    """A message from the contact page, or from who wants to be called and gave no email. What it says, and our answer,
    are encrypted: people write of their health."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("email"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    body = EncryptedJSONField(_("message"))
    answer = EncryptedJSONField(_("answer"), null=True, blank=True)
    written_at = models.DateTimeField(_("written at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by"),
    )
    # The form's own key: pressed twice, it is one message.
    submission_key = models.UUIDField(unique=True, editable=False)

    class Meta:
        ordering = ["-written_at", "-pk"]
        verbose_name = _("message from the site")
        verbose_name_plural = _("messages from the site")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(email="", phone=""), name="contactmessage_can_be_answered"
            ),
        ]
        indexes = [models.Index(fields=["-written_at", "-id"], name="contact_newest_first")]

    def __str__(self) -> str:
        return self.name


class BookletRequest(models.Model):
    """Somebody who asked for the booklet. Following up needs a consent of its own."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("email"))
    may_follow_up = models.BooleanField(_("may be written to later"), default=False)
    asked_at = models.DateTimeField(_("asked at"))
    submission_key = models.UUIDField(unique=True, editable=False)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("booklet request")
        verbose_name_plural = _("booklet requests")

    def __str__(self) -> str:
        return self.name


class Booklet(SingletonModel):
    """The one booklet, as the owner uploaded it or as it was made of the owner's words. Small enough to live in the
    database, and so in its backups."""

    # "" for a file that was uploaded.
    words = models.TextField(_("words"), max_length=20_000, blank=True, default="", db_default="")
    # What stands at the foot of each page of one that was made of words.
    foot = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    file_name = models.CharField(_("file name"), max_length=120)
    content = models.BinaryField()
    uploaded_at = models.DateTimeField(_("uploaded at"))
    is_sample = models.BooleanField(_("sample"), default=False)

    class Meta(SingletonModel.Meta):
        verbose_name = _("booklet")
        verbose_name_plural = _("booklet")

    def __str__(self) -> str:
        return self.file_name
