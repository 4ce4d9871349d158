"""The owner's reports, their tables as CSV, and the list of bookings as CSV."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.domain.client_figures import LAPSED_AFTER, client_figures, every_client
from bookings.domain.days_behind import days_behind
from bookings.domain.reports import Report, load_report
from bookings.models import Booking, BookingRules
from bookings.staff.visibility import sees_every_visit, sees_reports
from massagerx.lib.csv import csv_response
from massagerx.lib.localtime import local

from .forms import PeriodForm
from .frame import StaffRequest, desk_page, page
from .report_tables import COLUMNS, TABLES, answers, charts, exported, exported_clients, heat, in_a_sentence


@desk_page(sees_reports)
def reports_page(request: StaffRequest) -> HttpResponse:
    """All figures of a period; the last three months unless another is asked for."""
    now = timezone.now()
    today = local(now).date()
    form, first, last = _period(request, today)
    report = load_report(first_day=first, last_day=last, now=now)
    days = (last - first).days + 1
    before = load_report(first_day=first - timedelta(days=days), last_day=first - timedelta(days=1), now=now)
    query = urlencode({"first": first, "last": last})
    context = {
        "title": _("Reports"),
        "form": form,
        "period": f"{_day(first)} – {_day(last)}",
        "choices": _choices(today),
        "days": days,
        "answers": answers(report, before),
        "sentence": in_a_sentence(report),
        "heat": heat(report.week),
        "headings": [(column.heading, column.note) for column in COLUMNS],
        "total": [column.words(report.total) for column in COLUMNS],
        "sections": [_section(slug, report, query) for slug in TABLES],
    }
    return page(request, "reports", context)


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
        "charts": charts(slug, groups),
        "csv": f"{reverse('admin:bookings_booking_report_csv', args=[slug])}?{query}",
    }


@desk_page(sees_reports)
@require_safe
def days_page(request: StaffRequest) -> HttpResponse:
    """How the last 30 or 90 days went: drives against their plan, lateness, rescues."""
    days = 90 if request.GET.get("days") == "90" else 30
    found = days_behind(days=days, rules=BookingRules.load(), now=timezone.now())
    context = {"title": _("How days went"), "days": days, "found": found, "choices": (30, 90)}
    return page(request, "reports_days", context)


@desk_page(sees_reports, sees_every_visit)
@require_safe
def clients_page(request: StaffRequest) -> HttpResponse:
    """Who comes most, who stopped coming, and how many come again."""
    found = client_figures(now=timezone.now())
    context = {
        "title": _("Clients in figures"),
        "found": found,
        "share": round(100 * found.again / found.clients) if found.clients else None,
        "days": LAPSED_AFTER.days,
        "lists": [
            (_("Best clients"), found.best),
            (_("Clients who have not come for a while"), found.lapsed),
        ],
    }
    return page(request, "reports_clients", context)


@desk_page(sees_reports, sees_every_visit)
@require_safe
def clients_csv(request: StaffRequest) -> HttpResponseBase:
    """Every client with a visit that took place, for a spreadsheet; sent while they are read."""
    now = timezone.now()
    return csv_response(f"clients-{local(now).date()}", exported_clients(every_client(now=now)))


@desk_page(sees_reports)
def report_csv(request: StaffRequest, table: str) -> HttpResponseBase:
    """One table of a period, for a spreadsheet."""
    if table not in TABLES:
        raise Http404
    now = timezone.now()
    form, first, last = _period(request, local(now).date())
    if form.errors:
        return redirect(f"{reverse('admin:bookings_booking_reports')}?{request.GET.urlencode()}")
    report = load_report(first_day=first, last_day=last, now=now)
    of_report, named, _heading = TABLES[table]
    rows = [[named, *(column.heading for column in COLUMNS)]]
    for name, figures in [
        *((group.name, group.figures) for group in of_report(report)),
        (_("All"), report.total),
    ]:
        rows.append([name, *(column.cell(figures) for column in COLUMNS)])
    return csv_response(f"{table}-{first}-{last}", rows)


@desk_page(sees_reports, sees_every_visit)
def bookings_csv(request: StaffRequest) -> HttpResponseBase:
    """The bookings of the list as it is filtered, for a spreadsheet; sent while they are read."""
    try:
        shown = admin.site.get_model_admin(Booking).get_changelist_instance(request)
    except IncorrectLookupParameters:
        return redirect("admin:bookings_booking_changelist")
    rows: Any = shown.get_queryset(request).select_related(None)
    rows = rows.select_related("client", "therapist", "service", "area__zone")
    return csv_response(f"bookings-{timezone.localdate()}", exported(rows))


# Parts ---------------------------------------------------------------------------------------------------------------


def _period(request: StaffRequest, today: date) -> tuple[PeriodForm, date, date]:
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
