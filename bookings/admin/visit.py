"""A visit's page: its facts, its history, its messages, and the buttons of what may be done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import operations, queries
from bookings.enums import BookingStatus
from bookings.exceptions import BookingError, ChangedMeanwhile
from bookings.models import BookingRules
from bookings.refusals import explain
from massagerx.lib.fields import LinesField

from .access_labels import access_lines
from .board import map_url, way_url
from .changes import waiting_words
from .health import HealthAccessForm, HealthMixin
from .labels import local_span, local_when, state_mark, status_mark, tier_mark
from .late_fee import LateFeeMixin
from .one_visit import unreadable
from .status_actions import ReasonForm, StatusActionsMixin


class ClinicianNoteForm(forms.Form):
    note = LinesField(
        label=gettext_lazy("What the clinician said"),
        max_length=2000,
        error_messages={"required": gettext_lazy("Write down what was said, and who it was.")},
    )
    # The newest answers given again that the page showed.
    shown_recheck = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


class VisitMixin(StatusActionsMixin, LateFeeMixin, HealthMixin):
    """Adds a page per visit to the admin of bookings, in place of Django's form."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.note_view)
        own = path("<int:pk>/clinician-note/", view, name="bookings_booking_note")
        return [own, *super().get_urls()]

    def has_note_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may record what a clinician said."""
        return bool(request.user.has_perm("bookings.add_cliniciannote"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The visit's page. Nothing on it is a field: every change is a button that posts to its own address."""
        booking = self._visit(request, object_id)
        if booking is None:
            self.message_user(request, _("There is no such booking."), messages.WARNING)
            return redirect("admin:bookings_booking_changelist")
        if not self.has_view_or_change_permission(request, booking):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return self._only(request, booking, "GET")
        return self._page(request, booking)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return redirect(reverse("admin:bookings_booking_change", args=[object_id]) + "#history")

    def note_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record a clinician's go-ahead."""
        booking = self._booking(request, pk)
        if not (self.has_change_permission(request, booking) and self.has_note_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return self._only(request, booking, "POST")
        now = timezone.now()
        if not operations.may_record_note(booking, now=now):
            sentence = _("%(reference)s waits for nobody's answer any more, so no note was recorded.")
            self.message_user(request, sentence % {"reference": booking.reference}, messages.ERROR)
            return self._back(booking)
        form = ClinicianNoteForm(request.POST)
        if not form.is_valid():
            # On the page itself, not by a redirect: what was typed must not be lost.
            return self._page(request, booking, note_form=form, status=422)
        try:
            operations.record_clinician_note(
                booking=booking,
                actor=self._staff(request),
                note=form.cleaned_data["note"],
                now=now,
                shown_recheck=form.cleaned_data["shown_recheck"],
            )
        except ChangedMeanwhile:
            sentence = _("%(reference)s: the client has answered the health questions again meanwhile.")
            self.message_user(request, sentence % {"reference": booking.reference}, messages.ERROR)
            return self._page(request, booking, note_form=form, status=409)
        except BookingError as error:
            self.message_user(request, f"{booking.reference}: {explain(error)}", messages.ERROR)
        else:
            sentence = (
                _("%(reference)s: the clinician's note is on record. It can be confirmed now.")
                if booking.status == BookingStatus.REQUESTED
                else _("%(reference)s: what was said is on record, and the health answers are settled.")
            )
            self.message_user(request, sentence % {"reference": booking.reference}, messages.SUCCESS)
        return self._back(booking)

    # Parts -------------------------------------------------------------------------------------------------------

    def _page(
        self,
        request: HttpRequest,
        booking: Any,
        *,
        note_form: ClinicianNoteForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        now = timezone.now()
        may_change = self.has_change_permission(request, booking)
        may_enter = request.user.has_perm("bookings.view_accessnotes")
        access, access_lost = access_lines(booking) if may_enter else ([], False)
        context = {
            **self._context(request, booking),
            "title": _("%(reference)s · %(name)s")
            % {"reference": booking.reference, "name": booking.visit_for},
            "status": status_mark(booking.status),
            "tier": tier_mark(booking.tier),
            "when": local_when(booking.starts_at),
            "treatment": local_span(booking.starts_at, booking.ends_at),
            "at_door": local_span(booking.blocked_from, booking.blocked_until),
            "map_url": map_url(booking),
            "way_url": way_url(booking),
            "access": access,
            "access_lost": unreadable() if access_lost else "",
            "status_actions": [
                status_action
                for status_action in self._status_actions(booking, now)
                if self.may_do(request, status_action)
            ],
            "may_move": may_change and booking.status in operations.MOVABLE and booking.starts_at > now,
            "late_fee_now": operations.late_fee(booking, BookingRules.load(), now=now)
            if may_change and booking.starts_at > now
            else None,
            "may_book": may_change,
            "late_change": waiting_words(queries.waiting_change(booking)),
            "may_answer": request.user.has_perm("bookings.change_changerequest"),
            "recheck": self._recheck(booking),
            "reason_form": ReasonForm(),
            "health_access_form": HealthAccessForm(auto_id="id_look_%s"),
            "note_form": note_form or ClinicianNoteForm(),
            "needs_note": booking.status == BookingStatus.REQUESTED
            and operations.needs_clinician_note(booking),
            "may_see_health": booking.tier and self.has_health_access_permission(request),
            "may_note": may_change
            and self.has_note_permission(request)
            and operations.may_record_note(booking, now=now),
            "newest_recheck": booking.rechecks.order_by("-pk").values_list("pk", flat=True).first(),
            "events": [
                {
                    "what": event.get_kind_display(),
                    "when": local_when(event.at),
                    "who": event.actor.get_username()
                    if event.actor
                    else (_("the client") if event.by_client else _("the site")),
                    "why": event.reason,
                }
                for event in booking.events.select_related("actor")
            ],
            "sendings": [
                {
                    "pk": message.pk,
                    "what": message.get_kind_display(),
                    "state": state_mark(message.state),
                    "when": local_when(message.sent_at or message.due_at),
                    "error": message.last_error,
                }
                for message in booking.messages.order_by("created_at", "pk")
            ],
            "may_see_messages": request.user.has_perm("bookings.view_message"),
            "health_access_log": [
                {
                    "when": local_when(health_access.at),
                    "who": health_access.user.get_username(),
                    "why": health_access.reason,
                }
                for health_access in booking.health_accesses.select_related("user")
            ],
            "notes": [
                {"when": local_when(at), "who": who}
                for at, who in booking.clinician_notes.values_list("recorded_at", "recorded_by__username")
            ],
        }
        return TemplateResponse(request, "admin/bookings/booking/visit.html", context, status=status)

    @staticmethod
    def _recheck(booking: Any) -> dict[str, Any] | None:
        """What the health answers given again came to, the gravest that no clinician's note came after, or else the
        newest; the answers stay shut."""
        rows = booking.rechecks.values_list("evaluated_at", "tier")
        waits = rows.since_last_note().gravest_first().first()
        found = waits or rows.first()
        if found is None:
            return None
        at, tier = found
        return {
            "when": local_when(at),
            "tier": tier_mark(tier),
            "is_graver": waits is not None and operations.is_graver(tier, booking.tier),
        }
