"""Who asks for a visit: the client's row, whether we know them, and how many requests may wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, CharField, Count, DateTimeField, Exists, OuterRef, Q
from django.db.models.expressions import Combinable

from bookings.enums import BookingStatus, EventKind
from bookings.exceptions import TooManyRequests, TooManyUnproved
from bookings.models import Booking, BookingEvent, BookingRules, Client, OwnConsent
from bookings.models.booking import make_address_key
from massagerx.lib.bulk_insert import insert_if_missing
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.locks import lock_statements
from massagerx.lib.phones import PhoneNumberField

from .doors import lock_name, rules_at
from .submission import Press, Submission
from .told_once import note_told, told_once

# No more people at one address are visited at the same time.
AT_ONE_START = 2


class Requester(NamedTuple):
    """The client of a press; whether it is one that we know, and whether their mailbox must be proved first; the rules
    of the addresses of its visits, by their keys; what was told that may be somebody else's word; and who of those that
    are visited has taken their consent back."""

    client: Client
    is_known: bool
    must_prove: bool
    doors: Mapping[str, str]
    told: dict[str, Any] | None
    taken_back: frozenset[str]


def find_requester(*presses: Press) -> Requester:
    """Of presses that are one client's; a new client is written. Their email, phone and addresses are locked. Raises
    `TooManyRequests` or `TooManyUnproved`."""
    press = presses[0]
    rules, actor = press.looked_up.rules, press.sender.actor
    keys = {each.submission.address_key for each in presses}
    client, is_known, is_new = _client(press.submission, keys, rules=rules, now=press.now, actor=actor)
    doors = rules_at(keys)
    is_sure = actor is not None or press.sender.proved
    must_prove = is_new and not is_sure
    if must_prove:
        _require_few_unproved(rules, press.sender.source, several=len(presses) > AT_ONE_START)
    told: dict[str, Any] | None = told_once(press.submission.heard_from, press.submission.may_be_asked)
    # Who may know no more than an email and a phone answers for nobody, until the mailbox is proved.
    if told and (is_new or is_sure or is_same_person(client, press.submission)):
        note_told(client.pk, told)
        told = None
    names = {press.submission.recipient_name for press in presses}
    taken_back = frozenset(name for name in names if OwnConsent.is_taken_back(client=client, name=name))
    return Requester(client, is_known and not doors, must_prove, doors, told, taken_back)


_PEOPLE = CompiledQuery(
    lambda parameter: (
        Client.objects.select_for_update(no_key=True)
        .filter(Q(email=parameter("email", CharField())) | Q(phone=parameter("phone", PhoneNumberField())))
        .order_by("pk")
    )
)
# Of one who has no email: nobody else has that in common with them.
_PEOPLE_BY_PHONE = CompiledQuery(
    lambda parameter: (
        Client.objects.select_for_update(no_key=True)
        .filter(phone=parameter("phone", PhoneNumberField()))
        .order_by("pk")
    )
)
_ASKED = Q(
    Exists(BookingEvent.objects.filter(booking=OuterRef("pk"), kind=EventKind.REQUESTED, by_client=True)),
    status=BookingStatus.REQUESTED,
)
_ALONE = Q(together=None)


def _presses(which: Q) -> Combinable:
    """How many presses asked for these visits: those of one course count once."""
    return Count("pk", filter=which & _ALONE) + Count("together", filter=which, distinct=True)


_VISITS = CompiledQuery(
    lambda parameter: (
        Booking.objects.filter(client_id__in=parameter("clients", BigIntegerField()))
        .order_by()
        .values("client_id")
        .annotate(
            waiting=_presses(_ASKED & Q(starts_at__gt=parameter("now", DateTimeField()))),
            proved=_presses(_ASKED & Q(prove_by=None, starts_at__gt=parameter("now", DateTimeField()))),
            kept=Count("pk", filter=Q(status=BookingStatus.COMPLETED)),
            sure=Count("pk", filter=Q(prove_by=None)),
        )
        .values_list("client_id", "waiting", "proved", "kept", "sure")
    )
)


def _client(
    submission: Submission,
    address_keys: Iterable[str],
    *,
    rules: BookingRules,
    now: datetime,
    actor: User | None,
) -> tuple[Client, bool, bool]:
    """The client; whether it is one that we know, neither blocked nor with a rule for their door, who has had a visit;
    and whether it is a new one, whose mailbox nobody has proved.

    Raises `TooManyRequests`. Counted are requests that nobody has answered, of this email and this phone together, and
    of the same email with other phones where the mailbox was proved: whoever knows only another's email or phone can't
    use up what is theirs. What the desk books is neither counted nor refused. Under a lock of their own, since requests
    for other therapists hold other locks: on the email and the phone themselves, since the row of somebody new can't be
    seen by who books at the same moment. So are the addresses locked, whose rules are read next.
    """
    email, phone = submission.email, submission.phone
    names = [f"client:{name}" for name in (email, phone) if name]
    new = Client(name=submission.name, email=email, phone=phone, created_at=now)
    ahead = [*lock_statements(*names, *map(lock_name, address_keys)), insert_if_missing(new)]
    people = (
        _PEOPLE.objects(email=email, phone=phone, ahead=ahead)
        if email
        else _PEOPLE_BY_PHONE.objects(phone=phone, ahead=ahead)
    )
    client = next(
        person for person in people if person.email == submission.email and person.phone == submission.phone
    )
    same_mailbox = {person.pk for person in people if person.email == submission.email}
    visits = _VISITS.rows(clients=[person.pk for person in people], now=now)
    waiting = sum(
        own if key == client.pk else proved
        for key, own, proved, _kept, _sure in visits
        if key in same_mailbox
    )
    if actor is None and waiting >= rules.open_requests_per_client:
        raise TooManyRequests
    has_been_visited = any(kept for key, _, _, kept, _ in visits if key == client.pk)
    may_be_sure = not client.is_blocked and not any(person.door_rule for person in people)
    is_known = has_been_visited and may_be_sure and is_same_person(client, submission)
    is_new = not any(sure for key, *_, sure in visits if key == client.pk)
    return client, is_known, is_new


def is_same_person(client: Client, submission: Submission) -> bool:
    """Whether it is the client's own name, or a door that we were at for them: an email and a phone alone may be read
    off a card, and staff should look at who asks with a new name for a new door."""
    if submission.name.casefold() == client.name.casefold():
        return True
    visited = Booking.objects.filter(client=client, status=BookingStatus.COMPLETED).values_list(
        "contact_name", "street", "unit", "area__zip_code"
    )
    return any(
        name.casefold() == submission.name.casefold() or make_address_key(*door) == submission.address_key
        for name, *door in visited
    )


def _require_few_unproved(rules: BookingRules, source: str, *, several: bool) -> None:
    """Raises `TooManyUnproved`. Counted under a lock on the name of what is counted. A press that asks for `several`
    visits keeps many times: one may wait from an address, and none is added once as many visits as requests may wait
    in all. So made-up names keep fewer visits than twice that number and one press more."""
    counted = _UNPROVED.rows(source=source, ahead=lock_statements("unproved"))
    in_all, from_source = sum(row[0] for row in counted), sum(row[1] for row in counted)
    if in_all >= rules.unproved_in_all or (source and from_source >= rules.unproved_per_address):
        raise TooManyUnproved
    if not several:
        return
    unproved = Booking.objects.unproved()
    if unproved.count() >= rules.unproved_in_all:
        raise TooManyUnproved
    if source and unproved.filter(source=source).exclude(_ALONE).exists():
        raise TooManyUnproved


# A row for each status, none where nothing waits.
_UNPROVED = CompiledQuery(
    lambda parameter: (
        Booking.objects.unproved()
        .order_by()
        .values("status")
        .annotate(
            in_all=_presses(Q(pk__isnull=False)),
            from_source=_presses(Q(source=parameter("source", CharField()))),
        )
        .values_list("in_all", "from_source")
    )
)
