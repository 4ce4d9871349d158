"""The reports' page and the downloads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.models import Booking
from massagerx.lib.localtime import local
from tests.factories import NOW, World

from .conftest import DESK_RIGHTS, signed_in, staff_user

PAGE = reverse("admin:bookings_booking_reports")
EXPORT = reverse("admin:bookings_booking_export")
TABLES = ["months", "therapists", "services", "zones"]
ADDRESSES = [PAGE, EXPORT, *(reverse("admin:bookings_booking_report_csv", args=[table]) for table in TABLES)]


@pytest.fixture
def reader(world: World) -> Client:
    return signed_in(staff_user("reader", "view_reports", "view_booking"))


def done(world: World, number: int = 0, **changes: Any) -> Booking:
    """A visit that took place some days ago."""
    booking = operations.confirm_booking(
        booking=world.book(email=f"c{number}@example.com", phone=f"+1213555{number:04}", **changes),
        actor=None,
        now=NOW,
    )
    back = timedelta(days=14 + number)
    Booking.objects.filter(pk=booking.pk).update(
        status="completed",
        created_at=booking.starts_at - back - timedelta(days=5),
        **{
            name: getattr(booking, name) - back
            for name in ("starts_at", "ends_at", "blocked_from", "blocked_until")
        },
    )
    return booking


def table_of(client: Client, address: str, **query: str) -> list[list[str]]:
    response = client.get(address, query)
    assert response.status_code == 200
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("address", ADDRESSES)
def test_reports_are_for_those_with_the_right(world: World, reader: Client, address: str) -> None:
    done(world)
    assert reader.get(address).status_code == 200
    assert Client().get(address).status_code == 302
    assert signed_in(staff_user("boards", *DESK_RIGHTS)).get(address).status_code == 403
    own = signed_in(staff_user("own", "view_own_visits"))
    assert own.get(address).status_code == 403


def test_download_of_bookings_needs_both_rights(world: World) -> None:
    only = signed_in(staff_user("only", "view_reports", "view_own_visits"))
    assert only.get(EXPORT).status_code == 403
    assert only.get(PAGE).status_code == 200


def test_page_shows_plots_with_words_and_tables_with_the_figures(world: World, reader: Client) -> None:
    done(world)
    done(world, 1)
    page = reader.get(PAGE).content.decode()
    # One month with visits is no picture, nor is one therapist, one service or one zone.
    assert '<svg class="plot"' not in page
    assert page.count('<th scope="row">Nov 2026</th>\n                  <td>2</td>') == 1
    assert "$280" in page
    done(world, 30)
    page = reader.get(PAGE).content.decode()
    assert page.count('<svg class="plot"') == page.count("<title id=") == page.count("<desc id=") == 6
    assert "Visits: Oct 2026 1, Nov 2026 2, Dec 2026 0." in page
    # Without these rules words are black on a dark page too.
    styles = (settings.BASE_DIR / "static/css/reports.css").read_text()
    assert {".plot {", ".plot text {"} <= set(re.findall(r"^\.plot.*?\{", styles, re.MULTILINE))
    assert " style=" not in page


def test_page_answers_with_four_figures_what_they_were_and_a_sentence(world: World, reader: Client) -> None:
    for number in range(3):
        done(world, number)
    first, last = (
        local(Booking.objects.earliest("starts_at").starts_at).date() + timedelta(days=n) for n in (1, 2)
    )
    response = reader.get(PAGE, {"first": str(first), "last": str(last)})
    shown = {str(name): (now, was) for name, now, was in response.context["answers"]}
    assert list(shown) == ["Visits", "Revenue", "Filled", "New clients"]
    assert shown["Visits"] == shown["New clients"] == ("2", "1")
    assert shown["Revenue"] == ("$280", "$140")
    page = response.content.decode()
    assert "2 in the 2 days before" not in page
    assert "1 in the 2 days before" in page
    assert "2 visits, $280" in page
    heat = response.context["heat"]
    assert heat["hours"] == ["10 AM"]
    assert [count for _day, cells in heat["days"] for count, _shade in cells].count(1) == 2


def test_one_visit_is_no_pattern(world: World, reader: Client) -> None:
    done(world)
    assert reader.get(PAGE).context["heat"] is None


def test_name_of_a_therapist_cannot_break_out_of_a_plot(world: World, reader: Client) -> None:
    done(world)
    world.therapist.name = "<script>x</script>"
    world.therapist.save()
    page = reader.get(PAGE).content.decode()
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-12-02", "2026-12-01", "The last day can&#x27;t be before the first day."),
        ("2020-01-01", "2026-12-01", "Choose two years at most."),
        ("0001-01-01", "9999-12-31", "Use a date between 2000 and 2100."),
        ("2026-02-30", "2026-12-01", "Enter a valid date."),
        ("", "2026-12-01", "This field is required."),
        ("<b>", "x" * 500, "Enter a valid date."),
    ],
)
def test_dates_that_make_no_period_are_explained_and_kept(
    world: World, reader: Client, first: str, last: str, words: str
) -> None:
    response = reader.get(PAGE, {"first": first, "last": last})
    assert response.status_code == 200
    page = response.content.decode()
    assert words in page
    assert "Oct 1, 2026 – Dec 2, 2026" in page
    assert f'value="{last}"' in page
    table = reader.get(ADDRESSES[2], {"first": first, "last": last})
    assert table.status_code == 302


@pytest.mark.parametrize("table", TABLES)
def test_tables_download_with_the_figures_of_the_page(world: World, reader: Client, table: str) -> None:
    done(world)
    rows = table_of(reader, reverse("admin:bookings_booking_report_csv", args=[table]))
    head, last = rows[0], rows[-1]
    assert last[0] == "All"
    assert dict(zip(head, last, strict=True))["Revenue"] == "140.00"
    assert dict(zip(head, last, strict=True))["Visits"] == "1"
    assert sum(int(row[head.index("Visits")]) for row in rows[1:-1]) == 1


def test_unknown_table_is_not_there(reader: Client) -> None:
    assert reader.get(PAGE + "clients.csv").status_code == 404


def test_bookings_download_as_the_list_is_filtered(world: World, reader: Client) -> None:
    done(world, name="=cmd|' /C calc'!A0")
    world.book(email="z@example.com", phone="+12135559999", name="Bo Waiting")
    assert len(table_of(reader, EXPORT)) == 2
    rows = table_of(reader, EXPORT, day="any")
    assert len(rows) == 3
    names = {dict(zip(rows[0], row, strict=True))["Client"] for row in rows[1:]}
    assert names == {"'=cmd|' /C calc'!A0", "Bo Waiting"}
    assert all(row[8].startswith("(213) 555-") for row in rows[1:])
    waiting = table_of(reader, EXPORT, status__exact="requested")
    assert [row[5] for row in waiting[1:]] == ["Bo Waiting"]
    found = table_of(reader, EXPORT, q="waiting")
    assert [row[5] for row in found[1:]] == ["Bo Waiting"]


@pytest.mark.parametrize("query", [{"nothing": "1"}, {"p": "x"}, {"therapist__id__exact": "x"}])
def test_download_with_a_filter_that_does_not_exist_leads_back(reader: Client, query: dict[str, str]) -> None:
    assert reader.get(EXPORT, query).status_code in (200, 302)


def test_page_and_download_cost_the_same_however_many_visits(
    world: World, reader: Client, count_queries: Callable[..., Any]
) -> None:
    counts = []
    for numbers in (range(1), range(1, 12)):
        for number in numbers:
            done(world, number)
        reader.get(PAGE)
        with count_queries() as shown:
            reader.get(PAGE)
        with count_queries() as exported:
            table_of(reader, EXPORT, day="any")
        counts.append((len(shown), len(exported)))
    assert counts[0] == counts[1]
    page, download = counts[0]
    assert page <= 19, "the period and the one before it"
    assert download <= 12
