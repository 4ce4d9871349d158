"""Safe at the door: whether a therapist who went in has come out again, and who looks after it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import BookingStatus, DoorRule

from .booking import Booking
from .people import Therapist

# A visit that was called off is called off; who is there may be there still.
AT_A_DOOR = (BookingStatus.CONFIRMED, BookingStatus.CANCELED)
# What the page asks for on which somebody says that they look after it.
TAKES_ALERTS = "bookings.change_booking"


class CheckInQuerySet(models.QuerySet["CheckIn"]):
    """What the visit's own operations write, each within the transaction that is open."""

    def begin(self, booking: Booking, *, at: datetime) -> None:
        """Somebody has arrived, and is at no other door any more. What is kept of an earlier arrival, before a move or
        an undo, begins anew, unless people are alerted still."""
        others = self.filter(booking__therapist=booking.therapist_id).exclude(booking=booking)
        others.filter(ended_at=None, help_at=None, opened_at__lt=at).update(ended_at=at)
        alarms = self.filter(booking=booking, ended_at=None, alarm_at__isnull=False)
        if not alarms.update(opened_at=at):
            self.update_or_create(
                booking=booking,
                defaults={
                    **dict.fromkeys(("asked_at", "answered_at", "help_at", "alarm_at", "last_turn_at")),
                    **dict.fromkeys(("taken_at", "taken_by", "ended_at", "ended_by")),
                    "opened_at": at,
                },
            )

    def take_back(self, booking: Booking, *, at: datetime) -> None:
        """Nobody has arrived at that instant after all. Where something was said or asked meanwhile, nothing is taken
        back."""
        if self.filter(booking=booking, asked_at=None, answered_at=None).delete()[0]:
            others = self.filter(booking__therapist=booking.therapist_id, booking__status__in=AT_A_DOOR)
            others.filter(ended_at=at, answered_at=None).update(ended_at=None)

    def end_with_visit(self, booking: Booking, *, at: datetime) -> None:
        """Somebody said how the visit ended. That doesn't end a call for help."""
        self.filter(booking=booking, ended_at=None, help_at=None).update(ended_at=at)

    def go_on(self, booking: Booking) -> None:
        """It has not ended after all, unless a PIN, a person or an arrival at another door said so."""
        later = self.filter(booking__therapist=booking.therapist_id, opened_at__gt=OuterRef("opened_at"))
        rows = self.filter(~Exists(later), booking=booking, answered_at=None, ended_by=None)
        rows.update(ended_at=None)


class CheckIn(models.Model):
    """Begun by *arrived*, ended by how the visit ended, by the therapist's PIN, or by whoever looks after it. There is
    no position in it.

    `alarm_at` is since when the people on the owner's list are alerted, in turn: nobody answered in time, or the PIN
    that calls for help was entered (`help_at`), which only a person ends. `turns` counts the alerts.
    """

    booking = models.OneToOneField(Booking, on_delete=models.CASCADE, related_name="check_in")
    opened_at = models.DateTimeField(_("arrived at"))
    asked_at = models.DateTimeField(_("therapist asked at"), null=True, blank=True)
    # When a PIN was last entered that was right, whichever of the two.
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    help_at = models.DateTimeField(_("called for help at"), null=True, blank=True)
    alarm_at = models.DateTimeField(_("alarm since"), null=True, blank=True)
    turns = models.PositiveSmallIntegerField(_("alerts"), default=0)
    last_turn_at = models.DateTimeField(_("last alert at"), null=True, blank=True)
    taken_at = models.DateTimeField(_("taken at"), null=True, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("looked after by"),
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # Who said on the desk's page that it is over.
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("ended by"),
    )
    wrong_pins = models.PositiveSmallIntegerField(default=0)
    wrong_pin_at = models.DateTimeField(null=True, blank=True)

    objects = CheckInQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        verbose_name = _("check-in at a door")
        verbose_name_plural = _("check-ins at doors")
        indexes = [models.Index(fields=["opened_at"], condition=Q(ended_at=None), name="checkin_open")]
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_at=None, taken_by=None) | Q(taken_at__isnull=False, taken_by__isnull=False),
                name="checkin_taken_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(help_at=None) | Q(alarm_at__isnull=False), name="checkin_help_is_an_alarm"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opened_at:%Y-%m-%d %H:%M} UTC"

    @property
    def is_alarm(self) -> bool:
        """Whether people are to be alerted: nobody looks after it yet, or help was called for since somebody did."""
        if self.ended_at is not None or self.alarm_at is None:
            return False
        return self.taken_at is None or (self.help_at is not None and self.help_at > self.taken_at)


class AddressRule(models.Model):
    """What holds at an address, whoever is visited there. Each visit to come there has it in `Booking.address_rule`."""

    # As `make_rule_key` writes it: its 200 characters are no more than twice as long in lower case, word by word.
    address_key = models.CharField(max_length=420, unique=True, editable=False)
    rule = models.CharField(_("at this door"), max_length=10, choices=DoorRule.choices)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )

    class Meta:
        verbose_name = _("rule of an address")
        verbose_name_plural = _("rules of addresses")
        constraints = [
            models.CheckConstraint(condition=Q(rule__in=DoorRule.values), name="addressrule_rule_known")
        ]

    def __str__(self) -> str:
        return self.get_rule_display()


class SafetyPins(models.Model):
    """A therapist's two PINs, as keyed digests under HEALTH_KEYS: one ends the check-in, one calls for help."""

    therapist = models.OneToOneField(Therapist, on_delete=models.CASCADE, related_name="safety_pins")
    fine = models.CharField(max_length=64, editable=False)
    help = models.CharField(max_length=64, editable=False)
    set_at = models.DateTimeField(_("set at"))

    class Meta:
        verbose_name = _("PINs for the door")
        verbose_name_plural = _("PINs for the door")
        constraints = [models.CheckConstraint(condition=~Q(fine=F("help")), name="safetypins_are_two")]

    def __str__(self) -> str:
        return f"{self.set_at:%Y-%m-%d}"


class SafetyContact(models.Model):
    """Somebody on the owner's list: alerted when a check-in is not answered, the first first."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="safety_contact",
        verbose_name=_("log-in"),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("person alerted about a door")
        verbose_name_plural = _("people alerted about a door")

    def __str__(self) -> str:
        return self.user.get_username()

    def clean(self) -> None:
        """Who is alerted can be written to, and may look after it."""
        super().clean()
        user = getattr(self, "user", None)
        if user is not None and not (user.is_active and user.email):
            raise ValidationError({"user": _("This log-in has no email, or is switched off.")})
        if user is not None and not (user.is_staff and user.has_perm(TAKES_ALERTS)):
            words = _("This log-in can’t open the page on which one takes care of an alert.")
            raise ValidationError({"user": words})
