"""Late changes: what clients ask for inside the notice window, and staff's answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import operations, queries
from bookings.domain.visit_request import ANYONE
from bookings.enums import ChangeKind, ChangeState
from bookings.exceptions import BookingError
from bookings.models import ChangeRequest
from bookings.refusals import explain
from massagerx.lib.admin import ListMixin
from massagerx.lib.fields import LineField
from services.templatetags.money import dollars

from .labels import local_when, mark, tier_mark, two_lines
from .visibility import only_seen_by, sees_every_visit

_STATE_MARKS = {
    ChangeState.OPEN: ("waiting", "◔"),
    ChangeState.ACCEPTED: ("good", "✓"),
    ChangeState.REFUSED: ("bad", "✕"),
    ChangeState.WITHDRAWN: ("off", "–"),
}
MOST_ROWS = 20
ANSWERS = ("accept-with-fee", "accept", "refuse")


def change_words(change: ChangeRequest) -> str:
    """What is asked for, such as `Move to Mon, Dec 7, 2026, 2:00 PM PST`. Needs the booking beside it."""
    if change.kind == ChangeKind.MOVE:
        if change.preference == ANYONE != change.booking.preference:
            return _("Move to %(when)s, with anyone") % {"when": local_when(change.wanted_starts_at)}
        return _("Move to %(when)s") % {"when": local_when(change.wanted_starts_at)}
    return _("Cancel")


def waiting_words(change: ChangeRequest | None) -> dict[str, Any] | None:
    """What late_change.html shows of a change that waits for its answer; None when none does."""
    if change is None or change.state != ChangeState.OPEN:
        return None
    return {
        "pk": change.pk,
        "what": change_words(change),
        "asked": local_when(change.asked_at),
        "reason": change.reason,
        "fee_cents": change.fee_cents,
    }


class AnswerForm(forms.Form):
    reason = LineField(max_length=300, required=False)


@admin.register(ChangeRequest)
class ChangeRequestAdmin(ListMixin):
    """Nothing on it is a field: an answer is a button, here or on the booking's page."""

    list_display = ["reference", "what", "visit", "asked", "fee", "shown_state"]
    list_select_related = ["booking__client"]
    list_filter = ["state", "kind"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["booking__reference", "booking__client__name", "booking__client__email"]
    ordering = ["-asked_at"]
    actions = ["accept_selected", "accept_with_fee_selected", "refuse_selected"]
    readonly_fields = ["booking_page", "what", "visit", "reason", "fee", "asked", "shown_state", "answered"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChangeRequest]:
        return only_seen_by(request.user, super().get_queryset(request), "booking__therapist")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(self.readonly_fields)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<int:pk>/answer/<slug:answer>/",
            self.admin_site.admin_view(self.answer_view),
            name="bookings_changerequest_answer",
        )
        return [own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What was asked for; while it waits, with the buttons that answer it. There is nothing to save."""
        if request.method == "POST" and self.has_view_or_change_permission(request):
            return redirect("admin:bookings_changerequest_change", object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context["title"] = _("Late change")
        context["late_change"] = waiting_words(obj)
        context["may_answer"] = self.has_change_permission(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description=gettext_lazy("booking"), ordering="booking__reference")
    def reference(self, change: ChangeRequest) -> str:
        name = change.booking.visit_for
        return format_html('{}<br><span class="quiet">{}</span>', change.booking.reference, name)

    @admin.display(description=gettext_lazy("booking"))
    def booking_page(self, change: ChangeRequest) -> str:
        url = reverse("admin:bookings_booking_change", args=[change.booking_id])
        return format_html('<a href="{}">{}</a>', url, change.booking.reference)

    @admin.display(description=gettext_lazy("what"), ordering="kind")
    def what(self, change: ChangeRequest) -> str:
        return change_words(change)

    @admin.display(description=gettext_lazy("visit"), ordering="booking__starts_at")
    def visit(self, change: ChangeRequest) -> str:
        return two_lines(change.booking.starts_at)

    @admin.display(description=gettext_lazy("asked at"), ordering="asked_at")
    def asked(self, change: ChangeRequest) -> str:
        return two_lines(change.asked_at)

    @admin.display(description=gettext_lazy("late fee shown"), ordering="fee_cents")
    def fee(self, change: ChangeRequest) -> str:
        return dollars(change.fee_cents)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, change: ChangeRequest) -> str:
        style, sign = _STATE_MARKS[ChangeState(change.state)]
        return mark(style, sign, change.get_state_display())

    @admin.display(description=gettext_lazy("answered"))
    def answered(self, change: ChangeRequest) -> str:
        if change.answered_at is None:
            return "–"
        who = change.answered_by.get_username() if change.answered_by else _("the client")
        return f"{local_when(change.answered_at)} · {who}"

    # Answers -----------------------------------------------------------------------------------------------------

    def answer_view(self, request: HttpRequest, pk: int, answer: str) -> HttpResponse:
        """One answer, from the booking's page."""
        rows = self.get_queryset(request).select_related("booking")
        change = rows.filter(pk=pk).first() if pk < 2**63 else None
        if change is None or answer not in ANSWERS:
            raise Http404
        if not self.has_change_permission(request, change):
            raise PermissionDenied
        back = redirect("admin:bookings_booking_change", change.booking_id)
        if request.method != "POST":
            return back
        form = AnswerForm(request.POST)
        if not form.is_valid():
            self.message_user(request, _("Use one line only for the reason."), messages.ERROR)
            return back
        self._answer(request, change, answer, form.cleaned_data["reason"])
        return back

    @admin.action(description=gettext_lazy("Accept, without the late fee"), permissions=["change"])
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[ChangeRequest]) -> None:
        self._answer_many(request, queryset, "accept")

    @admin.action(description=gettext_lazy("Accept, with the late fee"), permissions=["change"])
    def accept_with_fee_selected(self, request: HttpRequest, queryset: QuerySet[ChangeRequest]) -> None:
        self._answer_many(request, queryset, "accept-with-fee")

    @admin.action(description=gettext_lazy("Refuse"), permissions=["change"])
    def refuse_selected(self, request: HttpRequest, queryset: QuerySet[ChangeRequest]) -> None:
        self._answer_many(request, queryset, "refuse")

    def _answer_many(self, request: HttpRequest, queryset: QuerySet[ChangeRequest], answer: str) -> None:
        for change in queryset.select_related("booking").order_by("asked_at")[: self.list_per_page]:
            self._answer(request, change, answer, "")

    def _answer(self, request: HttpRequest, change: ChangeRequest, answer: str, reason: str) -> None:
        """Does it and says so, or says what stood in the way."""
        user = request.user
        assert isinstance(user, User)  # the admin lets nobody else in
        now = timezone.now()
        reference = change.booking.reference
        try:
            if answer == "refuse":
                operations.refuse_change(change=change, actor=user, now=now, reason=reason)
                done = _("%(reference)s: the change is refused; the visit stands.")
            else:
                with_fee = answer == "accept-with-fee"
                operations.accept_change(change=change, actor=user, now=now, with_fee=with_fee)
                done = (
                    _("%(reference)s: moved.")
                    if change.kind == ChangeKind.MOVE
                    else _("%(reference)s: canceled.")
                )
        except BookingError as error:
            self.message_user(request, f"{reference}: {explain(error)}", messages.ERROR)
        else:
            self.message_user(request, done % {"reference": reference}, messages.SUCCESS)


# The front page ------------------------------------------------------------------------------------------------------


def desk_changes(user: User | AnonymousUser, now: datetime) -> dict[str, Any]:
    """What the front page says of late changes and of health answers that got graver, to those who may see it."""
    desk: dict[str, Any] = {}
    if user.has_perm("bookings.view_changerequest"):
        desk.update(_waiting(user))
    if sees_every_visit(user):
        desk["graver"] = _graver(now)
    return desk


def _waiting(user: User | AnonymousUser) -> dict[str, Any]:
    """Late changes that wait for an answer, the next visit first."""
    waiting = only_seen_by(user, ChangeRequest.objects.filter(state=ChangeState.OPEN), "booking__therapist")
    rows = waiting.select_related("booking__therapist").order_by("booking__starts_at")[:MOST_ROWS]
    return {
        "change_count": waiting.count(),
        "changes": [
            {
                "url": reverse("admin:bookings_booking_change", args=[change.booking_id]) + "#late-change",
                "reference": change.booking.reference,
                "who": change.booking.visit_for,
                "what": change_words(change),
                "when": local_when(change.booking.starts_at),
                "therapist": change.booking.therapist.name,
            }
            for change in rows
        ],
    }


def _graver(now: datetime) -> list[dict[str, Any]]:
    """Visits to come whose health answers, given again, are graver than the first."""
    return [
        {
            "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
            "reference": booking.reference,
            "who": booking.visit_for,
            "when": local_when(booking.starts_at),
            "therapist": booking.therapist.name,
            "tier": tier_mark(tier),
        }
        for booking, tier in queries.graver_rechecks(now=now)[:MOST_ROWS]
    ]
