"""Staff at their desk: as for the admin's lists."""

from tests.bookings.admin.conftest import DESK_RIGHTS, clock, desk, owner, signed_in, staff_user

__all__ = ["DESK_RIGHTS", "clock", "desk", "owner", "signed_in", "staff_user"]
