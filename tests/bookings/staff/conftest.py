"""At the hour at which the world of `tests.factories` stands."""

from tests.bookings.admin.conftest import clock

__all__ = ["clock"]
