"""The list of messages: what was sent, when, and what failed. Staff may send again. And how messages are sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import outbox, reminders
from bookings.enums import WITH_OWN_WORDS, MessageKind
from bookings.models import Message, MessageSettings
from bookings.notifications import own_words
from bookings.notifications.samples import SAMPLES
from bookings.staff.labels import two_lines
from bookings.staff.messages import about, addressee, message_mark
from bookings.staff.search import search_visits
from bookings.staff.visibility import messages_seen_by
from massagerx.lib.admin import KindFieldsMixin, SingletonMixin
from massagerx.lib.admin_history import HistoryMixin
from massagerx.lib.admin_preview import PREVIEW, PreviewMixin
from massagerx.lib.admin_versions import VersionsMixin
from massagerx.lib.fields import LinesField

from .base import RowsOnly


@admin.register(Message)
class MessageAdmin(RowsOnly):
    list_display = ["kind", "about", "recipient", "shown_state", "due", "sent", "last_error"]
    list_filter = ["state", "channel", "kind"]
    list_select_related = ["booking__client", "link", "contact_message", "booklet_request"]
    # Most of the page's time goes into its rows.
    list_per_page = 25
    search_fields = ["booking__reference"]
    search_help_text = gettext_lazy("Name, email, phone in any format, reference, street or ZIP code.")
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Without what is encrypted: a list opens nothing, and copies are long."""
        encrypted = ["copy", "contact_message__body", "contact_message__answer"]
        rows = super().get_queryset(request).defer(*encrypted)
        return messages_seen_by(request.user, rows)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        return search_visits(queryset, search_term, "booking__"), False

    @admin.display(description=gettext_lazy("about"))
    def about(self, message: Message) -> str:
        return about(message)

    @admin.display(description=gettext_lazy("to"))
    def recipient(self, message: Message) -> str:
        return addressee(message)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, message: Message) -> str:
        return message_mark(message)

    @admin.display(description=gettext_lazy("due"), ordering="due_at")
    def due(self, message: Message) -> str:
        return two_lines(message.due_at)

    @admin.display(description=gettext_lazy("sent"), ordering="sent_at")
    def sent(self, message: Message) -> str:
        return two_lines(message.sent_at)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
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


def _field_of(kind: MessageKind) -> str:
    return f"own_words_{kind.value}"


class OwnWordsField(LinesField):
    """A sentence or two of the owner's for one kind of email, with what it may name, and a button for each case that
    shows the email with what stands in the form now."""

    def __init__(self, kind: MessageKind) -> None:
        self.kind = kind
        samples = [(name, sample.title) for name, sample in SAMPLES.items() if sample.kind == kind]
        button = '<button class="button" name="_preview" value="{}" formtarget="preview" formnovalidate>{}</button>'
        super().__init__(
            label=kind.label,
            required=False,
            max_length=400,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=lazy(
                lambda: format_html(
                    "{}<br>{}",
                    _("May hold: %(places)s") % {"places": own_words.written(own_words.places(kind))},
                    format_html_join(
                        " ", button, ((name, _("See: %(case)s") % {"case": title}) for name, title in samples)
                    ),
                ),
                str,
            )(),
        )

    def validate(self, value: Any) -> None:
        """Raises `ValidationError` for a name that such an email doesn't know."""
        super().validate(value)
        own_words.check(self.kind, value)


class MessageSettingsForm(forms.ModelForm):
    """The row, and the owner's sentences out of its one column."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for kind in WITH_OWN_WORDS:
            self.fields[_field_of(kind)].initial = self.instance.own_words.get(kind, "")

    def clean(self) -> dict[str, Any]:
        """Keeps the sentences that aren't blank."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        typed = {kind.value: data.get(_field_of(kind), "") for kind in WITH_OWN_WORDS}
        self.instance.own_words = {kind: words for kind, words in typed.items() if words}
        return data


@admin.register(MessageSettings)
class MessageSettingsAdmin(PreviewMixin, VersionsMixin, HistoryMixin, KindFieldsMixin, SingletonMixin):
    version_fields = ("signature", "own_words")
    form = type(
        "MessageSettingsForm",
        (MessageSettingsForm,),
        {_field_of(kind): OwnWordsField(kind) for kind in WITH_OWN_WORDS},
    )
    fieldsets = [
        (None, {"fields": ["reply_to", "signature"]}),
        (
            gettext_lazy("In your words"),
            {
                "description": gettext_lazy(
                    "A sentence or two of your own in emails to clients, before the signature, as plain text: where to "
                    "park, that you look forward to it. A name in double braces is filled in. Blank adds nothing."
                ),
                "fields": [_field_of(kind) for kind in WITH_OWN_WORDS],
            },
        ),
        (
            gettext_lazy("When"),
            {
                "description": gettext_lazy(
                    "Hours before or after a visit; 0 sends none. Messages that wait already follow what you save."
                ),
                "fields": ["first_reminder_hours", "last_reminder_hours", "recheck_hours", "thanks_hours"],
            },
        ),
        (gettext_lazy("Reviews"), {"fields": ["review_days"]}),
        (gettext_lazy("Second thoughts"), {"fields": ["second_thoughts_minutes"]}),
    ]

    def save_model(self, request: HttpRequest, obj: MessageSettings, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # For the preview of this row alone: which letter was asked for.
        obj.previewed = request.POST.get(PREVIEW, "")  # type: ignore[attr-defined]
        # After the commit: it takes one lock after the other, and must not hold them together.
        transaction.on_commit(lambda: reminders.follow_settings(now=timezone.now()))

    def preview_address(self, obj: Any) -> str:
        """The email that was asked for; the confirmation for a name that none has."""
        name = obj.previewed if obj.previewed in SAMPLES else "confirmed"
        return reverse("sample_email_html", args=[name])

    def words_of(self, name: str, value: Any) -> str:
        """The sentences of all kinds, each after its kind."""
        if name != "own_words":
            return str(value)
        return "\n".join(f"{MessageKind(kind).label}: {words}" for kind, words in sorted(value.items()))
