"""What the benches share: a PostgreSQL of their own, and a business of five therapists with any number of
stored visits.

Monday to Saturday 9 to 18, sessions of 60, 90 and 120 minutes, a start every quarter of an hour, the sample's
ZIP codes of Los Angeles and its rows of drives. The clock stands, so that every run sees the same calendar.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from launch.processes import Supervisor
from launch.servers import start_throwaway_postgres

if TYPE_CHECKING:
    from bookings.domain.visit_request import VisitRequest
    from bookings.models import BookingRules, Therapist
    from services.models import Service, ServiceOption

#: Sunday noon in Los Angeles: the first bookable day is a Monday.
NOW = datetime(2026, 12, 6, 20, 0, tzinfo=UTC)
FIRST_DAY = date(2026, 12, 7)
HORIZON_DAYS = 90
#: Days ahead that have visits, two for each therapist on a working day.
BOOKED_AHEAD = 60
THERAPISTS = 5
#: Far enough from the booked days to hold two made-up days.
QUIET_DAY = FIRST_DAY + timedelta(days=70)


@contextmanager
def own_postgres() -> Iterator[str]:
    """An empty PostgreSQL with the site's tables, and Django set up to use it; gone afterwards.

    To be entered before anything of the site is imported.
    """
    supervisor = Supervisor()
    try:
        address = start_throwaway_postgres(supervisor, Path(sys.prefix))
        if address is None:
            raise SystemExit("PostgreSQL 15 or newer is needed (on Debian: apt install postgresql).")
        os.environ.update(
            DATABASE_URL=address,
            DJANGO_SETTINGS_MODULE="massagerx.settings.test",
            VAR_DIR=str(supervisor.temporary_directory()),
        )
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        # A booking's wake-up would knock at a broker that isn't there: the row is the truth, and is measured.
        from bookings.domain import outbox

        outbox.set_wake_worker(None)
        call_command("migrate", verbosity=0)
        yield address
        connections.close_all()
    finally:
        supervisor.close()


@dataclass(frozen=True)
class Business:
    """The rows that the benches ask about."""

    service: Service
    options: tuple[ServiceOption, ...]
    rules: BookingRules
    therapists: tuple[Therapist, ...]

    def visit_request(self, therapists: Sequence[Therapist], zip_code: str = "90026") -> VisitRequest:
        """An hour's treatment in `zip_code` with one of these therapists."""
        from bookings.domain.visit_request import ANYONE, VisitRequest, load_area, load_treatment

        treatment = load_treatment(service_slug=self.service.slug, option_id=self.options[0].pk)
        return VisitRequest(
            treatment=treatment, area=load_area(zip_code), preference=ANYONE, therapists=tuple(therapists)
        )


def found_business(now: datetime = NOW) -> Business:
    """Writes the business, without a visit; `now` is when its texts came into force."""
    from bookings import sample
    from bookings.drives.rows import refresh
    from bookings.enums import Gender
    from bookings.models import BookingRules, ServiceArea, Therapist, WorkingHours
    from services import sample as catalogue
    from services.models import Category, Service, ServiceOption

    catalogue.load(now=now)
    sample.load(now=now)
    refresh(now=now)
    Therapist.objects.all().delete()
    category = Category.objects.create(name="Measured", slug="measured")
    service = Service.objects.create(
        category=category,
        name="Measured massage",
        slug="measured-massage",
        summary="For the bench.",
        description="<p>For the bench.</p>",
        setup_minutes=10,
        packdown_minutes=10,
    )
    options = tuple(
        ServiceOption.objects.create(service=service, minutes=minutes, price_cents=minutes * 200)
        for minutes in (60, 90, 120)
    )
    rules = BookingRules.load()
    rules.granularity_minutes = 15
    rules.horizon_days = HORIZON_DAYS
    rules.open_requests_per_client = 50
    rules.unproved_in_all = 10_000  # as many new clients as press, none of whom has proved a mailbox
    rules.save()
    homes = ServiceArea.objects.in_bulk(["90027", "90034", "91604", "90065", "90045"], field_name="zip_code")
    for number, home in enumerate(homes.values(), start=1):
        therapist = Therapist.objects.create(
            name=f"Therapist {number}",
            slug=f"therapist-{number}",
            gender=Gender.FEMALE if number % 2 else Gender.MALE,
            certificate_number=f"SAMPLE-{number}",
            home_zip=home,
            reach_minutes=90,
            break_after_minutes=300,
        )
        therapist.services.add(service)
        WorkingHours.objects.bulk_create(
            WorkingHours(therapist=therapist, weekday=weekday, starts_at=time(9), ends_at=time(18))
            for weekday in range(6)
        )
    therapists = tuple(Therapist.objects.select_related("home_zip__zone").order_by("pk"))
    return Business(service, options, rules, therapists)


# Visits of whole days: for each therapist (0 to 4) on each working day, at the hours given. One in seven of the
# past was canceled, the others took place; those ahead are confirmed. Lengths, places and clients vary.
_VISITS = """
INSERT INTO bookings_booking (
    reference, status, client_id, contact_name, recipient_name, therapist_id, service_id, option_id, people,
    starts_at, ends_at, blocked_from, blocked_until, street, unit, city, area_id, access_type,
    treatment_cents, add_ons_cents, travel_cents, evening_cents, total_cents,
    late_fee_cents, preference, terms_version_id, agreed_at, created_at, revision, submission_key, submission_digest
)
SELECT
    'B' || (%(offset)s + number), status, clients[1 + number %% array_length(clients, 1)],
    'Sample Client', '', therapist, %(service)s, options[1 + number %% 3], 1,
    start, start + length, start - interval '10 minutes', start + length + interval '10 minutes',
    number || ' Sample Street', '', 'Los Angeles', areas[1 + (number * 7) %% array_length(areas, 1)], 'ground',
    12000, 0, 0, 0, 12000,
    CASE WHEN status = 'canceled' AND number %% 2 = 0 THEN 6000 ELSE 0 END, 'any',
    %(terms)s, start - interval '3 days', start - interval '3 days', 1, gen_random_uuid(), repeat('0', 64)
FROM (
    SELECT
        number, therapist,
        CASE WHEN NOT %(past)s THEN 'confirmed' WHEN number %% 7 = 0 THEN 'canceled' ELSE 'completed' END
            AS status,
        (day + hour) AT TIME ZONE 'America/Los_Angeles' AS start,
        (ARRAY[interval '60 minutes', interval '90 minutes'])[1 + number %% 2] AS length
    FROM (
        SELECT row_number() OVER (ORDER BY abs(day - %(first)s::date), hour, therapist)::int AS number,
            day, hour, therapist
        FROM (
            SELECT (%(first)s::date + n * %(step)s) AS day FROM generate_series(0, %(days)s - 1) AS n
        ) AS days
        CROSS JOIN unnest(%(hours)s::time[]) AS hour
        CROSS JOIN unnest(%(therapists)s::bigint[]) AS therapist
        WHERE extract(isodow FROM day) < 7
    ) AS every_one
    ORDER BY number OFFSET %(skip)s LIMIT %(count)s
) AS chosen
CROSS JOIN (SELECT array_agg(id ORDER BY id) AS clients FROM bookings_client) AS c
CROSS JOIN (SELECT array_agg(id ORDER BY zip_code) AS areas FROM bookings_servicearea) AS a
CROSS JOIN (SELECT array_agg(id ORDER BY minutes) AS options FROM services_serviceoption
            WHERE service_id = %(service)s) AS o
"""
_CLIENTS = """
INSERT INTO bookings_client (name, email, phone, is_blocked, created_at)
SELECT 'Sample Client', 'sample' || n || '@example.com', '+1310555' || lpad(n::text, 4, '0'), false, now()
FROM generate_series(1, 2000) AS n
"""


class Calendar:
    """Visits stored in a business, only ever more of them."""

    def __init__(self, business: Business) -> None:
        from django.db import connection

        self.business = business
        self.stored = 0
        self._past = 0
        self._ahead = 0
        with connection.cursor() as cursor:
            cursor.execute(_CLIENTS)

    def grow_to(self, count: int, *, ahead: bool = True) -> None:
        """Stores visits until there are `count`: those ahead first, the same for every count from 1,000 on; the
        rest in the past, back from yesterday. `ahead=False` leaves the days ahead free."""
        from django.db import connection

        if ahead and count > self.stored and not self._ahead:
            self._ahead = self._add(min(count, 600), past=False)
        missing = count - self._ahead - self._past
        if missing > 0:
            self._past += self._add(missing, past=True)
        self.stored = self._ahead + self._past
        with connection.cursor() as cursor:
            # As autovacuum does in time: fresh figures for the planner, and pages known to be visible.
            cursor.execute("VACUUM ANALYZE")

    def _add(self, count: int, *, past: bool) -> int:
        from django.db import connection

        from bookings.models import TermsVersion

        hours = ["09:15", "11:15", "13:30", "15:45"] if past else ["10:00", "14:30"]
        a_week = 6 * len(hours) * THERAPISTS
        skip = self._past if past else 0
        with connection.cursor() as cursor:
            cursor.execute(
                _VISITS,
                {
                    "offset": skip + (1_000_000 if past else 0),
                    "service": self.business.service.pk,
                    "terms": TermsVersion.objects.values_list("pk", flat=True)[0],
                    "past": past,
                    "first": FIRST_DAY - timedelta(days=2) if past else FIRST_DAY,
                    "step": -1 if past else 1,
                    "days": (skip + count) * 7 // a_week + 8 if past else BOOKED_AHEAD,
                    "hours": hours,
                    "therapists": [therapist.pk for therapist in self.business.therapists],
                    "skip": skip,
                    "count": count,
                },
            )
            return cursor.rowcount

    def fill_morning(self, day: date, visits: int) -> None:
        """Fills 9:00 to 13:20 of the first therapist's `day` with this many blocks, however short they are: the
        afternoon stays free, so that days differ in nothing but their number of visits."""
        from bookings.enums import BookingStatus
        from bookings.models import Booking, Client, ServiceArea, TermsVersion
        from massagerx.lib.localtime import day_bounds

        minutes = 260 // visits
        begin = day_bounds(day)[0] + timedelta(hours=9)
        areas = list(ServiceArea.objects.order_by("zip_code"))
        client, agreed = Client.objects.all()[0], TermsVersion.objects.all()[0]
        business = self.business
        Booking.objects.bulk_create(
            Booking(
                status=BookingStatus.CONFIRMED,
                client=client,
                contact_name="Sample Client",
                therapist=business.therapists[0],
                service=business.service,
                option=business.options[0],
                starts_at=begin + number * timedelta(minutes=minutes),
                ends_at=begin + (number + 1) * timedelta(minutes=minutes),
                blocked_from=begin + number * timedelta(minutes=minutes),
                blocked_until=begin + (number + 1) * timedelta(minutes=minutes),
                street=f"{number} Sample Street",
                city="Los Angeles",
                area=areas[number % len(areas)],
                treatment_cents=12000,
                total_cents=12000,
                terms_version=agreed,
                agreed_at=NOW,
                created_at=NOW,
                submission_key=_key(visits, number),
                submission_digest="0" * 64,
            )
            for number in range(visits)
        )


def _key(visits: int, number: int) -> str:
    return f"{visits:08x}-0000-4000-8000-{number:012x}"
