"""A visit's health answers: shown for a reason that is written down, on a page that is not kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import intake
from bookings.models import Booking, ScreeningRecord
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.fields import LineField

from .labels import local_when, tier_mark
from .one_visit import OneVisitMixin, unreadable

ANSWER_LABELS = {"yes": gettext_lazy("Yes"), "no": gettext_lazy("No"), "unsure": gettext_lazy("Not sure")}


class HealthAccessForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Why you need to see them"),
        max_length=120,
        error_messages={"required": gettext_lazy("Say why you need to see the health answers.")},
    )


class HealthMixin(OneVisitMixin):
    """Adds the page of health answers to the admin of bookings."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.health_view)
        return [path("<int:pk>/health/", view, name="bookings_booking_health"), *super().get_urls()]

    def has_health_access_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may ask to see health answers."""
        return bool(request.user.has_perm("bookings.view_screeningrecord"))

    def health_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The health answers, on a page that is not kept; who looked, when and why is written down first."""
        booking = self._booking(request, pk)
        if not (self.has_view_permission(request, booking) and self.has_health_access_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return self._only(request, booking, "POST")
        form = HealthAccessForm(request.POST)
        if not form.is_valid():
            return self._refused(request, booking, form)
        try:
            seen = intake.open_screening(
                booking=booking,
                user=self._staff(request),
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except ScreeningRecord.DoesNotExist:
            self.message_user(request, _("This booking has no health answers."), messages.WARNING)
            return self._back(booking)
        except UnreadableValue:
            self.message_user(request, unreadable(), messages.ERROR)
            return self._back(booking)
        try:
            again = intake.recheck_in_words(booking)
        except UnreadableValue:
            again = None
            self.message_user(request, unreadable(), messages.ERROR)
        context = {
            **self._context(request, booking),
            "title": _("Health answers for %(reference)s") % {"reference": booking.reference},
            "answers": self._answers(seen),
            "answers_again": self._answers(again) if again is not None else None,
            "caution_notes": list(
                dict.fromkeys([*(again.caution_notes if again else []), *seen.caution_notes])
            ),
            "clinician_notes": self._clinician_notes(booking),
            "tier": tier_mark(booking.tier),  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/bookings/booking/health.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @staticmethod
    def _answers(seen: intake.AnswersInWords) -> list[tuple[str, list[str], Any]]:
        """(question, what it asks about, answer) of each question."""
        return [
            (question, points, ANSWER_LABELS.get(answer, answer))
            for (question, answer), points in zip(seen.answers, seen.points, strict=True)
        ]

    def _clinician_notes(self, booking: Booking) -> list[dict[str, str]]:
        """What clinicians said, read one by one so that a lost key costs a line and not the page."""
        found = []
        for pk, at, who in booking.clinician_notes.values_list("pk", "recorded_at", "recorded_by__username"):
            try:
                said = str(booking.clinician_notes.get(pk=pk).note)
            except UnreadableValue:
                said = unreadable()
            found.append({"when": local_when(at), "who": who, "said": said})
        return found
