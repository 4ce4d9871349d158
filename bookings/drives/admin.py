"""The owner's pages about drives: rules, words on zones and on single pairs, and what was learned or asked."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from bookings.admin.stranding import StrandingMixin, StrandsVisits
from bookings.staff.labels import local_when
from massagerx.lib.admin import KindFieldsMixin, ListMixin, SingletonMixin
from massagerx.lib.admin_history import HistoryMixin

from . import operations, rows
from .effects import effects_of
from .model import bounds, miles_between
from .models import DriveCorrection, DriveRules, FixedDrive, ObservedDrive, RoadTime

# The button that shows what a word would do, and saves nothing.
SHOW = "_show_effects"


class DrivesMixin(HistoryMixin, StrandingMixin, KindFieldsMixin):
    """Whatever is changed here, the rows of drives are made anew."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rows.ask_for_rows()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        rows.ask_for_rows()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        rows.ask_for_rows()


@admin.register(DriveRules)
class DriveRulesAdmin(DrivesMixin, SingletonMixin):
    fields = ["care_percent", "terminal_minutes", "lengthen_by_itself"]
    stranding_fields = frozenset({"care_percent", "terminal_minutes"})


class DriveCorrectionForm(forms.ModelForm):
    class Meta:
        model = DriveCorrection
        fields = ["origin", "destination", "days", "starts_at", "ends_at", "minutes", "both_ways"]

    #: Set by the page: the word is only to be looked at.
    only_shown = False

    def is_valid(self) -> bool:
        """What is only to be looked at is not saved, though nothing is wrong with it."""
        return super().is_valid() and not self.only_shown


@admin.register(DriveCorrection)
class DriveCorrectionAdmin(DrivesMixin, ListMixin):
    """Before and after saving, the page shows what the word does to near and far pairs; the list shows on top what the
    drives themselves say."""

    form = DriveCorrectionForm
    change_form_template = "admin/drives/correction_form.html"
    change_list_template = "admin/drives/correction_list.html"
    list_display = ["__str__", "days", "starts_at", "ends_at", "minutes", "both_ways"]
    list_filter = ["origin", "destination", "days"]
    list_select_related = ["origin", "destination"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type("Shown", (form,), {"only_shown": SHOW in request.POST})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        form = context["adminform"].form
        # A word that was typed in full can be looked at, whether it is saved or not.
        row = form.instance if not form.is_bound or len(form.cleaned_data) == len(form.fields) else None
        if row is not None and row.origin_id and row.destination_id and row.minutes and row.band.knots:
            context["effects"] = effects_of(rows.known_now(), row)
            if form.only_shown and not form.errors:
                self.message_user(request, _("Nothing is saved yet. Below the form is what this would do."))
        context["show"] = SHOW
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        take = path("take/", self.admin_site.admin_view(self.take_view), name="drives_drivecorrection_take")
        return [take, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {
            **(extra_context or {}),
            "suggestions": operations.suggestions(now=timezone.now()),
            "care": DriveRules.load().care_percent,
        }
        return super().changelist_view(request, context)

    def take_view(self, request: HttpRequest) -> HttpResponse:
        """One press: the suggestion becomes the owner's word, if it still is one and strands nobody unasked."""
        return require_POST(self._take)(request)

    def _take(self, request: HttpRequest) -> HttpResponse:
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        answer = redirect(reverse("admin:drives_drivecorrection_changelist"))
        found = next(
            (
                row
                for row in operations.suggestions(now=timezone.now())
                if row.key == request.POST.get("suggestion")
            ),
            None,
        )
        if found is None:
            self.message_user(request, _("This suggestion has changed since. Here is what drives say now."))
            return answer
        try:
            with transaction.atomic():
                self._look_before(request, None)
                row = operations.take(found)
                self.log_change(request, row, _("Taken from drives that were driven."))
                self._look_after(request, None)
        except StrandsVisits as stranding:
            return self._question(request, stranding.stranded)
        self.message_user(
            request,
            _("Drives from %(origin)s to %(destination)s are planned anew within a minute.")
            % {"origin": found.origin, "destination": found.destination},
        )
        return answer


class FixedDriveForm(forms.ModelForm):
    class Meta:
        model = FixedDrive
        fields = ["origin", "destination", "days", "starts_at", "ends_at", "minutes", "both_ways"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        origin, destination, minutes = (cleaned.get(name) for name in ("origin", "destination", "minutes"))
        points = [end.point for end in (origin, destination) if end is not None]
        known = [point for point in points if point is not None]
        if minutes and len(known) == 2:
            miles = miles_between(*known)
            least = math.ceil(bounds(miles, 0)[0])
            if minutes < least:
                self.add_error(
                    "minutes",
                    _("Nobody drives %(miles).1f miles through the city in less than %(least)d minutes.")
                    % {"miles": miles, "least": least},
                )
        return cleaned


@admin.register(FixedDrive)
class FixedDriveAdmin(DrivesMixin, ListMixin):
    form = FixedDriveForm
    list_display = ["__str__", "days", "starts_at", "ends_at", "minutes", "both_ways"]
    list_select_related = ["origin", "destination"]
    search_fields = ["origin__zip_code", "destination__zip_code"]
    autocomplete_fields = ["origin", "destination"]


class OnlyLookedAt(ListMixin):
    """Rows that nobody types."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RoadTime)
class RoadTimeAdmin(OnlyLookedAt):
    """What the routing server said, to be looked at: answers far from our own figure are not used."""

    list_display = ["__str__", "empty_road", "asked_at", "is_doubtful"]
    list_filter = ["is_doubtful"]
    search_fields = ["origin", "destination"]
    fields = ["origin", "destination", "empty_road", "asked_at", "is_doubtful"]

    @admin.display(description=gettext_lazy("minutes on an empty road"), ordering="seconds")
    def empty_road(self, row: RoadTime) -> str:
        return _("no way") if row.seconds is None else f"{row.seconds / 60:.0f}"


@admin.register(ObservedDrive)
class ObservedDriveAdmin(OnlyLookedAt):
    """What drives took, for suggestions to be checked by: newest first, without who drove."""

    list_display = ["__str__", "left", "planned_minutes", "took_minutes"]
    list_select_related = ["origin", "destination"]
    list_filter = ["origin__zone", "destination__zone"]
    search_fields = ["origin__zip_code", "destination__zip_code"]
    fields = ["origin", "destination", "left", "planned_minutes", "took_minutes"]

    @admin.display(description=gettext_lazy("left (Los Angeles)"), ordering="left_at")
    def left(self, drive: ObservedDrive) -> str:
        return local_when(drive.left_at)

    @admin.display(description=gettext_lazy("took, minutes"))
    def took_minutes(self, drive: ObservedDrive) -> int:
        return round(drive.minutes)
