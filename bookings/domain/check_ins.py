"""Safe at the door: who has arrived is asked when *done* stays away, and then others are told, one after another.

A check-in is a row. *Arrived* begins it; *done*, *nobody opened*, the next door or the therapist's PIN ends it, and no
cancel does. The other PIN calls for help. Whoever stands beside the therapist sees, waits for and can count the same in
both cases: the same columns are written, and one alert, which nobody sends after the first PIN, because it isn't true.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from bookings.domain import outbox
from bookings.domain.operations.transaction import translated_errors
from bookings.enums import MessageKind
from bookings.exceptions import SlotTaken
from bookings.models import Booking, BookingRules, CheckIn, SafetyPins, Therapist
from bookings.models.safety import AT_A_DOOR, TAKES_ALERTS, CheckInQuerySet
from bookings.retention import CHECK_INS_KEPT
from massagerx.lib.batches import delete_in_batches
from massagerx.lib.encryption import keyed_digest, keyed_digests

# So many wrong PINs, and for so long the PIN that says "I'm fine" ends nothing. It is answered as ever, and the other
# calls for help as ever.
MOST_WRONG = 5
WRONG_PINS_LAST = timedelta(minutes=10)
# After so long nobody is written to any more; the desk's front page goes on showing it.
WATCHED_FOR = timedelta(days=2)
_COLUMN = "bookings.SafetyPins"
# Nobody is at a door so much before the start, unless the visit was moved since.
_MOST_EARLY = timedelta(hours=1)


# At the door ---------------------------------------------------------------------------------------------------------


def of_therapist(therapist: Therapist, *, now: datetime) -> CheckIn | None:
    """The check-in of the visit at which they are, with `has_pins`: the same whether a PIN ended it or called for help.
    One query."""
    pins = SafetyPins.objects.filter(therapist=OuterRef("booking__therapist"))
    rows = _at_doors(now).filter(booking__therapist=therapist).annotate(has_pins=Exists(pins))
    return rows.select_related("booking").order_by("-opened_at", "-pk").first()


def is_at_a_door(now: datetime) -> Exists:
    """Whether `of_therapist` has something to say, for a query of therapists."""
    return Exists(_at_doors(now).filter(booking__therapist=OuterRef("pk")))


def _at_doors(now: datetime) -> CheckInQuerySet:
    return CheckIn.objects.filter(booking__status__in=AT_A_DOOR, opened_at__gt=now - WATCHED_FOR)


def answer(*, booking: Booking, pin: str, now: datetime) -> bool:
    """Takes a PIN: the one ends the check-in, the other has people alerted at once, even when it had ended. Returns
    whether it was one of the two, and nothing that tells which.

    Raises `SlotTaken` when others hold the row for too long.
    """
    with translated_errors(), transaction.atomic():
        row = _lock(booking=booking)
        pins = SafetyPins.objects.filter(therapist=booking.therapist_id).first()
        if row is None or pins is None:
            return False
        # Both are looked at, whichever it is.
        digests = keyed_digests(_salted(booking.therapist_id, pin), _COLUMN)
        is_fine, needs_help = _is_among(pins.fine, digests), _is_among(pins.help, digests)
        is_guessing = row.wrong_pins >= MOST_WRONG and not _is_forgotten(row, now)
        if not needs_help and not is_fine:
            row.wrong_pins = 1 if _is_forgotten(row, now) else min(row.wrong_pins, MOST_WRONG) + 1
            row.wrong_pin_at = now
            row.save(update_fields=["wrong_pins", "wrong_pin_at"])
            return False
        row.answered_at = now
        if needs_help:
            row.help_at, row.alarm_at, row.ended_at, row.ended_by = now, row.alarm_at or now, None, None
        elif row.help_at is None and not is_guessing:
            row.ended_at = row.ended_at or now
        _alert(row, now)
        row.save()
    return True


def _is_forgotten(row: CheckIn, now: datetime) -> bool:
    """Whether wrong PINs of before no longer count."""
    return row.wrong_pin_at is None or now >= row.wrong_pin_at + WRONG_PINS_LAST


def _is_among(digest: str, digests: Sequence[str]) -> bool:
    """In the same time wherever it stands, and whether it does."""
    return sum(hmac.compare_digest(digest, other) for other in digests) > 0


def set_pins(*, therapist: Therapist, fine: str, needs_help: str, now: datetime) -> bool:
    """Keeps a therapist's PINs. Not while they are at a door, where somebody may make them: returns False then."""
    if of_therapist(therapist, now=now) is not None:
        return False
    digests = {
        name: keyed_digest(_salted(therapist.pk, pin), _COLUMN)
        for name, pin in (("fine", fine), ("help", needs_help))
    }
    SafetyPins.objects.update_or_create(therapist=therapist, defaults={**digests, "set_at": now})
    return True


def _salted(therapist_id: int, pin: str) -> str:
    return f"{therapist_id}:{pin}"


# The watch -----------------------------------------------------------------------------------------------------------


def watch(*, now: datetime) -> int:
    """Asks whom nobody heard of in time, and alerts the next person where nobody has taken it; returns how many rows
    that was. Two at once do it once."""
    rules = BookingRules.load()
    rows = CheckIn.objects.filter(ended_at=None, opened_at__gt=now - WATCHED_FOR).order_by("pk")
    return sum(_look_at(key, rules, now) for key in rows.values_list("pk", flat=True))


def overdue_at(row: CheckIn, rules: BookingRules) -> datetime:
    """From when nobody having heard of them is a reason to ask: the owner's minutes past the planned end, which is as
    much later as they were. A move since then puts nothing off."""
    booking = row.booking
    soonest = row.opened_at + (booking.ends_at - booking.starts_at)
    ends_at = min(max(booking.ends_at, soonest), soonest + _MOST_EARLY)
    return ends_at + timedelta(minutes=rules.check_in_overdue_minutes)


def _look_at(key: int, rules: BookingRules, now: datetime) -> bool:
    turn = timedelta(minutes=rules.check_in_turn_minutes)
    try:
        with translated_errors(), transaction.atomic():
            row = _lock(pk=key)
            if row is None or row.ended_at is not None:
                return False
            if row.is_alarm:
                if row.last_turn_at is not None and now < row.last_turn_at + turn:
                    return False
                _alert(row, now)
            elif row.alarm_at is not None:
                return False
            elif row.asked_at is None:
                if now < overdue_at(row, rules):
                    return False
                row.asked_at = now
                _ask(row, now)
            elif now >= row.asked_at + turn:
                row.alarm_at = now
                _alert(row, now)
            else:
                return False
            row.save()
    except SlotTaken:
        return False  # somebody has it in hand at this moment; the next look is seconds away
    return True


def _ask(row: CheckIn, now: datetime) -> None:
    """Asks the therapist, on their page and by every channel that reaches them."""
    user = row.booking.therapist.user
    if user is not None and user.email:
        # A visit that was moved from its door is asked about again at the next.
        number = row.booking.messages.filter(kind=MessageKind.CHECK_IN).count()
        outbox.write_to(user, booking=row.booking, kind=MessageKind.CHECK_IN, number=number, now=now)


def _alert(row: CheckIn, now: datetime) -> None:
    """Writes to the next person on the list, the first when the alarm begins, or to the desk where there is no list.
    Changes the row without saving."""
    people = people_for(row.booking.therapist_id)
    told = row.booking.messages.filter(
        kind=MessageKind.CHECK_IN_ALERT, created_at__gte=row.alarm_at or now
    ).count()
    person = people[told % len(people)] if people else None
    row.turns, row.last_turn_at = row.turns + 1, now
    outbox.write_to(person, booking=row.booking, kind=MessageKind.CHECK_IN_ALERT, number=row.turns, now=now)


def people_for(therapist_id: int) -> list[User]:
    """Who is alerted about a therapist, in turn: those on the list who can be written to, but nobody about
    themselves."""
    rows = _on_the_list().exclude(therapist=therapist_id)
    return list(rows.order_by("safety_contact__position", "safety_contact__pk"))


def _on_the_list() -> QuerySet[User]:
    takers = User.objects.with_perm(TAKES_ALERTS).filter(is_staff=True, safety_contact__isnull=False)
    return takers.exclude(email="")


def without_anybody() -> QuerySet[Therapist]:
    """Therapists who read the desk's mailbox themselves, and for whom the list has nobody else: an alert about them
    might reach them alone."""
    others = _on_the_list().exclude(pk=OuterRef("user")).order_by()
    at_desk = User.objects.with_perm(TAKES_ALERTS).filter(is_staff=True)
    return Therapist.objects.filter(~Exists(others), is_active=True, user__in=at_desk.order_by())


def _lock(**found_by: object) -> CheckIn | None:
    """The row alone: what holds the visit must not hold up a call for help."""
    return (
        CheckIn.objects.select_for_update(no_key=True, of=("self",))
        .select_related("booking__therapist__user")
        .filter(**found_by)
        .first()
    )


# Whoever looks after it ----------------------------------------------------------------------------------------------


def overdue() -> list[CheckIn]:
    """Those that somebody should look at, the oldest first: asked and not answered, or alarms; one query."""
    rows = CheckIn.objects.filter(Q(asked_at__isnull=False) | Q(alarm_at__isnull=False), ended_at=None)
    return list(rows.select_related("booking__therapist", "taken_by").order_by("opened_at", "pk"))


def take(*, check_in: CheckIn, actor: User, now: datetime) -> bool:
    """*I’m taking care of it*: nobody else is alerted. False when it is no alarm any more, or another’s already."""
    with translated_errors(), transaction.atomic():
        row = _lock(pk=check_in.pk)
        if row is None or not row.is_alarm:
            return False
        row.taken_at, row.taken_by = now, actor
        row.save(update_fields=["taken_at", "taken_by"])
    return True


def end_alarm(*, check_in: CheckIn, actor: User, now: datetime) -> bool:
    """*It is over*, says who looks after it. False when it has ended, or nobody has taken it."""
    with translated_errors(), transaction.atomic():
        row = _lock(pk=check_in.pk)
        if row is None or row.ended_at is not None or row.is_alarm or row.taken_at is None:
            return False
        row.ended_at, row.ended_by = now, actor
        row.save(update_fields=["ended_at", "ended_by"])
    return True


def purge(*, now: datetime) -> int:
    """Deletes check-ins of long ago; returns how many."""
    return delete_in_batches(CheckIn.objects.filter(opened_at__lt=now - CHECK_INS_KEPT))
