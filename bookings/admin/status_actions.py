"""What staff may do with a visit: confirm, decline, complete, no-show, cancel; one by its button, many by an action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import lifecycle, operations
from bookings.enums import BookingStatus
from bookings.exceptions import BookingError
from bookings.models import Booking
from bookings.refusals import explain
from massagerx.lib.fields import LineField

from .labels import local_when, status_mark
from .one_visit import OneVisitMixin

# More rows than this in one go are a slip of the finger: one may be sorry for 'select all 5,000'.
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class StatusAction:
    """Something staff do with a booking: its button, the status that follows, and the operation that does it."""

    slug: str
    label: Any
    wanted: BookingStatus
    done: Any
    operation: Callable[..., Booking]
    style: str = ""
    asks_first: bool = False
    after_start: bool = False


STATUS_ACTIONS = {
    status_action.slug: status_action
    for status_action in (
        StatusAction(
            "confirm",
            gettext_lazy("Confirm"),
            BookingStatus.CONFIRMED,
            gettext_lazy("confirmed"),
            operations.confirm_booking,
            style="default",
        ),
        StatusAction(
            "decline",
            gettext_lazy("Decline"),
            BookingStatus.DECLINED,
            gettext_lazy("declined"),
            operations.decline_booking,
            asks_first=True,
        ),
        StatusAction(
            "complete",
            gettext_lazy("Mark as completed"),
            BookingStatus.COMPLETED,
            gettext_lazy("completed"),
            operations.complete_booking,
            after_start=True,
        ),
        StatusAction(
            "no-show",
            gettext_lazy("Mark as no-show"),
            BookingStatus.NO_SHOW,
            gettext_lazy("marked as no-show"),
            operations.mark_no_show,
            asks_first=True,
            after_start=True,
        ),
        StatusAction(
            "cancel",
            gettext_lazy("Cancel"),
            BookingStatus.CANCELED,
            gettext_lazy("canceled"),
            operations.cancel_booking,
            asks_first=True,
        ),
    )
}


class ReasonForm(forms.Form):
    reason = LineField(label=gettext_lazy("Reason"), max_length=300, required=False)


class StatusActionsMixin(OneVisitMixin):
    """Adds the buttons and the list's actions to the admin of bookings. Every change goes through the domain."""

    actions = [
        "confirm_selected",
        "decline_selected",
        "complete_selected",
        "no_show_selected",
        "cancel_selected",
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.do_view)
        return [
            path("<int:pk>/do/<slug:status_action>/", view, name="bookings_booking_do"),
            *super().get_urls(),
        ]

    def may_do(self, request: HttpRequest, status_action: StatusAction) -> bool:
        """Whether this member of staff may do this with the bookings that they may see."""
        if status_action.after_start and request.user.has_perm("bookings.finish_own_visits"):
            return True
        return self.has_change_permission(request)

    def has_finish_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may say how a visit ended."""
        return self.may_do(request, STATUS_ACTIONS["complete"])

    # One visit ---------------------------------------------------------------------------------------------------

    def do_view(self, request: HttpRequest, pk: int, status_action: str) -> HttpResponse:
        """Confirm, decline, complete, no-show or cancel one booking."""
        booking = self._booking(request, pk)
        known = STATUS_ACTIONS.get(status_action)
        if known is None:
            raise Http404
        if not self.may_do(request, known):
            raise PermissionDenied
        if request.method != "POST":
            return self._only(request, booking, "POST")
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._refused(request, booking, form)
        ok, sentence = self._do(request, booking, known, form.cleaned_data["reason"])
        self.message_user(request, sentence, messages.SUCCESS if ok else messages.ERROR)
        # Pressed on the front page, it leads back there, unless the visit has more to say.
        return redirect("admin:index") if ok and "desk" in request.POST else self._back(booking)

    @staticmethod
    def _status_actions(booking: Booking, now: datetime) -> list[StatusAction]:
        return [
            status_action
            for status_action in STATUS_ACTIONS.values()
            if lifecycle.may_become(booking.status, status_action.wanted)
            and (not status_action.after_start or now >= booking.starts_at)
        ]

    # Actions on many rows ----------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Confirm"), permissions=["change"])
    def confirm_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._do_many(request, queryset, STATUS_ACTIONS["confirm"])

    @admin.action(description=gettext_lazy("Decline"), permissions=["change"])
    def decline_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._ask_then_do_many(request, queryset, STATUS_ACTIONS["decline"])

    @admin.action(description=gettext_lazy("Mark as completed"), permissions=["finish"])
    def complete_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._do_many(request, queryset, STATUS_ACTIONS["complete"])

    @admin.action(description=gettext_lazy("Mark as no-show"), permissions=["finish"])
    def no_show_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._ask_then_do_many(request, queryset, STATUS_ACTIONS["no-show"])

    @admin.action(description=gettext_lazy("Cancel"), permissions=["change"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._ask_then_do_many(request, queryset, STATUS_ACTIONS["cancel"])

    def _ask_then_do_many(
        self, request: HttpRequest, queryset: QuerySet[Booking], status_action: StatusAction
    ) -> HttpResponse | None:
        """Names the visits and asks why before anything is done: the clients get an email, and none of it can be
        taken back."""
        chosen = list(
            queryset.select_related("client", "therapist").order_by("starts_at")[: MOST_AT_ONCE + 1]
        )
        form = ReasonForm(request.POST) if "sure" in request.POST else ReasonForm()
        if len(chosen) > MOST_AT_ONCE:
            self._do_many(request, queryset, status_action)
            return None
        if form.is_valid():
            self._do_many(request, queryset, status_action, form.cleaned_data["reason"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("%(status_action)s: are you sure?") % {"status_action": status_action.label},
            "status_action": status_action,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
            "form": form,
            "visits": [
                {
                    "pk": booking.pk,
                    "reference": booking.reference,
                    "who": booking.visit_for,
                    "when": local_when(booking.starts_at),
                    "therapist": booking.therapist.name,
                    "status": status_mark(booking.status),
                }
                for booking in chosen
            ],
        }
        return TemplateResponse(request, "admin/bookings/booking/sure.html", context)

    def _do_many(
        self, request: HttpRequest, queryset: QuerySet[Booking], status_action: StatusAction, reason: str = ""
    ) -> None:
        chosen = list(queryset.order_by("starts_at")[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            sentence = _("Choose at most %(most)d bookings at a time; nothing was changed.")
            self.message_user(request, sentence % {"most": MOST_AT_ONCE}, messages.ERROR)
            return
        for booking in chosen:
            ok, sentence = self._do(request, booking, status_action, reason)
            self.message_user(request, sentence, messages.SUCCESS if ok else messages.ERROR)

    def _do(
        self, request: HttpRequest, booking: Booking, status_action: StatusAction, reason: str
    ) -> tuple[bool, str]:
        """Whether it was done, and the sentence that says so or why not."""
        try:
            status_action.operation(
                booking=booking, actor=self._staff(request), now=timezone.now(), reason=reason
            )
        except BookingError as error:
            return False, f"{booking.reference}: {explain(error)}"
        return True, f"{booking.reference}: {status_action.done}."
