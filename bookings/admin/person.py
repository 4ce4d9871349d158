"""What the owner does when a client asks for their data: hand over all of it, or erase it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import export, personal_data
from bookings.domain.clients import likely_twins
from bookings.domain.erasure import erase_client
from bookings.exceptions import ClientGone, SlotTaken, VisitsOpen
from bookings.models import AreaRequest, Booking, BookletRequest, Client, ContactMessage, Erasure
from massagerx.lib.admin import ListMixin
from massagerx.lib.fields import LineField

from .labels import local_when, status_mark, two_lines


class ExportForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Why you need it"),
        # Stands before the rest of what is written down with a look at health answers.
        max_length=100,
        help_text=gettext_lazy(
            "Such as “asked for by email on June 3”. The file holds health answers: this is kept with your name "
            "and the time, before they are opened."
        ),
        error_messages={"required": gettext_lazy("Say why you need the file.")},
    )


class EraseForm(forms.Form):
    """The client's name, typed as it stands there, so that nobody erases by a slip."""

    name = LineField(
        label=gettext_lazy("Type the client’s name to erase them"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Type the client’s name.")},
    )

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client = client

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"])
        if _plain(typed) != _plain(self.client.name):
            raise forms.ValidationError(_("That isn’t the name of this client. Nothing was erased."))
        return typed


def _plain(name: str) -> str:
    """A name without what phones make of quotes and spaces."""
    return " ".join(name.replace("’", "'").casefold().split())


class PersonMixin(admin.ModelAdmin):
    """Adds the two pages to the admin of clients."""

    def may_export(self, request: HttpRequest) -> bool:
        """Whether this member of staff may download all that is held about a client."""
        return bool(request.user.has_perm("bookings.export_client"))

    def may_erase(self, request: HttpRequest) -> bool:
        """Whether this member of staff may erase clients."""
        return bool(request.user.has_perm("bookings.erase_client"))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:pk>/export/", wrap(self.export_view), name="bookings_client_export"),
            path("<int:pk>/erase/", wrap(self.erase_view), name="bookings_client_erase"),
        ]
        return own + super().get_urls()

    # Export ------------------------------------------------------------------------------------------------------

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks why; POST writes the look down and answers with a ZIP file, which is kept nowhere here."""
        if not self.may_export(request):
            raise PermissionDenied
        client = self._present(pk)
        form = ExportForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Download all about %(name)s") % {"name": client.name},
                "client": client,
                "form": form,
            }
            return self._page(request, "admin/bookings/client/export.html", context, form)
        now = timezone.now()
        reason = _("Export: %(why)s") % {"why": form.cleaned_data["reason"]}
        try:
            export.log_health_access(client=client, user=_staff(request), reason=reason[:120], now=now)
        except ClientGone as error:
            raise Http404 from error
        self.log_change(request, client, str(_("All data downloaded.")))
        response = HttpResponse(_zip(client, now=now), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="client-{client.pk}.zip"'
        response["Cache-Control"] = "no-store"
        return response

    # Erasure -----------------------------------------------------------------------------------------------------

    def erase_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET says what goes and what stays; POST with the client's name erases."""
        if not self.may_erase(request):
            raise PermissionDenied
        client = self._present(pk)
        form = EraseForm(request.POST if request.method == "POST" else None, client=client)
        if form.is_valid():
            done = self._erase(request, client)
            if done is not None:
                return done
        asked = personal_data.enquiries_of(client)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Erase %(name)s") % {"name": client.name},
            "client": client,
            "form": form,
            "visits": Booking.objects.filter(client=client).count(),
            "notes": client.notes.count(),
            "open": [
                {"booking": visit, "when": local_when(visit.starts_at), "status": status_mark(visit.status)}
                for visit in personal_data.open_visits(client)
            ],
            "asked": list(_asked(asked)),
            "twins": list(likely_twins(client).filter(email=client.email))
            + list(likely_twins(client).filter(phone=client.phone).exclude(email=client.email)),
        }
        return self._page(request, "admin/bookings/client/erase.html", context, form)

    def _erase(self, request: HttpRequest, client: Client) -> HttpResponse | None:
        """Erases and leads to what is left; None, and a sentence for the page, when it can't be done now."""
        try:
            erase_client(client=client, actor=_staff(request), now=timezone.now())
        except ClientGone:
            sentence = _("Somebody else has merged or erased this client meanwhile.")
            self.message_user(request, sentence, messages.ERROR)
            return redirect("admin:bookings_client_changelist")
        except VisitsOpen:
            sentence = _("Nothing was erased: a visit is still open. It is listed below.")
            self.message_user(request, sentence, messages.ERROR)
            return None
        except SlotTaken:
            sentence = _(
                "Nothing was erased: others are working on these visits. Please try again in a minute."
            )
            self.message_user(request, sentence, messages.ERROR)
            return None
        # Without the name: such a sentence waits in a cookie or in the session until it is shown.
        sentence = _("Client %(number)d was erased.") % {"number": client.pk}
        self.message_user(request, sentence, messages.SUCCESS)
        return redirect("admin:bookings_client_change", client.pk)

    # Parts -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _present(pk: int) -> Client:
        client = Client.objects.present().filter(pk=pk).first() if pk < 2**63 else None
        if client is None:
            raise Http404
        return client

    @staticmethod
    def _page(request: HttpRequest, template: str, context: dict[str, Any], form: forms.Form) -> HttpResponse:
        response = TemplateResponse(request, template, context, status=422 if form.is_bound else 200)
        response["Cache-Control"] = "no-store"
        return response


@admin.register(Erasure)
class ErasureAdmin(ListMixin):
    """Who was erased by whom and when. To be read again after a backup was restored."""

    list_display = ["number", "when", "by", "visits"]
    list_display_links = None
    list_select_related = ["by"]
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ["number", "when", "by", "visits"]
    fields = tuple(readonly_fields)

    @admin.display(description=gettext_lazy("client"), ordering="client")
    def number(self, erasure: Erasure) -> str:
        return _("Client %(number)d") % {"number": erasure.client_id}

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def when(self, erasure: Erasure) -> str:
        return two_lines(erasure.at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _staff(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # the admin lets nobody else in
    return user


def _asked(asked: personal_data.Enquiries) -> list[dict[str, str]]:
    """What goes beside the visits, one line each."""
    lines = []
    for message in ContactMessage.objects.filter(pk__in=asked.messages).defer("body", "answer"):
        lines.append((message.written_at, _("Message from the site"), message.name, message.email))
    for booklet in BookletRequest.objects.filter(pk__in=asked.booklets):
        lines.append((booklet.asked_at, _("Request for the booklet"), booklet.name, booklet.email))
    for place in AreaRequest.objects.filter(pk__in=asked.places):
        contact = place.email or str(place.phone)
        lines.append((place.created_at, _("Request from outside our area"), place.name, contact))
    return [
        {"when": local_when(at), "what": what, "name": name, "contact": contact}
        for at, what, name, contact in sorted(lines, key=lambda line: line[0])
    ]


def _zip(client: Client, *, now: Any) -> bytes:
    """A page to read and a file for programs, packed in memory."""
    sections = export.all_about(client)
    page = render_to_string(
        "admin/bookings/client/export_page.html",
        {"client": client, "sections": sections, "when": local_when(now)},
    )
    data = {"client_number": client.pk, "written_at": now.isoformat(), **export.as_data(sections)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("client.html", page)
        archive.writestr("client.json", json.dumps(data, ensure_ascii=False, indent=2))
    return packed.getvalue()
