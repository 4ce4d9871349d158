"""A day that goes wrong in any order: illness and rescue, lateness, late moves, corrections, second thoughts, doors.

The stories call the real operations on the real database, beside them a model of what each client has been told and of
who is behind which door. Each begins with the same morning and is rolled back at its end.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from bookings.domain import check_ins, operations, scheduling, stranding
from bookings.domain.operations import Act, Correction, NewTime, Press, Shown, VisitAddress
from bookings.domain.operations.act import columns_of
from bookings.domain.visit_request import ANYONE, load_treatment, load_visit_request
from bookings.enums import (
    OCCUPYING,
    BookingStatus,
    ChangeState,
    DoorRule,
    MessageKind,
    MessageState,
    PairingKind,
    StepKind,
)
from bookings.exceptions import (
    BookingError,
    ChangedMeanwhile,
    DoorUntold,
    MessageGone,
    SlotNotOffered,
    TooLate,
)
from bookings.models import (
    Booking,
    BookingDraft,
    BookingEvent,
    BookingRules,
    ChangeRequest,
    CheckIn,
    Hold,
    Message,
    Pairing,
    SecondThought,
    Therapist,
    VisitStep,
)
from bookings.models.safety import AT_A_DOOR
from bookings.models.steps import told_last
from bookings.notifications.registry import SiteSettings, load_target, obsolete_reason
from massagerx.lib.localtime import day_bounds, local
from tests.factories import DAY, NOW, World, at
from tests.support.integrity import size, write_down

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

STORIES = size(10, 200)
STEPS = size(40, 60)
MINUTE = timedelta(minutes=1)
FINE, HELP = "4711", "4177"
CORRECTIONS = ["unit", "far", "longer", "discount"]
DOORS = ["", *DoorRule.values]
# What tells a client when somebody comes, and who; or that nobody does.
TELLS = (MessageKind.CONFIRMED, MessageKind.MOVED, MessageKind.CANCELED)
# A visit as its client should know it: how it stands, when, with whom, at which door.
Stand = tuple[Any, ...]


def stand_of(visit: Booking) -> Stand:
    if visit.status == BookingStatus.CANCELED:
        return (visit.status,)
    return (visit.status, visit.starts_at, visit.therapist_id, visit.address_key)


class Day:
    world: World
    staff: User
    counts: Counter[str] = Counter()

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.now = at(9) + self.chance.choice([0, 50, 120]) * MINUTE
        self.site = SiteSettings.load()
        self.told = {visit.pk: stand_of(visit) for visit in Booking.objects.order_by("pk")}
        # What each press found, by the press; and behind which doors somebody is, or calls for help.
        self.found: dict[uuid.UUID, dict[int, dict[str, str | None]]] = {}
        self.inside: set[int] = set()
        self.calls_for_help: set[int] = set()
        self.left_for: dict[uuid.UUID, set[int]] = {}

    def visit(self, pick: int) -> Booking:
        rows = list(Booking.objects.select_related("therapist", "client", "area__zone").order_by("pk"))
        return rows[pick % len(rows)]

    def visit_of_the_hour(self, pick: int) -> Booking:
        """One that is near, where there is one."""
        near = {
            "starts_at__gt": self.now - timedelta(hours=3),
            "starts_at__lt": self.now + timedelta(hours=1),
        }
        rows = list(Booking.objects.filter(**near).exclude(status=BookingStatus.REQUESTED).order_by("pk"))
        return rows[pick % len(rows)] if rows else self.visit(pick)

    def therapist(self, pick: int) -> Therapist:
        rows = list(Therapist.objects.order_by("pk"))
        return rows[pick % len(rows)]

    @contextmanager
    def acting(self, *visits: Booking, word: str, door: str | None = None) -> Iterator[Act]:
        """Something that staff do, or the visits are as they were."""
        # Now and then nobody has asked whether who comes knows what holds at the door.
        act = Act(self.now, self.staff, door=door if door is not None else self.chance.choice(DOORS))
        before = {visit.pk: columns_of(Booking.objects.get(pk=visit.pk)) for visit in visits}
        try:
            with transaction.atomic():
                yield act
        except BookingError as refusal:
            self.counts[f"{word}: refused"] += 1
            self.counts["nobody said that they know"] += isinstance(refusal, DoorUntold)
            for key, columns in before.items():
                assert columns_of(Booking.objects.get(pk=key)) == columns
        else:
            self.counts[word] += 1
            for press in SecondThought.objects.filter(
                event__booking__in=before, event__at=self.now
            ).values_list("press", flat=True):
                self.found.setdefault(press, before)
            for key, columns in before.items():
                fresh = Booking.objects.get(pk=key)
                if str(fresh.therapist_id) != columns["therapist_id"]:
                    assert DoorRule.stricter(act.door, fresh.door_rule) == act.door
                    self.comes_to(fresh)

    def comes_to(self, visit: Booking) -> None:
        """Another therapist comes now: none whom one may not send, and who was at the door is there no more."""
        never = Pairing.objects.filter(
            client=visit.client_id, therapist=visit.therapist_id, kind=PairingKind.NEVER
        )
        assert not never.exists()
        self.is_out(visit)

    def is_out(self, visit: Booking) -> None:
        if visit.pk not in self.calls_for_help:
            self.inside.discard(visit.pk)

    def something_happens(self) -> None:
        chance = self.chance
        pick, other, yes = chance.randrange(10_000), chance.randrange(10_000), chance.random() < 0.5
        happening: Callable[[], None] = chance.choice(
            [
                lambda: self.time_passes(chance.choice([1, 5, 15, 30]), watched=pick % 3 > 0),
                lambda: self.time_passes(chance.choice([30, 90]), watched=True),
                self.mail_leaves,
                lambda: self.therapist_cannot_come_today(pick),
                lambda: self.the_desk_rescues(pick),
                lambda: self.the_desk_writes_never(pick, other),
                lambda: self.the_desk_moves(pick, chance.randint(-8, 40)),
                lambda: self.the_desk_moves(pick, chance.randint(1, 16)),
                lambda: self.the_desk_corrects(pick, chance.choice(CORRECTIONS), tells=yes),
                lambda: self.visit_is_called_off(pick, by_client=yes),
                lambda: self.a_client_asks_for_a_late_move(pick, chance.randint(-8, 24), waits=other % 3),
                lambda: self.the_desk_confirms(pick),
                lambda: self.the_desk_thinks_again(pick),
                lambda: self.the_desk_thinks_again(0),
                lambda: self.the_desk_is_of_two_minds(pick, chance.randint(1, 8)),
                lambda: self.the_therapist_presses(pick, None, 0, slipped=False),
                lambda: self.the_therapist_presses(pick, None, 0, slipped=yes),
                lambda: self.the_therapist_presses(
                    pick,
                    chance.choice(list(StepKind)),
                    chance.choice(operations.LATE_BY),
                    slipped=other % 3 == 0,
                ),
                lambda: self.a_pin_is_entered(pick, chance.choice([FINE, HELP, HELP, "0000"])),
                lambda: self.somebody_says_how_it_went(
                    pick, chance.choice(["completed", "no-show", "reopened"])
                ),
                self.the_watch_looks,
                lambda: self.somebody_looks_after_it(ends=yes),
            ]
        )
        happening()
        self.counts["steps"] += 1

    # The clock and the mail ----------------------------------------------------------------------------------

    def time_passes(self, minutes: int, watched: bool) -> None:
        until = self.now + minutes * MINUTE
        while watched and self.now + 5 * MINUTE < until:
            self.now += 5 * MINUTE
            check_ins.watch(now=self.now)
        self.now = until

    def mail_leaves(self) -> None:
        due = Message.objects.filter(state=MessageState.DUE, due_at__lte=self.now).order_by("due_at", "pk")
        for message in due:
            target = load_target(message, details=False)
            reason = obsolete_reason(message, target, self.site, now=self.now)
            row = Message.objects.filter(pk=message.pk)
            if reason:
                row.update(state=MessageState.DROPPED, last_error=reason)
                continue
            row.update(state=MessageState.SENT, sent_at=self.now)
            self.counts["sent"] += 1
            if message.kind in TELLS and isinstance(target, Booking):
                self.told[target.pk] = stand_of(target)

    # Out, and rescued ----------------------------------------------------------------------------------------

    def therapist_cannot_come_today(self, pick: int) -> None:
        therapist = self.therapist(pick)
        found = operations.stay_away_today(therapist=therapist, now=self.now, reason="Ill")
        end = day_bounds(local(self.now).date())[1]
        left = Booking.objects.filter(
            therapist=therapist, status__in=OCCUPYING, starts_at__gt=self.now, starts_at__lt=end
        )
        assert {row.booking.pk for row in found} == set(left.order_by().values_list("pk", flat=True))
        for row in found:
            assert row.booking.messages.filter(kind=MessageKind.STRANDED_ALERT).exists()
        self.counts["ill"] += bool(found)

    def the_desk_rescues(self, pick: int) -> None:
        """Everything that a therapist can't keep today, as the plan has it: all of it can be done."""
        therapist, today = self.therapist(pick), local(self.now).date()
        stranded = stranding.stranded_by(therapist_ids={therapist.pk}, now=self.now, days=(today, today))
        keys = [row.booking.pk for row in stranded]
        visits = list(
            Booking.objects.filter(pk__in=keys)
            .select_related("client", "service", "option", "area__zone", "therapist")
            .order_by("starts_at")
        )
        plans = scheduling.plan_rescue(
            bookings=visits, span=(self.now, day_bounds(today)[1]), rules=BookingRules.load(), now=self.now
        )
        pending = [(row.booking, row.chosen) for row in plans if row.chosen is not None]
        moved = [booking.pk for booking, _way in pending]
        if not pending:
            return
        told_all = DoorRule.TWO_PEOPLE
        with self.acting(*(booking for booking, _way in pending), word="rescue", door=told_all) as act:
            while pending:
                aside = []
                for booking, way in pending:
                    to = NewTime(
                        way.starts_at, f"therapist:{way.therapist.slug}", therapist=way.therapist.slug
                    )
                    try:
                        operations.move_booking(booking=booking, to=to, act=act)
                    except SlotNotOffered:
                        aside.append((booking, way))
                assert len(aside) < len(pending), "planned, and then refused"
                pending = aside
        still = stranding.stranded_by(now=self.now)
        assert not {row.booking.pk for row in still} & set(moved)

    def the_desk_writes_never(self, pick: int, other: int) -> None:
        visit, therapist = self.visit(pick), self.therapist(other)
        Pairing.objects.get_or_create(
            client=visit.client,
            therapist=therapist,
            defaults={"kind": PairingKind.NEVER, "reason": "", "at": self.now, "by": self.staff},
        )

    # Moved, put right, called off, and thought of again -------------------------------------------------------

    def the_desk_moves(self, pick: int, quarters: int) -> None:
        visit = self.visit(pick)
        with self.acting(visit, word="moved") as act:
            to = NewTime(visit.starts_at + quarters * 15 * MINUTE, "any")
            operations.move_booking(booking=visit, to=to, act=act)

    def the_desk_corrects(self, pick: int, what: str, tells: bool) -> None:
        visit = self.visit(pick)
        unit = str(pick % 9) if what == "unit" else visit.unit
        zip_code = self.world.far_area.zip_code if what == "far" else visit.area.zip_code
        address = VisitAddress(
            street=visit.street, unit=unit, zip_code=zip_code, access_type=visit.access_type, access=None
        )
        treatment = load_treatment(
            service_slug=self.world.service.slug,
            option_id=self.world.longer.pk if what == "longer" else visit.option_id,
            people=visit.people,
        )
        correction = Correction(
            address=address, treatment=treatment, discount_cents=1_000 if what == "discount" else None
        )
        with self.acting(visit, word=f"corrected: {what}") as act:
            # Another door is always told.
            tells |= address.address_key != visit.address_key
            operations.correct_visit(booking=visit, correction=correction, act=act, tells=tells)

    def visit_is_called_off(self, pick: int, by_client: bool) -> None:
        if Booking.objects.filter(status=BookingStatus.CANCELED).count() > 1:
            return  # there is more to see of those that stand
        visit = self.visit(pick)
        with self.acting(visit, word="canceled"):
            if by_client:
                shown = Shown(visit.revision, operations.late_fee(visit, now=self.now))
                operations.cancel_by_client(booking=visit, shown=shown, now=self.now)
                # They see it on the page.
                self.told[visit.pk] = (BookingStatus.CANCELED,)
            else:
                operations.cancel_booking(booking=visit, actor=self.staff, now=self.now)

    def the_desk_confirms(self, pick: int) -> None:
        visit = self.visit(pick)
        with self.acting(visit, word="confirmed") as act:
            operations.confirm_booking(booking=visit, actor=self.staff, now=self.now, door=act.door)
            fresh = Booking.objects.select_related("client").get(pk=visit.pk)
            assert DoorRule.stricter(act.door, fresh.door_rule) == act.door

    def the_desk_writes_a_rule(self, pick: int, rule: str) -> None:
        """Of the address as it stands; every visit there says so."""
        visit = self.visit(pick)
        operations.set_address_rule(booking=visit, rule=rule, actor=self.staff, now=self.now)
        self.counts["rules of addresses"] += bool(rule)

    def a_visitor_holds_a_time(self, quarters: int) -> None:
        draft = BookingDraft.objects.create(answers={}, updated_at=self.now)
        asked = load_visit_request(
            treatment=load_treatment(
                service_slug=self.world.service.slug, option_id=self.world.option.pk, people=1
            ),
            area=self.world.area,
            preference=ANYONE,
            today=local(self.now).date(),
        )
        try:
            with transaction.atomic():
                found = operations.hold_time(
                    draft=draft,
                    visit_request=asked,
                    starts_at=at(9) + quarters * 15 * MINUTE,
                    rules=BookingRules.load(),
                    source=str(draft.pk),
                    now=self.now,
                )
        except BookingError:
            self.counts["hold: refused"] += 1
        else:
            self.counts["held"] += found is not None

    def a_client_asks_for_a_late_move(self, pick: int, quarters: int, waits: int) -> None:
        """Answered at once, with the next that is asked, or after that."""
        self.the_desk_writes_a_rule(pick, self.chance.choice(DOORS))
        self.a_visitor_holds_a_time(pick % 32)
        visit = self.visit_of_the_hour(pick)
        shown = Shown(visit.revision, operations.late_fee(visit, now=self.now))
        to = NewTime(visit.starts_at + quarters * 15 * MINUTE, ANYONE)
        try:
            with transaction.atomic():
                operations.ask_move(booking=visit, to=to, shown=shown, now=self.now)
        except BookingError:
            self.counts["late move: refused"] += 1
        else:
            self.counts["late move asked for"] += 1
        if not waits:
            self.the_desk_answers(accepts=pick % 4 > 0, with_fee=pick % 2 > 0)

    def the_desk_answers(self, accepts: bool, with_fee: bool) -> None:
        waiting = ChangeRequest.objects.filter(state=ChangeState.OPEN).select_related("booking__client")
        change = waiting.order_by("pk").first()
        if change is None:
            return
        word = "late move accepted" if accepts else "late move declined"
        with self.acting(change.booking, word=word) as act:
            if accepts:
                operations.accept_change(
                    change=change, actor=self.staff, now=self.now, with_fee=with_fee, door=act.door
                )
            else:
                operations.refuse_change(change=change, actor=self.staff, now=self.now)

    def the_desk_thinks_again(self, pick: int) -> None:
        """Undone, all is as it was and nobody has heard of it; or it says why not, and changes nothing."""
        if not self.found:
            return
        press = list(self.found)[-1 - pick % min(3, len(self.found))]
        as_found = self.found[press]
        events = {
            row.event_id: row.event
            for row in SecondThought.objects.filter(press=press).select_related("event__booking")
        }
        visits = Booking.objects.filter(pk__in=as_found).order_by("pk")
        before = {visit.pk: columns_of(visit) for visit in visits}
        try:
            undone = operations.undo(press=press, actor=self.staff, now=self.now)
        except BookingError as refusal:
            self.counts[f"undo refused: {type(refusal).__name__}"] += 1
            assert {visit.pk: columns_of(visit) for visit in visits.all()} == before
            self.was_right_to_refuse(refusal, list(events.values()))
            return
        self.counts["undone"] += 1
        del self.found[press]
        for visit in undone:
            now_is = columns_of(Booking.objects.get(pk=visit.pk))
            # A request whose hour went by meanwhile has another, and what holds at an address holds.
            beside = {"answer_by": None, "address_rule": ""}
            assert now_is | beside == as_found[visit.pk] | beside

    def the_desk_is_of_two_minds(self, pick: int, quarters: int) -> None:
        """Does one thing, calls the visit off before anybody heard of it, and thinks again once the mail has run."""
        if self.visit(pick).status == BookingStatus.REQUESTED:
            self.the_desk_confirms(pick)
        else:
            self.the_desk_moves(pick, quarters)
        self.now += MINUTE
        self.visit_is_called_off(pick, by_client=False)
        self.now += MINUTE
        self.mail_leaves()
        self.the_desk_thinks_again(0)

    def was_right_to_refuse(self, refusal: BookingError, events: list[BookingEvent]) -> None:
        if isinstance(refusal, ChangedMeanwhile):
            assert any(event.booking.events.filter(pk__gt=event.pk).exists() for event in events)
        elif isinstance(refusal, MessageGone) and events:
            since = min(event.at for event in events)
            told = Message.objects.filter(booking__in=[event.booking for event in events])
            assert told.filter(sent_at__gte=since).exists()

    # On the way, at the door, done ------------------------------------------------------------------------------

    def the_therapist_presses(self, pick: int, wanted: StepKind | None, minutes: int, slipped: bool) -> None:
        """A button, or the next that makes sense."""
        visit = self.visit_of_the_hour(pick)
        is_there = visit.steps.standing().filter(kind=StepKind.ARRIVED).exists()
        kind = wanted or (StepKind.DONE if is_there else StepKind.ARRIVED)
        if visit.starts_at > self.now + timedelta(hours=2):
            return
        shown = told_last(visit.steps.standing())
        press = Press(
            kind=kind,
            key=uuid.uuid4(),
            at=self.now,
            minutes=minutes if kind == StepKind.LATE else None,
            shown=shown.key if shown is not None else None,
        )
        try:
            with transaction.atomic():
                step = operations.press_step(booking=visit, press=press, actor=self.staff, now=self.now)
        except BookingError:
            self.counts[f"{kind}: refused"] += 1
            return
        self.counts[kind] += 1
        # Sent twice by a phone it is once.
        assert operations.press_step(booking=visit, press=press, actor=self.staff, now=self.now) == step
        if kind == StepKind.ARRIVED:
            self.goes_in(visit, step)
        elif kind == StepKind.DONE:
            self.is_out(visit)
        elif step.expected_from is not None:
            late_by = step.expected_from - visit.blocked_from
            if late_by > timedelta(minutes=self.site.rules.late_free_minutes):
                assert operations.late_fee(visit, now=self.now) is None
                self.counts["late enough to cancel for nothing"] += 1
        if slipped:
            self.the_therapist_takes_it_back(visit, step)

    def goes_in(self, visit: Booking, step: VisitStep) -> None:
        """At this door, and so at none where they were before."""
        mine = set(
            Booking.objects.filter(therapist=visit.therapist_id).order_by().values_list("pk", flat=True)
        )
        left = (self.inside & mine) - self.calls_for_help - {visit.pk}
        self.left_for[step.key] = left
        self.inside = (self.inside - left) | {visit.pk}

    def the_therapist_takes_it_back(self, visit: Booking, step: VisitStep) -> None:
        check_in = CheckIn.objects.filter(booking=visit).first()
        try:
            with transaction.atomic():
                operations.undo_step(booking=visit, key=step.key, now=self.now)
        except TooLate:
            self.counts["taken back too late"] += 1
            return
        self.counts["taken back"] += 1
        if step.kind == StepKind.ARRIVED and check_in is not None:
            if check_in.asked_at is None and check_in.answered_at is None:
                self.inside.discard(visit.pk)
                here = Booking.objects.filter(pk__in=self.left_for[step.key], status__in=AT_A_DOOR)
                self.inside |= set(here.order_by().values_list("pk", flat=True))

    def a_pin_is_entered(self, pick: int, pin: str) -> None:
        if not self.inside:
            return
        visit = Booking.objects.get(pk=sorted(self.inside)[pick % len(self.inside)])
        assert check_ins.answer(booking=visit, pin=pin, now=self.now) is (pin != "0000")
        self.counts[f"PIN {pin}"] += 1
        if pin == HELP:
            self.calls_for_help.add(visit.pk)
        elif pin == FINE:
            self.is_out(visit)

    def somebody_says_how_it_went(self, pick: int, how: str) -> None:
        visit = self.visit_of_the_hour(pick)
        check_in = CheckIn.objects.filter(booking=visit).first()
        operations_of: dict[str, Callable[..., Booking]] = {
            "completed": operations.complete_booking,
            "no-show": operations.mark_no_show,
            "reopened": operations.reopen_booking,
        }
        try:
            with transaction.atomic():
                operations_of[how](booking=visit, actor=self.staff, now=self.now)
        except BookingError:
            self.counts[f"{how}: refused"] += 1
            return
        self.counts[how] += 1
        if how != "reopened":
            self.is_out(visit)
        elif check_in is not None and check_in.answered_at is None and check_in.ended_by is None:
            mine = CheckIn.objects.filter(booking__therapist=visit.therapist_id)
            is_last = not mine.filter(opened_at__gt=check_in.opened_at).exists()
            if self.now < visit.blocked_until and is_last:
                self.inside.add(visit.pk)

    def the_watch_looks(self) -> None:
        check_ins.watch(now=self.now)
        rows = CheckIn.objects.filter(ended_at=None).select_related("booking")
        turn = timedelta(minutes=self.site.rules.check_in_turn_minutes)
        for row in rows:
            if row.asked_at is None and row.alarm_at is None:
                assert self.now < check_ins.overdue_at(row, self.site.rules)
            elif row.alarm_at is None:
                assert row.asked_at is not None
                assert self.now < row.asked_at + turn
                self.counts["asked"] += 1
            else:
                self.counts["alarms"] += 1
        # Two at once do it once.
        assert check_ins.watch(now=self.now) == 0

    def somebody_looks_after_it(self, ends: bool) -> None:
        for row in check_ins.overdue():
            if check_ins.take(check_in=row, actor=self.staff, now=self.now):
                self.counts["looked after"] += 1
            row.refresh_from_db()
            if ends and check_ins.end_alarm(check_in=row, actor=self.staff, now=self.now):
                self.inside.discard(row.booking_id)
                self.calls_for_help.discard(row.booking_id)

    # What must never be false -----------------------------------------------------------------------------------

    def look(self) -> None:
        self.nobody_is_at_two_doors_at_once()
        self.no_client_is_left_with_what_is_not_true()
        self.nobody_is_stranded_unseen()
        self.who_went_in_is_looked_out_for_until_they_are_out()
        self.every_visit_has_its_history()

    def nobody_is_at_two_doors_at_once(self) -> None:
        for before, after in pairwise(Booking.objects.occupying().order_by("therapist", "blocked_from")):
            if before.therapist_id == after.therapist_id:
                assert before.blocked_until <= after.blocked_from, (before, after)
        for hold in Hold.objects.live(self.now).order_by("pk"):
            there = Booking.objects.occupying().filter(
                therapist=hold.therapist_id,
                blocked_from__lt=hold.blocked_until,
                blocked_until__gt=hold.blocked_from,
            )
            assert not there.exists(), hold

    def no_client_is_left_with_what_is_not_true(self) -> None:
        """Who knows a visit otherwise than it is will hear of it; and of what was undone nothing is left to hear."""
        ahead = Booking.objects.filter(
            status__in=[*OCCUPYING, BookingStatus.CANCELED], starts_at__gt=self.now
        )
        for visit in ahead.order_by("pk"):
            to_client = visit.messages.filter(kind__in=TELLS)
            assert not to_client.filter(revision__gt=visit.revision).exists()
            waits = to_client.filter(revision=visit.revision, state=MessageState.DUE)
            if stand_of(visit) != self.told[visit.pk]:
                assert waits.exists(), (visit, visit.status, self.told[visit.pk])
                self.counts["yet to be told"] += 1

    def nobody_is_stranded_unseen(self) -> None:
        """On every fourth step: what lies in its therapist's time off is on the list."""
        if self.counts["steps"] % 4:
            return
        listed = {row.booking.pk for row in stranding.stranded_by(now=self.now)}
        for visit in Booking.objects.occupying().filter(starts_at__gt=self.now).order_by("pk"):
            off = visit.therapist.time_off.filter(
                starts_at__lt=visit.blocked_until, ends_at__gt=visit.blocked_from
            )
            if off.exists():
                assert visit.pk in listed
                self.counts["stranded"] += 1

    def who_went_in_is_looked_out_for_until_they_are_out(self) -> None:
        open_ones = set(CheckIn.objects.filter(ended_at=None).order_by().values_list("booking", flat=True))
        assert open_ones == self.inside

    def every_visit_has_its_history(self) -> None:
        for visit in Booking.objects.prefetch_related("events").order_by("pk"):
            assert list(visit.events.all())[-1].to_status == visit.status


@contextmanager
def told_of(seed: int, step: int) -> Iterator[None]:
    """Says in which story something went wrong."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"story {seed}, step {step}")
        raise


def test_any_order_of_a_day_that_goes_wrong_keeps_what_must_never_be_false(world: World) -> None:
    third = world.add_therapist("Sample Therapist Three")
    second = world.add_therapist()
    for therapist in (world.therapist, second, third):
        therapist.user = User.objects.create_user(therapist.slug, email=f"{therapist.slug}@example.com")
        therapist.save()
        assert check_ins.set_pins(therapist=therapist, fine=FINE, needs_help=HELP, now=NOW)
    wanted = [(10, world.therapist), (12, world.therapist), (15, world.therapist), (10, second), (14, second)]
    for number, (hour, therapist) in enumerate([*wanted, (11, third)]):
        booking = world.book(
            starts_at=at(hour),
            preference=f"therapist:{therapist.slug}",
            email=f"c{number}@example.com",
            phone=f"+1213555{1000 + number}",
            street=f"{number} Sample Street",
        )
        booking.client.door_rule = DOORS[number % len(DOORS)]
        booking.client.save()
        if number != 2:
            operations.confirm_booking(booking=booking, actor=None, now=NOW, door=booking.door_rule)
    tomorrow = world.book(
        starts_at=at(10, day=DAY + timedelta(days=1)),
        preference=f"therapist:{second.slug}",
        email="tomorrow@example.com",
        phone="+12135551099",
    )
    tomorrow.client.email = ""
    tomorrow.client.save()
    operations.confirm_booking(booking=tomorrow, actor=None, now=NOW)
    Message.objects.filter(due_at__lte=at(9)).update(state=MessageState.SENT)
    Day.world, Day.staff, Day.counts = world, User.objects.create_user("desk"), Counter()

    for seed in range(STORIES):
        with transaction.atomic():
            story = Day(seed)
            for step in range(STEPS):
                with told_of(seed, step):
                    story.something_happens()
                    story.look()
            transaction.set_rollback(True)

    write_down("a day that goes wrong, in any order", **dict(sorted(Day.counts.items())))
    # It went where it can go wrong.
    for ways in (
        ["ill"],
        ["rescue"],
        ["undone"],
        ["moved", "corrected: unit"],
        ["arrived"],
        ["done", "completed"],
        ["late"],
        ["taken back"],
        [f"PIN {HELP}"],
        ["asked", "alarms"],
        ["stranded"],
        ["yet to be told"],
        ["held"],
        ["late move asked for"],
        ["late move accepted", "late move declined"],
        ["nobody said that they know"],
    ):
        assert any(Day.counts[happened] > 0 for happened in ways), ways
