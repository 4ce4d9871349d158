"""The figures of a report: how each reads on the page, what stands in the CSV, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.domain.reports import Figures, Group, Report, Weekday
from bookings.models import Booking
from bookings.staff import svg_charts
from bookings.staff.svg_charts import Chart, Series
from massagerx.lib.localtime import local
from services.templatetags.money import dollars

# Bookings are read and sent in portions of this many.
_PORTION = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A figure: its heading, how it reads on the page, what stands in the CSV, and a note under the heading."""

    heading: Any
    words: Callable[[Figures], str]
    cell: Callable[[Figures], Any]
    note: Any = ""


def _count(value: float) -> str:
    return f"{value:,g}"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _hours(minutes: float) -> str:
    return f"{minutes / 60:,.1f}"


def _percent(part: float | None) -> str:
    return "–" if part is None else f"{part:.0%}"


COLUMNS: tuple[Column, ...] = (
    Column(gettext_lazy("Visits"), lambda f: _count(f.completed), lambda f: f.completed),
    Column(gettext_lazy("Still to come"), lambda f: _count(f.to_come), lambda f: f.to_come),
    Column(gettext_lazy("No-shows"), lambda f: _count(f.no_shows), lambda f: f.no_shows),
    Column(gettext_lazy("Canceled"), lambda f: _count(f.canceled), lambda f: f.canceled),
    Column(gettext_lazy("Not closed"), lambda f: _count(f.not_closed), lambda f: f.not_closed),
    Column(gettext_lazy("Revenue"), lambda f: dollars(f.revenue_cents), lambda f: _money(f.revenue_cents)),
    Column(
        gettext_lazy("Late fees"), lambda f: dollars(f.late_fee_cents), lambda f: _money(f.late_fee_cents)
    ),
    Column(
        gettext_lazy("Hours at the door"),
        lambda f: _hours(f.door_minutes),
        lambda f: round(f.door_minutes / 60, 2),
    ),
    Column(
        gettext_lazy("Hours driven"),
        lambda f: _hours(f.drive_minutes),
        lambda f: round(f.drive_minutes / 60, 2),
    ),
    Column(
        gettext_lazy("Working hours"),
        lambda f: "–" if f.working_minutes is None else _hours(f.working_minutes),
        lambda f: None if f.working_minutes is None else round(f.working_minutes / 60, 2),
    ),
    Column(
        gettext_lazy("Filled"),
        lambda f: _percent(f.fill),
        lambda f: None if f.fill is None else round(f.fill, 4),
    ),
    Column(
        gettext_lazy("Days ahead"),
        lambda f: "–" if f.lead_days is None else f"{f.lead_days:.1f}",
        lambda f: None if f.lead_days is None else round(f.lead_days, 2),
    ),
    Column(
        gettext_lazy("New clients"),
        lambda f: _count(f.new_clients),
        lambda f: f.new_clients,
        note=gettext_lazy("each once in All"),
    ),
    Column(
        gettext_lazy("Returning clients"),
        lambda f: _count(f.returning_clients),
        lambda f: f.returning_clients,
        note=gettext_lazy("each once in All"),
    ),
)

# By what the figures are told apart: the part of the report, the name of the line, the heading.
TABLES: dict[str, tuple[Callable[[Report], Sequence[Group]], Any, Any]] = {
    "months": (lambda report: report.by_month, gettext_lazy("Month"), gettext_lazy("By month")),
    "therapists": (
        lambda report: report.by_therapist,
        gettext_lazy("Therapist"),
        gettext_lazy("By therapist"),
    ),
    "services": (lambda report: report.by_service, gettext_lazy("Service"), gettext_lazy("By service")),
    "zones": (lambda report: report.by_zone, gettext_lazy("Zone"), gettext_lazy("By zone")),
}

_EXPORTED: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (gettext_lazy("Reference"), lambda b: b.reference),
    (gettext_lazy("Status"), lambda b: b.get_status_display()),
    (gettext_lazy("Starts (Los Angeles)"), lambda b: f"{local(b.starts_at):%Y-%m-%d %H:%M}"),
    (gettext_lazy("Ends (Los Angeles)"), lambda b: f"{local(b.ends_at):%Y-%m-%d %H:%M}"),
    (gettext_lazy("Requested (Los Angeles)"), lambda b: f"{local(b.created_at):%Y-%m-%d %H:%M}"),
    (gettext_lazy("Client"), lambda b: b.client.name),
    (gettext_lazy("Visit is for"), lambda b: b.visit_for),
    (gettext_lazy("Email"), lambda b: b.client.email),
    (gettext_lazy("Phone"), lambda b: str(b.client.phone)),
    (gettext_lazy("Therapist"), lambda b: b.therapist.name),
    (gettext_lazy("Service"), lambda b: b.service.name),
    (gettext_lazy("People"), lambda b: b.people),
    (gettext_lazy("Address"), lambda b: b.address),
    (gettext_lazy("Zone"), lambda b: b.area.zone.name),
    (gettext_lazy("Total"), lambda b: _money(b.total_cents)),
    (gettext_lazy("Late fee"), lambda b: _money(b.late_fee_cents)),
)


def exported(rows: Any) -> Iterator[list[Any]]:
    """The bookings among `rows` as lines of a CSV file, read while they are sent. Needs client, therapist, service and
    zone beside each."""
    yield [heading for heading, _cell in _EXPORTED]
    booking: Booking
    for booking in rows.iterator(chunk_size=_PORTION):
        yield [cell(booking) for _heading, cell in _EXPORTED]


def exported_clients(clients: Iterable[Any]) -> Iterator[list[Any]]:
    """Clients with their figures as lines of a CSV file, read while they are sent."""
    yield [
        _("Name"),
        _("Email"),
        _("Phone"),
        _("Visits"),
        _("Total"),
        _("First visit"),
        _("Last visit"),
        _("Next visit"),
        _("Heard of us"),
    ]
    for client in clients:
        days = [local(at).date() if at else "" for at in (client.first, client.last, client.coming)]
        phone = client.phone.as_national if client.phone else ""
        heard_from = client.heard_from.name if client.heard_from is not None else ""
        yield [client.name, client.email, phone, client.visits, _money(client.paid_cents), *days, heard_from]


# The answer ----------------------------------------------------------------------------------------------------------


_ANSWERS: tuple[tuple[Any, Callable[[Figures], str]], ...] = (
    (gettext_lazy("Visits"), lambda f: _count(f.completed)),
    (gettext_lazy("Revenue"), lambda f: dollars(f.revenue_cents)),
    (gettext_lazy("Filled"), lambda f: _percent(f.fill)),
    (gettext_lazy("New clients"), lambda f: _count(f.new_clients)),
)


def answers(report: Report, before: Report) -> list[tuple[Any, str, str]]:
    """What an owner asks first: each figure's name, what it is, and what it was in the period before."""
    return [(heading, words(report.total), words(before.total)) for heading, words in _ANSWERS]


def in_a_sentence(report: Report) -> str:
    """The period in one sentence, with the two days of the week that have the most time left."""
    total = report.total
    done = ngettext("%(visits)s visit, %(revenue)s", "%(visits)s visits, %(revenue)s", total.completed) % {
        "visits": _count(total.completed),
        "revenue": dollars(total.revenue_cents),
    }
    if total.not_closed:
        words = ngettext(
            "%(done)s, and %(count)s visit that nobody has closed",
            "%(done)s, and %(count)s visits that nobody has closed",
            total.not_closed,
        )
        done = words % {"done": done, "count": _count(total.not_closed)}
    free = sorted(report.week, key=lambda day: -day.free_minutes)[:2]
    if total.fill is None or not free[1].free_minutes:
        return f"{done}."
    return _("%(done)s; %(filled)s of working hours filled. Most free time: %(first)s and %(second)s.") % {
        "done": done,
        "filled": _percent(total.fill),
        "first": WEEKDAYS[free[0].number],
        "second": WEEKDAYS[free[1].number],
    }


# From how much of the fullest hour on a cell is so dark, of 1.
_SHADES = (0.75, 0.5, 0.25, 0)


def heat(week: Sequence[Weekday]) -> dict[str, Any] | None:
    """When visits start, by weekday and hour, each cell with its number and a shade; None for fewer than two visits,
    which are no pattern."""
    hours = {hour for day in week for hour in day.starts}
    if sum(count for day in week for count in day.starts.values()) < 2:
        return None
    shown = range(min(hours), max(hours) + 1)
    most = max(count for day in week for count in day.starts.values())
    return {
        "hours": [f"{hour % 12 or 12} {'AM' if hour < 12 else 'PM'}" for hour in shown],
        "days": [
            (WEEKDAYS[day.number], [_cell(day.starts.get(hour, 0), most) for hour in shown]) for day in week
        ],
    }


def _cell(count: int, most: int) -> tuple[int, int]:
    """The number and its shade, 0 being an empty cell's."""
    if not count:
        return 0, 0
    lighter = next(number for number, part in enumerate(_SHADES) if count / most > part)
    return count, len(_SHADES) - lighter


# Charts --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """A chart of a report: its title, how values are written, and what is read of each line's figures, by name."""

    title: Any
    show: Callable[[float], str]
    series: dict[Any, Callable[[Figures], float | None]]
    draw: Callable[[Chart], SafeString] = svg_charts.columns


def _fill_percent(figures: Figures) -> float | None:
    return None if figures.fill is None else figures.fill * 100


def _lead_days(figures: Figures) -> float | None:
    return None if figures.lead_days is None else round(figures.lead_days, 1)


def _dollars(value: float) -> str:
    return dollars(round(value) * 100)


def _percents(value: float) -> str:
    return f"{value:.0f}%"


_VISITS, _REVENUE, _FILLED = gettext_lazy("Visits"), gettext_lazy("Revenue"), gettext_lazy("Filled")
_OF_ANY = (
    _Plan(_VISITS, _count, {_VISITS: lambda f: f.completed}, svg_charts.bars),
    _Plan(_REVENUE, _dollars, {_REVENUE: lambda f: f.revenue_cents / 100}, svg_charts.bars),
)
_OF_THERAPISTS = (*_OF_ANY, _Plan(_FILLED, _percents, {_FILLED: _fill_percent}, svg_charts.bars))
_OF_MONTHS = (
    _Plan(
        gettext_lazy("Visits and no-shows"),
        _count,
        {_VISITS: lambda f: f.completed, gettext_lazy("No-shows"): lambda f: f.no_shows},
    ),
    _Plan(_REVENUE, _dollars, {_REVENUE: lambda f: f.revenue_cents / 100}),
    _Plan(
        gettext_lazy("Hours at the door and driven"),
        _count,
        {
            gettext_lazy("At the door"): lambda f: round(f.door_minutes / 60, 1),
            gettext_lazy("Driven"): lambda f: round(f.drive_minutes / 60, 1),
        },
    ),
    _Plan(gettext_lazy("Working time filled"), _percents, {_FILLED: _fill_percent}, svg_charts.line),
    _Plan(
        gettext_lazy("Days between request and visit"),
        _count,
        {gettext_lazy("Days"): _lead_days},
        svg_charts.line,
    ),
    _Plan(
        gettext_lazy("Clients"),
        _count,
        {
            gettext_lazy("New"): lambda f: f.new_clients,
            gettext_lazy("Returning"): lambda f: f.returning_clients,
        },
    ),
)
_PLANS = {"months": _OF_MONTHS, "therapists": _OF_THERAPISTS}


def charts(slug: str, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """The pictures of a table, each with its legend where it has more than one series; none where fewer than two lines
    have a figure, which the table says better."""
    names = [group.name for group in groups]
    drawn = []
    for number, plan in enumerate(_PLANS.get(slug, _OF_ANY)):
        series = [
            Series(str(name), [of(group.figures) for group in groups]) for name, of in plan.series.items()
        ]
        if sum(any(values) for values in zip(*(one.values for one in series), strict=True)) < 2:
            continue
        words = _said(names, series, plan.show)
        labels = [_short(group) for group in groups] if slug == "months" else names
        chart = Chart(f"chart-{slug}-{number}", str(plan.title), words, labels, series, plan.show)
        legend = [one.name for one in series] if len(series) > 1 else []
        drawn.append({"title": plan.title, "svg": plan.draw(chart), "legend": legend})
    return drawn


def _short(month: Group) -> str:
    """`Nov`; of a January its year."""
    key = month.key
    return f"{key:%b}" if isinstance(key, date) and key.month > 1 else month.name.split()[-1]


# A longer list of figures is no picture any more: the table has them.
_MOST_SAID = 6


def _said(names: Sequence[str], series: Sequence[Series], show: Callable[[float], str]) -> str:
    """The plot in a sentence: each value of a few, of many the least and the most."""
    parts = []
    for one in series:
        known = [(name, value) for name, value in zip(names, one.values, strict=True) if value is not None]
        if not known:
            continue
        if len(known) > _MOST_SAID:
            low, high = min(known, key=lambda pair: pair[1]), max(known, key=lambda pair: pair[1])
            parts.append(
                _("%(what)s: from %(low)s (%(when_low)s) to %(high)s (%(when_high)s).")
                % {
                    "what": one.name,
                    "low": show(low[1]),
                    "when_low": low[0],
                    "high": show(high[1]),
                    "when_high": high[0],
                }
            )
        else:
            parts.append(f"{one.name}: " + ", ".join(f"{name} {show(value)}" for name, value in known) + ".")
    return " ".join([*parts, _("The table below has all figures.")])
