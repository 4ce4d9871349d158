"""What a booking costs when many clients press at once, beside a floor in the same rounds.

Run from the repository: python -m bench.booking [--clients 16] [--rounds 5] [--each 6] [--crowd 50] [--slots 10]

Ours is `operations.request_booking`: checks, the therapists' locks, the engine asked again, then client, price,
history, access notes, health answers and message rows in one transaction. The floor locks one therapist's row and
inserts one bare booking that the database's constraint guards. Each client is a process with a connection of its
own, warmed by some bookings that don't count; both kinds run by turns, on a PostgreSQL that is started for them.
Each client books several times in a round: mostly at a free time of one therapist, every fourth time at one that
other clients want too. Then a crowd presses for one time at once, again and again. Exits with an error when two
visits overlap or one is missing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.world import FIRST_DAY, NOW, Business, Calendar, found_business, own_postgres

if TYPE_CHECKING:
    from bookings.domain.operations import Submission
    from bookings.models import Therapist

RESULTS = Path(__file__).parent / "results" / "booking.json"
STORED = 1000
# How many bookings of each client don't count. So often PostgreSQL plans what a connection keeps prepared, before it
# takes one plan for all values.
WARM = 6
# Behind the days that have visits already.
FREE_FROM = FIRST_DAY + timedelta(days=63)
HOURS = (10, 12, 14)
_FORK = multiprocessing.get_context("fork")


@dataclass
class Timed:
    """What came of many presses, and how long each took in milliseconds."""

    results: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return self.results["done"] / self.seconds if self.seconds else 0.0

    def add(self, other: Timed) -> None:
        self.results += other.results
        self.milliseconds += other.milliseconds
        self.seconds += other.seconds

    def figures(self) -> dict[str, Any]:
        cuts = statistics.quantiles(self.milliseconds, n=100)
        return {
            "bookings_per_second": round(self.per_second, 1),
            "p50_ms": round(cuts[49], 1),
            "p95_ms": round(cuts[94], 1),
            "p99_ms": round(cuts[98], 1),
            "results": dict(self.results),
        }


def at_once(
    clients: Sequence[Sequence[Callable[[], object]]],
    warm: Sequence[Sequence[Callable[[], object]]] | None = None,
) -> Timed:
    """Lets clients press, each in a process with a connection of its own, and one time after another; all start
    together. `warm` is what each does before that, since no web server answers everybody with a new connection."""
    from django.db import connections

    connections.close_all()  # a forked process must not share it
    ready = _FORK.Barrier(len(clients) + 1)
    answers = _FORK.Queue()
    processes = [
        _FORK.Process(target=_press, args=(first, actions, ready, answers))
        for first, actions in zip(warm or [()] * len(clients), clients, strict=True)
    ]
    for process in processes:
        process.start()
    ready.wait(timeout=120)
    started = time.perf_counter()
    timed = Timed()
    for _ in processes:
        results, milliseconds = answers.get(timeout=300)
        timed.results += results
        timed.milliseconds += milliseconds
    timed.seconds = time.perf_counter() - started
    for process in processes:
        process.join()
    return timed


def _press(
    warm: Sequence[Callable[[], object]], actions: Sequence[Callable[[], object]], ready: Any, answers: Any
) -> None:
    from django.db import connection, connections

    results: Counter[str] = Counter()
    milliseconds: list[float] = []
    connection.ensure_connection()
    for action in warm:
        action()
    ready.wait(timeout=120)
    for action in actions:
        started = time.perf_counter()
        try:
            action()
            result = "done"
        except Exception as error:
            result = type(error).__name__
        milliseconds.append((time.perf_counter() - started) * 1000)
        results[result] += 1
    answers.put((results, milliseconds))
    connections.close_all()


class Presses:
    """Makes what clients send."""

    def __init__(self, business: Business) -> None:
        from bookings.domain import intake
        from bookings.models import ScreeningVersion, TermsVersion

        self.business = business
        self.agreed = TermsVersion.objects.all()[0]
        self.screening = ScreeningVersion.objects.all()[0]
        current = intake.current_screening(now=NOW)
        self.answers = {
            question["id"]: "yes" if question["id"] == "adult" else "no"
            for question in self.screening.rules["questions"]
            if "when" not in question
        }
        if not current.evaluate(self.answers, business.service.slug, FIRST_DAY).bookable:
            raise SystemExit("The answers of the bench don't let its clients book.")
        self._clients = 0

    def submission(self, preference: str, starts_at: datetime) -> Submission:
        """A new client's hour in the middle of the area."""
        from bookings.domain import pricing
        from bookings.domain.operations import Submission

        self._clients += 1
        business = self.business
        visit_request = business.visit_request(business.therapists, "90026")
        quote = pricing.quote(
            treatment=visit_request.treatment,
            area=visit_request.area,
            rules=business.rules,
            starts_at=starts_at,
        )
        return Submission(
            key=uuid.uuid4(),
            service_slug=business.service.slug,
            option_id=business.options[0].pk,
            add_on_ids=(),
            people=1,
            zip_code="90026",
            preference=preference,
            starts_at=starts_at,
            name="Sample Client",
            email=f"press{self._clients}@example.com",
            phone=f"+1323{5550000 + self._clients}",
            recipient_name="",
            street=f"{self._clients} Sample Street",
            unit="",
            access_type="ground",
            access={"gate_code": "1234"},
            screening_version=self.screening.number,
            screening_service=business.service.slug,
            answers=dict(self.answers),
            terms_version=self.agreed.number,
            total_cents=quote.total_cents,
        )

    def ours(self, preference: str, starts_at: datetime) -> Callable[[], object]:
        from bookings.domain import operations

        submission = self.submission(preference, starts_at)
        return lambda: operations.request_booking(submission=submission, now=NOW)

    def floor(self, therapist_id: int, starts_at: datetime) -> Callable[[], object]:
        """The lock and the guarded insert, and nothing else."""
        from django.db import transaction

        from bookings.enums import BookingStatus
        from bookings.models import Booking, Client, ServiceArea, Therapist

        client, area = Client.objects.all()[0], ServiceArea.objects.all()[0]
        business = self.business

        def insert() -> None:
            with transaction.atomic():
                list(
                    Therapist.objects.select_for_update(no_key=True)
                    .filter(pk=therapist_id)
                    .values_list("pk", flat=True)
                )
                Booking.objects.create(
                    status=BookingStatus.REQUESTED,
                    client_id=client.pk,
                    contact_name="Sample Client",
                    therapist_id=therapist_id,
                    service_id=business.service.pk,
                    option_id=business.options[0].pk,
                    starts_at=starts_at,
                    ends_at=starts_at + timedelta(minutes=60),
                    blocked_from=starts_at - timedelta(minutes=10),
                    blocked_until=starts_at + timedelta(minutes=70),
                    street="1 Sample Street",
                    city="Los Angeles",
                    area_id=area.pk,
                    treatment_cents=12000,
                    total_cents=12000,
                    terms_version_id=self.agreed.pk,
                    agreed_at=NOW,
                    created_at=NOW,
                    submission_key=uuid.uuid4(),
                    submission_digest="0" * 64,
                )

        return insert


def free_times(first_day: date) -> list[datetime]:
    """Three starts on each working day of the following weeks."""
    from massagerx.lib.localtime import day_bounds

    days = [first_day + timedelta(days=number) for number in range(26)]
    return [
        day_bounds(day)[0] + timedelta(hours=hour) for day in days if day.weekday() != 6 for hour in HOURS
    ]


def one_round(presses: Presses, clients: int, each: int, kind: str) -> Timed:
    """Each client presses `each` times, every fourth time for what some other client wants as well."""
    from bookings.models import Booking

    therapists = presses.business.therapists
    places = [(therapist, start) for start in free_times(FREE_FROM) for therapist in therapists]
    wanted, contended = iter(places[len(therapists) :]), places[: len(therapists)]
    actions: list[list[Callable[[], object]]] = []
    warm: list[list[Callable[[], object]]] = []

    def press(therapist: Therapist, start: datetime) -> Callable[[], object]:
        if kind == "ours":
            return presses.ours(f"therapist:{therapist.slug}", start)
        return presses.floor(therapist.pk, start)

    for client in range(clients):
        warm.append([press(*next(wanted)) for _ in range(WARM)])
        own: list[Callable[[], object]] = []
        for number in range(each):
            therapist, start = (
                contended[(client + number) % len(contended)] if number % 4 == 3 else next(wanted)
            )
            own.append(press(therapist, start))
        actions.append(own)
    timed = at_once(actions, warm)
    if others := set(timed.results) - {"done", "SlotTaken", "IntegrityError"}:
        raise SystemExit(f"{kind}: refused for what the bench isn't about: {', '.join(sorted(others))}.")
    if stored() != STORED + WARM * len(warm) + timed.results["done"] or overlaps():
        raise SystemExit(f"{kind}: visits overlap, or what was answered is not what is stored.")
    clear(Booking)
    return timed


def warm_up(presses: Presses, kind: str) -> int:
    """Two bookings in this process, so that what is loaded and remembered once is there for all clients; returns how
    many statements the second took."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from bookings.models import Booking

    therapist = presses.business.therapists[0]
    for start in free_times(FREE_FROM)[:2]:
        if kind == "ours":
            action = presses.ours(f"therapist:{therapist.slug}", start)
        else:
            action = presses.floor(therapist.pk, start)
        with CaptureQueriesContext(connection) as captured:
            action()
    clear(Booking)
    return len(captured)


def summary(rounds: dict[str, list[Timed]]) -> dict[str, Any]:
    """Prints and returns the figures of ours and of the floor, which took turns: medians of the rounds, and the
    median of the rounds' ratios, since both of a round meet the same load."""
    figures: dict[str, Any] = {}
    for kind, of_kind in rounds.items():
        total = Timed()
        for timed in of_kind:
            total.add(timed)
        per_second = statistics.median(timed.per_second for timed in of_kind)
        figures[kind] = {**total.figures(), "bookings_per_second": round(per_second, 1)}
        print(
            f"{kind:<6} {per_second:8.1f} bookings/s, p50 {figures[kind]['p50_ms']:7.1f} ms, "
            f"p95 {figures[kind]['p95_ms']:7.1f} ms, p99 {figures[kind]['p99_ms']:7.1f} ms  {figures[kind]['results']}"
        )
    ratios = sorted(
        floor.per_second / ours.per_second
        for ours, floor in zip(rounds["ours"], rounds["floor"], strict=True)
    )
    figures["floor_to_ours"] = round(statistics.median(ratios), 2)
    figures["floor_to_ours_of_rounds"] = [round(ratio, 2) for ratio in ratios]
    figures["load_average"] = round(os.getloadavg()[0], 1)
    print(
        f"floor ÷ ours {figures['floor_to_ours']} (rounds: {figures['floor_to_ours_of_rounds']}); overlaps 0; "
        f"load {figures['load_average']}"
    )
    return figures


def stored() -> int:
    from bookings.models import Booking

    return Booking.objects.count()


def overlaps() -> int:
    """Pairs of visits of one therapist that share time, counted by the database without its constraint."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM bookings_booking a JOIN bookings_booking b ON a.therapist_id = b.therapist_id"
            " AND a.id < b.id AND a.blocked_from < b.blocked_until AND b.blocked_from < a.blocked_until"
            " WHERE a.status IN ('requested', 'confirmed') AND b.status IN ('requested', 'confirmed')"
        )
        return int(cursor.fetchone()[0])


def clear(booking: Any) -> None:
    """Takes the round's visits away again, with all that was written for them."""
    from bookings.models import Client, Message, ScreeningRecord

    new = booking.objects.exclude(reference__startswith="B")
    Message.objects.filter(booking__in=new).delete()
    ScreeningRecord.objects.filter(booking__in=new).delete()
    new.delete()
    Client.objects.filter(email__startswith="press").delete()


def crowd(presses: Presses, size: int, slots: int) -> Timed:
    """Many clients for one time of one therapist, with one time after another."""
    from bookings.models import Booking, Message

    total = Timed()
    therapist = presses.business.therapists[0]
    for start in free_times(FREE_FROM)[:slots]:
        before = stored()
        timed = at_once([[presses.ours(f"therapist:{therapist.slug}", start)] for _ in range(size)])
        if timed.results != {"done": 1, "SlotTaken": size - 1} or stored() != before + 1:
            raise SystemExit(f"One time, {size} clients: {dict(timed.results)}.")
        total.add(timed)
    if overlaps() or Message.objects.count() != 2 * slots:
        raise SystemExit("Visits overlap, or messages are missing.")
    clear(Booking)
    return total


def main() -> None:
    """Print the figures and write them down. Exits with an error when anything was booked twice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", type=int, default=6)
    parser.add_argument("--crowd", type=int, default=50)
    parser.add_argument("--slots", type=int, default=10)
    parser.add_argument("--profile", action="store_true", help="show where one client's bookings spend time")
    options = parser.parse_args()
    most = len(HOURS) * 22 * 5 - 5
    if min(options.clients, options.rounds, options.each, options.crowd, options.slots) < 1:
        parser.error("all counts are at least 1")
    if options.clients * options.each > most or options.slots > len(HOURS) * 22:
        parser.error(f"there are {most} free times: fewer clients, or fewer bookings each")

    with own_postgres():
        business = found_business()
        Calendar(business).grow_to(STORED)
        presses = Presses(business)
        rounds: dict[str, list[Timed]] = {"ours": [], "floor": []}
        statements = {kind: warm_up(presses, kind) for kind in rounds}
        print(f"statements, with BEGIN and COMMIT: {statements}")
        for _ in range(options.rounds):
            for kind, of_kind in rounds.items():
                of_kind.append(one_round(presses, options.clients, options.each, kind))
        figures = summary(rounds)
        many = crowd(presses, options.crowd, options.slots)
        print(
            f"{options.crowd} clients, one time, {options.slots} rounds: {dict(many.results)}; overlaps 0; "
            f"{many.seconds / options.slots * 1000:.0f} ms until all {options.crowd} are answered"
        )
        report = {
            "clients": options.clients,
            "rounds": options.rounds,
            "statements": statements,
            **figures,
            "overlaps": 0,
            "crowd": {"clients": options.crowd, "rounds": options.slots, "results": dict(many.results)},
        }
        if options.profile:
            _profile(presses, options.each)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")


def _profile(presses: Presses, count: int) -> None:
    import cProfile
    import pstats

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    slug = presses.business.therapists[0].slug
    actions = [presses.ours(f"therapist:{slug}", start) for start in free_times(FREE_FROM)[:count]]
    with CaptureQueriesContext(connection) as captured:
        actions.pop()()
    print(f"{len(captured)} queries a booking")
    for query in captured:
        print("  ", query["sql"][:150])
    profile = cProfile.Profile()
    for action in actions:
        profile.runcall(action)
    pstats.Stats(profile).sort_stats("cumtime").print_stats(40)


if __name__ == "__main__":
    main()
