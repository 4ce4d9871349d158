"""The tables. Rules live in `bookings.domain`; constraints here guarantee what must never be false."""

from .area_requests import AreaRequest
from .booking import AccessNotes, Booking, BookingQuerySet, DriveOverride
from .changes import ChangeRequest, LateFee
from .enquiries import Booklet, BookletRequest, ContactMessage
from .history import BookingEvent, SecondThought, StrandedNotice
from .holds import Hold
from .incidents import Incident
from .intake import (
    BookingDraft,
    ClinicianNote,
    HealthAccess,
    NoteFile,
    ScreeningRecheck,
    ScreeningRecord,
    ScreeningVersion,
    VisitPurpose,
)
from .links import Link
from .message_settings import MessageSettings
from .note_templates import NoteTemplate
from .outbox import Message
from .people import (
    Client,
    ClientNote,
    Erasure,
    HeardFrom,
    OwnConsent,
    Pairing,
    Therapist,
    TherapistQuerySet,
)
from .photos import Photo
from .places import ServiceArea, Zone
from .rules import BookingRules
from .safety import AddressRule, CheckIn, SafetyContact, SafetyPins
from .schedule import Closure, ExtraHours, TimeOff, TimeOffWish, WorkingHours
from .steps import VisitStep
from .terms import TermsVersion

__all__ = [
    "AccessNotes",
    "AddressRule",
    "AreaRequest",
    "Booking",
    "BookingDraft",
    "BookingEvent",
    "BookingQuerySet",
    "BookingRules",
    "Booklet",
    "BookletRequest",
    "ChangeRequest",
    "CheckIn",
    "Client",
    "ClientNote",
    "ClinicianNote",
    "Closure",
    "ContactMessage",
    "DriveOverride",
    "Erasure",
    "ExtraHours",
    "HealthAccess",
    "HeardFrom",
    "Hold",
    "Incident",
    "LateFee",
    "Link",
    "Message",
    "MessageSettings",
    "NoteFile",
    "NoteTemplate",
    "OwnConsent",
    "Pairing",
    "Photo",
    "SafetyContact",
    "SafetyPins",
    "ScreeningRecheck",
    "ScreeningRecord",
    "ScreeningVersion",
    "SecondThought",
    "ServiceArea",
    "StrandedNotice",
    "TermsVersion",
    "Therapist",
    "TherapistQuerySet",
    "TimeOff",
    "TimeOffWish",
    "VisitPurpose",
    "VisitStep",
    "WorkingHours",
    "Zone",
]
