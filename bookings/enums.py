"""Closed sets of values that models, the domain and templates share."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BookingStatus(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    CONFIRMED = "confirmed", _("Confirmed")
    COMPLETED = "completed", _("Completed")
    NO_SHOW = "no_show", _("No-show")
    CANCELLED = "cancelled", _("Cancelled")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")


# Statuses in which a visit takes the therapist's time. A visit that took place keeps the time it took.
OCCUPYING = (
    BookingStatus.REQUESTED,
    BookingStatus.CONFIRMED,
    BookingStatus.COMPLETED,
    BookingStatus.NO_SHOW,
)


class EventKind(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", _("Cancelled")
    MOVED = "moved", _("Moved")
    COMPLETED = "completed", _("Completed")
    NO_SHOW = "no_show", _("No-show")
    EXPIRED = "expired", _("Expired")
    CLEARED = "cleared", _("Clinician's note recorded")
    EDITED = "edited", _("Details changed")


class Gender(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Another")


class Tier(models.TextChoices):
    """What a screening comes to, mildest first. The values are those of `bookings.screening`."""

    CLEAR = "clear", _("Clear")
    CAUTION = "caution", _("Clear, with a note to the therapist")
    CLEARANCE = "clearance", _("Needs a look before it is confirmed")
    STOP = "stop", _("Not online")
    EMERGENCY = "emergency", _("Emergency")


class MessageKind(models.TextChoices):
    RECEIVED = "received", _("Request received")
    CONFIRMED = "confirmed", _("Visit confirmed")
    DECLINED = "declined", _("Request declined")
    CANCELLED = "cancelled", _("Visit cancelled")
    EXPIRED = "expired", _("Request expired")
    STAFF_ALERT = "staff_alert", _("Alert to staff")


class MessageState(models.TextChoices):
    DUE = "due", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DROPPED = "dropped", _("Dropped: no longer true")
    UNKNOWN = "unknown", _("Perhaps sent")
    FAILED = "failed", _("Failed")


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")
