"""The tables. Rules live in `bookings.domain`; constraints here guarantee what must never be false."""

from .area_requests import AreaRequest
from .booking import AccessNotes, Booking, BookingQuerySet, DriveOverride
from .history import BookingEvent
from .holds import Hold
from .intake import BookingDraft, ClinicianNote, ScreeningLook, ScreeningRecord, ScreeningVersion
from .outbox import Message
from .people import Client, Therapist, TherapistQuerySet
from .places import DriveTime, ServedZip, Zone
from .policy import BookingPolicy, PolicyVersion
from .schedule import Closure, ExtraHours, TimeOff, WorkingHours

__all__ = [
    "AccessNotes",
    "AreaRequest",
    "Booking",
    "BookingDraft",
    "BookingEvent",
    "BookingPolicy",
    "BookingQuerySet",
    "Client",
    "ClinicianNote",
    "Closure",
    "DriveOverride",
    "DriveTime",
    "ExtraHours",
    "Hold",
    "Message",
    "PolicyVersion",
    "ScreeningLook",
    "ScreeningRecord",
    "ScreeningVersion",
    "ServedZip",
    "Therapist",
    "TherapistQuerySet",
    "TimeOff",
    "WorkingHours",
    "Zone",
]
