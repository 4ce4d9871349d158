"""The availability engine: which times a therapist can really keep, with the drives, the set-up and the
pack-down counted.

Pure: the standard library only, no database, no network, no clock. Values in, values out; `now` is an
argument. The rules are in `slots`, their values in `types`.
"""

from .drives import Drives
from .fit import choose_therapist, for_anyone, good_fits, visits_by_week
from .slots import (
    OfferedStart,
    check_slot,
    explain_day,
    offer_pairs,
    offer_slots,
    offer_starts,
    open_days,
)
from .travel import WeekBands, WithOverrides, whole_minutes
from .types import (
    Conditions,
    DriveTime,
    ExtraHours,
    Interval,
    Job,
    Occupied,
    OccupiedKind,
    Place,
    Refusal,
    RefusalReason,
    SchedulingRules,
    Side,
    Slot,
    Therapist,
    WeeklyHours,
)
from .working_hours import working_intervals

__all__ = [
    "Conditions",
    "DriveTime",
    "Drives",
    "ExtraHours",
    "Interval",
    "Job",
    "Occupied",
    "OccupiedKind",
    "OfferedStart",
    "Place",
    "Refusal",
    "RefusalReason",
    "SchedulingRules",
    "Side",
    "Slot",
    "Therapist",
    "WeekBands",
    "WeeklyHours",
    "WithOverrides",
    "check_slot",
    "choose_therapist",
    "explain_day",
    "for_anyone",
    "good_fits",
    "offer_pairs",
    "offer_slots",
    "offer_starts",
    "open_days",
    "visits_by_week",
    "whole_minutes",
    "working_intervals",
]
