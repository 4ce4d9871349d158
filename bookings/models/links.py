"""Links and codes that open something without a password. What is stored opens nothing."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import LinkPurpose
from massagerx.lib.instances import made_quickly

from .booking import Booking
from .enquiries import BookletRequest
from .people import Therapist


class LinkQuerySet(models.QuerySet["Link"]):
    def live(self, now: datetime) -> LinkQuerySet:
        """Those that still open what they are for."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now)).unrevoked(now)

    def unrevoked(self, now: datetime) -> LinkQuerySet:
        """Those that nobody has taken back, nor the email with the next one replaced: until it has left, they work."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=now))


@made_quickly
class Link(models.Model):
    """One link or code, for one purpose.

    The token itself is made from `nonce` and a key that is not in the database (`massagerx.lib.tokens`), when an
    email or a page needs it; `digest` finds the row when somebody comes with the token. So a copy of the database
    opens nothing.
    """

    purpose = models.CharField(max_length=10, choices=LinkPurpose.choices)
    nonce = models.CharField(max_length=43, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    booking = models.ForeignKey(
        Booking, on_delete=models.CASCADE, related_name="links", null=True, blank=True
    )
    therapist = models.ForeignKey(
        Therapist, on_delete=models.CASCADE, related_name="links", null=True, blank=True
    )
    booklet_request = models.ForeignKey(
        BookletRequest, on_delete=models.CASCADE, related_name="links", null=True, blank=True
    )
    # Of a link with which a member of staff sets their password or a second factor up.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    # Of a link or a code that was sent by itself: to whom.
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Of a code: how often a wrong one was typed.
    misses = models.PositiveSmallIntegerField(default=0)

    objects = LinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        indexes = [models.Index(fields=["expires_at"], name="link_by_expiry")]
        constraints = [
            models.UniqueConstraint(
                fields=["therapist"],
                condition=Q(purpose=LinkPurpose.FEED, revoked_at=None),
                name="link_one_live_feed",
            ),
            models.UniqueConstraint(
                fields=["booking"],
                condition=Q(purpose=LinkPurpose.VISIT, revoked_at=None),
                name="link_one_live_per_visit",
            ),
            models.CheckConstraint(
                condition=(
                    Q(purpose=LinkPurpose.VISIT, booking__isnull=False, expires_at__isnull=False)
                    | Q(purpose=LinkPurpose.FEED, therapist__isnull=False)
                    | Q(purpose=LinkPurpose.OFFICE)
                    | Q(
                        purpose__in=[LinkPurpose.PROGRAM, LinkPurpose.REVIEW, LinkPurpose.CONSENT],
                        booking__isnull=False,
                        expires_at__isnull=False,
                    )
                    | Q(purpose=LinkPurpose.BOOKLET, booklet_request__isnull=False, expires_at__isnull=False)
                    | Q(
                        purpose__in=[LinkPurpose.PASSWORD, LinkPurpose.FACTOR],
                        user__isnull=False,
                        expires_at__isnull=False,
                    )
                    & ~Q(email="")
                    | (
                        Q(
                            purpose__in=[LinkPurpose.SIGN_IN, LinkPurpose.CODE, LinkPurpose.REFERRAL],
                            expires_at__isnull=False,
                        )
                        & ~Q(email="")
                    )
                ),
                name="link_fits_its_purpose",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} · {self.pk}"
