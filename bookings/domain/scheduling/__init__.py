"""Rows to values to slots: the one door to the availability engine. Reads, and decides nothing by itself."""

from .days import Day, Drive, plan_days
from .decisions import (
    Slot,
    choose_slot,
    day_asked_for,
    slot_in_place,
    try_slot,
    why_therapist_stands_back,
)
from .rescue import Rescue, Way, plan_rescue
from .times import Offer, Outlook, Start, find_times_between, last_day, read_days, read_outlook
from .upcoming import check_upcoming
from .values import place_of, setup_and_packdown_minutes

__all__ = [
    "Day",
    "Drive",
    "Offer",
    "Outlook",
    "Rescue",
    "Slot",
    "Start",
    "Way",
    "check_upcoming",
    "choose_slot",
    "day_asked_for",
    "find_times_between",
    "last_day",
    "place_of",
    "plan_days",
    "plan_rescue",
    "read_days",
    "read_outlook",
    "setup_and_packdown_minutes",
    "slot_in_place",
    "try_slot",
    "why_therapist_stands_back",
]
