"""Whether a visit is confirmed at once, and what holds at its door."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import Exists, Q

from bookings.domain import intake
from bookings.enums import BookingStatus, DoorRule, Tier
from bookings.models import AddressRule, BookingRules, Client, OwnConsent
from bookings.models.booking import make_rule_key
from bookings.screening import Result

from .doors import is_told, rules_at
from .requester import Requester, is_same_person
from .submission import LookedUp, Press, Submission


class Verdict(NamedTuple):
    """What the answers of a press come to; whether a clinician's note answers for them; whether it is confirmed at
    once."""

    tier: Tier
    covered: bool
    at_once: bool


def judge(press: Press, person: Requester) -> Verdict:
    """Whether this press is confirmed at once. Under the therapists' locks, and those of its client."""
    result, rules, actor = press.result, press.looked_up.rules, press.sender.actor
    if result is None:
        return Verdict(Tier.CLEAR, covered=False, at_once=False)
    covered = _is_covered(person.client, press.submission, press.looked_up, result, now=press.now)
    at_once = _at_once(result, is_known=person.is_known, rules=rules, actor=actor, covered=covered)
    at_once = at_once and press.submission.recipient_name not in person.taken_back
    rule = DoorRule.stricter(person.client.door_rule, person.doors.get(press.submission.address_key, ""))
    at_once = at_once and is_told(rule, press.sender.door)
    return Verdict(intake.tier_of(result), covered, at_once)


def _is_covered(
    client: Client, submission: Submission, looked_up: LookedUp, result: Result, *, now: datetime
) -> bool:
    """Whether a clinician's note answers already for what asks for one. Only then anything is asked of the database."""
    return intake.tier_of(result) == Tier.CLEARANCE and intake.covering_note(
        of={
            "client": client,
            "service": looked_up.treatment.service,
            "recipient_name": submission.recipient_name,
            "people": looked_up.treatment.people,
            "contact_name": submission.name,
        }.__getitem__,
        starts_at=submission.starts_at,
        answers=submission.answers,
        current=looked_up.screening,
        now=now,
    )


def _at_once(
    result: Result, *, is_known: bool, rules: BookingRules, actor: User | None, covered: bool
) -> bool:
    if actor is not None and covered:
        return True
    if actor is not None:
        return intake.tier_of(result) in (Tier.CLEAR, Tier.CAUTION)
    return rules.confirm_known_clients and result.is_clear and is_known


def is_covered(*, submission: Submission, looked_up: LookedUp, result: Result, now: datetime) -> bool:
    """Whether `request_booking` would find that a clinician's note answers for it already: for the eyes of staff, since
    it tells of the health of whose email and phone these are."""
    client = Client.objects.present().filter(email=submission.email, phone=submission.phone).first()
    return client is not None and _is_covered(client, submission, looked_up, result, now=now)


def would_confirm(
    *,
    submission: Submission,
    result: Result,
    rules: BookingRules,
    actor: User | None,
    covered: bool = False,
) -> bool:
    """Whether `request_booking` would confirm at once, so that the button can say what its press does."""
    people = Client.objects.filter(email=submission.email, phone=submission.phone, is_blocked=False)
    same = Q(phone=submission.phone)
    if submission.email:
        same |= Q(email=submission.email)
    flagged = Client.objects.filter(same).exclude(door_rule="")
    door = AddressRule.objects.filter(address_key=make_rule_key(submission.address_key))
    client = people.filter(~Exists(flagged), ~Exists(door), bookings__status=BookingStatus.COMPLETED).first()
    is_known = client is not None and is_same_person(client, submission)
    if client is not None and OwnConsent.is_taken_back(client=client, name=submission.recipient_name):
        return False
    return _at_once(result, is_known=is_known, rules=rules, actor=actor, covered=covered)


def door_rule_of(*submissions: Submission) -> DoorRule | None:
    """The strictest of what would hold at the doors of these visits of one client; None where nothing does: for the
    eyes of staff."""
    client = Client.objects.present().filter(email=submissions[0].email, phone=submissions[0].phone).first()
    doors = rules_at({submission.address_key for submission in submissions})
    rule = DoorRule.stricter(client.door_rule if client is not None else "", *doors.values())
    return DoorRule(rule) if rule else None
