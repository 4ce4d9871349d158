"""The Django admin for staff and owner. Each module has the pages of one part; importing them registers them."""

from . import bookings, drives, intake, looks, outbox, people, places, schedule, time_off

__all__ = ["bookings", "drives", "intake", "looks", "outbox", "people", "places", "schedule", "time_off"]
