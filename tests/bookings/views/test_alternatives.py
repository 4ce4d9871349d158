"""A page without times says why, and what comes nearest, in one press."""

from __future__ import annotations

import html
import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking, Closure, Hold, Therapist, TimeOff, WorkingHours
from tests.bookings.views.flow import Flow, begins, press
from tests.factories import DAY, NOW, World, at, busy_elsewhere

pytestmark = pytest.mark.django_db
ONE_DAY = timedelta(days=1)
WHEN = "/book/when/"


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def values(response: Any) -> list[str]:
    """The starts that a page's times send, less those in the list of the soonest."""
    times = response.content.decode().partition('id="times"')[2]
    return [found.split()[0] for found in re.findall(r'name="starts_at" value="([^"]+)"', times)]


def off(therapist: Therapist, first: date, last: date) -> None:
    TimeOff.objects.create(therapist=therapist, starts_at=at(0, 0, first), ends_at=at(0, 0, last + ONE_DAY))


def test_day_without_times_can_be_looked_at_and_says_why(flow: Flow, world: World) -> None:
    Closure.objects.create(date=DAY, name="CANARY-CLOSURE")
    flow.until("when")
    assert f'href="?day={DAY}#times"' in flow.client.get(WHEN).content.decode()

    page = flow.client.get(f"{WHEN}?day={DAY}")

    assert "Monday, December 7" in text(page)
    assert "We are closed on this day." in text(page)
    assert "CANARY" not in page.content.decode()
    assert values(page) == [
        at(hour, minute, day).isoformat()
        for day in (DAY - 2 * ONE_DAY, DAY + ONE_DAY, DAY + 2 * ONE_DAY)
        for hour, minute in ((11, 30), (12, 0))
    ]


def test_nearest_time_is_chosen_with_one_press(flow: Flow, world: World) -> None:
    Closure.objects.create(date=DAY, name="Rain")
    page = flow.until("when").client.get(f"{WHEN}?day={DAY}")
    form = next(
        form for form in re.findall(r"<form.*?</form>", page.content.decode(), re.S) if "starts_at" in form
    )
    action = re.search(r'action="([^"]+)"', form)
    assert action
    wanted = values(page)[0]
    response = flow.client.post(WHEN + action[1], press(datetime.fromisoformat(wanted)))
    assert response.headers["Location"] == "/book/health/"
    assert Hold.objects.get().starts_at.isoformat() == wanted


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("We are closed on this day.", lambda world: Closure.objects.create(date=DAY, name="Rain")),
        (
            "We don&#x27;t visit on Mondays.",
            lambda world: WorkingHours.objects.filter(weekday=0).delete(),
        ),
        (
            "None of us is available for your visit on this day.",
            lambda world: off(world.therapist, DAY, DAY),
        ),
        ("This day is full.", lambda world: Therapist.objects.update(max_visits_per_day=0)),
        (
            "Your ZIP code is farther than our therapists drive for now.",
            lambda world: Therapist.objects.update(home_zip=world.far_area, reach_minutes=1),
        ),
        (
            "Nobody on our team can be booked for this service",
            lambda world: Therapist.objects.update(is_active=False),
        ),
    ],
)
def test_why_a_day_has_none(words: str, change: Any, flow: Flow, world: World) -> None:
    flow.until("when")
    change(world)
    assert words in text(flow.client.get(f"{WHEN}?day={DAY}"))


def test_today_is_too_soon(flow: Flow, world: World) -> None:
    world.rules.minimum_notice_minutes = 24 * 60
    world.rules.save()
    page = flow.until("when").client.get(f"{WHEN}?day=2026-12-02")
    assert "This day is too soon for us to get ready." in text(page)


def test_too_far_from_the_days_visits_says_nothing_of_where_they_are(flow: Flow, world: World) -> None:
    busy_elsewhere(world)
    flow.what()
    flow.where(zip_code="91364")
    page = flow.client.get(f"{WHEN}?day={DAY}")
    assert "On this day we can&#x27;t reach you in time between our other visits." in text(page)
    for secret in ("90026", "Eastside", "Sample Street", "minutes away", "mile"):
        assert secret not in page.content.decode()


def test_of_a_therapist_who_was_asked_for_neither_reach_nor_time_off_is_told(
    flow: Flow, world: World
) -> None:
    """The same words for a home base out of reach, time off and other hours: asking often gives nothing away."""
    other = world.add_therapist()
    flow.until("when")
    pages = []
    page = f"{WHEN}?who=therapist:{other.slug}&day={DAY}"
    for change in (
        {"home_zip": world.far_area, "reach_minutes": 1},
        {"home_zip": world.area, "reach_minutes": None},
    ):
        Therapist.objects.filter(pk=other.pk).update(**change)
        if change["reach_minutes"] is None:
            off(other, NOW.date(), DAY + 90 * ONE_DAY)
        pages.append(text(flow.client.get(page)))
    WorkingHours.objects.filter(therapist=other).delete()
    TimeOff.objects.all().delete()
    pages.append(text(flow.client.get(page)))
    assert "With your choice of therapist there is no free time on this day." in pages[0]
    assert len(set(pages)) == 1


def test_named_therapist_without_times_can_be_let_go_of_with_one_press(flow: Flow, world: World) -> None:
    other = world.add_therapist()
    off(other, NOW.date(), DAY + 90 * ONE_DAY)
    flow.until("when")
    page = flow.client.get(f"{WHEN}?who=therapist:{other.slug}&day={DAY}")
    assert at(10).isoformat() not in values(page)
    link = re.search(r'href="([^"]+)#times">See times with anyone', page.content.decode())
    assert link
    assert at(10).isoformat() in values(flow.client.get(WHEN + html.unescape(link[1])))


def test_anyone_is_not_offered_where_nobody_else_could(flow: Flow, world: World) -> None:
    other = world.add_therapist()
    flow.until("when")
    Closure.objects.create(date=DAY, name="Rain")
    page = text(flow.client.get(f"{WHEN}?who=therapist:{other.slug}&day={DAY}"))
    assert "See times with anyone" not in page


@pytest.mark.parametrize("query", ["", "?from=2026-12-02", "?month=2026-12"])
def test_weeks_without_times_offer_the_nearest_days(query: str, flow: Flow, world: World) -> None:
    off(world.therapist, date(2026, 12, 1), date(2027, 1, 2))
    page = flow.until("when").client.get(WHEN + query)
    assert "No times in these five weeks" in text(page)
    assert "None of us is available for your visit in these weeks." in text(page)
    for day in ("2027-01-04", "2027-01-05", "2027-01-06"):
        assert f'href="?day={day}#times">' in page.content.decode()
    assert values(page)[0] == at(11, 30, date(2027, 1, 4)).isoformat()


def test_no_time_anywhere_leads_to_the_phone(flow: Flow, world: World) -> None:
    Therapist.objects.update(max_visits_per_day=0)
    page = flow.until("when").client.get(f"{WHEN}?from=2026-12-02")
    assert "These weeks are full." in text(page)
    assert "You can always call or write to us." in text(page)
    main = page.content.decode().split('id="times"')[1].split("</section>")[0]
    assert 'href="tel:+12135550142"' in main
    assert values(page) == []


def test_a_service_that_nobody_gives_leads_to_the_others(flow: Flow, world: World) -> None:
    flow.until("when")
    world.therapist.services.clear()
    page = flow.client.get(WHEN)
    assert page.status_code == 200
    assert "Please choose another service, or call or write to us." in text(page)
    assert "No other day has one open" not in text(page)
    assert '<a class="instead__link" href="/book/">See our services</a>' in page.content.decode()
    assert values(page) == []


def test_time_gone_while_choosing_is_answered_by_the_nearest(flow: Flow, world: World) -> None:
    flow.until("when")
    world.book()
    response = flow.client.post(f"{WHEN}?day={DAY}", press(at(10)))
    assert response.status_code == 409
    group = response.context["calendar"].groups[0]
    assert group["label"] == "Nearest to the time you chose"
    near = [begins(start) for start in group["starts"]]
    everything = [begins(start) for group in response.context["calendar"].groups for start in group["starts"]]
    assert len(everything) == len(set(everything))
    assert sorted(near) == sorted(sorted(everything, key=lambda start: (abs(start - at(10)), start))[:3])


def test_time_gone_at_the_last_press_is_answered_by_the_nearest_until_another_is_chosen(
    flow: Flow, world: World
) -> None:
    flow.until("review")
    Hold.objects.all().delete()
    world.book(email="faster@example.com", phone="+12135550111")
    assert flow.review().headers["Location"] == WHEN
    page = flow.client.get(WHEN)
    assert page.context["calendar"].groups[0]["label"] == "Nearest to the time you chose"
    assert page.context["calendar"].selected == DAY
    assert "Nearest to the time" not in text(flow.client.get(f"{WHEN}?day={DAY + ONE_DAY}"))
    flow.when(starts_at=at(14).isoformat())
    assert "Nearest to the time" not in text(flow.client.get(WHEN))
    assert 'value="12 Sample Street"' in flow.client.get("/book/details/").content.decode()


def test_day_that_filled_up_meanwhile_offers_other_days_at_the_same_hour(flow: Flow, world: World) -> None:
    flow.until("when").when(starts_at=at(15).isoformat())
    Hold.objects.all().delete()
    Closure.objects.create(date=DAY, name="Rain")
    assert flow.health().headers["Location"] == WHEN
    page = flow.client.get(WHEN)
    assert "We are closed on this day." in text(page)
    assert at(15, 0, DAY + ONE_DAY).isoformat() in values(page)
    assert at(12, 0, DAY + ONE_DAY).isoformat() not in values(page)


def test_stairs_that_leave_too_little_time_lead_to_the_times_around(flow: Flow, world: World) -> None:
    WorkingHours.objects.update(starts_at=time(9), ends_at=time(13))
    page = flow.until("when").client.get(f"{WHEN}?day={DAY}")
    first = begins(page.context["calendar"].groups[0]["starts"][0])
    world.rules.stairs_minutes = 20
    world.rules.save()
    flow.when(starts_at=first.isoformat())
    flow.health()
    assert flow.details().headers["Location"] == WHEN
    page = flow.client.get(WHEN)
    assert "Stairs or an elevator" in text(page)
    assert page.context["calendar"].groups[0]["label"] == "Nearest to the time you chose"
    assert first.isoformat() not in values(page)


def test_time_that_was_never_offered_is_answered_by_the_nearest(flow: Flow, world: World) -> None:
    response = flow.until("when").when(starts_at=at(10, 7).isoformat())
    assert response.status_code == 409
    assert Hold.objects.count() == 0


@pytest.mark.parametrize("query", ["", "?from=2026-12-02", f"?day={DAY}", "?day=2027-01-04"])
def test_page_without_times_costs_no_more_queries_with_more_stored(
    query: str, flow: Flow, world: World, spelled_out: None
) -> None:
    flow.until("when")
    Closure.objects.bulk_create(Closure(date=NOW.date() + n * ONE_DAY, name="Rain") for n in range(40))
    with CaptureQueriesContext(connection) as few:
        flow.client.get(WHEN + query)
    for number in range(4):
        therapist = world.add_therapist(f"Sample Therapist {number}")
        world.book(
            preference=f"therapist:{therapist.slug}", starts_at=at(12, 0, NOW.date() + 50 * ONE_DAY),
            email=f"{number}@example.com", phone=f"+1213555010{number}",
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        page = flow.client.get(WHEN + query)
    assert page.context["calendar"].instead
    assert len(many) == len(few)
    tables = ("bookings_booking", "bookings_workinghours", "drives_driveedition", "bookings_therapist")
    # Where we go to is asked once, with the hours of those who go there.
    asked = [row["sql"] for row in many if not row["sql"].startswith('SELECT "bookings_servicearea"')]
    of_calendar = [sql for sql in asked if any(f'FROM "{name}"' in sql for name in tables)]
    assert 3 <= len(of_calendar) <= 8


def test_alternatives_are_each_visitors_own(flow: Flow, world: World) -> None:
    """A held time is no alternative for another visitor, and stays one for its holder."""
    Closure.objects.create(date=DAY, name="Rain")
    flow.until("when").when(starts_at=at(12, 0, DAY + ONE_DAY).isoformat())
    other = Flow(Client(), world).until("when")
    assert at(12, 0, DAY + ONE_DAY).isoformat() not in values(other.client.get(f"{WHEN}?day={DAY}"))
    assert at(12, 0, DAY + ONE_DAY).isoformat() in values(flow.client.get(f"{WHEN}?day={DAY}"))
    assert not Booking.objects.exists()
