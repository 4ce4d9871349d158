"""Which visits the list shows: by day, by screening, by zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.enums import Tier
from bookings.models import Booking, Zone
from massagerx.lib.localtime import day_bounds

# What may stand in the list's address without asking for anything: order, page, and marks of Django's own.
_NO_QUESTION = frozenset({"o", "p", "e", "all"})
# Days of which the nearest is read first; of others the latest.
AHEAD = frozenset({"coming", "today", "tomorrow", "week", "upcoming"})


def days_shown(request: HttpRequest) -> str:
    """Which days the list shows: those asked for; from today on when nothing is asked; else, as when somebody
    searches, all."""
    bare = not {name for name, value in request.GET.items() if value} - _NO_QUESTION
    return request.GET.get("day") or ("coming" if bare else "any")


class DayFilter(admin.SimpleListFilter):
    """By local day: a few near ones by name, or any as `?day=2026-11-24`."""

    title = gettext_lazy("day")
    parameter_name = "day"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        self._shown = days_shown(request)

    def value(self) -> str:
        return self._shown

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Without Django's "All", which removes the question: here that means from today on."""
        for value, title in self.lookup_choices:
            yield {
                "selected": self._shown == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("coming", _("From today on")),
            ("any", _("Any day")),
            ("today", _("Today")),
            ("tomorrow", _("Tomorrow")),
            ("week", _("The next seven days")),
            ("upcoming", _("From now on")),
            ("past", _("Past")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        now = timezone.now()
        today = timezone.localdate(now)
        value = self._shown
        if value == "any":
            return queryset
        if value == "coming":
            return queryset.filter(starts_at__gte=day_bounds(today)[0])
        if value == "upcoming":
            return queryset.filter(ends_at__gt=now)
        if value == "past":
            return queryset.filter(ends_at__lte=now)
        days = {"today": (today, 1), "tomorrow": (today + timedelta(days=1), 1), "week": (today, 7)}.get(
            value
        )
        if days is None:
            try:
                days = (date.fromisoformat(value), 1)
            except ValueError:
                return queryset
        first, count = days
        if not 2000 <= first.year <= 2100:
            return queryset.none()
        start, _end = day_bounds(first)
        _start, end = day_bounds(first + timedelta(days=count - 1))
        return queryset.filter(starts_at__gte=start, starts_at__lt=end)


class TierFilter(admin.SimpleListFilter):
    title = gettext_lazy("screening")
    parameter_name = "screening"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return list(Tier.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        return queryset.filter(screening__tier=self.value()) if self.value() in Tier.values else queryset


class ZoneFilter(admin.SimpleListFilter):
    title = gettext_lazy("zone")
    parameter_name = "zone"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(str(pk), name) for pk, name in Zone.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        value = self.value() or ""
        known = value.isascii() and value.isdigit() and len(value) < 10
        return queryset.filter(area__zone=int(value)) if known else queryset
