"""The owner's plans for courses, in versions, and the list of courses that were booked."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Max, Model, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin.base import RowsOnly
from bookings.domain.operations import MOVABLE
from bookings.domain.visit_request import MAX_TREATMENT_MINUTES
from bookings.enums import BookingStatus
from bookings.models import Booking
from bookings.staff.labels import local_when, mark
from massagerx.lib.admin import KindFieldsMixin, ListMixin, TableInline
from massagerx.lib.admin_history import HistoryMixin
from services.models import AddOn, ServiceOption

from .models import MOST_VISITS, Course, CoursePhase, CoursePlan

# In the address of the form for a new version: the key of the one that it starts as a copy of.
COPY = "copy"
_COPIED = ("name", "option", "counted_from", "words")
# What an approval is of, beside the phases.
_APPROVED = ("option", "counted_from")
_PHASE = ("from_day", "to_day", "visits", "apart", "add_ons")


class PhaseFormSet(forms.BaseInlineFormSet):
    """Phases follow each other, and come to a course that can be planned."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data]
        phases = sorted(
            (row for row in rows if not row.get("DELETE")), key=lambda row: (row["from_day"], row["to_day"])
        )
        if not phases:
            raise forms.ValidationError(_("A plan has at least one phase."))
        if sum(phase["visits"] for phase in phases) > MOST_VISITS:
            raise forms.ValidationError(_("A course has at most %(most)d visits.") % {"most": MOST_VISITS})
        for before, after in pairwise(phases):
            if after["from_day"] <= before["to_day"]:
                words = _("The phase from day %(day)d begins before the one before it has ended.")
                raise forms.ValidationError(words % {"day": after["from_day"]})
        if self.instance.option_id is not None:
            for phase in phases:
                self._require_add_ons(phase["add_ons"])

    def _require_add_ons(self, add_ons: Collection[AddOn]) -> None:
        """Refuses what the plan's service doesn't have, or what makes a visit too long."""
        option = self.instance.option
        of_service = set(
            AddOn.objects.filter(services=option.service_id).order_by().values_list("pk", flat=True)
        )
        for add_on in add_ons:
            if add_on.pk not in of_service:
                words = _("%(add_on)s is no add-on of %(service)s.")
                raise forms.ValidationError(words % {"add_on": add_on.name, "service": option.service.name})
        if option.minutes + sum(add_on.minutes for add_on in add_ons) > MAX_TREATMENT_MINUTES:
            words = _("With these add-ons a visit is longer than %(most)d minutes.")
            raise forms.ValidationError(words % {"most": MAX_TREATMENT_MINUTES})


class PhaseInline(TableInline):
    model = CoursePhase
    formset = PhaseFormSet
    fields = list(_PHASE)
    max_num = 12

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Add-ons as boxes to be checked; of which service, where they aren't of every one."""
        kwargs["queryset"] = AddOn.objects.order_by("name", "pk")
        kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """A row to add to, and those of the version that is copied."""
        return 1 + (_copied(request).phases.count() if obj is None and _copied(request) else 0)


def _is_used(plan: Any) -> bool:
    return plan is not None and plan.courses.exists()


def _copied(request: HttpRequest) -> Any:
    """The version that a new one starts as a copy of, if the address names one."""
    key = request.GET.get(COPY, "")
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        return None
    return CoursePlan.objects.filter(pk=int(key)).first()


@admin.register(CoursePlan)
class CoursePlanAdmin(HistoryMixin, KindFieldsMixin, ListMixin):
    """A version that a course was booked by can be read only; a new one starts as a copy of it."""

    list_display = ["__str__", "option", "in_words", "approval", "is_offered"]
    list_filter = ["is_offered", "option__service"]
    list_select_related = ["option__service"]
    search_fields = ["name"]
    readonly_fields = ["number", "next_version"]
    inlines = [PhaseInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CoursePlan]:
        phases = Prefetch("phases", CoursePhase.objects.order_by("from_day").prefetch_related("add_ons"))
        return super().get_queryset(request).prefetch_related(phases)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        plan = _copied(request)
        copied = (
            {name: getattr(plan, f"{name}_id" if name == "option" else name) for name in _COPIED}
            if plan
            else {}
        )
        return {**copied, **super().get_changeform_initial_data(request)}

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        plan = _copied(request) if obj.pk is None and request.method == "GET" else None
        if plan is not None:
            phases = plan.phases.order_by("from_day").prefetch_related("add_ons")
            kwargs["initial"] = [
                {name: getattr(phase, name) for name in _PHASE} | {"add_ons": list(phase.add_ons.all())}
                for phase in phases
            ]
        return kwargs

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "option":
            kwargs["queryset"] = ServiceOption.objects.select_related("service").order_by(
                "service__name", "minutes"
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Gives a version the next number of its name."""
        if not change or "name" in form.changed_data:
            others = CoursePlan.objects.filter(name=obj.name).exclude(pk=obj.pk)
            obj.number = (others.aggregate(highest=Max("number"))["highest"] or 0) + 1
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Takes the approval away of what its giver has not seen, unless it is given with the same press."""
        super().save_related(request, form, formsets, change)
        plan = form.instance
        is_other = any(name in form.changed_data for name in _APPROVED) or any(
            formset.has_changed() for formset in formsets
        )
        if change and is_other and plan.approved_by and "approved_by" not in form.changed_data:
            words = _(
                "%(name)s approved the plan as it was before, so it is not offered any more. Once somebody has checked "
                "it as it is now, type who approved it."
            )
            messages.warning(request, words % {"name": plan.approved_by})
            plan.approved_by = ""
            plan.save(update_fields=["approved_by"])

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: a plan that is offered no more stays for the courses that were booked by it."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of a version that was used all but whether it is offered."""
        return (
            [*_COPIED, "in_words", "approved_by", *self.readonly_fields]
            if _is_used(obj)
            else self.readonly_fields
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        words = ["in_words"] if _is_used(obj) else []
        return [*_COPIED, *words, "approved_by", "is_offered", *self.readonly_fields]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return [] if _is_used(obj) else self.inlines

    @admin.display(description=gettext_lazy("phases"))
    def in_words(self, plan: CoursePlan) -> str:
        return "; ".join(phase.in_words for phase in plan.phases.all())

    @admin.display(description=gettext_lazy("approved"))
    def approval(self, plan: CoursePlan) -> str:
        if plan.approved_by:
            return mark("good", "✓", plan.approved_by)
        return mark("note", "!", _("not approved yet"))

    @admin.display(description=gettext_lazy("to change a plan that was used"))
    def next_version(self, plan: Any) -> str:
        if plan.pk is None:
            return "–"
        address = f"{reverse('admin:courses_courseplan_add')}?{COPY}={plan.pk}"
        return format_html('<a href="{}">{}</a>', address, _("Make a new version from this one"))


@admin.register(Course)
class CourseAdmin(RowsOnly):
    """Courses that were booked; each opens on its page in `courses.desk`."""

    list_title = gettext_lazy("Courses")
    list_display = ["__str__", "client", "progress", "next_visit", "booked_at"]
    list_filter = ["plan__name"]
    list_select_related = ["plan"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        visits = Booking.objects.filter(together=OuterRef("key")).order_by("starts_at", "pk")
        counted = visits.occupying().order_by().values("together")
        ahead = visits.filter(status__in=MOVABLE, starts_at__gt=timezone.now())
        number = Count("pk", filter=Q(status=BookingStatus.COMPLETED))
        return (
            super()
            .get_queryset(request)
            .defer("dates")
            .annotate(
                client_name=visits.values("contact_name")[:1],
                done=counted.annotate(number=number).values("number"),
                of=counted.annotate(number=Count("pk")).values("number"),
                next_at=ahead.values("starts_at")[:1],
            )
        )

    @admin.display(description=gettext_lazy("client"))
    def client(self, course: Any) -> str:
        return course.client_name or "–"

    @admin.display(description=gettext_lazy("visits done"))
    def progress(self, course: Any) -> str:
        return _("%(done)d of %(of)d") % {"done": course.done or 0, "of": course.of or 0}

    @admin.display(description=gettext_lazy("next visit (Los Angeles)"))
    def next_visit(self, course: Any) -> str:
        return local_when(course.next_at) if course.next_at else "–"
