"""Therapists with their weekly hours."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, time, timedelta
from itertools import combinations
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import links
from bookings.enums import BookingStatus, Weekday
from bookings.models import Booking, Photo, Therapist, WorkingHours
from bookings.staff import svg_charts
from bookings.staff.labels import mark, private_address
from massagerx.lib.admin import KindFieldsMixin, ListMixin, TableInline
from massagerx.lib.admin_history import HistoryMixin
from massagerx.lib.urls import absolute_url

from .photos import slots_of
from .stranding import StrandingMixin

# Hours that ended longer ago than this stay on record but leave the therapist's page, so that its form never has more
# fields than may be sent.
SHOWN_AFTER = timedelta(days=31)


# Seen by those alone who may change them.
_OWNERS = ("calendar_feed", "phone")


class HoursForm(forms.ModelForm):
    """For rows with a start and an end in wall time, so that the fault is told beside the field."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("starts_at"), cleaned.get("ends_at")
        # Hours that end at 00:00 end with the day.
        if start is not None and end is not None and end <= start and end != time.min:
            sentence = _(
                "The end must be later than the start. Hours that go on past midnight are two rows: until 12:00 AM, "
                "and from 12:00 AM on the next day."
            )
            self.add_error("ends_at", sentence)
        return cleaned


class WorkingHoursForm(HoursForm):
    class Meta:
        model = WorkingHours
        fields = ["weekday", "starts_at", "ends_at", "valid_from", "valid_until", "zones"]
        widgets = {"zones": forms.CheckboxSelectMultiple}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", _("The last day can't be before the first day."))
        return cleaned


class WorkingHoursFormSet(forms.BaseInlineFormSet):
    """For somebody without hours yet, a row for each day of the week: only its times are left to type. A row without
    times is a day off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.initial_form_count():
            self.initial_extra = [{"weekday": day} for day in Weekday.values]


class WorkingHoursInline(TableInline):
    model = WorkingHours
    form = WorkingHoursForm
    formset = WorkingHoursFormSet
    verbose_name_plural = gettext_lazy("weekly hours, Los Angeles time")

    # With these a page sends some 450 fields.
    max_num = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkingHours]:
        still = timezone.localdate() - SHOWN_AFTER
        rows = super().get_queryset(request)
        return rows.filter(Q(valid_until=None) | Q(valid_until__gte=still))

    def get_extra(self, request: HttpRequest, obj: Therapist | None = None, **kwargs: Any) -> int:
        has_hours = obj is not None and obj.working_hours.exists()
        return 1 if has_hours else len(Weekday.values)


def week_of_hours(therapist: Therapist, today: date) -> dict[str, Any]:
    """The saved weekly hours as a picture, those in force on `today` and, outlined, those of other dates."""
    by_day: dict[int, list[tuple[int, int, bool]]] = {day: [] for day in (6, *range(6))}
    for hours in therapist.working_hours.order_by("weekday", "starts_at"):
        in_force = (hours.valid_from is None or hours.valid_from <= today) and (
            hours.valid_until is None or hours.valid_until >= today
        )
        # Hours that end at 00:00 end with the day.
        end = hours.ends_at.hour * 60 + hours.ends_at.minute or 24 * 60
        by_day[hours.weekday].append((hours.starts_at.hour * 60 + hours.starts_at.minute, end, in_force))
    words = [
        f"{Weekday(day).label}: {', '.join(f'{_wall(start)} – {_wall(end)}' for start, end, _now in now)}."
        for day, spans in by_day.items()
        if (now := [span for span in spans if span[2]])
    ]
    title = _("Weekly hours in force today")
    return {
        "title": title,
        "others": any(not in_force for spans in by_day.values() for _start, _end, in_force in spans),
        "svg": svg_charts.week(
            "week-hours",
            title=title,
            words=" ".join(words) or _("None."),
            days=[(str(Weekday(day).label)[:3], spans) for day, spans in by_day.items()],
        ),
    }


def overlapping_hours(therapist: Therapist) -> list[str]:
    """A sentence on each two rows of the same day, dates and zones that overlap, of those that a page shows."""
    still = Q(valid_until=None) | Q(valid_until__gte=timezone.localdate() - SHOWN_AFTER)
    rows = therapist.working_hours.filter(still).prefetch_related("zones")
    rows = rows.order_by("weekday", "starts_at", "pk")[: WorkingHoursInline.max_num]
    return [
        _("%(day)s: %(first)s and %(second)s overlap. They count once; take one of them out if it is a slip.")
        % {"day": first.get_weekday_display(), "first": _words_of(first), "second": _words_of(second)}
        for first, second in combinations(rows, 2)
        if _overlap(first, second)
    ]


def _overlap(first: WorkingHours, second: WorkingHours) -> bool:
    """Of two rows in order of their starts."""
    return (
        first.weekday == second.weekday
        and (first.ends_at == time.min or second.starts_at < first.ends_at)
        and (first.valid_from or date.min) <= (second.valid_until or date.max)
        and (second.valid_from or date.min) <= (first.valid_until or date.max)
        and set(first.zones.all()) == set(second.zones.all())
    )


def _words_of(hours: WorkingHours) -> str:
    starts, ends = hours.starts_at, hours.ends_at
    return f"{_wall(starts.hour * 60 + starts.minute)} – {_wall(ends.hour * 60 + ends.minute)}"


def _wall(minute: int) -> str:
    hour = minute // 60 % 24
    return f"{hour % 12 or 12}:{minute % 60:02} {'AM' if hour < 12 else 'PM'}"


@admin.register(Therapist)
class TherapistAdmin(HistoryMixin, StrandingMixin, KindFieldsMixin, ListMixin):
    change_form_template = "admin/bookings/therapist.html"
    list_display = ["name", "gender", "certificate", "home_zip", "waiting", "is_active", "position"]
    list_filter = ["is_active", "services", "gender"]
    list_select_related = ["home_zip"]
    search_fields = ["name", "certificate_number"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["services"]
    inlines = [WorkingHoursInline]
    readonly_fields = ["single_days", "calendar_feed", "photos"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "gender", "is_active", "position", "user", "phone"]}),
        (
            gettext_lazy("Their page"),
            {
                "description": gettext_lazy("What is left blank is left out on the site, with its label."),
                "fields": ["photos", "quote", "bio", "training", "languages", "here_since"],
            },
        ),
        (
            gettext_lazy("Certificate"),
            {
                "description": gettext_lazy(
                    "Without a number, or after the last day, nobody sees or books this therapist."
                ),
                "fields": ["certificate_number", "certificate_expires_on"],
            },
        ),
        (gettext_lazy("What and where"), {"fields": ["services", "home_zip", "reach_minutes"]}),
        (
            gettext_lazy("Limits of a day"),
            {
                "fields": [
                    "max_visits_per_day",
                    "max_work_minutes_per_day",
                    "break_minutes",
                    "break_after_minutes",
                ]
            },
        ),
        (gettext_lazy("Calendar"), {"fields": ["single_days", "calendar_feed"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Therapist | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return shown
        # Whoever has the address reads the calendar without a log-in: only those who may revoke it see it. A phone is
        # named by an alert, and read by nobody else.
        return [
            (name, {**part, "fields": [field for field in part["fields"] if field not in _OWNERS]})
            for name, part in shown
        ]

    @admin.display(description=gettext_lazy("single days"))
    def single_days(self, therapist: Therapist) -> str:
        """Links to the therapist's extra hours and time off, which have pages of their own."""
        if not therapist.pk:
            return _("Save the therapist first.")
        today = timezone.localdate()
        extra = therapist.extra_hours.filter(date__gte=today).count()
        off = therapist.time_off.filter(ends_at__gt=timezone.now()).count()
        query = f"?therapist__id__exact={therapist.pk}"
        return format_html(
            '<a href="{}{}">{}</a><br><a href="{}{}">{}</a>',
            reverse("admin:bookings_extrahours_changelist"), query,
            _("Extra hours on one date: %(count)d to come") % {"count": extra},
            reverse("admin:bookings_timeoff_changelist"), query,
            _("Time off: %(count)d to come") % {"count": off},
        )  # fmt: skip

    @admin.display(description=gettext_lazy("photos"))
    def photos(self, therapist: Therapist) -> str:
        """Their slots of the shoot list."""
        if not therapist.pk:
            return _("Save the therapist first.")
        return render_to_string(
            "admin/bookings/photo/slots.html", {"slots": slots_of(therapist, therapist.photos.all())}
        )

    @admin.display(description=gettext_lazy("calendar to subscribe to"))
    def calendar_feed(self, therapist: Therapist) -> str:
        if not therapist.pk:
            return _("Save the therapist first.")
        page = reverse("admin:bookings_therapist_feed", args=[therapist.pk])
        token = links.present_feed_token(therapist)
        address = absolute_url(reverse("bookings:feed", args=[token])) if token else ""
        return private_address(address, page, _("Revoke it and make a new one"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Therapist]:
        # Counted by itself: joined, every visit of the years would be read.
        requests = Booking.objects.filter(therapist=OuterRef("pk"), status=BookingStatus.REQUESTED).order_by()
        waiting = Subquery(requests.values("therapist").annotate(number=Count("pk")).values("number"))
        return super().get_queryset(request).annotate(waiting_count=Coalesce(waiting, 0))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        words = _(
            "Another therapist has this address. The same person? Open their page. If not, add a word to it."
        )
        kwargs["error_messages"] = {"slug": {"unique": words}}
        return super().get_form(request, *args, **kwargs)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Therapist | None = None) -> dict[str, Any]:
        return {} if obj else super().get_prepopulated_fields(request, obj)

    @admin.display(description=gettext_lazy("certificate"), ordering="certificate_expires_on")
    def certificate(self, therapist: Therapist) -> str:
        until = therapist.certificate_expires_on
        if not therapist.certificate_number:
            return mark("bad", "✕", _("none: not on the site"))
        if until is not None and until < timezone.localdate():
            return mark("bad", "✕", _("%(number)s, lapsed %(day)s: not on the site") % self._facts(therapist))
        return mark("good", "✓", _("%(number)s until %(day)s") % self._facts(therapist))

    @staticmethod
    def _facts(therapist: Therapist) -> dict[str, str]:
        until = therapist.certificate_expires_on
        return {
            "number": therapist.certificate_number,
            "day": f"{until:%b} {until.day}, {until.year}" if until else _("further notice"),
        }

    @admin.display(description=gettext_lazy("requests waiting"), ordering="waiting_count")
    def waiting(self, therapist: Any) -> int:
        return int(therapist.waiting_count)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        therapist = kwargs.get("obj")
        if therapist is not None:
            context = {**context, "week": week_of_hours(therapist, timezone.localdate())}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Says which hours overlap: two rows that were meant as one, or saved in two tabs, are no fault."""
        super().save_related(request, form, formsets, change)
        for words in overlapping_hours(form.instance):
            self.message_user(request, words, messages.WARNING)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Therapist]) -> None:
        """Takes their photos' files along, as deleting one of them does."""
        for photo in Photo.objects.filter(therapist__in=queryset):
            photo.delete()
        super().delete_queryset(request, queryset)

    def stranding_therapists(self, obj: Therapist) -> Collection[int]:
        return {obj.pk} if obj.pk else set()
