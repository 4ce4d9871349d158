"""Messages: what was sent, when, and what failed. Rows are written by the domain; staff may send again."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin

from bookings.domain import outbox, reminders
from bookings.models import Message, MessageSettings
from bookings.notifications.preview import show
from bookings.notifications.registry import KINDS
from massagerx.lib.admin import KindFieldsMixin, ListMixin, SingletonMixin
from massagerx.lib.admin_history import HistoryMixin

from .labels import state_mark, two_lines
from .visibility import only_seen_by

# `sandbox` takes scripts, forms and the origin away; links open beside the admin, not in it.
HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


@admin.register(Message)
class MessageAdmin(ListMixin):
    list_display = ["kind", "about", "to", "shown_state", "due", "sent", "last_error"]
    list_filter = ["state", "kind"]
    list_select_related = ["booking__client", "link", "contact_message", "booklet_request"]
    change_form_template = "admin/bookings/message/message.html"
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["booking__reference", "booking__client__name", "booking__client__email"]
    search_help_text = gettext_lazy("Reference, name or email of the client.")
    actions = ["send_again"]
    readonly_fields = [
        "kind",
        "about",
        "to",
        "shown_state",
        "due",
        "sent",
        "attempts",
        "last_error",
        "revision",
    ]
    fields = tuple(readonly_fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Without what is encrypted: a list opens nothing, and copies are long."""
        encrypted = ["copy", "contact_message__body", "contact_message__answer"]
        rows = super().get_queryset(request).defer(*encrypted)
        return only_seen_by(request.user, rows, "booking__therapist")

    @admin.display(description=gettext_lazy("about"))
    def about(self, message: Message) -> str:
        if message.booking is not None:
            address = reverse("admin:bookings_booking_change", args=[message.booking_id])
            return format_html('<a href="{}">{}</a>', address, message.booking)
        if message.contact_message_id is not None:
            return _("message from the site")
        if message.booklet_request_id is not None:
            return _("booklet")
        return _("private link") if message.link_id is not None else "–"

    @admin.display(description=gettext_lazy("to"))
    def to(self, message: Message) -> str:
        kind = KINDS.get(message.kind)
        if kind is not None and kind.audience == "staff":
            return _("staff")
        if message.booking is not None:
            return message.booking.client.name
        if message.link is not None:
            return message.link.email
        asked = message.contact_message or message.booklet_request
        return asked.name if asked is not None else "–"

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, message: Message) -> str:
        return state_mark(message.state)

    @admin.display(description=gettext_lazy("due"), ordering="due_at")
    def due(self, message: Message) -> str:
        return two_lines(message.due_at)

    @admin.display(description=gettext_lazy("sent"), ordering="sent_at")
    def sent(self, message: Message) -> str:
        return two_lines(message.sent_at)

    # One message, as it was sent or would be -----------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        html = path(
            "<int:pk>/html/", self.admin_site.admin_view(self.html_view), name="bookings_message_html"
        )
        return [html, *super().get_urls()]

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The row, and the email in a frame that may run and load nothing."""
        message = self.get_object(request, unquote(object_id))
        extra = dict(extra_context or {})
        if message is not None and self.has_view_permission(request, message):
            extra["shown"] = show(message, now=timezone.now())
            extra["can_resend"] = self.has_resend_permission(request) and outbox.may_send_again(message)
        return super().change_view(request, object_id, form_url, extra)

    @method_decorator(xframe_options_sameorigin)
    def html_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The email's HTML alone, under a policy of its own. What is in it was typed by strangers."""
        message = self.get_object(request, str(pk))
        if message is None:
            raise Http404
        if not self.has_view_permission(request, message):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        shown = show(message, now=timezone.now())
        if not shown.html:
            raise Http404
        headers = {"Content-Security-Policy": HTML_POLICY, "Referrer-Policy": "no-referrer"}
        return HttpResponse(shown.html, headers=headers)

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


@admin.register(MessageSettings)
class MessageSettingsAdmin(HistoryMixin, KindFieldsMixin, SingletonMixin):
    fieldsets = [
        (None, {"fields": ["reply_to", "signature"]}),
        (
            gettext_lazy("When"),
            {
                "description": gettext_lazy(
                    "Hours before or after a visit; 0 sends none. Messages that wait already follow what you save."
                ),
                "fields": ["first_reminder_hours", "last_reminder_hours", "recheck_hours", "thanks_hours"],
            },
        ),
    ]

    def save_model(self, request: HttpRequest, obj: MessageSettings, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # After the commit: it takes one lock after the other, and must not hold them together.
        transaction.on_commit(lambda: reminders.follow_settings(now=timezone.now()))
