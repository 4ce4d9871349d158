"""Messages from the site with our answers, requests for the booklet, and the booklet itself."""

from __future__ import annotations

import io
import re
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.domain import operations
from bookings.exceptions import AlreadyAnswered
from bookings.forms import MessageField
from bookings.models import Booklet, BookletRequest, ContactMessage
from massagerx.lib.admin import KindFieldsMixin, ListMixin, SingletonMixin
from massagerx.lib.encryption import UnreadableValue

from .labels import local_when, mark, state_mark, two_lines
from .search import search

LARGEST_BOOKLET = 10 * 1024 * 1024


class AnswerForm(forms.Form):
    answer = MessageField(
        label=gettext_lazy("Your answer"),
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": gettext_lazy("Write an answer first.")},
    )


class AnsweredFilter(admin.SimpleListFilter):
    title = gettext_lazy("answer")
    parameter_name = "answered"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("no", _("Waiting")), ("yes", _("Done"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ContactMessage]) -> QuerySet[ContactMessage]:
        if self.value() in ("no", "yes"):
            return queryset.filter(answered_at__isnull=self.value() == "no")
        return queryset


@admin.register(ContactMessage)
class ContactMessageAdmin(ListMixin):
    list_display = ["who", "state", "written"]
    list_filter = [AnsweredFilter]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name, email, or phone in any format.")
    # What happens to a message is a button on its page.
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactMessage]:
        # What it says is opened on its own page only.
        return super().get_queryset(request).defer("body", "answer")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ContactMessage], search_term: str
    ) -> tuple[QuerySet[ContactMessage], bool]:
        return search(queryset, search_term, "name", "email", "phone"), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"title": _("Messages from the site"), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    @admin.display(description=gettext_lazy("from"), ordering="name")
    def who(self, message: ContactMessage) -> SafeString:
        return format_html('{}<br><span class="quiet">{}</span>', message.name, message.email)

    @admin.display(description=gettext_lazy("written"), ordering="written_at")
    def written(self, message: ContactMessage) -> str:
        return two_lines(message.written_at)

    @admin.display(description=gettext_lazy("answer"), ordering="answered_at")
    def state(self, message: ContactMessage) -> SafeString:
        return _answer_mark(message)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "bookings_contactmessage"
        own = [
            path("<int:pk>/answer/", wrap(self.answer_view), name=f"{name}_answer"),
            path("<int:pk>/close/", wrap(self.close_view), name=f"{name}_close"),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What somebody wrote, and a form to answer it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        try:
            message = self._message(request, int(object_id))
        except (ValueError, Http404):
            self.message_user(request, _("There is no such message."), messages.WARNING)
            return redirect("admin:bookings_contactmessage_changelist")
        return self._page(request, message)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return redirect("admin:bookings_contactmessage_change", object_id)

    def answer_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sends an answer. What was typed is never lost, also when somebody else was quicker."""
        message = self._message(request, pk)
        if not self.has_change_permission(request, message):
            raise PermissionDenied
        if request.method != "POST":
            return redirect("admin:bookings_contactmessage_change", pk)
        form = AnswerForm(request.POST)
        if not form.is_valid():
            return self._page(request, message, form=form, status=422)
        try:
            operations.answer_contact(
                message=message,
                text=form.cleaned_data["answer"],
                actor=cast("User", request.user),
                now=timezone.now(),
            )
        except AlreadyAnswered:
            form.add_error("answer", _("This message was answered in the meantime. Yours was not sent."))
            return self._page(request, self._message(request, pk), form=form, status=409)
        self.message_user(
            request, _("Your answer to %(name)s is on its way.") % {"name": message.name}, messages.SUCCESS
        )
        return redirect("admin:bookings_contactmessage_change", pk)

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Takes a message off the list of those that wait, without an email."""
        message = self._message(request, pk)
        if not self.has_change_permission(request, message):
            raise PermissionDenied
        if request.method == "POST":
            try:
                operations.close_contact(
                    message=message, actor=cast("User", request.user), now=timezone.now()
                )
            except AlreadyAnswered:
                self.message_user(request, _("This message was answered in the meantime."), messages.WARNING)
            else:
                self.message_user(request, _("Nobody waits for an answer to this one."), messages.SUCCESS)
        return redirect("admin:bookings_contactmessage_change", pk)

    def _message(self, request: HttpRequest, pk: int) -> ContactMessage:
        queryset = self.get_queryset(request).select_related("answered_by")
        message = queryset.filter(pk=pk).first() if pk < 2**63 else None
        if message is None:
            raise Http404
        return message

    def _page(
        self,
        request: HttpRequest,
        message: ContactMessage,
        *,
        form: AnswerForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        body, answer = _opened(message, "body"), _opened(message, "answer")
        waits = message.answered_at is None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "message": message,
            "title": _("Message from %(name)s") % {"name": message.name},
            "state": _answer_mark(message),
            "written": local_when(message.written_at),
            "answered": local_when(message.answered_at),
            "body": body,
            "answer": answer,
            "unreadable": _("This can't be opened with the keys of this installation (HEALTH_KEYS)."),
            "body_lost": body is None,
            "answer_lost": answer is None,
            "may_answer": waits and self.has_change_permission(request, message),
            # Shown to whoever has just typed it, also when it can't be sent any more.
            "form": form or AnswerForm(),
            "unsent": form is not None and not waits,
            "sendings": [
                {"what": row.get_kind_display(), "state": state_mark(row.state), "pk": row.pk}
                for row in message.messages.only("kind", "state").order_by("created_at", "pk")
            ],
            "may_see_messages": request.user.has_perm("bookings.view_message"),
        }
        template = "admin/bookings/contactmessage/message.html"
        return TemplateResponse(request, template, context, status=status)


def _opened(message: ContactMessage, field: str) -> str | None:
    """An encrypted field of the message, read by itself; "" when there is nothing, None when no key opens it."""
    try:
        return str(ContactMessage.objects.values_list(field, flat=True).get(pk=message.pk) or "")
    except UnreadableValue:
        return None


def _answer_mark(message: ContactMessage) -> SafeString:
    if message.answered_at is None:
        return mark("waiting", "◔", _("Waiting"))
    return mark("good", "✓", _("Done"))


@admin.register(BookletRequest)
class BookletRequestAdmin(ListMixin):
    """Who asked for the booklet. Staff can take a consent back, and not give one."""

    list_display = ["who", "consent", "asked"]
    list_filter = ["may_follow_up"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["name", "email"]
    readonly_fields = ["name", "email", "consent", "asked"]
    fields = tuple(readonly_fields)
    actions = ["take_consent_back"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"title": _("Booklet requests"), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    @admin.display(description=gettext_lazy("who"), ordering="name")
    def who(self, request_row: BookletRequest) -> SafeString:
        return format_html('{}<br><span class="quiet">{}</span>', request_row.name, request_row.email)

    @admin.display(description=gettext_lazy("may be written to later"), ordering="may_follow_up")
    def consent(self, request_row: BookletRequest) -> SafeString:
        return mark("good", "✓", _("Yes")) if request_row.may_follow_up else mark("off", "–", _("No"))

    @admin.display(description=gettext_lazy("asked"), ordering="asked_at")
    def asked(self, request_row: BookletRequest) -> str:
        return two_lines(request_row.asked_at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(
        description=gettext_lazy("Take consent back: not to be written to later"), permissions=["change"]
    )
    def take_consent_back(self, request: HttpRequest, queryset: QuerySet[BookletRequest]) -> None:
        count = queryset.filter(may_follow_up=True).update(may_follow_up=False)
        sentence = ngettext(
            "%d person is not written to later.", "%d people are not written to later.", count
        )
        self.message_user(request, sentence % count, messages.SUCCESS)


class BookletUploadForm(forms.ModelForm):
    upload = forms.FileField(
        label=gettext_lazy("PDF file"),
        help_text=gettext_lazy("10 MB at most. It takes the place of the one before."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        max_length=200,
        error_messages={
            "required": gettext_lazy("Choose a PDF file."),
            "max_length": gettext_lazy("Give the file a shorter name."),
        },
    )

    class Meta:
        model = Booklet
        fields: list[str] = []

    def clean_upload(self) -> UploadedFile:
        upload: UploadedFile = self.cleaned_data["upload"]
        size = upload.size or 0
        if size > LARGEST_BOOKLET:
            raise forms.ValidationError(
                _("This file is %(size)s. It can be 10 MB at most.") % {"size": filesizeformat(size)}
            )
        upload.seek(0)
        if upload.read(5) != b"%PDF-":
            raise forms.ValidationError(_("This is not a PDF file. Choose one that is."))
        return upload


_ODD_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def safe_pdf_name(name: str) -> str:
    """A file name that every system takes: plain letters, digits, dots and dashes, ending in `.pdf`."""
    stem = name[:-4] if name.lower().endswith(".pdf") else name
    return (_ODD_IN_NAMES.sub("-", stem).strip(".-_")[:80] or "booklet") + ".pdf"


@admin.register(Booklet)
class BookletAdmin(SingletonMixin, KindFieldsMixin, ListMixin):
    """The one booklet: look at it, put another in its place."""

    form = BookletUploadForm
    fields = ["current", "upload"]
    readonly_fields = ["current"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booklet]:
        return super().get_queryset(request).defer("content").annotate(size=Length("content"))

    def get_urls(self) -> list[URLPattern]:
        own = path("current/", self.admin_site.admin_view(self.current_view), name="bookings_booklet_current")
        return [own, *super().get_urls()]

    @admin.display(description=gettext_lazy("on the site now"))
    def current(self, booklet: Any) -> str:
        if booklet.pk is None:
            return _("none yet: the page to ask for it says to call or write")
        facts = _("%(size)s, since %(when)s") % {
            "size": filesizeformat(booklet.size),
            "when": local_when(booklet.uploaded_at),
        }
        sample = format_html(" {}", mark("note", "!", _("sample"))) if booklet.is_sample else ""
        address = reverse("admin:bookings_booklet_current")
        return format_html('<a href="{}">{}</a>{}<br>{}', address, booklet.file_name, sample, facts)

    def current_view(self, request: HttpRequest) -> Any:
        """The file, for those who may see it here."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        booklet = Booklet.objects.first()
        if booklet is None:
            raise Http404
        return FileResponse(
            io.BytesIO(booklet.content),
            as_attachment=True,
            filename=booklet.file_name,
            content_type="application/pdf",
        )

    def save_model(self, request: HttpRequest, obj: Booklet, form: Any, change: bool) -> None:
        upload = form.cleaned_data["upload"]
        upload.seek(0)
        obj.content = upload.read()
        obj.file_name = safe_pdf_name(upload.name)
        obj.uploaded_at = timezone.now()
        obj.is_sample = False
        super().save_model(request, obj, form, change)
