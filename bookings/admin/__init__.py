"""The Django admin for staff and owner. Each module has the pages of one part; importing them registers them."""

from . import (
    area_requests,
    bookings,
    catalogue,
    changes,
    clients,
    drives,
    enquiries,
    health_access_log,
    outbox,
    people,
    person,
    photos,
    places,
    schedule,
    time_off,
    versions,
)

__all__ = [
    "area_requests",
    "bookings",
    "catalogue",
    "changes",
    "clients",
    "drives",
    "enquiries",
    "health_access_log",
    "outbox",
    "people",
    "person",
    "photos",
    "places",
    "schedule",
    "time_off",
    "versions",
]
