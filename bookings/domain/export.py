"""All that is held about one client, for the client to read: as lines with labels, and as plain data.

Nothing of it is stored. Health answers are opened only after the look at them has been written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from phonenumber_field.phonenumber import PhoneNumber

from bookings.domain import intake, message_copies, personal_data
from bookings.enums import ABOUT_SAFETY
from bookings.exceptions import ClientGone
from bookings.models import (
    AccessNotes,
    AreaRequest,
    Booking,
    BookingEvent,
    BookletRequest,
    ChangeRequest,
    Client,
    ClientNote,
    ClinicianNote,
    ContactMessage,
    DriveOverride,
    HealthAccess,
    LateFee,
    Link,
    Message,
    NoteFile,
    OwnConsent,
    Pairing,
    ScreeningRecheck,
    ScreeningRecord,
    VisitPurpose,
    VisitStep,
)
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import clock_time, local


@dataclass(frozen=True, slots=True)
class Line:
    """`value` is plain data (instants in UTC, money in cents), `shown` the same in words."""

    key: str
    label: str
    value: Any
    shown: str


@dataclass(frozen=True, slots=True)
class Section:
    """Records of one kind, each a list of lines."""

    key: str
    title: str
    records: list[list[Line]] = field(default_factory=list)


# What apps inside bookings hold about a client and their visits (`bookings.domain.listeners` says why they aren't
# imported).
SectionOf = Callable[[Client, Sequence[Booking]], Section]
_of_apps: list[SectionOf] = []


def add_section(section_of: SectionOf) -> None:
    """Has an app's section, of a client and their visits, told with the others; a second time changes nothing."""
    if section_of not in _of_apps:
        _of_apps.append(section_of)


def log_health_access(*, client: Client, user: User, reason: str, now: datetime) -> None:
    """Writes down that somebody is about to see all health answers of a client, visit by visit. Raises `ClientGone`
    for one who was erased."""
    with transaction.atomic():
        if Client.objects.present().filter(pk=client.pk).first() is None:
            raise ClientGone
        told = Q(screening__isnull=False) | Q(rechecks__isnull=False) | Q(clinician_notes__isnull=False)
        told |= Q(note_files__isnull=False)
        visits = (
            Booking.objects.filter(told, client=client).order_by("pk").values_list("pk", flat=True).distinct()
        )
        HealthAccess.objects.bulk_create(
            HealthAccess(booking_id=key, user=user, at=now, reason=reason) for key in visits
        )


def all_about(client: Client) -> list[Section]:
    """Everything, section by section; only right after `log_health_access`. A value that no key opens says so."""
    visits = list(
        Booking.objects.filter(client=client)
        .select_related("therapist", "service", "area__zone", "terms_version")
        .prefetch_related("add_ons")
        .order_by("starts_at", "pk")
    )
    asked = personal_data.enquiries_of(client)
    return [
        Section("client", _("Who you are"), [
            _of(client, "name", "email", "phone", "is_blocked", "door_rule", "heard_from",
                "may_be_asked", "created_at"),
        ]),
        Section("visits", _("Visits"), [_visit(visit) for visit in visits]),
        _of_visits("history", _("What happened with visits"), BookingEvent.objects.order_by("at", "pk"), visits,
                   "kind", "at", "by_client", "reason", "moved_from"),
        _of_visits("steps", _("On the way and at the door"), VisitStep.objects.order_by("at", "pk"), visits,
                   "kind", "at", "minutes", "expected_from", "expected_until", "paid_by", "undone_at"),
        _of_visits("late_fees", _("Late fees named"), LateFee.objects.order_by("named_at", "pk"), visits,
                   "cents", "asks_waiver", "reason", "named_at", "state", "why_waived", "decided_at"),
        _of_visits("late_moves", _("Late moves asked for"), ChangeRequest.objects.order_by("asked_at", "pk"),
                   visits, "wanted_starts_at", "preference", "reason", "fee_cents", "asked_at", "state",
                   "answered_at"),
        Section("health", _("Health answers"), list(_health(visits))),
        *(section_of(client, visits) for section_of in _of_apps),
        Section("clinicians", _("What clinicians said"), list(_clinicians(visits))),
        Section("note_files", _("Clinicians\u2019 notes as files"), [
            [line("visit", _("visit"), row.booking.reference), *_of(row, "kind", "handed_in_at"),
             line("file", _("file"), name)]
            for name, row in note_files(client)
        ]),
        _of_visits("health_access_log", _("Who looked at health answers"),
                   HealthAccess.objects.select_related("user").order_by("at", "pk"), visits, "user", "at",
                   "what", "reason"),
        Section("notes", _("Notes for staff"), list(_notes(client))),
        Section("own_consents", _("Those you book for who agreed themselves"), [
            _of(row, "name", "agreed_at", "taken_back_at", "terms_version")
            for row in OwnConsent.objects.filter(client=client).select_related("terms_version").order_by("pk")
        ]),
        Section("pairings", _("Who is sent to you"), list(_pairings(client))),
        Section("messages", _("Emails and calls"), list(_messages(client, visits, asked))),
        Section("enquiries", _("Messages from the site"), list(_written(asked))),
        Section("booklets", _("Requests for the booklet"), [
            _of(row, "name", "email", "may_follow_up", "asked_at")
            for row in BookletRequest.objects.filter(pk__in=asked.booklets).order_by("asked_at", "pk")
        ]),
        Section("places", _("Requests from outside our area"), [
            [*_of(row, "name", "email", "phone", "zip_code", "service", "note", "agreed_at", "created_at"),
             _found_by(row.pk in asked.places_by_phone_alone)]
            for row in AreaRequest.objects.filter(pk__in=asked.places).select_related("service").order_by("pk")
        ]),
        Section("links", _("Sign-in links and codes sent"), [
            _of(row, "purpose", "email", "created_at", "used_at")
            for row in Link.objects.filter(email__iexact=client.email).order_by("created_at", "pk")
        ]),
        Section("unfinished", _("Bookings not finished"), [
            [line("answers", _("answers"), answers)]
            for _key, answers in personal_data.drafts_of(
                client, references=[visit.reference for visit in visits], by_phone=False
            )
        ]),
        Section("admin_log", _("Changes by staff to your record"), list(_log(client))),
    ]  # fmt: skip


def as_data(sections: Iterable[Section]) -> dict[str, list[dict[str, Any]]]:
    """The same as plain data, by the sections' and lines' keys."""
    return {
        section.key: [{line.key: line.value for line in record} for record in section.records]
        for section in sections
    }


# Sections --------------------------------------------------------------------------------------------------------


def _visit(visit: Booking) -> list[Line]:
    drives = DriveOverride.objects.filter(Q(from_booking=visit) | Q(to_booking=visit)).order_by("pk")
    agreed = visit.terms_version
    return [
        *_of(
            visit, "reference", "status", "contact_name", "recipient_name", "recipient_phone",
            "recipient_language", "payer_name", "service", "therapist", "people",
            "starts_at", "ends_at", "blocked_from", "blocked_until", "street", "unit", "city", "area", "access_type",
            "address_rule",
            "treatment_cents", "add_ons_cents", "travel_cents", "evening_cents", "discount_cents", "total_cents",
            "late_fee_cents",
            "preference", "created_at", "confirmed_at",
        ),
        line("add_ons", _("add-ons"), [str(add_on) for add_on in visit.add_ons.all()]),
        line("access", _("how we get in"), opened(partial(_access, visit))),
        line("purpose", _("what the visit is for"), opened(partial(_purpose, visit))),
        line("agreed_at", _("agreed at"), visit.agreed_at),
        line("terms", _("terms agreed to"), agreed.number),
        line("consent", _("what the client agrees to"), agreed.consent_words(for_other=bool(visit.recipient_name))),
        line("cancellation", _("cancellation policy"), agreed.cancellation_words),
        line("drives", _("corrected drives"), [f"{drive.minutes} min: {drive.reason}" for drive in drives]),
    ]  # fmt: skip


def _access(visit: Booking) -> dict[str, str]:
    found = AccessNotes.objects.filter(booking=visit).first()
    return found.notes if found is not None else {}


def _purpose(visit: Booking) -> str:
    found = VisitPurpose.objects.filter(booking=visit).first()
    return str(found.text) if found is not None else ""


def _health(visits: list[Booking]) -> Iterable[list[Line]]:
    for visit in visits:
        for model in (ScreeningRecord, ScreeningRecheck):
            rows = model._base_manager.filter(booking=visit).order_by("evaluated_at")
            for key, tier, at in rows.values_list("pk", "tier", "evaluated_at"):
                yield [
                    line("visit", _("visit"), visit.reference),
                    line("at", _("answered at"), at),
                    line("again", _("answered again before the visit"), model is ScreeningRecheck),
                    line("result", _("result"), tier),
                    line("answers", _("answers"), opened(partial(_answers, model, key, visit))),
                ]


def _answers(model: Any, key: int, visit: Booking) -> dict[str, str]:
    row = model._base_manager.select_related("version").get(pk=key)
    return dict(intake.answers_in_words(row, visit.service.slug).answers)


def note_files(client: Client) -> list[tuple[str, NoteFile]]:
    """The notes that a client handed in, still shut, with the name that each has in the export."""
    rows = NoteFile.objects.filter(booking__client=client).select_related("booking").defer("data")
    return [
        (f"clinicians-note-{number}.{row.kind}", row)
        for number, row in enumerate(rows.order_by("handed_in_at", "pk"), start=1)
    ]


def _clinicians(visits: list[Booking]) -> Iterable[list[Line]]:
    references = {visit.pk: visit.reference for visit in visits}
    rows = ClinicianNote.objects.filter(booking__in=visits).order_by("recorded_at", "pk")
    for row in rows.defer("note").select_related("recorded_by"):
        yield [
            line("visit", _("visit"), references[row.booking_id]),
            line("at", _("recorded at"), row.recorded_at),
            line("by", _("recorded by"), row.who),
            *_of(row, "scope", "covers_until"),
            line("note", _("note"), opened(partial(getattr, row, "note"))),
        ]


def _notes(client: Client) -> Iterable[list[Line]]:
    rows = ClientNote.objects.filter(client=client).order_by("at", "pk")
    for row in rows.defer("text").select_related("by", "settled_by"):
        text = line("text", _("note"), opened(partial(getattr, row, "text")))
        yield [*_of(row, "at", "by", "reader", "complaint", "settled_at", "settled_by"), text]


def _pairings(client: Client) -> Iterable[list[Line]]:
    rows = Pairing.objects.filter(client=client).order_by("at", "pk")
    for row in rows.defer("reason").select_related("therapist", "by"):
        yield [
            *_of(row, "therapist", "kind", "at", "by"),
            line("reason", _("why"), opened(partial(getattr, row, "reason"))),
        ]


def _messages(client: Client, visits: list[Booking], asked: personal_data.Enquiries) -> Iterable[list[Line]]:
    references = {visit.pk: visit.reference for visit in visits}
    about = Q(booking__in=visits) | Q(link__email__iexact=client.email)
    about |= Q(contact_message__in=asked.messages) | Q(booklet_request__in=asked.booklets)
    # Whether a therapist is safe is told to those who look after them.
    rows = Message.objects.filter(about).exclude(kind__in=ABOUT_SAFETY)
    for row in rows.order_by("created_at", "pk").defer("copy"):
        copy = opened(partial(message_copies.copy_of, row))
        kept = copy if isinstance(copy, dict) else {}
        yield [
            line("visit", _("visit"), references.get(row.booking_id or 0, "")),
            *_of(row, "kind", "channel", "state", "created_at", "sent_at"),
            line("to", _("sent to"), kept.get("to", "")),
            line("subject", _("subject"), kept.get("subject", "")),
            line("text", _("text"), kept.get("text", "") if kept or copy is None else copy),
        ]


def _written(asked: personal_data.Enquiries) -> Iterable[list[Line]]:
    rows = ContactMessage.objects.filter(pk__in=asked.messages).order_by("written_at", "pk")
    for row in rows.defer("body", "answer"):
        yield [
            *_of(row, "name", "email", "phone", "written_at"),
            line("body", _("message"), opened(partial(getattr, row, "body"))),
            line("answered_at", _("answered at"), row.answered_at),
            line("answer", _("answer"), opened(partial(getattr, row, "answer"))),
            _found_by(row.pk in asked.messages_by_phone_alone),
        ]


def _log(client: Client) -> Iterable[list[Line]]:
    rows = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Client), object_id=str(client.pk)
    )
    for row in rows.select_related("user").order_by("action_time", "pk"):
        yield [
            line("at", _("when"), row.action_time),
            line("by", _("who"), row.user.get_username()),
            line("what", _("what"), row.get_change_message()),
        ]


def _of_visits(
    key: str, title: str, rows: models.QuerySet[Any], visits: list[Booking], *fields: str
) -> Section:
    references = {visit.pk: visit.reference for visit in visits}
    return Section(
        key,
        title,
        [
            [line("visit", _("visit"), references[row.booking_id]), *_of(row, *fields)]
            for row in rows.filter(booking__in=visits)
        ],
    )


# Lines -----------------------------------------------------------------------------------------------------------


def _of(row: models.Model, *fields: str) -> list[Line]:
    """A line for each of these columns, with the label that the admin gives it."""
    lines = []
    for name in fields:
        column: Any = row._meta.get_field(name)
        value = getattr(row, name)
        if isinstance(value, models.Model):
            value = str(value)
        label = str(column.verbose_name)
        if name.endswith("_cents"):
            lines.append(Line(name, label.removesuffix(", cents"), value, f"${value / 100:,.2f}"))
        elif column.choices:
            lines.append(Line(name, label, value, str(getattr(row, f"get_{name}_display")())))
        else:
            lines.append(line(name, label, value))
    return lines


def line(key: str, label: str, value: Any) -> Line:
    """A line with the value as plain data, and in words."""
    return Line(key, label, _plain(value), _words(value))


def _found_by(by_phone_alone: bool) -> Line:
    value = "phone" if by_phone_alone else "email"
    shown = (
        _("the phone number alone: another person may have written it") if by_phone_alone else _("your email")
    )
    return Line("found_by", _("found by"), value, shown)


def _plain(value: Any) -> Any:
    """As JSON knows it."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PhoneNumber):
        return value.as_e164
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _words(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return f"{date_format(local(value), 'D, M j, Y')}, {clock_time(value)}"
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_words(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(_words(inner) for inner in value)
    return str(value)


def opened(read: Callable[[], Any]) -> Any:
    """What `read` gives, or a sentence where the value can't be opened: a lost key costs a line, not the whole."""
    try:
        return read()
    except UnreadableValue:
        return _("This can't be opened with the keys of this installation (HEALTH_KEYS).")
