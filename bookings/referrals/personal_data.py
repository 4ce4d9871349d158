"""What offices entered of a client, for a client's own data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from bookings.domain.export import Line, Section, line, opened
from bookings.models import Booking, Client

from .models import Referral
from .operations import referrals_of


def section_of(client: Client, visits: Sequence[Booking]) -> Section:
    """What offices entered of a client; only once the look at health answers is written down."""
    rows = referrals_of(client, [visit.pk for visit in visits]).select_related("office", "plan", "course")
    # The encrypted column is read one by one, so that a lost key costs a line and not the page.
    found = rows.defer("health", "course__dates").order_by("entered_at", "pk")
    lines = [[*lines_of(row), _found_by(row.course_id is None and not row.email)] for row in found]
    return Section("referrals", _("What surgeons’ offices entered"), lines)


def _found_by(by_phone_alone: bool) -> Line:
    value = "phone" if by_phone_alone else "course or email"
    shown = (
        _("the phone number alone: another person may be meant")
        if by_phone_alone
        else _("your course, or your email")
    )
    return Line("found_by", _("found by"), value, shown)


def lines_of(row: Referral) -> list[Any]:
    """What an office entered of one patient, and what came of it."""
    looks = [
        f"{look.user.get_username()}, {look.at:%Y-%m-%d %H:%M} UTC"
        for look in row.access_log.select_related("user")
    ]
    return [
        line("office", _("office"), str(row.office)),
        line("plan", _("plan"), str(row.plan)),
        line("name", _("name"), row.name),
        line("email", _("email"), row.email),
        line("phone", _("phone"), row.phone),
        line("health", _("procedure, dates and limits"), opened(partial(getattr, row, "health"))),
        line("entered_at", _("entered at"), row.entered_at),
        line("approved_at", _("approved at"), row.approved_at),
        line("ended_at", _("taken back at"), row.ended_at),
        line("kept_until", _("kept until"), row.kept_until),
        line("may_see", _("the office may see how many visits there were"), row.may_see),
        line("looks", _("who looked at it"), looks),
    ]
