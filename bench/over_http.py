"""The same over HTTP: whole presses of the last booking step at 16 clients, and pages, beside a floor.

Run from the repository: python -m bench.over_http [--clients 16] [--rounds 5] [--each 6] [--pages 60]

Two web servers run as `run.py` starts one (gunicorn, 2 processes of 4 threads), on a PostgreSQL and a broker started
for them. One is the site: each press is a POST of the review page by a visitor with a session and a draft of its
own, with all middleware, rate limits and the wake-up to the senders. The other is `bench.floor_site`: a bare view with
a row lock and one guarded insert, without middleware. Both are pressed by turns; every fourth press is for a time
that others want too. Then pages are asked for one by one, by turns as well. Exits with an error when two visits
overlap or one is missing. Figures go to bench/results/over_http.json.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bench.booking import HOURS, Timed, overlaps, stored, summary
from bench.world import FIRST_DAY, Business, Calendar, found_business, own_postgres
from launch.processes import Part, Supervisor
from launch.servers import free_port, start_throwaway_broker, wait_until

if TYPE_CHECKING:
    from bookings.models import Therapist

RESULTS = Path(__file__).parent / "results" / "over_http.json"
ROOT = Path(__file__).parents[1]
STORED = 1000
TOKEN = "b" * 32


@dataclass(frozen=True)
class Request:
    """What is sent, byte by byte the same way for both servers."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""


def send(port: int, request: Request) -> tuple[int, str, float]:
    """Status, Location, and milliseconds from the connection to the last byte."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(request.method, request.path, request.body or None, request.headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.getheader("Location") or "", (time.perf_counter() - started) * 1000
    finally:
        connection.close()


def at_once(ports: Sequence[int], clients: Sequence[Sequence[Request]]) -> Timed:
    """Lets the clients press, one request after another each, all starting together; each asks the ports by turns."""
    timed = Timed()
    ready = threading.Barrier(len(clients) + 1)

    def run(first: int, requests: Sequence[Request]) -> None:
        ready.wait(timeout=60)
        for number, request in enumerate(requests, first):
            status, location, milliseconds = send(ports[number % len(ports)], request)
            done = status == 200 if request.method == "GET" else status == 302 and location.endswith("/done/")
            taken = status == 409 or location.endswith("/when/")
            timed.results["done" if done else "taken" if taken else f"{status} {location}"] += 1
            timed.milliseconds.append(milliseconds)

    threads = [threading.Thread(target=run, args=client) for client in enumerate(clients)]
    for thread in threads:
        thread.start()
    ready.wait(timeout=60)
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    timed.seconds = time.perf_counter() - started
    if set(timed.results) - {"done", "taken"}:
        raise SystemExit(f"An answer that no booking gives: {dict(timed.results)}.")
    return timed


@contextmanager
def web_server(supervisor: Supervisor, settings: str, tree: Path = ROOT) -> Iterator[int]:
    """Gunicorn as `launch.site` starts it, with the code of a tree; gives its port."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "massagerx.wsgi:application", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload", "--no-control-socket",
        "--timeout", "60", "--forwarded-allow-ips", "",
    ]  # fmt: skip
    part = Part(
        settings,
        command,
        supervisor.temporary_directory() / "web.log",
        directory=tree,
        environment={**os.environ, "DJANGO_SETTINGS_MODULE": settings},
    )
    supervisor.start(part)

    def answers() -> bool:
        try:
            return send(port, Request("GET", "/", {}))[0] < 500
        except OSError:
            return False

    wait_until(answers, part, seconds=60, nap=lambda: time.sleep(0.1))
    try:
        yield port
    except SystemExit:
        print(part.tail())
        raise
    finally:
        supervisor.stop(part)


class Visitors:
    """Makes visitors who have answered everything and are about to press."""

    def __init__(self, business: Business) -> None:
        from bookings.models import Client, ScreeningVersion, ServiceArea, TermsVersion

        self.business = business
        self.agreed = TermsVersion.objects.all()[0]
        self.screening = ScreeningVersion.objects.all()[0]
        self.client, self.area = Client.objects.all()[0], ServiceArea.objects.get(zip_code="90026")
        self.answers = {
            question["id"]: "yes" if question["id"] == "adult" else "no"
            for question in self.screening.rules["questions"]
            if "when" not in question
        }
        self._made = 0

    def session(
        self, starts_at: datetime | None = None, preference: str = "any"
    ) -> tuple[str, dict[str, str]]:
        """The submission key, and the headers of a visitor's requests."""
        from django.contrib.sessions.backends.db import SessionStore

        from bookings.models import BookingDraft
        from bookings.views.visitor_draft import SESSION_KEY

        self._made += 1
        key = str(uuid.uuid4())
        answers: dict[str, Any] = {
            "service": self.business.service.slug,
            "option": self.business.options[0].pk,
            "people": 1,
            "zip_code": self.area.zip_code,
            "preference": preference,
        }
        if starts_at is not None:
            answers |= {
                "starts_at": starts_at.astimezone(UTC).isoformat(),
                "therapist": preference.removeprefix("therapist:"),
                "details": {
                    "name": "Sample Client",
                    "email": f"press{self._made}@example.com",
                    "phone": f"+1323{5550000 + self._made}",
                    "street": f"{self._made} Sample Street",
                    "access_type": "ground",
                    "gate_code": "1234",
                },
                "health": {
                    "version": self.screening.number,
                    "service": self.business.service.slug,
                    "answers": self.answers,
                    "bookable": True,
                },
                "submission_key": key,
            }
        draft = BookingDraft.objects.create(answers=answers, updated_at=datetime.now(UTC))
        session = SessionStore()
        session[SESSION_KEY] = str(draft.key)
        session.create()
        return key, {
            "Cookie": f"sessionid={session.session_key}; csrftoken={TOKEN}",
            # An address for each visitor: the limits are counted, and never reached.
            "X-Forwarded-For": f"10.{self._made >> 16 & 255}.{self._made >> 8 & 255}.{self._made & 255}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def ours(self, therapist: Therapist, starts_at: datetime) -> Request:
        from bookings.domain import pricing

        key, headers = self.session(starts_at, f"therapist:{therapist.slug}")
        visit_request = self.business.visit_request([therapist], self.area.zip_code)
        quote = pricing.quote(
            treatment=visit_request.treatment,
            area=visit_request.area,
            rules=self.business.rules,
            starts_at=starts_at,
        )
        form = {
            "submission_key": key,
            "total_cents": quote.total_cents,
            "terms_version": self.agreed.number,
            "agree": "on",
            "csrfmiddlewaretoken": TOKEN,
        }
        return Request("POST", "/book/review/", headers, urlencode(form))

    def floor(self, therapist: Therapist, starts_at: datetime) -> Request:
        form = {
            "starts_at": starts_at.isoformat(),
            "therapist_id": therapist.pk,
            "client_id": self.client.pk,
            "service_id": self.business.service.pk,
            "option_id": self.business.options[0].pk,
            "area_id": self.area.pk,
            "terms_version_id": self.agreed.pk,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", "/book/", headers, urlencode(form))


@contextmanager
def shared_by_servers(supervisor: Supervisor) -> Iterator[Visitors]:
    """What web servers need to begin: a PostgreSQL with visits in it, a broker and static files, told to them by this
    process's environment; gives who visits."""
    broker = start_throwaway_broker(supervisor, Path(sys.prefix))
    if broker is None:
        raise SystemExit("A broker is needed: install redis-server or valkey-server.")
    with own_postgres():
        business = found_business(datetime.now(UTC) - timedelta(days=1))
        Calendar(business).grow_to(STORED, ahead=False)
        from django.conf import settings

        # The key that this process signs its visitors' sessions with.
        os.environ.update(
            REDIS_URL=broker, TRUSTED_PROXIES="1", EMAIL_HOST="", SECRET_KEY=settings.SECRET_KEY
        )
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        local = {**os.environ, "DJANGO_SETTINGS_MODULE": "massagerx.settings.local"}
        subprocess.run(collect, cwd=ROOT, env=local, check=True)
        yield Visitors(business)


def free_times() -> list[datetime]:
    """Starts on the working days that can be booked by the real clock, which the web server reads."""
    from massagerx.lib.localtime import day_bounds, local

    today: date = local(datetime.now(UTC)).date()
    # The stored visits lie before FIRST_DAY.
    days = [day for ahead in range(3, 85) if (day := today + timedelta(days=ahead)) >= FIRST_DAY]
    return [
        day_bounds(day)[0] + timedelta(hours=hour) for day in days if day.weekday() != 6 for hour in HOURS
    ]


def one_round(visitors: Visitors, ports: Sequence[int], kind: str, clients: int, each: int) -> Timed:
    from bench.booking import clear
    from bookings.models import Booking

    therapists = visitors.business.therapists
    places = [(therapist, start) for start in free_times() for therapist in therapists]
    wanted, contended = iter(places[len(therapists) :]), places[: len(therapists)]
    make = visitors.ours if kind == "ours" else visitors.floor
    presses = [
        [
            make(*(contended[(client + number) % len(contended)] if number % 4 == 3 else next(wanted)))
            for number in range(each)
        ]
        for client in range(clients)
    ]
    timed = at_once(ports, presses)
    if stored() != STORED + timed.results["done"] or overlaps():
        raise SystemExit(f"{kind}: visits overlap, or what was answered is not what is stored.")
    clear(Booking)
    return timed


def pages(ports: dict[str, int], visitors: Visitors, count: int) -> dict[str, float]:
    """Milliseconds (median) of pages asked for one by one, in turns."""
    headers = visitors.session()[1]
    asked = {
        "floor": (ports["floor"], Request("GET", "/", {})),
        "home": (ports["ours"], Request("GET", "/", {})),
        "service": (ports["ours"], Request("GET", visitors.business.service.get_absolute_url(), {})),
        "booking, first step": (ports["ours"], Request("GET", "/book/", {})),
        "booking, the length": (
            ports["ours"],
            Request("GET", f"/book/?service={visitors.business.service.slug}", {}),
        ),
        "booking, a month and a day's times": (ports["ours"], Request("GET", "/book/when/", headers)),
    }
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(count + 5):
        for name, (port, request) in asked.items():
            status, _, milliseconds = send(port, request)
            if status != 200:
                raise SystemExit(f"{name}: {status}")
            if number >= 5:
                taken[name].append(milliseconds)
    return {name: round(statistics.median(values), 1) for name, values in taken.items()}


def main() -> None:
    """Print the figures and write them down. Exits with an error when anything was booked twice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", type=int, default=6)
    parser.add_argument("--pages", type=int, default=60)
    options = parser.parse_args()
    if min(options.clients, options.rounds, options.each, options.pages) < 1:
        parser.error("all counts are at least 1")

    supervisor = Supervisor()
    try:
        with (
            shared_by_servers(supervisor) as visitors,
            web_server(supervisor, "massagerx.settings.local") as site,
            web_server(supervisor, "bench.floor_settings") as floor,
        ):
            ports = {"ours": site, "floor": floor}
            rounds: dict[str, list[Timed]] = {kind: [] for kind in ports}
            for number in range(options.rounds + 1):
                for kind, port in ports.items():
                    timed = one_round(visitors, [port], kind, options.clients, options.each)
                    if number:  # the first warms up
                        rounds[kind].append(timed)
            report: dict[str, Any] = {"clients": options.clients, "rounds": options.rounds}
            report |= summary(rounds)
            report["pages_p50_ms"] = pages(ports, visitors, options.pages)
    finally:
        supervisor.close()
    for name, milliseconds in report["pages_p50_ms"].items():
        print(f"{milliseconds:8.1f} ms  {name}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
