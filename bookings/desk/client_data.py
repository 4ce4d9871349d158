"""What the owner does when a client asks for their data: hand over all of it, or erase it."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from functools import partial
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import export, personal_data
from bookings.domain.clients import likely_twins
from bookings.domain.erasure import erase_client
from bookings.exceptions import ClientGone, SlotTaken, VisitsOpen
from bookings.models import AreaRequest, Booking, BookletRequest, Client, ContactMessage
from bookings.staff.labels import local_when, status_mark
from massagerx.lib.encryption import UnreadableValue

from .forms import EraseForm, ExportForm
from .frame import StaffRequest, change_page, desk_page, log_change, page, say


@desk_page("bookings.export_client")
def export_page(request: StaffRequest, pk: int) -> HttpResponse:
    """GET asks why; POST writes the look down and answers with a ZIP file, which is kept nowhere here."""
    client, now = _present(pk), timezone.now()
    form = ExportForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        title = _("Download all about %(name)s") % {"name": client.name}
        context = {"title": title, "client": client, "form": form}
        return page(request, "client_export", context, status=422 if form.is_bound else 200)
    reason = _("Export: %(why)s") % {"why": form.cleaned_data["reason"]}
    try:
        export.log_health_access(client=client, user=request.user, reason=reason[:120], now=now)
    except ClientGone as error:
        raise Http404 from error
    log_change(request, client, str(_("All data downloaded.")))
    response = HttpResponse(_zip(client, now=now), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="client-{client.pk}.zip"'
    return response


@desk_page("bookings.erase_client")
def erase_page(request: StaffRequest, pk: int) -> HttpResponse:
    """GET says what goes and what stays; POST with the client's name erases."""
    client = _present(pk)
    form = EraseForm(request.POST if request.method == "POST" else None, client=client)
    if form.is_valid():
        done = _erase(request, client)
        if done is not None:
            return done
    twins = likely_twins(client)
    context = {
        "title": _("Erase %(name)s") % {"name": client.name},
        "client": client,
        "form": form,
        "visits": Booking.objects.filter(client=client).count(),
        "notes": client.notes.count(),
        "open": [
            {
                "booking": visit,
                "when": local_when(visit.starts_at),
                "status": status_mark(visit, timezone.now()),
            }
            for visit in personal_data.open_visits(client)
        ],
        "asked": _asked(personal_data.enquiries_of(client)),
        "twins": [
            *(twin for twin in twins if client.email and twin.email == client.email),
            *(twin for twin in twins if twin.phone == client.phone and twin.email != client.email),
        ],
    }
    return page(request, "client_erase", context, status=422 if form.is_bound else 200)


def _erase(request: StaffRequest, client: Client) -> HttpResponse | None:
    """Erases and leads to what is left; None, and a sentence for the page, when it can't be done now."""
    try:
        erase_client(client=client, actor=request.user, now=timezone.now())
    except ClientGone:
        say(request, False, _("Somebody else has merged or erased this client meanwhile."))
        return redirect("admin:bookings_client_changelist")
    except VisitsOpen:
        say(request, False, _("Nothing was erased: a visit is still open. It is listed below."))
        return None
    except SlotTaken:
        sentence = _("Nothing was erased: others are working on these visits. Please try again in a minute.")
        say(request, False, sentence)
        return None
    # Without the name: such a sentence waits in a cookie or in the session until it is shown.
    say(request, True, _("Client %(number)d was erased.") % {"number": client.pk})
    return redirect(change_page("client"), client.pk)


# Parts ---------------------------------------------------------------------------------------------------------------


def _present(pk: int) -> Client:
    client = Client.objects.present().filter(pk=pk).first()
    if client is None:
        raise Http404
    return client


def _asked(asked: personal_data.Enquiries) -> list[dict[str, str]]:
    """What goes beside the visits, one line each, the oldest first."""
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


def _zip(client: Client, *, now: datetime) -> bytes:
    """A page to read and a file for programs, packed in memory."""
    sections = export.all_about(client)
    told: dict[str, Any] = {"client": client, "sections": sections, "when": local_when(now)}
    data = {"client_number": client.pk, "written_at": now.isoformat(), **export.as_data(sections)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("client.html", render_to_string("desk/client_export_file.html", told))
        archive.writestr("client.json", json.dumps(data, ensure_ascii=False, indent=2))
        for name, row in export.note_files(client):
            try:
                archive.writestr(name, row.content)
            except UnreadableValue:
                archive.writestr(f"{name}.txt", str(export.opened(partial(getattr, row, "content"))))
    return packed.getvalue()
