"""Closed sets of values that models, the domain and templates share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class BookingStatus(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    CONFIRMED = "confirmed", _("Confirmed")
    COMPLETED = "completed", _("Completed")
    NO_SHOW = "no_show", _("No-show")
    CANCELED = "canceled", _("Canceled")
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
    CANCELED = "canceled", _("Canceled")
    # Canceled too, while the course is paused: it is planned anew.
    PAUSED = "paused", _("Fell away in a pause")
    MOVED = "moved", _("Moved")
    COMPLETED = "completed", _("Completed")
    NO_SHOW = "no_show", _("No-show")
    EXPIRED = "expired", _("Expired")
    CLEARED = "cleared", _("Clinician's note recorded")
    NOTE_HANDED_IN = "handed_in", _("Clinician's note handed in")
    REOPENED = "reopened", _("Taken back: not closed")
    UNDONE = "undone", _("Undone before the email left")
    EDITED = "edited", _("Details changed")
    CORRECTED = "corrected", _("Visit corrected")
    PROVED = "proved", _("Email address confirmed")
    CHANGE_ASKED = "change_asked", _("Late move asked for")
    CHANGE_REFUSED = "refused", _("Late move refused")
    FEE_DECIDED = "fee_decided", _("Late fee decided")
    RECHECKED = "rechecked", _("Health questions answered again")
    # Of who it is for or who booked, not of the visit: nothing to tell, nothing to undo.
    PERSON = "person", _("Details of the person changed")


class Gender(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Another")


class StepKind(models.TextChoices):
    """What a therapist presses for a visit."""

    LEAVING = "leaving", _("Leaving")
    LATE = "late", _("Running late")
    ARRIVED = "arrived", _("Arrived")
    DONE = "done", _("Done")


class PaidBy(models.TextChoices):
    """How a visit was paid."""

    NOT_YET = "not_yet", _("Not yet")
    CASH = "cash", _("Cash")
    TERMINAL = "terminal", _("Card, at the terminal")
    ZELLE = "zelle", _("Zelle")
    CHECK = "check", _("Check")


class PairingKind(models.TextChoices):
    """What holds between a client and a therapist."""

    NEVER = "never", _("Never send")
    PREFERRED = "preferred", _("Send first")


class DoorRule(models.TextChoices):
    """What holds for whoever goes to a client's door, the milder first."""

    NOT_ALONE = "not_alone", _("Not alone")
    TWO_PEOPLE = "two_people", _("Two people only")

    @classmethod
    def stricter(cls, *rules: str) -> str:
        """The strictest of several, each blank where nothing holds."""
        return max(rules, key=["", *cls.values].index) if any(rules) else ""

    @classmethod
    def at_doors(cls, visits: Iterable[Any]) -> DoorRule | None:
        """The strictest of what holds at the doors of these visits; None where nothing does."""
        rule = cls.stricter(*(visit.door_rule for visit in visits))
        return cls(rule) if rule else None


class NoteReader(models.TextChoices):
    """Whom a note on a client is for."""

    DESK = "desk", _("The desk")
    THERAPISTS = "therapists", _("Therapists who visit them")
    BOTH = "both", _("Both")


class NoteKind(models.TextChoices):
    """What a template of a note is for."""

    CLIENT = "client", _("A note on a client")
    COMPLAINT = "complaint", _("A complaint")
    CLINICIAN = "clinician", _("What a clinician said")


class ComplaintState(models.TextChoices):
    OPEN = "open", _("Open")
    SETTLED = "settled", _("Settled")


class Tier(models.TextChoices):
    """The result of a screening, mildest first. The values are those of `bookings.screening`."""

    CLEAR = "clear", _("Clear")
    CAUTION = "caution", _("Clear, with a note to the therapist")
    CLEARANCE = "clearance", _("Needs a look before it is confirmed")
    STOP = "stop", _("Not online")
    EMERGENCY = "emergency", _("Emergency")


class NoteScope(models.TextChoices):
    """What a clinician's note speaks of."""

    VISIT = "visit", _("This visit")
    COURSE = "course", _("All visits booked together with it")
    SERVICE = "service", _("This service for this person, until a day")


class FileKind(models.TextChoices):
    PDF = "pdf", _("PDF")
    PICTURE = "webp", _("Picture")


class MessageKind(models.TextChoices):
    RECEIVED = "received", _("Request received")
    HEALTH_ASKED = "health_asked", _("Health questions sent")
    HEALTH_REMINDER = "health_reminder", _("Health questions, once more")
    CONFIRMED = "confirmed", _("Visit confirmed")
    DECLINED = "declined", _("Request declined")
    TOGETHER = "together", _("Visits booked together")
    MOVED = "moved", _("Visit moved")
    CANCELED = "canceled", _("Visit canceled")
    EXPIRED = "expired", _("Request expired")
    REMINDER_FIRST = "reminder_first", _("First reminder")
    REMINDER_LAST = "reminder_last", _("Last reminder")
    RECHECK = "recheck", _("Health questions again")
    THANKS = "thanks", _("Thank-you")
    ON_THE_WAY = "on_the_way", _("On the way")
    CHANGE_REFUSED = "change_refused", _("Late move refused")
    LATE_FEE = "late_fee", _("Late fee decided")
    NO_SHOW = "no_show", _("Nobody opened")
    CONSENT_BACK = "consent_back", _("Consent taken back")
    SIGN_IN = "sign_in", _("Sign-in link")
    CODE = "code", _("One-time code")
    CONTACT_ANSWER = "contact_answer", _("Answer to a message")
    BOOKLET = "booklet", _("Booklet")
    REFERRED = "referred", _("Course prepared by an office")
    PROGRAM = "program", _("Training program made")
    PROGRAM_REMINDER = "program_reminder", _("Training program: reminder")
    REVIEW = "review", _("Review asked for")
    TIME_OFF = "time_off", _("Time off answered")
    INVITED = "invited", _("Link to set a password")
    SECOND_FACTOR = "second_factor", _("Link to set up a second factor")
    STAFF_ALERT = "staff_alert", _("Alert to staff")
    CHANGE_ALERT = "change_alert", _("Alert: late move asked for")
    RECHECK_ALERT = "recheck_alert", _("Alert: health answers changed")
    CONTACT_ALERT = "contact_alert", _("Alert: message from the site")
    STRANDED_ALERT = "stranded_alert", _("Alert: visit can’t be kept")
    MORNING = "morning", _("Morning: visits not closed")
    CHECK_IN = "check_in", _("Check-in: are you all right?")
    CHECK_IN_ALERT = "check_in_alert", _("Alert: somebody at a door doesn’t answer")


# What the desk gets; every other kind is for a client, or a therapist.
TO_STAFF = frozenset(
    {
        MessageKind.STAFF_ALERT,
        MessageKind.CHANGE_ALERT,
        MessageKind.RECHECK_ALERT,
        MessageKind.CONTACT_ALERT,
        MessageKind.STRANDED_ALERT,
        MessageKind.MORNING,
        MessageKind.CHECK_IN,
        MessageKind.CHECK_IN_ALERT,
    }
)


# To clients, with room for a sentence of the owner's; those that let somebody in say that alone, and everybody is asked
# for a review in the same words.
WITH_OWN_WORDS = tuple(
    kind
    for kind in MessageKind
    if kind not in TO_STAFF
    and kind
    not in {
        MessageKind.SIGN_IN,
        MessageKind.CODE,
        MessageKind.REVIEW,
        MessageKind.TIME_OFF,
        MessageKind.INVITED,
        MessageKind.SECOND_FACTOR,
    }
)


# Of what staff get, what speaks of the therapist at a door, and not of the client.
ABOUT_SAFETY = frozenset({MessageKind.CHECK_IN, MessageKind.CHECK_IN_ALERT})


class LookedAt(models.TextChoices):
    """What somebody saw of a client's health."""

    ANSWERS = "answers", _("Health answers")
    PURPOSE = "purpose", _("What the visit is for")
    PROGRAM = "program", _("The training program")
    REVIEW = "review", _("A review that isn’t public")


class MessageState(models.TextChoices):
    DUE = "due", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DROPPED = "dropped", _("Dropped: no longer true")
    UNKNOWN = "unknown", _("Perhaps sent")
    FAILED = "failed", _("Failed")


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")
    # A call that staff make; no sender takes it.
    PHONE = "phone", _("Phone")


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class LinkPurpose(models.TextChoices):
    """The purpose of a link or code. One made for one purpose opens nothing else."""

    VISIT = "visit", _("One visit")
    SIGN_IN = "sign_in", _("All visits of an email address")
    CODE = "code", _("Address and health answers")
    BOOKLET = "booklet", _("The booklet")
    FEED = "feed", _("A therapist's calendar feed")
    OFFICE = "office", _("An office’s page for its patients")
    REFERRAL = "referral", _("A course that an office prepared")
    PROGRAM = "program", _("A client’s training program")
    REVIEW = "review", _("A client’s review")
    PASSWORD = "password", _("A password of a member of staff")
    FACTOR = "factor", _("A second factor of a member of staff")
    CONSENT = "consent", _("The own consent of somebody who is visited")


class ChangeState(models.TextChoices):
    OPEN = "open", _("Waiting")
    ACCEPTED = "accepted", _("Done")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("No longer needed")


class LateFeeState(models.TextChoices):
    OPEN = "open", _("To decide")
    CHARGED = "charged", _("Asked for")
    PAID = "paid", _("Paid")
    WAIVED = "waived", _("Waived")


class WishState(models.TextChoices):
    OPEN = "open", _("Waiting")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")
