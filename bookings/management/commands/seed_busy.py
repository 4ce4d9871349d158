"""`manage.py seed_busy`: a busy week around today, to see how the desk looks. Only where the sample data is."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from bookings.domain import operations, pricing, scheduling
from bookings.domain.area_requests import leave_area_request
from bookings.domain.operations import NewTime, Shown, Submission
from bookings.domain.visit_request import ANYONE, load_area, load_treatment, load_visit_request
from bookings.enums import MessageKind, MessageState, Tier
from bookings.exceptions import BookingError
from bookings.models import (
    Booking,
    BookingDraft,
    BookingRules,
    Message,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    TimeOff,
    WorkingHours,
)
from massagerx.lib.localtime import day_bounds, local
from services.models import Business, Service, ServiceOption

VISITS_A_WEEK = 40
THERAPISTS = 5
# Of each hundred visits that are over: how many nobody opened for, and how many were canceled before.
NO_SHOWS, CANCELED = 6, 10
# Of each hundred that are to come: how many were asked for today, and wait.
WAITING = 15
_STREETS = ["Sample Street", "Example Avenue", "Test Boulevard", "Placeholder Lane", "Specimen Way"]


class Command(BaseCommand):
    help = (
        "Fills last week, this week and the next with sample visits: 5 therapists, 40 visits a week, requests, holds, "
        "canceled visits and no-shows, late changes, messages, and visits whose therapist is sick. Nothing is mailed. "
        "Only for a site that still has its sample data."
    )

    def add_arguments(self, parser: Any) -> None:
        """`--seed`."""
        parser.add_argument("--seed", type=int, default=1, help="Another number makes another week.")

    def handle(self, *args: Any, seed: int, **options: Any) -> None:
        """Writes a week of visits in one transaction. Raises `CommandError` unless the data are samples."""
        if not settings.LOCAL or not Business.load().is_sample:
            raise CommandError("This site is in use: sample visits belong on a site with sample data.")
        now = timezone.now()
        chance = random.Random(seed)
        with transaction.atomic():
            made = _Week(now, chance).fill()
        self.stdout.write(f"{made} sample visits, from last Monday on. The day board shows them.")


class _Week:
    def __init__(self, now: datetime, chance: random.Random) -> None:
        self.now = now
        self.chance = chance
        self.staff = get_user_model().objects.filter(is_staff=True).order_by("pk").first()
        self.rules = BookingRules.load()
        self.options = list(
            ServiceOption.objects.active().filter(service__is_active=True).select_related("service")
        )
        self.zips = [row.zip_code for row in ServiceArea.objects.filter(is_active=True).order_by("zip_code")]
        agreed = TermsVersion.objects.order_by("-number").first()
        asked = ScreeningVersion.objects.order_by("-number").first()
        if agreed is None or asked is None or not self.options or not self.zips:
            raise CommandError("Load the sample data first: manage.py load_sample_data")
        self.agreed, self.asked = agreed, asked
        self.number = Booking.objects.count()

    def fill(self) -> int:
        self._therapists()
        before = Booking.objects.count()
        monday = local(self.now).date() - timedelta(days=local(self.now).weekday() + 7)
        for week in range(3):
            self._week(monday + timedelta(days=7 * week))
        self._holds()
        # Nothing is mailed but what the desk's front page has to show.
        made = Booking.objects.order_by("-pk")[: Booking.objects.count() - before]
        Message.objects.filter(booking__in=made).delete()
        self._late_changes()
        self._graver_answers()
        self._enquiries()
        self._stranded()
        return Booking.objects.count() - before

    def _therapists(self) -> None:
        homes = list(ServiceArea.objects.filter(is_active=True).order_by("-zip_code"))
        for number in range(Therapist.objects.count() + 1, THERAPISTS + 1):
            therapist = Therapist.objects.create(
                name=f"Sample Therapist No. {number}",
                slug=f"sample-therapist-no-{number}",
                gender="female" if number % 2 else "male",
                certificate_number=f"SAMPLE-{number:05}",
                certificate_expires_on=date(local(self.now).year + 1, 12, 31),
                home_zip=homes[number * 7 % len(homes)],
                position=number,
            )
            therapist.services.set(Service.objects.filter(is_active=True))
            WorkingHours.objects.bulk_create(
                WorkingHours(therapist=therapist, weekday=day, starts_at=time(9), ends_at=time(18))
                for day in range(6)
            )

    def _week(self, monday: date) -> None:
        made = 0
        for _attempt in range(VISITS_A_WEEK * 4):
            if made == VISITS_A_WEEK:
                break
            made += self._visit(monday + timedelta(days=self.chance.randrange(6)))
        active = list(Therapist.objects.filter(is_active=True).order_by("pk"))
        if active:
            off = self.chance.choice(active)
            start = day_bounds(monday + timedelta(days=2))[0] + timedelta(hours=12)
            if (
                not Booking.objects.filter(therapist=off)
                .occupying()
                .between(start, start + timedelta(hours=6))
                .exists()
            ):
                TimeOff.objects.create(therapist=off, starts_at=start, ends_at=start + timedelta(hours=6))

    def _visit(self, day: date) -> bool:
        """Books one visit on a local day, as it was asked for some days before; False when there is no room."""
        waits = day > local(self.now).date() and self.chance.randrange(100) < WAITING
        # A request that nobody has answered for days would have expired.
        asked_at = (
            self.now - timedelta(minutes=self.chance.randrange(5, 8 * 60))
            if waits
            else min(self.now, day_bounds(day)[0]) - timedelta(days=self.chance.randrange(2, 12))
        )
        if self.agreed.published_at > asked_at or self.asked.published_at > asked_at:
            # The sample rules are as young as the site.
            type(self.agreed).objects.filter(pk=self.agreed.pk).update(published_at=asked_at)
            type(self.asked).objects.filter(pk=self.asked.pk).update(published_at=asked_at)
            self.agreed.published_at = self.asked.published_at = asked_at
        option = self.chance.choice(self.options)
        area = load_area(self.chance.choice(self.zips))
        try:
            treatment = load_treatment(service_slug=option.service.slug, option_id=option.pk)
            visit_request = load_visit_request(
                treatment=treatment, area=area, preference=ANYONE, today=local(asked_at).date()
            )
        except BookingError:
            return False
        offer = scheduling.find_times_between(
            visit_request=visit_request, first_day=day, last_day=day, rules=self.rules, now=asked_at
        )
        starts = offer.by_day.get(day, ())
        if not starts:
            return False
        starts_at = self.chance.choice(starts).starts_at
        self.number += 1
        number = self.number
        who = f"Sample Client {number % 60 + 1:02}"
        submission = Submission(
            key=uuid.UUID(int=self.chance.getrandbits(128), version=4),
            service_slug=option.service.slug,
            option_id=option.pk,
            add_on_ids=(),
            people=1,
            zip_code=area.zip_code,
            preference=ANYONE,
            starts_at=starts_at,
            name=who,
            email=f"client{number % 60 + 1:02}@example.com",
            phone=f"+1213555{100 + number % 60:04}",
            recipient_name="",
            street=f"{100 + number} {self.chance.choice(_STREETS)}",
            unit="",
            access_type=self.chance.choice(["ground", "ground", "stairs", "elevator"]),
            access={"parking": "Sample: park on the street."},
            screening_version=self.asked.number,
            screening_service=option.service.slug,
            answers=self._answers(),
            terms_version=self.agreed.number,
            total_cents=pricing.quote(
                treatment=treatment, area=area, rules=self.rules, starts_at=starts_at
            ).total_cents,
        )
        try:
            booking = operations.request_booking(submission=submission, now=asked_at)
        except BookingError:
            return False
        if not waits:
            self._go_on(booking, asked_at)
        return True

    def _clear(self) -> dict[str, str]:
        """The answers of somebody who has nothing to tell."""
        return {
            question["id"]: "yes" if question["id"] == "adult" else "no"
            for question in self.asked.rules["questions"]
            if "when" not in question
        }

    def _answers(self) -> dict[str, str]:
        """Clear for most; one in eight has something to tell."""
        answers = self._clear()
        if self.chance.randrange(8) == 0:
            told = self.chance.choice(["everyday_conditions", "pregnancy"])
            answers.update({told: "yes"} if told in answers else {})
        return answers

    def _go_on(self, booking: Booking, asked_at: datetime) -> None:
        """What became of it meanwhile."""
        luck = self.chance.randrange(100)
        if booking.status == "requested" and operations.needs_clinician_note(booking):
            if self.staff is None:
                return
            operations.record_clinician_note(
                booking=booking, actor=self.staff, note="Sample: fine.", now=asked_at + timedelta(minutes=30)
            )
        if booking.status == "requested":
            booking = operations.confirm_booking(
                booking=booking, actor=self.staff, now=asked_at + timedelta(hours=1)
            )
        if luck >= 100 - CANCELED:
            operations.cancel_booking(
                booking=booking, actor=None, by_client=True, now=asked_at + timedelta(hours=20)
            )
        elif booking.ends_at <= self.now:
            ended = operations.mark_no_show if 20 <= luck < 20 + NO_SHOWS else operations.complete_booking
            ended(booking=booking, actor=self.staff, now=booking.ends_at)

    def _coming(self) -> QuerySet[Booking]:
        """Confirmed visits to come, the next first."""
        return Booking.objects.filter(status="confirmed", starts_at__gt=self.now).order_by("starts_at")

    def _late_changes(self) -> None:
        """Two clients ask for another time when it is late for that; one of the alerts fails."""
        for number, booking in enumerate(self._coming()[:2]):
            fee = operations.late_fee(booking, now=self.now)
            if fee is None:
                continue
            operations.ask_move(
                booking=booking,
                to=NewTime(booking.starts_at + timedelta(days=2 + number)),
                shown=Shown(booking.revision, fee),
                reason="Sample: my mother has a cold.",
                now=self.now - timedelta(minutes=40),
            )
        alerts = Message.objects.filter(kind=MessageKind.CHANGE_ALERT)
        alerts.update(state=MessageState.SENT, sent_at=self.now)
        failed = alerts.order_by("pk").first()
        if failed is not None:
            failed.state, failed.sent_at, failed.last_error = (
                MessageState.FAILED,
                None,
                "SMTPSenderRefused 550",
            )
            failed.save()

    def _graver_answers(self) -> None:
        """A client answers the health questions again before the visit, and needs a look now."""
        booking = self._coming().filter(screening__tier=Tier.CLEAR)[2:3].first()
        if booking is not None:
            asked = next(iter({"pregnancy", "everyday_conditions"} & set(self._clear())), "")
            answers = {**self._clear(), **({asked: "yes"} if asked else {})}
            operations.recheck_screening(
                booking=booking, version_number=self.asked.number, answers=answers, now=self.now
            )
            Message.objects.filter(booking=booking).delete()

    def _enquiries(self) -> None:
        """People who wrote to us, and one from outside our area."""
        for number, words in enumerate(["Do you come to Burbank?", "Can my sister be there?"]):
            operations.send_contact(
                key=uuid.UUID(int=self.chance.getrandbits(128), version=4),
                name=f"Sample Visitor {number + 1}",
                email=f"visitor{number + 1}@example.com",
                phone="",
                body=f"Sample: {words}",
                now=self.now - timedelta(minutes=40 + 90 * number),
            )
        Message.objects.filter(kind=MessageKind.CONTACT_ALERT).update(
            state=MessageState.SENT, sent_at=self.now
        )
        leave_area_request(
            name="Sample Visitor 3", email="visitor3@example.com", phone="", zip_code="92101", service=None,
            note="Sample: when will you come here?", now=self.now - timedelta(hours=3),
        )  # fmt: skip

    def _stranded(self) -> None:
        """Somebody is sick on the fullest of the next days, with visits booked."""
        after = day_bounds(local(self.now).date() + timedelta(days=1))[0]
        coming = self._coming().filter(starts_at__gte=after, starts_at__lt=after + timedelta(days=4))
        booked = Counter((visit.therapist_id, local(visit.starts_at).date()) for visit in coming)
        if booked:
            (therapist, day), _count = booked.most_common(1)[0]
            start, end = day_bounds(day)
            TimeOff.objects.create(
                therapist_id=therapist, starts_at=start, ends_at=end, reason="Sample: sick"
            )

    def _holds(self) -> None:
        """Two visitors who are choosing right now."""
        tomorrow = local(self.now).date() + timedelta(days=1)
        for number in range(2):
            option = self.options[0]
            treatment = load_treatment(service_slug=option.service.slug, option_id=option.pk)
            visit_request = load_visit_request(
                treatment=treatment,
                area=load_area(self.chance.choice(self.zips)),
                preference=ANYONE,
                today=local(self.now).date(),
            )
            offer = scheduling.find_times_between(
                visit_request=visit_request,
                first_day=tomorrow,
                last_day=tomorrow + timedelta(days=3),
                rules=self.rules,
                now=self.now,
            )
            starts = [start for of_day in offer.by_day.values() for start in of_day]
            if not starts:
                return
            draft = BookingDraft.objects.create(updated_at=self.now)
            operations.hold_time(
                draft=draft,
                visit_request=visit_request,
                starts_at=self.chance.choice(starts).starts_at,
                rules=self.rules,
                source=f"sample-{number}",
                now=self.now,
            )
