"""The lists of messages from the site and of requests for the booklet; and the booklet itself."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.domain.booklet import fill, title_of
from bookings.models import Booklet, BookletRequest, ContactMessage
from bookings.staff.labels import answer_mark, local_when, mark, two_lines
from bookings.staff.search import search
from bookings.templatetags.bookings_admin import national_phone
from massagerx.lib.admin import KindFieldsMixin, ListMixin, SingletonMixin
from massagerx.lib.pdf import refuse_active
from massagerx.lib.typeset import NotTypeset
from massagerx.lib.upload_limits import MEGABYTE, MOST_BOOKLET_BYTES

from .base import RowsOnly

# By the codes of `refuse_active`.
_NOT_TAKEN = {
    "no_pdf": gettext_lazy(
        "We can’t read this file as a PDF. Save the booklet as a PDF again, and choose that one."
    ),
    "locked": gettext_lazy("This PDF asks for a password. Save it without one, and choose that one."),
    "active": gettext_lazy(
        "This PDF carries a program or other files, which nobody should get from us. Print the booklet to a new PDF, "
        "and choose that one."
    ),
}


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
class ContactMessageAdmin(RowsOnly):
    list_title = gettext_lazy("Messages from the site")
    list_display = ["who", "state", "written"]
    list_filter = [AnsweredFilter]
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

    @admin.display(description=gettext_lazy("from"), ordering="name")
    def who(self, message: ContactMessage) -> SafeString:
        return format_html(
            '{}<br><span class="quiet">{}</span>',
            message.name,
            message.email or national_phone(message.phone),
        )

    @admin.display(description=gettext_lazy("written"), ordering="written_at")
    def written(self, message: ContactMessage) -> str:
        return two_lines(message.written_at)

    @admin.display(description=gettext_lazy("answer"), ordering="answered_at")
    def state(self, message: ContactMessage) -> SafeString:
        return answer_mark(message)


@admin.register(BookletRequest)
class BookletRequestAdmin(RowsOnly):
    """Who asked for the booklet. Staff can take a consent back, and not give one."""

    list_title = gettext_lazy("Booklet requests")
    list_display = ["who", "consent", "asked"]
    list_filter = ["may_follow_up"]
    search_fields = ["name", "email"]
    readonly_fields = ["name", "email", "consent", "asked"]
    fields = tuple(readonly_fields)
    actions = ["take_consent_back"]

    @admin.display(description=gettext_lazy("who"), ordering="name")
    def who(self, request_row: BookletRequest) -> SafeString:
        return format_html('{}<br><span class="quiet">{}</span>', request_row.name, request_row.email)

    @admin.display(description=gettext_lazy("may be written to later"), ordering="may_follow_up")
    def consent(self, request_row: BookletRequest) -> SafeString:
        return mark("good", "✓", _("Yes")) if request_row.may_follow_up else mark("off", "–", _("No"))

    @admin.display(description=gettext_lazy("asked"), ordering="asked_at")
    def asked(self, request_row: BookletRequest) -> str:
        return two_lines(request_row.asked_at)

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
    words = forms.CharField(
        label=gettext_lazy("What it says"),
        help_text=gettext_lazy(
            "We make the PDF of it. Begin a line with # for the title, ## for a heading, - or 1. for an item; "
            "--- begins a page, ___ is a line to write on."
        ),
        widget=forms.Textarea(attrs={"rows": 24}),
        max_length=20_000,
        required=False,
    )
    upload = forms.FileField(
        label=gettext_lazy("or a PDF file of your own"),
        help_text=format_lazy(
            gettext_lazy("{most} MB at most. It takes the place of the one before."),
            most=MOST_BOOKLET_BYTES // MEGABYTE,
        ),
        required=False,
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        max_length=200,
        error_messages={
            "max_length": gettext_lazy("Give the file a shorter name."),
        },
    )

    class Meta:
        model = Booklet
        fields = ["words"]

    def clean_upload(self) -> UploadedFile | None:
        upload: UploadedFile | None = self.cleaned_data["upload"]
        if upload is None:
            return None
        size = upload.size or 0
        if size > MOST_BOOKLET_BYTES:
            raise forms.ValidationError(
                _("This file is %(size)s. It can be %(most)d MB at most.")
                % {"size": filesizeformat(size), "most": MOST_BOOKLET_BYTES // MEGABYTE}
            )
        upload.seek(0)
        try:
            refuse_active(upload.read())
        except forms.ValidationError as error:
            raise forms.ValidationError(_NOT_TAKEN[str(error.code)], code=error.code) from error
        return upload

    def clean(self) -> dict[str, Any]:
        """The file and its name, made of the words where none was chosen."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        if (upload := data["upload"]) is not None:
            if data["words"] and "words" in self.changed_data:
                self.add_error("words", _("Take either these words or a file: empty one of the two."))
            upload.seek(0)
            self.instance.content, self.instance.file_name = upload.read(), safe_pdf_name(upload.name)
            data["words"] = ""
        elif not data["words"]:
            self.add_error("upload", _("Choose a PDF file, or write what the booklet says."))
        elif not (title := title_of(data["words"])):
            self.add_error("words", _("Begin with the title: a line that begins with #."))
        else:
            try:
                fill(self.instance, data["words"], now=timezone.now())
            except NotTypeset:
                self.add_error(
                    "words", _("We couldn’t make a PDF of this. Is there a page too full, or empty?")
                )
            self.instance.file_name = safe_pdf_name(title)
        return data


_ODD_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def safe_pdf_name(name: str) -> str:
    """A file name that every system takes: plain letters, digits, dots and dashes, ending in `.pdf`."""
    stem = name[:-4] if name.lower().endswith(".pdf") else name
    return (_ODD_IN_NAMES.sub("-", stem).strip(".-_")[:80] or "booklet") + ".pdf"


@admin.register(Booklet)
class BookletAdmin(SingletonMixin, KindFieldsMixin, ListMixin):
    """The one booklet: look at it, put another in its place."""

    form = BookletUploadForm
    fields = ["current", "words", "upload"]
    readonly_fields = ["current"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booklet]:
        return super().get_queryset(request).defer("content").annotate(size=Length("content"))

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

    def save_model(self, request: HttpRequest, obj: Booklet, form: Any, change: bool) -> None:
        obj.uploaded_at = timezone.now()
        obj.is_sample = False
        super().save_model(request, obj, form, change)
