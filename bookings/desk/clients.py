"""A client's page: their visits, what staff noted, their record; and making one client out of two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.domain import links, listeners, reminders
from bookings.domain.clients import (
    add_note,
    client_figures,
    likely_twins,
    lock_client,
    merge_clients,
    pair,
    settle_complaint,
)
from bookings.domain.intake import clearances_of
from bookings.domain.operations import MOVABLE
from bookings.domain.persons import persons_among
from bookings.domain.stranding import stranded_by
from bookings.exceptions import ClientGone, SlotTaken
from bookings.models import Client, Pairing
from bookings.staff.client_notes import notes_on, notes_seen_by, pairings_on, reason_of
from bookings.staff.labels import local_when, note_words, status_mark
from bookings.staff.search import search_clients
from bookings.staff.visibility import clients_seen_by, sees_every_visit, sees_rows

from .forms import ClientForm, NoteForm, PairingForm
from .frame import StaffRequest, change_page, desk_page, log_change, page, read_key, say
from .note_templates import CLIENT_KINDS, PRESS, templates_for, with_template

_GONE = gettext_lazy("Somebody else has merged or erased this client meanwhile.")
_VISITS_A_PAGE = 25
_MOST_FOUND = 20
CHANGE_CLIENT, CHANGE_BOOKING = "bookings.change_client", "bookings.change_booking"


def sees_clients(user: Any) -> bool:
    """Whether this member of staff may see clients: all, or those of their own visits."""
    return sees_rows(user, "client")


@desk_page(sees_clients)
def client_page(request: StaffRequest, key: str) -> HttpResponse:
    """The client, and a form to correct the record for who may; POST saves it."""
    pk = read_key(key)
    client = clients_seen_by(request.user).filter(pk=pk).first() if pk is not None else None
    if client is None:
        messages.warning(request, _("There is no such client."))
        return redirect("admin:bookings_client_changelist")
    if request.method == "POST":
        if client.erased_at is not None or not request.user.has_perm(CHANGE_CLIENT):
            raise PermissionDenied
        return _save(request, client)
    return _page(request, client, ClientForm(instance=client))


@transaction.atomic
def _save(request: StaffRequest, seen: Client) -> HttpResponse:
    # Locked: a client who is merged or erased at that moment must not come back by it.
    client = lock_client(seen.pk)
    if client is None:
        say(request, False, str(_GONE))
        return redirect("admin:bookings_client_changelist")
    form = ClientForm(request.POST, instance=client)
    if not form.is_valid():
        client.refresh_from_db()  # the form has put what was typed into it
        return _page(request, client, form, status=422)
    form.save()
    if "email" in form.changed_data:
        now = timezone.now()
        links.revoke_links_of_client(client, now=now)
        listeners.tell(listeners.LinksRevoked(client=client.pk, at=now))
        reminders.follow_client(client, now=now)
    log_change(
        request, client, [{"changed": {"fields": [str(form[name].label) for name in form.changed_data]}}]
    )
    say(request, True, _("The record of %(name)s is saved.") % {"name": client.name})
    return redirect(change_page("client"), client.pk)


@desk_page(sees_clients, "bookings.add_clientnote", pressed_on="client")
def write_note(request: StaffRequest, pk: int) -> HttpResponse:
    """Adds a note; it is never changed. The press of a template puts its text behind what is typed, and adds none."""
    client = _get(request, pk)
    if PRESS in request.POST:
        begun = NoteForm(initial=with_template(request.POST, "text", *CLIENT_KINDS))
        return _note_page(request, client, begun, status=200)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _note_page(request, client, form, status=422)
    try:
        add_note(client=client, actor=request.user, now=timezone.now(), **form.cleaned_data)
    except ClientGone:
        say(request, False, str(_GONE))
        return redirect("admin:bookings_client_changelist")
    say(request, True, _("The note is on record."))
    return redirect(change_page("client"), pk)


def _note_page(request: StaffRequest, client: Client, form: NoteForm, *, status: int) -> HttpResponse:
    context = {
        "title": _("Note on %(name)s") % {"name": client.name},
        "client": client,
        "form": form,
        "note_templates": templates_for(*CLIENT_KINDS),
    }
    return page(request, "client_note", context, status=status)


@desk_page(sees_clients, "bookings.add_clientnote", pressed_on="client")
def settle_note(request: StaffRequest, pk: int, note: int) -> HttpResponse:
    """Says that a complaint is settled."""
    client = _get(request, pk)
    found = notes_seen_by(request.user).filter(client=client, pk=note).defer("text").first()
    if found is None:
        raise Http404
    done = settle_complaint(note=found, actor=request.user, now=timezone.now())
    say(request, done, _("The complaint is settled.") if done else _("Somebody else has settled it already."))
    return redirect(change_page("client"), pk)


@desk_page(sees_clients, "bookings.add_pairing", pressed_on="client")
def pair_with(request: StaffRequest, pk: int) -> HttpResponse:
    """Writes down that a therapist is never sent to the client, or first; says how many visits to come that leaves
    without anybody."""
    client, now = _get(request, pk, is_present=True), timezone.now()
    form = PairingForm(request.POST)
    if not form.is_valid():
        context = {
            "title": _("Who is sent to %(name)s") % {"name": client.name},
            "client": client,
            "form": form,
        }
        return page(request, "client_pairing", context, status=422)
    try:
        row = pair(client=client, actor=request.user, now=now, **form.cleaned_data)
    except (ClientGone, SlotTaken) as error:
        busy = _("Nothing was written down: somebody is booking at this moment. Please press once more.")
        say(request, False, str(_GONE) if isinstance(error, ClientGone) else busy)
        return redirect(change_page("client"), pk)
    say(request, True, _("It is written down: %(what)s.") % {"what": row})
    forbidden = [
        visit
        for visit in stranded_by(therapist_ids={row.therapist_id}, now=now)
        if visit.reason == "never_sent"
    ]
    if forbidden:
        words = ngettext(
            "%(count)d visit to come needs somebody else now. It is on the desk’s list.",
            "%(count)d visits to come need somebody else now. They are on the desk’s list.",
            len(forbidden),
        )
        say(request, False, words % {"count": len(forbidden)})
    return redirect(change_page("client"), pk)


@desk_page(sees_clients, "bookings.delete_pairing", pressed_on="client")
def unpair(request: StaffRequest, pk: int, pairing: int) -> HttpResponse:
    """Takes the word on a therapist back."""
    client = _get(request, pk)
    deleted, _rows = Pairing.objects.filter(client=client, pk=pairing).only("pk").delete()
    say(
        request, bool(deleted), _("It no longer holds.") if deleted else _("Somebody else has taken it back.")
    )
    return redirect(change_page("client"), pk)


@desk_page(sees_clients, CHANGE_CLIENT, CHANGE_BOOKING)
def merge_page(request: StaffRequest, pk: int) -> HttpResponse:
    """GET looks for the other record and shows both side by side; POST makes them one."""
    client, is_press = _get(request, pk, is_present=True), request.method == "POST"
    sent = request.POST if is_press else request.GET
    other_key = read_key(sent.get("other", ""))
    others = Client.objects.present().exclude(pk=pk)
    other = others.filter(pk=other_key).first() if other_key is not None else None
    if is_press and other is not None:
        return _merge(request, client, other)
    text = request.GET.get("q", "").replace("\x00", "").strip()
    context = {
        "title": _("Merge %(name)s with another record") % {"name": client.name},
        "client": client,
        "other": other,
        "sides": [_side(client), _side(other)] if other is not None else [],
        "q": text[:200],
        "found": [] if other is not None else _mergeable(client, others, text),
        "missing": bool(sent.get("other")) and other is None,
    }
    return page(request, "client_merge", context, status=422 if is_press else 200)


def _side(client: Client) -> tuple[Client, Any, str]:
    return client, client_figures(client), local_when(client.created_at)


def _mergeable(client: Client, others: QuerySet[Client], text: str) -> QuerySet[Client]:
    """Who is found by `text`, or without any who has the same name, email or phone."""
    rows = search_clients(others, text) if text else likely_twins(client)
    return rows.annotate(visit_count=Count("bookings"))[:_MOST_FOUND]


def _merge(request: StaffRequest, client: Client, other: Client) -> HttpResponse:
    try:
        moved = merge_clients(keep=client, other=other, actor=request.user, now=timezone.now())
    except ClientGone:
        say(request, False, str(_GONE))
        return redirect("admin:bookings_client_changelist")
    except SlotTaken:
        sentence = _("Nothing was merged: others are working on these visits. Please try again in a minute.")
        say(request, False, sentence)
        return redirect("admin:bookings_client_merge", client.pk)
    sentence = ngettext(
        "One record now; %(moved)d visit came over from %(name)s.",
        "One record now; %(moved)d visits came over from %(name)s.",
        moved,
    )
    say(request, True, sentence % {"moved": moved, "name": other.name})
    return redirect(change_page("client"), client.pk)


def _get(request: StaffRequest, pk: int, *, is_present: bool = False) -> Client:
    """The client, if this member of staff may see them. Raises Http404."""
    found = clients_seen_by(request.user).filter(pk=pk).first()
    if found is None or (is_present and found.erased_at is not None):
        raise Http404
    return found


# The page ------------------------------------------------------------------------------------------------------------


def _page(request: StaffRequest, client: Client, form: ClientForm, *, status: int = 200) -> HttpResponse:
    user, is_here = request.user, client.erased_at is None
    context = {
        "title": client.name,
        "client": client,
        "since": local_when(client.created_at),
        "erased": local_when(client.erased_at),
        "form": form if is_here and user.has_perm(CHANGE_CLIENT) else None,
        "may_note": is_here and user.has_perm("bookings.add_clientnote"),
        "may_merge": is_here and user.has_perms([CHANGE_CLIENT, CHANGE_BOOKING]),
        "may_export": is_here and user.has_perm("bookings.export_client"),
        "may_erase": is_here and user.has_perm("bookings.erase_client"),
        "may_book": is_here and user.has_perm(CHANGE_BOOKING),
        "note_form": NoteForm(),
        "note_templates": templates_for(*CLIENT_KINDS)
        if is_here and user.has_perm("bookings.add_clientnote")
        else [],
        "notes": notes_on(user, [client.pk])[client.pk]
        if is_here and user.has_perm("bookings.view_clientnote")
        else None,
        "pairings": [
            {"row": row, "when": local_when(row.at), "reason": reason_of(row)}
            for row in pairings_on(user, [client.pk])[client.pk]
        ],
        "may_pair": is_here and user.has_perm("bookings.add_pairing"),
        "may_unpair": user.has_perm("bookings.delete_pairing"),
        "pairing_form": PairingForm(),
    }
    if sees_every_visit(user):
        context |= _visits(client, request.GET.get("visits"), timezone.now())
    return page(request, "client", context, status=status)


def _visits(client: Client, number: str | None, now: datetime) -> dict[str, Any]:
    """One page of the client's visits, the next of them and the one before it, and the key of the one that "the same
    again" means: the next, else the last."""
    rows = client.bookings.select_related("service", "therapist").order_by("-starts_at", "-pk")
    shown = Paginator(rows, _VISITS_A_PAGE).get_page(number)
    stands = client.bookings.occupying().select_related("service", "therapist")
    coming = stands.filter(status__in=MOVABLE, starts_at__gt=now).order_by("starts_at").first()
    last = stands.filter(starts_at__lte=now).order_by("-starts_at").first()
    same = coming or last
    return {
        "figures": client_figures(client),
        "twins": list(likely_twins(client)[:5]),
        "visits_page": shown,
        "visit_rows": [
            {"booking": visit, "when": local_when(visit.starts_at), "status": status_mark(visit, now)}
            for visit in shown
        ],
        "clearances": [
            {"booking": note.booking, "words": note_words(note)} for note in clearances_of(client, now=now)
        ],
        "persons": persons_among(client.bookings.all()),
        "next_visit": coming,
        "next_when": local_when(coming.starts_at) if coming else "",
        "last_visit": last,
        "last_when": local_when(last.starts_at) if last else "",
        "same_again": same.pk if same is not None else None,
    }
