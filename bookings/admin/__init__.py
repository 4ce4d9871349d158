"""Lists, filters and plain forms of the Django admin, by part; importing them registers them. All else that staff open
is in `bookings.desk`."""

from . import (
    area_requests,
    bookings,
    catalogue,
    changes,
    clients,
    drives,
    enquiries,
    health_access_log,
    incidents,
    outbox,
    people,
    photos,
    places,
    safety,
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
    "incidents",
    "outbox",
    "people",
    "photos",
    "places",
    "safety",
    "schedule",
    "time_off",
    "versions",
]
