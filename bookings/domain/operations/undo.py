"""Undoing what staff did, before its message leaves: nobody heard of it, and the visit has its time again."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.domain import answers, links, outbox
from bookings.enums import OCCUPYING, BookingStatus, ChangeState, EventKind, StepKind
from bookings.exceptions import ChangedMeanwhile, MessageGone, SlotNotOffered, SlotTaken
from bookings.models import (
    Booking,
    BookingRules,
    ChangeRequest,
    CheckIn,
    DriveOverride,
    LateFee,
    SecondThought,
    Therapist,
    VisitStep,
)
from massagerx.lib.locks import lock_names

from .act import Act, Columns, set_columns
from .claim import Standing, claim_in_place, claim_move
from .correct import write_access, write_phone
from .doors import lock_name, lock_rule_at, put_rule_back
from .expiry import expires_at, first_tier, patience_with
from .move import visit_request_of
from .transaction import block_of, record, translated_errors


def undo(*, press: UUID, actor: User, now: datetime) -> list[Booking]:
    """Takes back all that one press did whose messages wait, all or none; the visits as they are again.

    Raises `MessageGone` when one has left, `ChangedMeanwhile` when something else was done since, `PhoneTaken`,
    `SlotTaken` when the time has gone, `NoLongerOffered` when its therapist does it no more; nothing has changed then.
    """
    with translated_errors(), transaction.atomic():
        rows = SecondThought.objects.filter(press=press).select_related("event__booking__therapist")
        # The last first: one visit may stand where another of them was.
        thoughts = list(rows.order_by("-event"))
        if not thoughts:
            raise MessageGone
        _lock_therapists(thoughts)
        return [_undo(thought, Act(now, actor, press=press)) for thought in thoughts]


def _lock_therapists(thoughts: Sequence[SecondThought]) -> None:
    """Those who have the visits and those who had them, in the order of everybody."""
    keys = {thought.event.booking.therapist_id for thought in thoughts}
    keys |= {_as_it_was(thought.event.booking, thought).therapist_id for thought in thoughts}
    list(Therapist.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))


def _as_it_was(booking: Booking, thought: SecondThought) -> Booking:
    was = copy(booking)
    set_columns(was, thought.before["visit"])
    return was


def _undo(thought: SecondThought, act: Act) -> Booking:
    booking = thought.event.booking
    was = _as_it_was(booking, thought)
    # Before the visit, as whoever sets the rule does. It is on no visit that was elsewhere, canceled or declined.
    if "rule" in thought.before:
        lock_names(lock_name(was.address_key), lock_name(booking.address_key))
        put_rule_back(booking.address_key, thought.before["rule"], written_at=thought.event.at, act=act)
    rule = lock_rule_at(was.address_key)
    if _takes_time_back(booking, was, act.at):
        rules = BookingRules.load().for_staff()
        wanted = visit_request_of(was, now=act.at, preference=f"therapist:{was.therapist.slug}")
        with claim_move(booking, wanted, was.starts_at, rules=rules, now=act.at) as standing:
            _require_last(standing.visit, thought)
            try:
                standing.slot_at(wanted, was.starts_at)
            except SlotTaken:
                raise
            except SlotNotOffered:
                pass  # It couldn't be kept before either; that no two overlap, the constraint sees.
            return _put_back(standing, thought, act, rule)
    with claim_in_place(booking, rules=BookingRules.load(), now=act.at) as standing:
        _require_last(standing.visit, thought)
        return _put_back(standing, thought, act, rule)


def _takes_time_back(booking: Booking, was: Booking, now: datetime) -> bool:
    """Whether visits to come may stand in its way: it takes other time, or comes from another door."""
    if was.status not in OCCUPYING or was.starts_at <= now:
        return False
    there, here = (block_of(was), was.address_key), (block_of(booking), booking.address_key)
    return booking.status not in OCCUPYING or there != here


def _require_last(fresh: Booking, thought: SecondThought) -> None:
    events = fresh.events.order_by("-pk")
    if not any(name.startswith("recipient_") for name in thought.before["visit"]):
        events = events.exclude(kind=EventKind.PERSON)
    if events.values_list("pk", flat=True).first() != thought.event_id:
        raise ChangedMeanwhile
    # An arrival began its check-in anew, also one that was taken back.
    pressed = fresh.steps.filter(Q(undone_at=None) | Q(kind=StepKind.ARRIVED))
    if "steps" in thought.before and pressed.exists():
        raise ChangedMeanwhile


def _give_hour_to_answer(booking: Booking, now: datetime) -> list[str]:
    """Promises an answer, and the time to prove a mailbox, anew where the hour of a request went by meanwhile: it
    doesn't expire unanswered. Returns the columns to save."""
    rules = BookingRules.load()
    if booking.status != BookingStatus.REQUESTED or expires_at(booking, rules) > now:
        return []
    patience = patience_with(first_tier(booking))
    promised = answers.answer_by(asked_at=now, starts_at=booking.starts_at, rules=rules, patience=patience)
    booking.answer_by = promised or min(now + answers.LEAST, booking.starts_at)
    if booking.prove_by is not None:
        booking.prove_by = booking.answer_by
    return ["answer_by", "prove_by"]


def _put_fee_back(booking: Booking, at: datetime, before: Columns | None) -> None:
    """The late fee as it was; one that was named only with what is undone goes."""
    fee = LateFee.objects.filter(booking=booking).first()
    if before is not None and fee is not None:
        set_columns(fee, before)
        fee.save()
    elif fee is not None and fee.named_at == at:
        fee.delete()


def _put_back(standing: Standing, thought: SecondThought, act: Act, rule: str) -> Booking:
    """Writes the visit as it was, at whose address the `rule` holds, with all that the act changed beside it."""
    fresh, event, before = standing.visit, thought.event, thought.before
    outbox.take_back(booking=fresh, written_at=event.at, is_own_revision="revision" in before["visit"])
    block, status = block_of(fresh), fresh.status
    set_columns(fresh, before["visit"])
    fields = [*before["visit"], *_give_hour_to_answer(fresh, act.at)]
    fresh.address_rule = rule
    if "therapist_id" in fields:
        CheckIn.objects.go_on(fresh)
    if "recipient_name" in fields:
        links.revoke_consent_links(Booking.objects.filter(pk=fresh.pk), now=act.at)
    fresh.save(update_fields=[*fields, "address_rule"])
    if fields:
        outbox.give_back(booking=fresh, since=event.at)
    _put_fee_back(fresh, event.at, before.get("fee"))
    ChangeRequest.objects.filter(booking=fresh, answered_at=event.at).update(
        state=ChangeState.OPEN, answered_at=None, answered_by=None
    )
    if "add_ons" in before:
        fresh.add_ons.set(before["add_ons"])
    if "access" in before:
        write_access(fresh, before["access"])
    if "phone" in before:
        was, written = before["phone"]
        write_phone(fresh.client, was, instead_of=written)
    if "drives" in before:
        # One that was corrected since spoke of a visit elsewhere in the day.
        drives = DriveOverride.objects.filter(Q(from_booking=fresh) | Q(to_booking=fresh))
        drives.filter(at__gte=event.at).delete()
    for model, name in ((DriveOverride, "drives"), (VisitStep, "steps")):
        for columns in before.get(name, ()):
            row = model()
            set_columns(row, columns)
            row.save(force_insert=True)
    reason = _("before the email left")
    undone = Act(act.at, act.actor, reason=reason, press=act.press)
    record(fresh, EventKind.UNDONE, status, undone, before=block)
    thought.delete()
    return fresh
