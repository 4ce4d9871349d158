"""Messages: what was sent, when, and what failed. Rows are written by the domain; staff may send again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import outbox
from bookings.models import Message
from massagerx.lib.admin import ListMixin

from .words import state_mark, two_lines


@admin.register(Message)
class MessageAdmin(ListMixin):
    list_display = ["kind", "booking", "to", "shown_state", "due", "sent", "attempts", "last_error"]
    list_filter = ["state", "kind"]
    list_select_related = ["booking__client"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["booking__reference", "booking__client__name", "booking__client__email"]
    search_help_text = gettext_lazy("Reference, name or email of the client.")
    actions = ["send_again"]
    readonly_fields = [
        "kind",
        "booking_link",
        "to",
        "shown_state",
        "due",
        "sent",
        "attempts",
        "last_error",
        "revision",
    ]
    fields = tuple(readonly_fields)

    @admin.display(description=gettext_lazy("booking"))
    def booking_link(self, message: Message) -> str:
        if message.booking is None:
            return "–"
        address = reverse("admin:bookings_booking_change", args=[message.booking_id])
        return format_html('<a href="{}">{}</a>', address, message.booking)

    @admin.display(description=gettext_lazy("to"))
    def to(self, message: Message) -> str:
        if message.kind == "staff_alert":
            return _("staff")
        return message.booking.client.name if message.booking else "–"

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, message: Message) -> str:
        return state_mark(message.state)

    @admin.display(description=gettext_lazy("due"), ordering="due_at")
    def due(self, message: Message) -> str:
        return two_lines(message.due_at)

    @admin.display(description=gettext_lazy("sent"), ordering="sent_at")
    def sent(self, message: Message) -> str:
        return two_lines(message.sent_at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("bookings.change_message"))

    @admin.action(description=gettext_lazy("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        now = timezone.now()
        for message in queryset.order_by("pk")[:100]:
            name = f"{message.booking or '–'} · {message.get_kind_display()}"
            if outbox.send_again(message=message, now=now):
                self.message_user(
                    request, _("%(name)s: will be sent again.") % {"name": name}, messages.SUCCESS
                )
            else:
                sentence = _(
                    "%(name)s: only a message that failed, or may have been sent, can be sent again."
                )
                self.message_user(request, sentence % {"name": name}, messages.ERROR)
