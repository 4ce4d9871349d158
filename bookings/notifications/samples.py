"""Every email there is, about a visit that nobody booked: to look at, never to send. Nothing is stored."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.domain import invitations, links
from bookings.enums import BookingStatus, EventKind, LateFeeState, MessageKind, Tier, WishState
from bookings.models import (
    Booking,
    BookletRequest,
    Client,
    ContactMessage,
    Link,
    Message,
    ScreeningRecord,
    ServiceArea,
    TermsVersion,
    Therapist,
    TimeOffWish,
    Zone,
)
from massagerx.lib.localtime import day_bounds, local
from services.models import Service, ServiceOption

from .registry import KINDS, DeskDay, SiteSettings, Target
from .render import Email, render
from .visit_context import Story
from .wording import clock_span, moment, time_span

_MINUTES = 90
_FEE_CENTS = 9_500
_EMAIL = "sample.client@example.com"
_S = BookingStatus
_CONFIRMED_BEFORE = frozenset({_S.CONFIRMED, _S.COMPLETED, _S.NO_SHOW, _S.CANCELED})


@dataclass(frozen=True, slots=True)
class Sample:
    """`changes` are fields of the visit; `days` is how far ahead it lies."""

    kind: MessageKind
    title: Any
    status: str = _S.CONFIRMED
    days: float = 2
    story: Story = field(default_factory=Story)
    changes: dict[str, Any] = field(default_factory=dict)
    unproved: bool = False


_MOVED = Story(change={"kind": EventKind.MOVED, "was_day": "", "was_time": ""})
_OURS: dict[str, Any] = {"kind": EventKind.CANCELED, "by_client": False, "why": _("Your therapist is ill.")}
_THEIRS: dict[str, Any] = {"kind": EventKind.CANCELED, "by_client": True}
_LATE_FEE = {"cents": _FEE_CENTS, "state": LateFeeState.OPEN, "asks_waiver": True}
_LATE_MOVE = Story(asked_for={"wanted": "", "fee_cents": _FEE_CENTS})
_AT_A_DOOR = {"arrived": "2:20 PM", "asked": "4:15 PM", "called_for_help": "", "check_in_url": "#"}
_K = MessageKind

#: One of each kind, and beside it what is told in other words when something else happened.
SAMPLES: dict[str, Sample] = {
    "received": Sample(_K.RECEIVED, _("Request received"), _S.REQUESTED),
    "received-unproved": Sample(
        _K.RECEIVED, _("Request received from a new client"), _S.REQUESTED, unproved=True
    ),
    "health-asked": Sample(_K.HEALTH_ASKED, _("Health questions sent"), _S.REQUESTED),
    "health-reminder": Sample(_K.HEALTH_REMINDER, _("Health questions, once more"), _S.REQUESTED),
    "confirmed": Sample(_K.CONFIRMED, _("Visit confirmed")),
    "together": Sample(_K.TOGETHER, _("Visits booked together")),
    "declined": Sample(_K.DECLINED, _("Request declined"), _S.DECLINED),
    "expired": Sample(_K.EXPIRED, _("Request expired"), _S.EXPIRED),
    "moved": Sample(_K.MOVED, _("Visit moved: new time"), story=_MOVED),
    "moved-therapist": Sample(
        _K.MOVED,
        _("Visit moved: another therapist"),
        story=Story(change={"kind": EventKind.MOVED, "was_with": _("Another Therapist")}),
    ),
    "moved-address": Sample(
        _K.MOVED,
        _("Visit moved: new address"),
        story=Story(change={"kind": EventKind.EDITED, "new_address": True}),
    ),
    "canceled": Sample(_K.CANCELED, _("Visit canceled by us"), _S.CANCELED, story=Story(change=_OURS)),
    "canceled-by-client": Sample(
        _K.CANCELED, _("Visit canceled by the client"), _S.CANCELED, story=Story(change=_THEIRS)
    ),
    "canceled-late": Sample(
        _K.CANCELED,
        _("Visit canceled late by the client"),
        _S.CANCELED,
        story=Story(change=_THEIRS, fee=_LATE_FEE),
    ),
    "late-fee": Sample(
        _K.LATE_FEE,
        _("Late fee asked for"),
        _S.CANCELED,
        story=Story(fee={**_LATE_FEE, "state": LateFeeState.CHARGED}),
    ),
    "late-fee-waived": Sample(
        _K.LATE_FEE,
        _("Late fee waived"),
        _S.CANCELED,
        story=Story(fee={**_LATE_FEE, "state": LateFeeState.WAIVED}),
    ),
    "no-show": Sample(
        _K.NO_SHOW,
        _("Nobody opened: fee asked for"),
        _S.NO_SHOW,
        days=-1,
        story=Story(fee={**_LATE_FEE, "state": LateFeeState.CHARGED}),
    ),
    "no-show-waived": Sample(
        _K.NO_SHOW,
        _("Nobody opened: no fee"),
        _S.NO_SHOW,
        days=-1,
        story=Story(fee={**_LATE_FEE, "state": LateFeeState.WAIVED}),
    ),
    "reminder-first": Sample(_K.REMINDER_FIRST, _("First reminder")),
    "reminder-last": Sample(_K.REMINDER_LAST, _("Last reminder"), days=0.125),
    "recheck": Sample(_K.RECHECK, _("Health questions again"), days=1),
    "thanks": Sample(_K.THANKS, _("Thank-you"), _S.COMPLETED, days=-1),
    "on-the-way": Sample(
        _K.ON_THE_WAY,
        _("On the way"),
        days=0.02,
        story=Story(way={"has_left": True, "is_late": False, "expected": ""}),
    ),
    "on-the-way-late": Sample(
        _K.ON_THE_WAY,
        _("Running late"),
        days=0.02,
        story=Story(way={"has_left": False, "is_late": True, "is_free": True, "expected": ""}),
    ),
    "change-refused": Sample(_K.CHANGE_REFUSED, _("Late move refused"), story=_LATE_MOVE),
    "consent-back": Sample(_K.CONSENT_BACK, _("Consent taken back")),
    "sign-in": Sample(_K.SIGN_IN, _("Sign-in link")),
    "code": Sample(_K.CODE, _("One-time code")),
    "referred": Sample(_K.REFERRED, _("Course prepared by an office")),
    "program": Sample(_K.PROGRAM, _("Training program made")),
    "program-reminder": Sample(_K.PROGRAM_REMINDER, _("Training program: reminder")),
    "review": Sample(_K.REVIEW, _("Review asked for")),
    "contact-answer": Sample(_K.CONTACT_ANSWER, _("Answer to a message")),
    "booklet": Sample(_K.BOOKLET, pgettext_lazy("an email", "Booklet")),
    "invited": Sample(_K.INVITED, _("To staff: link to set a password")),
    "second-factor": Sample(_K.SECOND_FACTOR, _("To staff: link to set up a second factor")),
    "time-off": Sample(_K.TIME_OFF, _("To a therapist: time off declined")),
    "staff-alert": Sample(_K.STAFF_ALERT, _("To staff: new request"), _S.REQUESTED),
    "staff-alert-moved": Sample(
        _K.STAFF_ALERT,
        _("To staff: moved by the client"),
        story=Story(change=_MOVED.change | {"by_client": True}),
    ),
    "staff-alert-canceled": Sample(
        _K.STAFF_ALERT,
        _("To staff: canceled by the client"),
        _S.CANCELED,
        story=Story(change=_THEIRS, fee=_LATE_FEE),
    ),
    "change-alert": Sample(_K.CHANGE_ALERT, _("To staff: late move asked for"), story=_LATE_MOVE),
    "recheck-alert": Sample(_K.RECHECK_ALERT, _("To staff: health answers changed")),
    "contact-alert": Sample(_K.CONTACT_ALERT, _("To staff: message from the site")),
    "stranded-alert": Sample(
        _K.STRANDED_ALERT, _("To staff: a visit can’t be kept"), days=1, story=Story(stranded="time_off")
    ),
    "check-in": Sample(
        _K.CHECK_IN, _("To the therapist: are you all right?"), days=-0.1, story=Story(check_in=_AT_A_DOOR)
    ),
    "check-in-alert": Sample(
        _K.CHECK_IN_ALERT,
        _("To your list: no answer from a door"),
        days=-0.1,
        story=Story(check_in=_AT_A_DOOR),
    ),
    "check-in-help": Sample(
        _K.CHECK_IN_ALERT,
        _("To your list: a therapist calls for help"),
        days=-0.1,
        story=Story(check_in={**_AT_A_DOOR, "called_for_help": "3:05 PM"}),
    ),
    "morning": Sample(
        _K.MORNING,
        _("To staff: visits not closed"),
        story=Story(
            not_closed=[{"reference": "MX-SAMPLE", "when": "Mon, 2:30 PM", "therapist": "Sample Therapist"}]
        ),
    ),
}


def write_sample(name: str, site_settings: SiteSettings, *, now: datetime) -> Email:
    """The email of that name, in the owner's words and with their signature. Raises KeyError for an unknown name,
    ValueError when the owner has given no address for staff."""
    sample = SAMPLES[name]
    message = Message(kind=sample.kind, created_at=now)
    target = _target(sample, now)
    story = _told(sample.story, target) if isinstance(target, Booking) else sample.story
    return render(message, target, site_settings, now=now, preview=True, story=story)


def _told(story: Story, visit: Booking) -> Story:
    """The story with times that suit the visit: moved from the day before, to be moved to two hours later."""
    change, asked_for = dict(story.change), dict(story.asked_for)
    if "was_day" in change:
        before = visit.starts_at - timedelta(days=1)
        change["was_day"] = date_format(local(before), "l, F j")
        change["was_time"] = time_span(before, before + timedelta(minutes=_MINUTES))
    if asked_for:
        asked_for["wanted"] = moment(visit.starts_at + timedelta(hours=2))
    way = dict(story.way)
    if way:
        way["expected"] = clock_span(visit.starts_at, visit.starts_at + timedelta(minutes=10))
    return replace(story, change=change, asked_for=asked_for, way=way)


def _target(sample: Sample, now: datetime) -> Target:
    about = KINDS[sample.kind].about
    if about == "link":
        colleague = User(username="sample.colleague@example.com", first_name="Sample")
        colleague.set_unusable_password()
        is_to_staff = sample.kind in (MessageKind.INVITED, MessageKind.SECOND_FACTOR)
        is_soon = sample.kind != MessageKind.INVITED
        lasts = links.SIGN_IN_LINK_LASTS if is_soon else invitations.LINK_LASTS
        return Link(email=_EMAIL, user=colleague if is_to_staff else None, expires_at=now + lasts)
    if about == "day":
        return DeskDay(local(now).date())
    if about == "contact_message":
        return ContactMessage(
            pk=0,
            name=str(_("Sample Client")),
            email=_EMAIL,
            body=str(_("Do you come to Echo Park on Sundays?")),
            answer=str(_("Yes, we do, from 10 in the morning. The drive is in the price.")),
            written_at=now,
        )
    if about == "wish":
        day = local(now).date() + timedelta(days=7)
        starts_at, ends_at = day_bounds(day)
        therapist = Therapist(pk=0, name="Sample Therapist", user=User(email="sample.therapist@example.com"))
        return TimeOffWish(
            pk=0,
            therapist=therapist,
            starts_at=starts_at,
            ends_at=ends_at,
            state=WishState.DECLINED,
            why=str(_("Two clients that day can’t be visited by anybody else.")),
        )
    if about == "booklet_request":
        return BookletRequest(pk=0, name=str(_("Sample Client")), email=_EMAIL, asked_at=now)
    return _visit(sample, now)


def _visit(sample: Sample, now: datetime) -> Booking:
    starts_at = now + timedelta(days=sample.days)
    if abs(sample.days) >= 1:
        starts_at = local(starts_at).replace(hour=14)
    starts_at = starts_at.replace(minute=30, second=0, microsecond=0)
    ends_at = starts_at + timedelta(minutes=_MINUTES)
    service = Service(
        pk=0,
        name="Manual lymphatic drainage",
        slug="manual-lymphatic-drainage",
        before_visit="<ul><li>Eat lightly.</li><li>Have any note from your clinician at hand.</li></ul>",
    )
    area = ServiceArea(zip_code="90026", city="Los Angeles", zone=Zone(name="Central"))
    booking = Booking(
        pk=0,
        reference="MX-SAMPLE",
        status=sample.status,
        client=Client(pk=0, name="Sample Client", email=_EMAIL, phone="+12135550199"),
        contact_name="Sample Client",
        therapist=Therapist(
            pk=0,
            slug="sample",
            name="Sample Therapist",
            certificate_number="SAMPLE-00001",
            phone="+12135550142",
        ),
        service=service,
        option=ServiceOption(pk=0, service=service, minutes=_MINUTES, price_cents=19_000),
        starts_at=starts_at,
        ends_at=ends_at,
        blocked_from=starts_at - timedelta(minutes=10),
        blocked_until=ends_at + timedelta(minutes=10),
        street="12 Sample Street",
        unit="Apt 4",
        city="Los Angeles",
        area=area,
        treatment_cents=19_000,
        total_cents=19_000,
        terms_version=TermsVersion(number=0),
        created_at=now,
        agreed_at=now,
        submission_key=uuid.UUID(int=0),
        answer_by=starts_at - timedelta(hours=20, minutes=30),
        confirmed_at=now if sample.status in _CONFIRMED_BEFORE else None,
        prove_by=now + timedelta(hours=1) if sample.unproved else None,
        **sample.changes,
    )
    ScreeningRecord(booking=booking, tier=Tier.CLEAR, evaluated_at=now)
    # Nothing to add, and no question to the database about it.
    booking._prefetched_objects_cache = {"add_ons": Booking.add_ons.through.objects.none()}  # type: ignore[attr-defined]
    return booking
