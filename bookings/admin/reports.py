"""The owner's reports, their tables as CSV, and the list of bookings as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.reports import LONGEST_DAYS, Figures, Group, Report, load_report
from bookings.models import Booking
from massagerx.lib.admin import sane_day
from massagerx.lib.csv import csv_response
from massagerx.lib.localtime import local
from services.templatetags.money import dollars

from . import svg_charts
from .svg_charts import Series
from .visibility import sees_every_visit

REPORTS = "bookings.view_reports"
# Bookings are read and sent in portions of this many.
_PORTION = 500


def sees_reports(user: Any) -> bool:
    """Whether this member of staff may see what the business makes."""
    return bool(user.has_perm(REPORTS))


class PeriodForm(forms.Form):
    """From which local day to which, both included."""

    first = forms.DateField(
        label=gettext_lazy("From"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[sane_day],
    )
    last = forms.DateField(
        label=gettext_lazy("Until"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[sane_day],
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day can't be before the first day."))
        elif first and last and (last - first).days >= LONGEST_DAYS:
            self.add_error("last", _("Choose two years at most."))
        return cleaned


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


class ReportsMixin(admin.ModelAdmin):
    """Adds the reports and the downloads to the admin of bookings."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("reports/", wrap(self.reports_view), name="bookings_booking_reports"),
            path("reports/<slug:table>.csv", wrap(self.report_csv_view), name="bookings_booking_report_csv"),
            path("export/", wrap(self.export_view), name="bookings_booking_export"),
        ]
        return own + super().get_urls()

    def reports_view(self, request: HttpRequest) -> HttpResponse:
        """All figures of a period; the last three months unless another is asked for."""
        if not sees_reports(request.user):
            raise PermissionDenied
        now = timezone.now()
        today = local(now).date()
        form, first, last = _period(request, today)
        report = load_report(first_day=first, last_day=last, now=now)
        query = urlencode({"first": first, "last": last})
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Reports"),
            "form": form,
            "period": f"{_day(first)} – {_day(last)}",
            "choices": _choices(today),
            "sums": [(column.heading, column.words(report.total)) for column in COLUMNS],
            "headings": [(column.heading, column.note) for column in COLUMNS],
            "total": [column.words(report.total) for column in COLUMNS],
            "sections": [self._section(slug, report, query) for slug in TABLES],
        }
        response = TemplateResponse(request, "admin/bookings/reports.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @staticmethod
    def _section(slug: str, report: Report, query: str) -> dict[str, Any]:
        of_report, named, heading = TABLES[slug]
        groups = of_report(report)
        return {
            "slug": slug,
            "heading": heading,
            "named": named,
            "rows": [
                (group.name, [(column.heading, column.words(group.figures)) for column in COLUMNS])
                for group in groups
            ],
            "charts": _charts(slug, groups) if groups else [],
            "csv": f"{reverse('admin:bookings_booking_report_csv', args=[slug])}?{query}",
        }

    def report_csv_view(self, request: HttpRequest, table: str) -> HttpResponseBase:
        """One table of a period, for a spreadsheet."""
        if not sees_reports(request.user):
            raise PermissionDenied
        if table not in TABLES:
            raise Http404
        now = timezone.now()
        form, first, last = _period(request, local(now).date())
        if form.errors:
            return redirect(f"{reverse('admin:bookings_booking_reports')}?{request.GET.urlencode()}")
        report = load_report(first_day=first, last_day=last, now=now)
        of_report, named, _heading = TABLES[table]
        rows = [[named, *(column.heading for column in COLUMNS)]]
        for name, figures in [(g.name, g.figures) for g in of_report(report)] + [(_("All"), report.total)]:
            rows.append([name, *(column.cell(figures) for column in COLUMNS)])
        return csv_response(f"{table}-{first}-{last}", rows)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The bookings of the list as it is filtered, for a spreadsheet; sent while they are read."""
        if not (sees_reports(request.user) and sees_every_visit(request.user)):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect("admin:bookings_booking_changelist")
        rows: Any = shown.get_queryset(request).select_related(None)
        rows = rows.select_related("client", "therapist", "service", "area__zone")
        return csv_response(f"bookings-{timezone.localdate()}", _exported(rows))


# Parts -----------------------------------------------------------------------------------------------------------


def _exported(rows: Any) -> Iterator[list[Any]]:
    yield [heading for heading, _cell in _EXPORTED]
    booking: Booking
    for booking in rows.iterator(chunk_size=_PORTION):
        yield [cell(booking) for _heading, cell in _EXPORTED]


def _period(request: HttpRequest, today: date) -> tuple[PeriodForm, date, date]:
    """The form as it was sent, and the days that count: the last three months where it can't be read."""
    first, last = _months_before(today, 2), today
    if "first" not in request.GET and "last" not in request.GET:
        return PeriodForm(initial={"first": first, "last": last}), first, last
    form = PeriodForm(request.GET)
    if form.is_valid():
        return form, form.cleaned_data["first"], form.cleaned_data["last"]
    return form, first, last


def _months_before(day: date, months: int) -> date:
    """The first day of the month so many months before that of `day`."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, 1)


def _choices(today: date) -> list[tuple[str, str]]:
    """Periods that are often asked for: their names and addresses."""
    this = today.replace(day=1)
    last = _months_before(today, 1)
    end_of_this = _months_before(today, -1) - timedelta(days=1)
    periods = [
        (_("This month"), this, end_of_this),
        (_("Last month"), last, this - timedelta(days=1)),
        (_("Last 12 months"), _months_before(today, 11), today),
        (_("This year"), date(today.year, 1, 1), date(today.year, 12, 31)),
    ]
    return [(name, f"?{urlencode({'first': first, 'last': until})}") for name, first, until in periods]


def _day(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def _charts(slug: str, groups: Sequence[Group]) -> list[dict[str, Any]]:
    figures = [group.figures for group in groups]
    if slug == "months":
        return _charts_over_time(groups, figures)
    drawn: list[tuple[str, Sequence[float | None], Callable[[float], str]]] = [
        (_("Visits"), [f.completed for f in figures], _count),
        (_("Revenue"), [f.revenue_cents / 100 for f in figures], _dollars),
    ]
    if slug == "therapists":
        drawn.append((_("Filled"), [None if f.fill is None else f.fill * 100 for f in figures], _percents))
    names = [group.name for group in groups]
    return [
        {
            "title": title,
            "svg": svg_charts.bars(
                f"chart-{slug}-{number}",
                title=title,
                words=_said(names, [Series(title, values)], show),
                labels=names,
                series=Series(title, values),
                show=show,
            ),
        }
        for number, (title, values, show) in enumerate(drawn)
    ]


def _charts_over_time(groups: Sequence[Group], figures: Sequence[Figures]) -> list[dict[str, Any]]:
    names = [group.name for group in groups]
    labels = [
        f"{group.key:%b}" if isinstance(group.key, date) and group.key.month > 1 else name.split()[-1]
        for group, name in zip(groups, names, strict=True)
    ]

    def drawn(
        number: int, title: str, show: Callable[[float], str], *series: Series, by_line: bool = False
    ) -> dict[str, Any]:
        words = _said(names, series, show)
        svg: SafeString
        if by_line:
            svg = svg_charts.line(
                f"chart-months-{number}", title=title, words=words, labels=labels, series=series[0], show=show
            )
        else:
            svg = svg_charts.columns(
                f"chart-months-{number}", title=title, words=words, labels=labels, series=series, show=show
            )
        return {
            "title": title,
            "svg": svg,
            "legend": [one.name for one in series] if len(series) > 1 else [],
        }

    return [
        drawn(
            1,
            _("Visits and no-shows"),
            _count,
            Series(_("Visits"), [f.completed for f in figures]),
            Series(_("No-shows"), [f.no_shows for f in figures]),
        ),
        drawn(2, _("Revenue"), _dollars, Series(_("Revenue"), [f.revenue_cents / 100 for f in figures])),
        drawn(
            3,
            _("Hours at the door and driven"),
            _count,
            Series(_("At the door"), [round(f.door_minutes / 60, 1) for f in figures]),
            Series(_("Driven"), [round(f.drive_minutes / 60, 1) for f in figures]),
        ),
        drawn(
            4,
            _("Working time filled"),
            _percents,
            Series(_("Filled"), [None if f.fill is None else f.fill * 100 for f in figures]),
            by_line=True,
        ),
        drawn(
            5,
            _("Days between request and visit"),
            _count,
            Series(_("Days"), [None if f.lead_days is None else round(f.lead_days, 1) for f in figures]),
            by_line=True,
        ),
        drawn(
            6,
            _("Clients"),
            _count,
            Series(_("New"), [f.new_clients for f in figures]),
            Series(_("Returning"), [f.returning_clients for f in figures]),
        ),
    ]


def _dollars(value: float) -> str:
    return dollars(round(value) * 100)


def _percents(value: float) -> str:
    return f"{value:.0f}%"


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
