"""Clients: their visits, what staff noted, and making one out of two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.domain import links
from bookings.domain.clients import add_note, client_figures, likely_twins, merge_clients
from bookings.domain.operations import MOVABLE
from bookings.exceptions import ClientGone, SlotTaken
from bookings.models import Booking, Client, ClientNote
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.fields import LinesField

from .labels import local_when, status_mark
from .person import PersonMixin
from .search import OF_CLIENT, search, visits_of_client
from .visibility import sees_every_visit, sees_own_visits

# Of a key in an address, in digits: no column holds more.
_LONGEST_KEY = 19
_GONE = gettext_lazy("Somebody else has merged or erased this client meanwhile.")
_VISITS_A_PAGE = 25
_MOST_FOUND = 20


class ClientForm(forms.ModelForm):
    class Meta:
        model = Client
        fields = ["name", "email", "phone", "is_blocked"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        """Refuses the email and phone of another client. Django asks no constraint about a column that is not in the
        form, and that on email and phone leaves out who was erased."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        same = {"email": cleaned.get("email"), "phone": cleaned.get("phone")}
        others = Client.objects.present().exclude(pk=self.instance.pk)
        if all(same.values()) and others.filter(**same).exists():
            raise forms.ValidationError(
                _("Another client has this email and phone already. Merge the two records instead.")
            )
        return cleaned


class NoteForm(forms.Form):
    text = LinesField(
        label=gettext_lazy("New note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Notes can't be changed later. What clients tell about their health belongs in the visit."
        ),
        error_messages={"required": gettext_lazy("Write the note first.")},
    )


@admin.register(Client)
class ClientAdmin(PersonMixin, KindFieldsMixin, ListMixin):
    form = ClientForm
    change_form_template = "admin/bookings/client/client.html"
    list_display = ["name", "email", "phone", "visits", "is_blocked", "created_at"]
    list_filter = ["is_blocked"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name, email, or phone in any format.")
    readonly_fields = ["created_at", "erased_at"]
    fields = ["name", "email", "phone", "is_blocked", "created_at"]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Client | None:
        """Locked before it is changed: a client who is merged or erased at that moment must not come back by it."""
        if (
            request.method == "POST"
            and connection.in_atomic_block
            and object_id.isdecimal()
            and len(object_id) <= _LONGEST_KEY
        ):
            list(Client.objects.select_for_update(no_key=True).filter(pk=object_id))
        found: Client | None = super().get_object(request, object_id, from_field)
        return found

    def save_model(self, request: HttpRequest, obj: Client, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            links.revoke_links_of_client(obj, now=timezone.now())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Client]:
        rows = super().get_queryset(request)
        if sees_own_visits(request.user):
            own = Booking.objects.filter(therapist__user=request.user.pk)
            rows = rows.filter(pk__in=own.values("client"))
        return rows.annotate(visit_count=visits_of_client())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Client], search_term: str
    ) -> tuple[QuerySet[Client], bool]:
        return search(queryset, search_term, *OF_CLIENT), False

    @admin.display(description=gettext_lazy("visits"), ordering="visit_count")
    def visits(self, client: Any) -> int:
        return int(client.visit_count)

    # A client comes to be by booking, and stays with the visits.
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.erased_at is None)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if obj is None or obj.erased_at is None else ["name", "created_at", "erased_at"]

    def may_note(self, request: HttpRequest) -> bool:
        """Whether this member of staff may write notes."""
        return bool(request.user.has_perm("bookings.add_clientnote"))

    def may_merge(self, request: HttpRequest) -> bool:
        """Whether this member of staff may make one client out of two: it changes the client and visits."""
        return self.has_change_permission(request) and request.user.has_perm("bookings.change_booking")

    # The page ----------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "bookings_client"
        own = [
            path("<int:pk>/note/", wrap(self.note_view), name=f"{name}_note"),
            path("<int:pk>/merge/", wrap(self.merge_view), name=f"{name}_merge"),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        client = self.get_object(request, object_id)
        extra = {} if client is None else self._extra(request, client)
        response: HttpResponse = super().change_view(
            request, object_id, form_url, {**extra, **(extra_context or {})}
        )
        return response

    def _extra(self, request: HttpRequest, client: Client) -> dict[str, Any]:
        is_here = client.erased_at is None
        extra: dict[str, Any] = {
            "title": client.name,
            "subtitle": None,
            "is_erased": client.erased_at is not None,
            "may_note": is_here and self.may_note(request),
            "may_merge": is_here and self.may_merge(request),
            "may_export": is_here and self.may_export(request),
            "may_erase": is_here and self.may_erase(request),
            "note_form": NoteForm(),
        }
        if is_here and request.user.has_perm("bookings.view_clientnote"):
            extra["notes"] = _notes(client)
        if sees_every_visit(request.user):
            rows = client.bookings.select_related("service", "therapist").order_by("-starts_at", "-pk")
            page = Paginator(rows, _VISITS_A_PAGE).get_page(request.GET.get("visits"))
            extra["figures"] = client_figures(client)
            extra["visits_page"] = page
            extra["visit_rows"] = [
                {
                    "booking": booking,
                    "when": local_when(booking.starts_at),
                    "status": status_mark(booking.status),
                }
                for booking in page
            ]
            extra.update(_next_and_same(client, timezone.now()))
            extra["may_book"] = is_here and request.user.has_perm("bookings.change_booking")
            extra["twins"] = list(likely_twins(client)[:5])
        return extra

    def note_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Adds a note; it is never changed."""
        client = self._client(request, pk)
        if not (self.has_view_or_change_permission(request, client) and self.may_note(request)):
            raise PermissionDenied
        if request.method != "POST":
            return redirect("admin:bookings_client_change", pk)
        form = NoteForm(request.POST)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Note on %(name)s") % {"name": client.name},
                "client": client,
                "form": form,
            }
            return TemplateResponse(request, "admin/bookings/client/note.html", context, status=422)
        try:
            add_note(client=client, text=form.cleaned_data["text"], actor=_staff(request), now=timezone.now())
        except ClientGone:
            self.message_user(request, _GONE, messages.ERROR)
            return redirect("admin:bookings_client_changelist")
        self.message_user(request, _("The note is on record."), messages.SUCCESS)
        return redirect("admin:bookings_client_change", pk)

    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET looks for the other record and shows both side by side; POST makes them one."""
        client = self._client(request, pk)
        if not self.may_merge(request):
            raise PermissionDenied
        if client.erased_at is not None:
            raise Http404
        sent = request.POST if request.method == "POST" else request.GET
        other = self._other(request, client, sent.get("other", ""))
        if request.method == "POST" and other is not None:
            return self._merge(request, client, other)
        text = request.GET.get("q", "").replace("\x00", "").strip()
        found = (
            self.get_search_results(request, Client.objects.present().exclude(pk=pk), text)[0]
            if text
            else None
        )
        rows = likely_twins(client) if found is None else found
        sides = [client, other] if other is not None else []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Merge %(name)s with another record") % {"name": client.name},
            "client": client,
            "other": other,
            "sides": [(side, client_figures(side), local_when(side.created_at)) for side in sides],
            "q": text[:200],
            "found": [] if other is not None else _with_visits(rows),
            "missing": bool(sent.get("other")) and other is None,
        }
        status = 422 if request.method == "POST" else 200
        return TemplateResponse(request, "admin/bookings/client/merge.html", context, status=status)

    def _merge(self, request: HttpRequest, client: Client, other: Client) -> HttpResponse:
        try:
            moved = merge_clients(keep=client, other=other, actor=_staff(request), now=timezone.now())
        except ClientGone:
            self.message_user(request, _GONE, messages.ERROR)
            return redirect("admin:bookings_client_changelist")
        except SlotTaken:
            sentence = _(
                "Nothing was merged: others are working on these visits. Please try again in a minute."
            )
            self.message_user(request, sentence, messages.ERROR)
            return redirect("admin:bookings_client_merge", client.pk)
        sentence = ngettext(
            "One record now; %(moved)d visit came over from %(name)s.",
            "One record now; %(moved)d visits came over from %(name)s.",
            moved,
        )
        self.message_user(request, sentence % {"moved": moved, "name": other.name}, messages.SUCCESS)
        return redirect("admin:bookings_client_change", client.pk)

    # Parts -------------------------------------------------------------------------------------------------------

    def _client(self, request: HttpRequest, pk: int) -> Client:
        client = self.get_queryset(request).filter(pk=pk).first() if pk < 2**63 else None
        if client is None:
            raise Http404
        return client

    @staticmethod
    def _other(request: HttpRequest, client: Client, value: str) -> Client | None:
        """The other record that was chosen; nobody is merged with themselves."""
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            return None
        return Client.objects.present().exclude(pk=client.pk).filter(pk=int(value)).first()


def _staff(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # the admin lets nobody else in
    return user


def _next_and_same(client: Client, now: datetime) -> dict[str, Any]:
    """The client's next visit, and the key of the one that "the same again" means: that, else the last one."""
    stands = client.bookings.occupying().select_related("service", "therapist")
    coming = stands.filter(status__in=MOVABLE, starts_at__gt=now).order_by("starts_at").first()
    same = coming or stands.order_by("-starts_at").first()
    return {
        "next_visit": {"booking": coming, "when": local_when(coming.starts_at)} if coming else None,
        "same_again": same.pk if same is not None else None,
    }


def _notes(client: Client) -> list[dict[str, str]]:
    """Newest first. Read one by one only when a key is lost, so that it costs a line and not the page."""
    rows = ClientNote.objects.filter(client=client).select_related("by")
    try:
        return [_note(row, str(row.text)) for row in rows]
    except UnreadableValue:
        return [_note(row, _text(row.pk)) for row in rows.defer("text")]


def _text(pk: int) -> str:
    try:
        return str(ClientNote.objects.values_list("text", flat=True).get(pk=pk))
    except UnreadableValue:
        return _("This can't be opened with the keys of this installation (HEALTH_KEYS). Tell the owner.")


def _note(row: ClientNote, text: str) -> dict[str, str]:
    return {"when": local_when(row.at), "who": row.by.get_username(), "text": text}


def _with_visits(clients: QuerySet[Client]) -> QuerySet[Client]:
    """The first of them by name, each with how many visits it has."""
    return clients.annotate(visit_count=Count("bookings")).order_by("name", "pk")[:_MOST_FOUND]
