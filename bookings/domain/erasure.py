"""Erasing a client: what names them goes, what the books need stays."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q

from bookings.domain import listeners, outbox, personal_data
from bookings.domain.operations import forget_address_rules
from bookings.domain.operations.transaction import translated_errors
from bookings.enums import LinkPurpose
from bookings.exceptions import ClientGone, SlotTaken, VisitsOpen
from bookings.models import (
    AccessNotes,
    AreaRequest,
    Booking,
    BookingEvent,
    BookingRules,
    BookletRequest,
    ChangeRequest,
    Client,
    ClientNote,
    ClinicianNote,
    ContactMessage,
    DriveOverride,
    Erasure,
    HealthAccess,
    LateFee,
    Link,
    NoteFile,
    OwnConsent,
    Pairing,
    ScreeningRecheck,
    ScreeningRecord,
    SecondThought,
    Therapist,
    VisitPurpose,
)
from massagerx.lib.localtime import local, months_before

log = logging.getLogger("massagerx.bookings")

# Clients whose time is over, in one night.
_AT_ONCE = 50
# Where a text must not be blank.
_GONE = "Erased"


def erase_client(*, client: Client, actor: User | None, now: datetime) -> Erasure:
    """Takes all that names the client out of the database, in one transaction. Visits stay for the books: when, what,
    by whom, in which ZIP code, for how much, and how they ended. Messages that wait are dropped, and a sender that has
    one in its hands finds its lease gone.

    Raises `ClientGone` when the client was erased or merged meanwhile, `VisitsOpen` while a visit is still requested
    or confirmed, and `SlotTaken` when others hold the rows for too long. Then no more than
    unfinished bookings and open sessions of the client may have ended.
    """
    if personal_data.open_visits(client).exists():
        raise VisitsOpen
    # Before the locks below: who holds a time locks the draft first and the therapist second.
    references = set(Booking.objects.filter(client=client).values_list("reference", flat=True))
    personal_data.forget_drafts_and_sessions(client, references=references)
    with translated_errors(), transaction.atomic():
        # Whoever books locks a therapist before looking for the client. Then in the order of all operations.
        list(Therapist.objects.select_for_update(no_key=True).order_by("pk"))
        found = Client.objects.select_for_update().present().filter(pk=client.pk).first()
        if found is None:
            raise ClientGone
        visits = list(
            Booking.objects.select_for_update(no_key=True, of=("self",))
            .filter(client=found)
            .select_related("area")
            .order_by("pk")
        )
        if any(visit.status in personal_data.OPEN for visit in visits):
            raise VisitsOpen
        names = {found.name, *(visit.contact_name for visit in visits)}
        keys = [visit.pk for visit in visits]
        listeners.tell(
            listeners.ClientErased(
                client=found.pk, bookings=keys, by=actor.pk if actor is not None else None, at=now
            )
        )
        forget_address_rules(now=now, erased=found)
        _erase_visits(visits)
        enquiries = personal_data.enquiries_of(found)
        _erase_log(found, names, enquiries, [visit.pk for visit in visits])
        # The keys alone: what can't be opened any more must go all the same.
        ContactMessage.objects.filter(pk__in=enquiries.messages).only("pk").delete()
        BookletRequest.objects.filter(pk__in=enquiries.booklets).delete()
        AreaRequest.objects.filter(pk__in=enquiries.places).delete()
        if found.email:
            Link.objects.filter(email__iexact=found.email).delete()
        for about in (ClientNote, OwnConsent, Pairing):
            about._base_manager.filter(client=found).only("pk").delete()
        Client.objects.filter(pk=found.pk).update(
            name=Client.ERASED,
            email="",
            phone="",
            is_blocked=False,
            door_rule="",
            heard_from=None,
            may_be_asked=False,
            erased_at=now,
        )
        erasure = Erasure.objects.create(client=found, visits=len(visits), at=now, by=actor)
    log.info("a client was erased", extra={"client": found.pk})
    return erasure


def erase_long_gone(*, now: datetime) -> int:
    """Erases clients whose time is over (`BookingRules.clients_kept_years`), counted from their last visit, kept or
    not, or from when they were first seen; returns how many. Those wait who have a visit that is open, also one booked
    by the same email with another phone, or have just written, begun to book, or asked for a link: it would go with
    them. A few at a time, since each looks through sessions and drafts."""
    oldest = months_before(local(now), 12 * BookingRules.load().clients_kept_years)
    visits = Booking.objects.filter(Q(ends_at__gt=oldest) | Q(status__in=personal_data.OPEN)).order_by()
    by_email = OuterRef("email")
    # Those to what came of a visit last for years.
    asked_for = Link.objects.exclude(purpose__in=[LinkPurpose.REVIEW, LinkPurpose.PROGRAM])
    over = Client.objects.present().filter(
        ~Exists(visits.filter(client=OuterRef("pk"))),
        ~Exists(visits.filter(client__email=by_email).exclude(client__email="")),
        ~Exists(asked_for.filter(email__iexact=by_email).exclude(email="")),
        created_at__lte=oldest,
    )
    done = 0
    for client in over.order_by("pk"):
        if done == _AT_ONCE:
            break
        if _is_heard_of(client):
            continue
        # Booked, merged or held by others meanwhile: the next night looks again.
        with suppress(ClientGone, VisitsOpen, SlotTaken):
            erase_client(client=client, actor=None, now=now)
            done += 1
    forget_address_rules(now=now)
    return done


def _is_heard_of(client: Client) -> bool:
    """Whether somebody has asked something or begun to book, by the client's email or phone. What is kept of these is
    kept for far less than a year."""
    asked = personal_data.enquiries_of(client)
    references = set(Booking.objects.filter(client=client).values_list("reference", flat=True))
    return bool(
        asked.messages
        or asked.booklets
        or asked.places
        or personal_data.drafts_of(client, references=references, by_phone=True)
    )


def _erase_visits(visits: Sequence[Booking]) -> None:
    keys = [visit.pk for visit in visits]
    doors: dict[str, str] = {}
    for visit in visits:
        # Between two visits to one door lies no drive: so a door stays one, and nobody can tell which.
        visit.street = doors.setdefault(visit.address_key, f"{_GONE} {secrets.token_hex(6)}")
        visit.unit, visit.access_type, visit.address_rule = "", Booking.AccessType.GROUND, ""
        visit.contact_name, visit.recipient_name, visit.payer_name = Client.ERASED, "", ""
        visit.recipient_phone, visit.recipient_language = "", ""
        visit.told_once = None
        # The digest is of all that was typed, so a good guess could be checked by it.
        visit.submission_key, visit.submission_digest = uuid.uuid4(), ""
    Booking.objects.bulk_update(
        visits,
        [
            "street",
            "unit",
            "access_type",
            "address_rule",
            "contact_name",
            "recipient_name",
            "recipient_phone",
            "recipient_language",
            "payer_name",
            "told_once",
            "submission_key",
            "submission_digest",
        ],
        batch_size=200,
    )
    SecondThought.objects.filter(event__booking__in=keys).only("pk").delete()
    for model in (AccessNotes, VisitPurpose, ScreeningRecord, ScreeningRecheck, ClinicianNote, NoteFile):
        model._base_manager.filter(booking__in=keys).only("pk").delete()
    # What people typed beside what happened.
    BookingEvent.objects.filter(booking__in=keys).exclude(reason="").update(reason="")
    ChangeRequest.objects.filter(booking__in=keys).exclude(reason="").update(reason="")
    LateFee.objects.filter(booking__in=keys).order_by().update(reason="", why_waived="")
    HealthAccess.objects.filter(booking__in=keys).exclude(reason="").update(reason=_GONE)
    beside = Q(from_booking__in=keys) | Q(to_booking__in=keys)
    DriveOverride.objects.filter(beside).update(reason=_GONE)
    Link.objects.filter(booking__in=keys).delete()
    outbox.forget_messages(keys)


def _erase_log(
    client: Client, names: set[str], enquiries: personal_data.Enquiries, visits: list[int]
) -> None:
    """The admin's own log calls rows by what they are about, such as a client's name."""
    about: list[tuple[type[Model], Sequence[int]]] = [
        (Client, [client.pk]),
        (ContactMessage, enquiries.messages),
        (BookletRequest, enquiries.booklets),
        (AreaRequest, enquiries.places),
    ]
    named = Q(object_repr__in=names)
    for name in names:
        named |= Q(object_repr__startswith=f"{name} · ")
    for model, keys in about:
        rows = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
        theirs = {str(key) for key in keys}
        # A row that is gone already can only be known by the name; one that is there may be a namesake's.
        called = {key for key in rows.filter(named).values_list("object_id", flat=True) if key}
        there = model._default_manager.filter(pk__in=called).values_list("pk", flat=True)
        theirs |= called - {str(key) for key in there}
        rows.filter(object_id__in=theirs).update(object_repr=_GONE, change_message="")
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Booking), object_id__in=[str(key) for key in visits]
    ).update(change_message="")
