"""What offices and staff do with referrals, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from bookings.courses.labels import day_words
from bookings.courses.models import CoursePlan
from bookings.domain import intake, links, listeners, operations, outbox
from bookings.domain.operations.transaction import once
from bookings.enums import BookingStatus, EventKind, LinkPurpose, MessageKind, NoteScope
from bookings.exceptions import ChangedMeanwhile, SlotNotOffered, TooManyMessages
from bookings.models import Booking, BookingDraft, Client, HeardFrom, Link
from bookings.retention import ENDED_REFERRALS_KEPT, REFERRALS_KEPT
from bookings.views.visitor_draft import REFERRAL
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import local, zone
from massagerx.lib.locks import lock_names
from massagerx.lib.text import initials, plain_name

from .models import Referral, ReferralLook, ReferralOffice

# An office with ten patients a week is far from it; an address in the wrong hands is stopped by it.
MOST_A_DAY = 40
# The owner of a mailbox must not be flooded by a slip of the finger at an office.
MOST_TO_A_MAILBOX, WITHIN = 3, timedelta(days=1)
# A look is written down once within so long: an entry is read again before the call.
LOOKS_APART = timedelta(hours=12)
# An office's page names so many of its patients.
MOST_SHOWN = 50


# An office's address ------------------------------------------------------------------------------------------------


def token_of(office: ReferralOffice) -> str:
    """The token of the office's page; "" while it has none, or its key is accepted no more."""
    try:
        return links.token_of(office.link) if office.link is not None else ""
    except ValueError:
        return ""


def make_address(office: ReferralOffice, *, now: datetime) -> None:
    """Gives the office a new private address; the one before opens nothing any more."""
    with transaction.atomic():
        fresh = _end_address(office, now)
        fresh.link = links.new_link(purpose=LinkPurpose.OFFICE, created_at=now)
        fresh.save(update_fields=["link"])


def end_address(office: ReferralOffice, *, now: datetime) -> None:
    """Takes the office's private address back."""
    with transaction.atomic():
        fresh = _end_address(office, now)
        fresh.link = None
        fresh.save(update_fields=["link"])


def _end_address(office: ReferralOffice, now: datetime) -> ReferralOffice:
    fresh = ReferralOffice.objects.select_for_update(no_key=True).get(pk=office.pk)
    if fresh.link_id is not None:
        Link.objects.filter(pk=fresh.link_id).update(revoked_at=now)
    return fresh


def office_of(token: str, *, now: datetime) -> ReferralOffice | None:
    """The office whose page a token opens."""
    link = links.find_link(token, purpose=LinkPurpose.OFFICE, now=now)
    return ReferralOffice.objects.filter(link=link).first() if link is not None else None


# A patient ----------------------------------------------------------------------------------------------------------


def refer(
    *,
    office: ReferralOffice,
    key: UUID,
    plan: CoursePlan,
    name: str,
    email: str,
    phone: str,
    health: Mapping[str, str],
    now: datetime,
) -> Referral:
    """Keeps what an office entered of a patient, and mails the patient a link to it: at once, or once staff have
    approved it, as the owner set it for the office. It takes the place of what the office entered of the same patient
    before.

    The same press again returns the same referral. Raises `SubmissionReused` for the same key with another body, and
    `TooManyMessages`; nothing is written then.
    """
    sent = {"office_id": office.pk, "health": dict(health), "plan_id": plan.pk}
    sent |= {"name": name, "email": email, "phone": phone}

    def write() -> Referral:
        lock_names(f"office:{office.pk}", *([f"referral:{email}"] if email else []))
        recent = Referral.objects.filter(entered_at__gt=now - WITHIN)
        if recent.filter(office=office).count() >= MOST_A_DAY:
            raise TooManyMessages
        if email and recent.filter(email=email).count() >= MOST_TO_A_MAILBOX:
            raise TooManyMessages
        same = Q(email=email) if email else Q(phone=phone)
        before = Referral.objects.open().filter(same, office=office).only("pk", "name")
        theirs = [row.pk for row in before if plain_name(row.name) == plain_name(name)]
        _end(Referral.objects.filter(pk__in=theirs), now)
        first = datetime.combine(date.fromisoformat(health["cleared_from"]), time(), tzinfo=zone())
        referral = Referral.objects.create(
            entered_at=now, kept_until=max(now, first) + REFERRALS_KEPT, submission_key=key, **sent
        )
        if not office.approve_each:
            _release(referral, None, now)
        return referral

    return once(Referral, key, sent, write)


def approve(*, referral: Referral, actor: User, now: datetime) -> None:
    """Staff's word: the patient gets the link. Raises `ChangedMeanwhile` when it waits for none any more."""
    with transaction.atomic():
        waiting = Referral.objects.to_approve().select_for_update(no_key=True).defer("health")
        fresh = waiting.filter(pk=referral.pk).first()
        if fresh is None:
            raise ChangedMeanwhile
        _release(fresh, actor, now)


def _release(referral: Referral, actor: User | None, now: datetime) -> None:
    referral.approved_at, referral.approved_by = now, actor
    if referral.email:
        referral.link = links.new_link(
            purpose=LinkPurpose.REFERRAL,
            email=referral.email,
            created_at=now,
            expires_at=referral.kept_until,
        )
        outbox.write_link_message(link=referral.link, kind=MessageKind.REFERRED, now=now)
    referral.save(update_fields=["approved_at", "approved_by", "link"])


def take_back(*, referral: Referral, now: datetime) -> None:
    """Ends a referral: its link opens nothing, and no course can be booked by it. Raises `ChangedMeanwhile` when one
    was, or it was taken back before."""
    with transaction.atomic():
        if not _end(Referral.objects.open().filter(pk=referral.pk), now):
            raise ChangedMeanwhile


def erase(*, referral: Referral) -> None:
    """Deletes a referral that was taken back, with its link and what was mailed by it. Raises `ChangedMeanwhile` when
    it is gone already, or not taken back."""
    with transaction.atomic():
        if not _delete(Referral.objects.filter(pk=referral.pk, course=None, ended_at__isnull=False)):
            raise ChangedMeanwhile


def _delete(referrals: Any) -> int:
    # The keys alone: what can't be opened any more must go all the same.
    found = list(referrals.select_for_update().order_by("pk").values_list("pk", "link"))
    Referral.objects.filter(pk__in=[pk for pk, _link in found]).only("pk").delete()
    Link.objects.filter(pk__in=[link for _pk, link in found if link]).delete()
    return len(found)


def _end(referrals: Any, now: datetime) -> int:
    found = list(referrals.select_for_update(no_key=True).order_by("pk").values_list("pk", "link"))
    Link.objects.filter(pk__in=[link for _pk, link in found if link]).update(revoked_at=now)
    return int(Referral.objects.filter(pk__in=[pk for pk, _link in found]).update(ended_at=now))


def referral_of(token: str, *, now: datetime) -> Referral | None:
    """The referral whose page a patient's token opens. Raises `UnreadableValue`."""
    link = links.find_link(token, purpose=LinkPurpose.REFERRAL, now=now)
    rows = Referral.objects.select_related("office", "plan", "course")
    return rows.filter(link=link, ended_at=None).first() if link is not None else None


def let_see(*, referral: Referral, may_see: bool) -> None:
    """The patient's word on whether the office may see how many visits there were."""
    Referral.objects.filter(pk=referral.pk).update(may_see=may_see)


def open_health(*, referral: Referral, user: User, now: datetime) -> dict[str, str]:
    """What the office entered of the patient's health; writes the look down first. Raises `UnreadableValue`."""
    looks = ReferralLook.objects.filter(referral=referral, user=user, at__gt=now - LOOKS_APART)
    if not looks.exists():
        ReferralLook.objects.create(referral=referral, user=user, at=now)
    return dict(referral.health)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an office sees of a patient who agreed: who, by first name and initial, and the visits."""

    name: str
    done: int
    of: int


def seen_by(office: ReferralOffice) -> list[Seen]:
    """The patients of an office who agreed to it, the newest first; two queries."""
    rows = Referral.objects.filter(office=office, may_see=True, course__isnull=False).only("name", "course")
    shown = list(rows.order_by("-entered_at", "-pk")[:MOST_SHOWN])
    counted = (
        Booking.objects.filter(together__in=[row.course_id for row in shown])
        .occupying()
        .order_by()
        .values("together")
        .annotate(of=Count("pk"), done=Count("pk", filter=Q(status=BookingStatus.COMPLETED)))
    )
    visits = {row["together"]: row for row in counted}
    none = {"done": 0, "of": 0}
    return [
        Seen(
            initials(row.name), visits.get(row.course_id, none)["done"], visits.get(row.course_id, none)["of"]
        )
        for row in shown
    ]


def words_of(link: Link) -> dict[str, Any]:
    """What the email says of a referral's link: the patient's name, and the office's."""
    found = Referral.objects.filter(link=link).select_related("office").first() if link.pk else None
    if found is None:
        return {"name": "", "office": _("Your surgeon’s office")}
    return {"name": found.name, "office": found.office.name}


# What the core tells ------------------------------------------------------------------------------------------------


def note_booked(fact: listeners.BookedTogether) -> None:
    """Ties a course to the referral that it was prepared by, when it is the same person's; the office's entry clears it
    as far as it speaks of what the client answered: of the surgery itself, and of no other illness."""
    draft = BookingDraft.objects.filter(key=fact.draft).first() if fact.draft is not None else None
    if draft is None:
        return
    first = fact.bookings[0]
    try:
        referral = _begun_by(draft.answers, locks=True)
    except UnreadableValue:
        return  # what nobody can read clears nobody
    if referral is None or not _is_reached(referral, first.client.email, first.client.phone):
        return
    referral.course_id = fact.together
    referral.save(update_fields=["course"])
    _came_by_office(first.client)
    if _speaks_of(referral, fact.bookings) and operations.needs_clinician_note(first):
        _clear(referral, first, NoteScope.COURSE, fact.at)


def _came_by_office(client: Client) -> None:
    """Where they heard of us, of who hasn't told: the owner may have a choice of that name."""
    name = _("A surgeon’s office")
    found = HeardFrom.objects.filter(Q(link_name=HeardFrom.OFFICE) | Q(name=name)).order_by("pk").first()
    office = (
        found
        or HeardFrom.objects.get_or_create(
            link_name=HeardFrom.OFFICE, defaults={"name": name, "is_offered": False}
        )[0]
    )
    Client.objects.filter(pk=client.pk, heard_from=None).update(heard_from=office)


def clears(answers: Mapping[str, Any], sent: operations.Submission, days: Collection[date]) -> bool:
    """Whether the office's entry would clear these visits, on these local days, if they were booked now by a draft with
    these `answers`; `sent` is what the press would send for one of them."""
    try:
        referral = _begun_by(answers)
        return (
            referral is not None
            and _is_reached(referral, sent.email, sent.phone)
            and _names(referral, sent.recipient_name or sent.name)
            and sent.people == 1
            and sent.service_slug == referral.plan.option.service.slug
            and min(days) >= referral.cleared_from
        )
    except UnreadableValue:
        return False


def _begun_by(answers: Mapping[str, Any], *, locks: bool = False) -> Referral | None:
    """The referral that a draft began by, while a course may be booked by it. Raises `UnreadableValue`."""
    asked = answers.get(REFERRAL)
    if not asked:
        return None
    rows = Referral.objects.open().filter(approved_at__isnull=False, pk=asked["key"])
    if locks:
        rows = rows.select_for_update(no_key=True, of=("self",))
    return rows.select_related("office", "plan__option__service").first()


def note_moved(fact: listeners.VisitChanged) -> None:
    """A client alone moves no visit to a day before the one that the office gave. Raises `SlotNotOffered`."""
    booking = fact.booking
    if fact.kind != EventKind.MOVED or booking.together is None:
        return
    try:
        referral = Referral.objects.filter(course__key=booking.together).first()
        day = local(booking.starts_at).date()
        if referral is None or day >= referral.cleared_from:
            return
    except UnreadableValue:
        return  # what nobody can read tells no day
    move = booking.events.filter(kind=EventKind.MOVED).latest("pk")
    # One that staff put before that day, with the surgeon's word, may still come later.
    if move.actor_id is None and (move.moved_from is None or day < local(move.moved_from).date()):
        raise SlotNotOffered("course")


def note_rechecked(fact: listeners.VisitChanged) -> None:
    """The surgery was still ahead when the client answered first: once it is told before a visit, the office has spoken
    of it."""
    booking = fact.booking
    if fact.kind != EventKind.RECHECKED or booking.together is None:
        return
    rows = Referral.objects.filter(course__key=booking.together).select_related("office", "plan__option")
    try:
        referral = rows.first()
        if (
            referral is not None
            and _speaks_of(referral, [booking])
            and operations.may_record_note(booking, now=fact.at)
        ):
            _clear(referral, booking, NoteScope.VISIT, fact.at)
    except UnreadableValue:
        return  # staff look, as at any other


def _clear(referral: Referral, booking: Booking, scope: NoteScope, now: datetime) -> None:
    """Puts the office's word on record, when all that asks for one is the surgery."""
    if intake.asks_of_surgery_alone(booking):
        operations.record_clinician_note(
            booking=booking,
            actor=referral.approved_by,
            note=note_words(referral),
            scope=scope,
            shown_recheck=booking.rechecks.order_by("-pk").values_list("pk", flat=True).first(),
            now=now,
        )


def _is_reached(referral: Referral, email: str, phone: Any) -> bool:
    same_phone = bool(referral.phone) and referral.phone == phone
    return same_phone or (bool(referral.email) and referral.email == email)


def _names(referral: Referral, person: str) -> bool:
    return plain_name(person) == plain_name(referral.name)


def _speaks_of(referral: Referral, visits: Sequence[Booking]) -> bool:
    """Whether the office cleared this person for these visits."""
    first = visits[0]
    return (
        _names(referral, first.recipient_name or first.contact_name)
        and first.people == 1
        and first.service_id == referral.plan.option.service_id
        and all(local(visit.starts_at).date() >= referral.cleared_from for visit in visits)
    )


def note_words(referral: Referral) -> str:
    """The office's entry as a clinician's note."""
    health = referral.health
    words = _("%(office)s, entered by %(by)s: %(procedure)s on %(surgery)s, cleared from %(first)s on.") % {
        "office": referral.office.name,
        "by": health["entered_by"],
        "procedure": health["procedure"],
        "surgery": health["surgery"],
        "first": day_words(referral.cleared_from),
    }
    limits = health["limits"]
    return f"{words} {_('Limits: %(limits)s') % {'limits': limits}}" if limits else words


def forget_erased(fact: listeners.ClientErased) -> None:
    """Deletes what offices entered of a client who is being erased; where nobody asked for that, of their own courses
    alone: what no course was booked by yet has its own time, and another may come by the same email."""
    client = Client.objects.get(pk=fact.client)
    if fact.by is not None:
        found = referrals_of(client, fact.bookings)
    else:
        found = Referral.objects.filter(course__in=_courses_of(fact.bookings))
    # The keys alone: what can't be opened any more must go all the same.
    found.only("pk").delete()


def referrals_of(client: Client, bookings: Sequence[int]) -> Any:
    """What offices entered of a client: by the course that was booked, or the email; by the phone, which another person
    may share, only where there is neither."""
    same = Q(course__in=_courses_of(bookings)) | Q(phone=client.phone, email="", course=None)
    if client.email:
        same |= Q(email__iexact=client.email)
    return Referral.objects.filter(same)


def _courses_of(bookings: Sequence[int]) -> Any:
    return Booking.objects.filter(pk__in=bookings, together__isnull=False).order_by().values("together")


def forget_purged(fact: listeners.HealthPurged) -> None:
    """Deletes entries that no course was booked by, once their time is over or they were taken back; the others go with
    their course."""
    over = Q(kept_until__lte=fact.at) | Q(ended_at__lte=fact.at - ENDED_REFERRALS_KEPT)
    _delete(Referral.objects.filter(over, course=None))
