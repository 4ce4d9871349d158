"""What staff know of a client, and making one client out of two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from bookings.domain import links, listeners, reminders
from bookings.domain.operations.transaction import translated_errors
from bookings.enums import BookingStatus, ComplaintState, DoorRule, EventKind, NoteReader, PairingKind
from bookings.exceptions import ClientGone, SameClient
from bookings.models import Booking, BookingEvent, Client, ClientNote, OwnConsent, Pairing, Therapist
from massagerx.lib.text import plain_name


@dataclass(frozen=True, slots=True)
class ClientFigures:
    """How a client's visits went. `late_cancels` are those that came with a late fee; revenue is in cents, of visits
    that took place."""

    visits: int
    completed: int
    no_shows: int
    late_cancels: int
    revenue_cents: int


def client_figures(client: Client) -> ClientFigures:
    """The figures of one client; one query."""
    completed = Q(status=BookingStatus.COMPLETED)
    found = Booking.objects.filter(client=client).aggregate(
        visits=Count("pk"),
        completed=Count("pk", filter=completed),
        no_shows=Count("pk", filter=Q(status=BookingStatus.NO_SHOW)),
        late_cancels=Count("pk", filter=Q(status=BookingStatus.CANCELED, late_fee_cents__gt=0)),
        revenue_cents=Sum("total_cents", filter=completed, default=0),
    )
    return ClientFigures(**found)


def likely_twins(client: Client) -> QuerySet[Client]:
    """Other clients with the same email, phone or name."""
    same = Q(phone=client.phone) | Q(name__iexact=client.name)
    if client.email:
        same |= Q(email__iexact=client.email)
    return Client.objects.present().filter(same).exclude(pk=client.pk).order_by("name", "pk")


def add_note(
    *,
    client: Client,
    text: str,
    actor: User,
    now: datetime,
    reader: str = NoteReader.DESK,
    is_complaint: bool = False,
) -> ClientNote:
    """Writes down what its `reader` should know of a client, encrypted, with who wrote it; a complaint is open until
    somebody settles it. Raises `ClientGone` when the client was merged or erased meanwhile."""
    with transaction.atomic():
        if lock_client(client.pk) is None:
            raise ClientGone
        return ClientNote.objects.create(
            client=client,
            text=text,
            reader=reader,
            complaint=ComplaintState.OPEN if is_complaint else "",
            by=actor,
            at=now,
        )


def settle_complaint(*, note: ClientNote, actor: User, now: datetime) -> bool:
    """Says that a complaint is settled; False when it was already, or is none."""
    still_open = ClientNote.objects.filter(pk=note.pk, complaint=ComplaintState.OPEN)
    return bool(still_open.update(complaint=ComplaintState.SETTLED, settled_at=now, settled_by=actor))


def pair(
    *, client: Client, therapist: Therapist, kind: str, reason: str, actor: User, now: datetime
) -> Pairing:
    """Writes down that a therapist is never sent to a client, or first, in place of what was written of the two before.
    Visits to come that it forbids are stranded by it. Raises `ClientGone`, or `SlotTaken` when others hold the rows for
    too long."""
    with translated_errors(), transaction.atomic():
        # As whoever books: nobody takes a time of theirs between the look at the rule and the rule.
        list(Therapist.objects.select_for_update(no_key=True).filter(pk=therapist.pk))
        if lock_client(client.pk) is None:
            raise ClientGone
        Pairing.objects.filter(client=client, therapist=therapist).delete()
        return Pairing.objects.create(
            client=client, therapist=therapist, kind=kind, reason=reason, by=actor, at=now
        )


def lock_client(key: int) -> Client | None:
    """The client's row, locked until the open transaction ends; None when it was merged or erased. Whoever merges or
    erases waits for it, so that nothing is written to a client who is gone."""
    return Client.objects.select_for_update(no_key=True).present().filter(pk=key).first()


def _keep_what_was_said(kept: Client, gone: Client) -> None:
    """Of one person in both records, however spelled, one consent is left: a consent that was taken back in either
    is."""
    said = {plain_name(row.name): row for row in OwnConsent.objects.filter(client=kept).order_by("pk")}
    for row in OwnConsent.objects.filter(client=gone).order_by("pk"):
        same = said.get(plain_name(row.name))
        if same is None:
            continue
        if same.taken_back_at is None and row.taken_back_at is not None:
            same.taken_back_at = row.taken_back_at
            same.save(update_fields=["taken_back_at"])
        row.delete()


def merge_clients(*, keep: Client, other: Client, actor: User, now: datetime) -> int:
    """Gives all visits and notes of `other` to `keep`, and removes `other`; returns how many visits moved.

    `keep` keeps name, email and phone; those of the other go into a note. If one of the two is blocked, so is who is
    left. Raises `SameClient`, `ClientGone` when one of the two isn't there any more, or `SlotTaken` when others hold
    the rows for too long.
    """
    if keep.pk == other.pk:
        raise SameClient
    with translated_errors(), transaction.atomic():
        # Whoever books for one of the two has locked a therapist before looking for the client: so nobody does now.
        # Then in the order of all operations, therapists, clients, visits, each by key.
        list(Therapist.objects.select_for_update(no_key=True).order_by("pk"))
        pair = Client.objects.select_for_update().present().filter(pk__in=[keep.pk, other.pk]).order_by("pk")
        found = {client.pk: client for client in pair}
        if len(found) < 2:
            raise ClientGone
        kept, gone = found[keep.pk], found[other.pk]
        visits = list(
            Booking.objects.select_for_update(no_key=True, of=("self",)).filter(client=gone).order_by("pk")
        )
        if gone.email != kept.email:
            links.revoke_links_of_client(gone, now=now)
        _keep_the_stricter(kept, gone)
        _keep_what_was_said(kept, gone)
        # Whatever else points at a client by then goes along, so that nothing is lost with the row.
        for relation in Client._meta.related_objects:
            name = relation.field.name
            relation.related_model._base_manager.filter(**{name: gone}).update(**{name: kept})
        reason = _("Two records of one client were merged; this visit was booked as %(name)s.")
        BookingEvent.objects.bulk_create(
            BookingEvent(
                booking=visit,
                kind=EventKind.PERSON,
                from_status=visit.status,
                to_status=visit.status,
                at=now,
                actor=actor,
                reason=(reason % {"name": gone.name})[:300],
            )
            for visit in visits
        )
        kept.is_blocked = kept.is_blocked or gone.is_blocked
        kept.door_rule = DoorRule.stricter(kept.door_rule, gone.door_rule)
        # Who was seen first was asked first.
        first, second = sorted([kept, gone], key=lambda client: (client.created_at, client.pk))
        kept.heard_from_id = first.heard_from_id or second.heard_from_id
        kept.created_at = first.created_at
        kept.save(update_fields=["is_blocked", "door_rule", "heard_from", "created_at"])
        if gone.email != kept.email:
            listeners.tell(listeners.LinksRevoked(client=kept.pk, at=now))
        if bool(gone.email) != bool(kept.email):
            reminders.follow_client(kept, now=now)
        was = ", ".join(filter(None, [gone.name, gone.email, str(gone.phone)]))
        # What the admin wrote down of the other one stands in the history of who is left, and goes with them.
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(Client), object_id=str(gone.pk)
        ).update(object_id=str(kept.pk))
        text = _("Merged with another record: %(was)s.") % {"was": was}
        if gone.is_blocked:
            text += " " + _("That record was blocked.")
        add_note(client=kept, text=text, actor=actor, now=now)
        gone.delete()
    return len(visits)


def _keep_the_stricter(kept: Client, gone: Client) -> None:
    """Where both records say something of one therapist, only one of the two can stay: that they are never sent."""
    kinds = {
        row.therapist_id: row.kind for row in Pairing.objects.filter(client=kept).only("therapist", "kind")
    }
    for row in Pairing.objects.filter(client=gone, therapist__in=kinds).only("therapist", "kind"):
        is_stricter = row.kind == PairingKind.NEVER and kinds[row.therapist_id] != PairingKind.NEVER
        Pairing.objects.filter(client=kept if is_stricter else gone, therapist=row.therapist_id).delete()
