"""The words clients agree to, and the health questions: versions that are never changed once they are in force."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Exists, Max, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join, linebreaks
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import ScreeningRecheck, ScreeningRecord, ScreeningVersion, TermsVersion
from bookings.sample import starting_terms
from bookings.screening import RulesError, digest, parse_rules, sample_rules_data
from bookings.staff.labels import local_when, mark
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.admin_history import HistoryMixin
from services.models import Service

from .rules_editor import RulesEditor


class VersionAdmin(HistoryMixin, KindFieldsMixin, ListMixin):
    """A new version starts as a copy of the latest; one that is in force can be read only, since somebody may have its
    words before them. None is deleted."""

    copied: tuple[str, ...] = ()
    readonly_fields = ["number"]

    def starting_texts(self) -> dict[str, Any]:
        """What the first version starts with, for the owner to go through."""
        raise NotImplementedError

    def _latest(self) -> Any:
        return self.model._default_manager.order_by("-number").first()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version starts as a copy of the latest, the first one with our words; in force from now."""
        latest = self._latest()
        copied = {name: getattr(latest, name) for name in self.copied} if latest else self.starting_texts()
        return {**copied, "published_at": timezone.now(), **super().get_changeform_initial_data(request)}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Says when a version can't be changed any more."""
        words = _("Until then this version can be changed. From then on it stays as it is: add the next one.")
        return super().get_form(request, obj, change, help_texts={"published_at": words}, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Gives a new version the next number."""
        if obj.number is None:
            highest = self.model._default_manager.aggregate(highest=Max("number"))["highest"]
            obj.number = (highest or 0) + 1
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only a version that is not in force yet can be changed."""
        waits = obj is None or cast(Any, obj).published_at > timezone.now()
        return waits and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    @admin.display(description=gettext_lazy("in force from (Los Angeles)"), ordering="published_at")
    def in_force_from(self, version: Any) -> str:
        return local_when(version.published_at)


@admin.register(TermsVersion)
class TermsVersionAdmin(VersionAdmin):
    list_display = ["__str__", "in_force_from", "in_figures"]
    readonly_fields = ["number", "as_read"]
    fieldsets = [
        (
            None,
            {
                "description": gettext_lazy(
                    "Clients read this on the page “Policies”, and agree to it when they book. A visit keeps the "
                    "version that was agreed to: its hours of notice, its late fee and its words."
                ),
                "fields": [
                    "number",
                    "published_at",
                    "cancel_notice_hours",
                    "late_fee_percent",
                    "late_fee_base",
                    "wait_minutes",
                    "cancellation",
                    "consent",
                    "consent_for_other",
                    "as_read",
                ],
            },
        ),
    ]
    copied = (
        "cancel_notice_hours",
        "late_fee_percent",
        "late_fee_base",
        "wait_minutes",
        "cancellation",
        "consent",
        "consent_for_other",
    )

    def starting_texts(self) -> dict[str, Any]:
        return starting_terms()

    @admin.display(description=gettext_lazy("as clients read it"))
    def as_read(self, version: TermsVersion) -> str:
        return mark_safe(linebreaks(version.cancellation_words, autoescape=True)) if version.pk else "–"

    @admin.display(description=gettext_lazy("free until · late fee · we wait"))
    def in_figures(self, version: TermsVersion) -> str:
        return " · ".join(version.figures().values())


class RulesField(forms.Field):
    """The questions and rules as plain data, checked by the screening itself."""

    widget = RulesEditor

    def clean(self, value: Any) -> Any:
        """The rules. Raises `ValidationError` with every problem found."""
        try:
            parse_rules(value)
        except RulesError as error:
            raise forms.ValidationError(list(error.problems)) from None
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compares what the rules say."""
        try:
            return digest(parse_rules(initial)) != digest(parse_rules(data))
        except RulesError:
            return True


class ScreeningVersionForm(forms.ModelForm):
    rules = RulesField(
        label=gettext_lazy("Questions and rules"),
        help_text=gettext_lazy(
            "What is wrong with them is listed here when you save; nothing is saved then."
        ),
    )

    class Meta:
        model = ScreeningVersion
        fields = ["published_at", "approved_by", "rules"]


@admin.register(ScreeningVersion)
class ScreeningVersionAdmin(VersionAdmin):
    form = ScreeningVersionForm
    list_display = ["__str__", "in_force_from", "approval", "answered"]
    readonly_fields = ["number", "trial", "questions"]
    fields = ["number", "published_at", "approved_by", "trial", "questions", "rules"]
    copied = ("rules",)

    def starting_texts(self) -> dict[str, Any]:
        """Ours; a question for services that aren't offered here is asked of everybody."""
        rules: Any = sample_rules_data()
        there = set(Service.objects.order_by().values_list("slug", flat=True))
        for question in rules["questions"]:
            named = [slug for slug in question.pop("services", []) if slug in there]
            question |= {"services": named} if named else {}
        return {"rules": rules}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScreeningVersion]:
        first = Exists(ScreeningRecord.objects.filter(version=OuterRef("pk")))
        again = Exists(ScreeningRecheck.objects.filter(version=OuterRef("pk")))
        return super().get_queryset(request).annotate(was_used=first | again)

    @admin.display(description=gettext_lazy("approved"))
    def approval(self, version: ScreeningVersion) -> str:
        if version.approved_by:
            return mark("good", "✓", version.approved_by)
        return mark("note", "!", _("not approved yet"))

    @admin.display(description=gettext_lazy("was answered"), ordering="was_used", boolean=True)
    def answered(self, version: Any) -> bool:
        return bool(version.was_used)

    @admin.display(description=gettext_lazy("try it"))
    def trial(self, version: ScreeningVersion) -> str:
        if not version.pk:
            return _("Save it first, in force from a later day: then you can answer as a client would.")
        address = reverse("admin:bookings_screeningversion_try", args=[version.pk])
        return format_html('<a href="{}">{}</a>', address, _("Answer as a client would"))

    @admin.display(description=gettext_lazy("what is asked"))
    def questions(self, version: ScreeningVersion) -> str:
        """The questions as a person reads them, with the result of a yes."""
        try:
            rules = parse_rules(version.rules)
        except RulesError:
            return "–"
        rows = (
            (
                str(question.text),
                " · ".join(str(point) for point in question.points),
                ", ".join(f"{answer}: {tier.slug}" for answer, tier in question.tiers),
            )
            for question in rules.questions
        )
        items = format_html_join("", "<li><strong>{}</strong> {} <em>({})</em></li>", rows)
        return format_html('<ol class="questions">{}</ol>', items)
