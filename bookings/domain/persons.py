"""The persons for whom a client books: one of each name among the client's visits, with what was told of them last, and
whether they said themselves that they agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from bookings.domain import links, outbox, stranding
from bookings.domain.operations import MOVABLE, Act
from bookings.domain.operations.transaction import lock_therapists_of, record, translated_errors
from bookings.enums import OCCUPYING, EventKind, MessageKind
from bookings.exceptions import ChangedMeanwhile, PersonKnown
from bookings.models import Booking, BookingQuerySet, Client, Link, OwnConsent, TermsVersion
from massagerx.lib.text import plain_name


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of somebody who is visited; `phone` is E.164, blank where the client is called."""

    name: str
    phone: str
    language: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody for whom a client books; `latest` is the reference of the newest visit, `visits` how many stand or took
    place."""

    told: Told
    visits: int
    latest: str
    latest_key: int


def persons_among(bookings: BookingQuerySet) -> list[Person]:
    """Those for whom these visits are, but for who booked: of each name the newest record, the one visited last first;
    one query. What was asked for under an email address that nobody proved to be theirs is left out: anybody can."""
    newest = Booking.objects.filter(
        client=OuterRef("client"), recipient_name=OuterRef("recipient_name"), prove_by=None
    ).order_by("-starts_at", "-pk")
    rows = (
        bookings.filter(prove_by=None)
        .exclude(recipient_name="")
        .order_by()
        .values("client", "recipient_name")
        .annotate(
            stand=Count("pk", filter=Q(status__in=OCCUPYING)),
            last=Max("starts_at"),
            latest=Subquery(newest.values("reference")[:1]),
            latest_key=Subquery(newest.values("pk")[:1]),
            phone=Subquery(newest.values("recipient_phone")[:1]),
            language=Subquery(newest.values("recipient_language")[:1]),
        )
        .order_by("-last", "recipient_name", "client")
    )
    found: dict[str, Person] = {}
    for row in rows:
        phone = row["phone"].as_e164 if row["phone"] else ""
        told = Told(row["recipient_name"], phone, row["language"])
        person = Person(told, row["stand"], row["latest"], row["latest_key"])
        same = found.setdefault(plain_name(told.name), person)
        if same is not person:
            found[plain_name(told.name)] = replace(same, visits=same.visits + person.visits)
    return list(found.values())


def told_of(booking: Booking) -> Told:
    """What a visit has of who is visited, for whom another books."""
    phone = booking.recipient_phone
    return Told(booking.recipient_name, phone.as_e164 if phone else "", booking.recipient_language)


def visits_of(client: Client, name: str) -> BookingQuerySet:
    """The visits that a client booked for somebody of that name, however it is spelled, the latest first."""
    theirs = Booking.objects.filter(client=client)
    names = theirs.exclude(recipient_name="").order_by().values_list("recipient_name", flat=True).distinct()
    same = [one for one in names if plain_name(one) == plain_name(name)]
    return theirs.filter(recipient_name__in=same).order_by("-starts_at", "-pk")


def own_consent(client: Client, name: str) -> OwnConsent | None:
    """What somebody for whom a client books said themselves; None while only the client has."""
    rows = OwnConsent.objects.filter(client=client).select_related("terms_version").order_by("-pk")
    return next((row for row in rows if plain_name(row.name) == plain_name(name)), None)


def shown_of(booking: Booking, *, now: datetime) -> Told:
    """What the page of a visit's person shows: what was told for that visit, or last where it is over."""
    if booking.ends_at > now:
        return told_of(booking)
    newest = visits_of(booking.client, booking.recipient_name).first()
    return told_of(newest or booking)


def change_person(*, of: Booking, told: Told, act: Act) -> int:
    """Puts right what is told of the person of a visit: the name on all that the client booked for them, so that these,
    their health answers and notes stay together. Where number or language is another than was shown: on that visit, and
    where it was as shown, on the newest and on those that aren't over. Returns how many visits changed.

    A name that differs in capitals, accents or spaces alone is the same person, and all are spelled as told. Who gave
    their own consent under another name is asked anew. Raises `PersonKnown` when the client books for another
    person of that name, `ChangedMeanwhile` when nobody is called so any more, or `SlotTaken`.
    """
    client, name, shown = of.client, of.recipient_name, shown_of(of, now=act.at)
    with translated_errors(), transaction.atomic():
        lock_therapists_of(visits_of(client, name))
        Client.objects.select_for_update(no_key=True).filter(pk=client.pk).first()
        rows = list(visits_of(client, name).select_for_update(no_key=True, of=("self",)))
        if not rows:
            raise ChangedMeanwhile
        if plain_name(told.name) != plain_name(name):
            others = (
                Booking.objects.filter(client=client).order_by().values_list("recipient_name", "contact_name")
            )
            known = {plain_name(one) for names in others.distinct() for one in names} | {
                plain_name(client.name)
            }
            if plain_name(told.name) in known:
                raise PersonKnown
            _rename_refusal(client, name, told.name)
            links.revoke_consent_links(visits_of(client, name), now=act.at)
        changed = 0
        for row in rows:
            was = told_of(row)
            wanted = replace(was, name=told.name)
            if row is rows[0] or (row.status in MOVABLE and row.ends_at > act.at):
                is_own = row.pk == of.pk
                if told.phone != shown.phone and (is_own or was.phone == shown.phone):
                    wanted = replace(wanted, phone=told.phone)
                if told.language != shown.language and (is_own or was.language == shown.language):
                    wanted = replace(wanted, language=told.language)
            if wanted == was:
                continue
            row.recipient_name, row.recipient_phone = wanted.name, wanted.phone
            row.recipient_language = wanted.language
            row.save(update_fields=["recipient_name", "recipient_phone", "recipient_language"])
            record(row, EventKind.PERSON, row.status, act)
            changed += 1
    return changed


def _rename_refusal(client: Client, name: str, new: str) -> None:
    """Who agreed under another name is asked anew; who took that back has done so under the new one too."""
    same = {plain_name(name), plain_name(new)}
    said = OwnConsent.objects.filter(client=client).order_by("pk")
    rows = [row for row in said if plain_name(row.name) in same]
    refused = next((row for row in rows if row.taken_back_at is not None), None)
    OwnConsent.objects.filter(pk__in=[row.pk for row in rows]).delete()
    if refused is not None:
        refused.pk, refused.name = None, new
        refused.save(force_insert=True)


def agree(link: Link, *, now: datetime) -> OwnConsent | None:
    """Writes down that the person of a link agrees to the terms in force, once; after they had taken that back by a
    link alone that `may_agree`, nothing changes by another. None when the visits are somebody else's by now, or there
    are no terms. Raises `SlotTaken` when others hold the visit for too long."""
    with _person_of(link, now=now) as found:
        if found is None:
            return None
        booking, consent = found
        if consent.taken_back_at is not None or consent.agreed_at is None:
            if not may_agree(link, consent):
                return consent
            consent.agreed_at, consent.taken_back_at = now, None
            consent.save()
            reason = _("The person who is visited agreed, by a link of their own.")
            record(booking, EventKind.PERSON, booking.status, Act(now, by_client=True, reason=reason))
    return consent


def may_agree(link: Link, consent: OwnConsent | None) -> bool:
    """Whether a link is good to agree by: after a refusal only one that staff made since, for who booked has the ones
    from before, and is shown none any more."""
    return consent is None or consent.taken_back_at is None or link.created_at > consent.taken_back_at


def refuse(link: Link, *, now: datetime) -> OwnConsent | None:
    """Writes down that the person of a link doesn't agree, or no longer; nothing else changes, but none of their visits
    to come is kept: who booked and the desk are told. None and raises as `agree`."""
    with _person_of(link, now=now) as found:
        if found is None:
            return None
        booking, consent = found
        if consent.taken_back_at is None:
            consent.taken_back_at = now
            consent.save()
            _tell_of_refusal(booking, Act(now, by_client=True, reason=_("by a link of their own")))
    return consent


def take_back(booking: Booking, *, act: Act) -> None:
    """The same, told to staff by the person of a visit. Raises `ChangedMeanwhile` and `SlotTaken`."""
    with translated_errors(), transaction.atomic():
        fresh = Booking.objects.select_for_update(no_key=True, of=("self",)).get(pk=booking.pk)
        if (fresh.client_id, fresh.recipient_name) != (booking.client_id, booking.recipient_name):
            raise ChangedMeanwhile
        consent = _consent_of(fresh, now=act.at)
        if consent is not None and consent.taken_back_at is None:
            consent.taken_back_at = act.at
            consent.save()
            _tell_of_refusal(fresh, act)


def _tell_of_refusal(booking: Booking, act: Act) -> None:
    """Tells who booked, and the desk, of the next visit, however far ahead, or of the one whose time it is; the history
    of each says it."""
    ahead = list(
        visits_of(booking.client, booking.recipient_name)
        .filter(status__in=MOVABLE, ends_at__gt=act.at)
        .select_for_update(no_key=True, of=("self",))
        .order_by("starts_at", "pk")
    )
    reason = _("The person who is visited took their consent back: %(how)s.") % {"how": act.reason}
    said = own_consent(booking.client, booking.recipient_name)
    for visit in ahead or [booking]:
        if said is not None and visit.recipient_name != said.name:
            visit.recipient_name = said.name
            visit.save(update_fields=["recipient_name"])
        record(visit, EventKind.PERSON, visit.status, replace(act, reason=reason))
    next_one = ahead[0] if ahead else booking
    outbox.write_once_more(booking=next_one, kind=MessageKind.CONSENT_BACK, now=act.at)
    if ahead:
        row = stranding.Stranded(next_one, stranding.CONSENT)
        stranding.tell_of([row], now=act.at, until=next_one.starts_at)


@contextmanager
def _person_of(link: Link, *, now: datetime) -> Iterator[tuple[Booking, OwnConsent] | None]:
    """The visit of a link to agree, locked, and what its person has said, a row that isn't saved yet for who has said
    nothing; None where the link opens nothing any more."""
    with translated_errors(), transaction.atomic():
        booking = link.booking
        if booking is None:
            yield None
            return
        fresh = Booking.objects.select_for_update(no_key=True, of=("self",)).get(pk=booking.pk)
        # Whoever writes another name ends the link under the same lock.
        is_theirs = Link.objects.live(now).filter(pk=link.pk).exists()
        consent = _consent_of(fresh, now=now) if is_theirs else None
        yield (fresh, consent) if consent is not None else None


def _consent_of(fresh: Booking, *, now: datetime) -> OwnConsent | None:
    """What the person of a locked visit has said, under the client's lock, with the terms in force; None without terms,
    or where the client is visited, or erased."""
    terms = TermsVersion.in_force(now)
    client = Client.objects.select_for_update(no_key=True).present().filter(pk=fresh.client_id).first()
    if client is None or terms is None or not fresh.recipient_name:
        return None
    consent = own_consent(client, fresh.recipient_name) or OwnConsent(
        client=client, name=fresh.recipient_name
    )
    if consent.agreed_at is None or consent.taken_back_at is not None:
        consent.terms_version = terms
    return consent
