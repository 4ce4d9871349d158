"""What the press that books sends, and all that can be asked of it before anything is locked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.contrib.auth.models import User

from bookings.domain import intake, pricing, scheduling
from bookings.domain.visit_request import Treatment, load_area, load_treatment
from bookings.exceptions import PriceChanged, ScreeningChanged, ScreeningStops, TermsChanged
from bookings.models import BookingRules, ServiceArea, TermsVersion
from bookings.models.booking import make_address_key
from bookings.screening import Result
from massagerx.lib.localtime import local


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """All that a client sends with the one press that books. `starts_at` is an aware instant; `total_cents` and
    `terms_version` are what the client was shown. `email` is blank where staff book for who has none.
    `therapist` is the slug of who was shown to come: that one comes, or nobody; blank when nobody was shown, and
    whoever fits best comes."""

    key: UUID
    service_slug: str
    option_id: int
    add_on_ids: tuple[int, ...]
    people: int
    zip_code: str
    preference: str
    starts_at: datetime
    name: str
    email: str
    phone: str
    recipient_name: str
    street: str
    unit: str
    access_type: str
    access: dict[str, str]
    screening_version: int
    screening_service: str
    answers: dict[str, str]
    terms_version: int
    total_cents: int
    therapist: str = ""
    purpose: str = ""
    # Of the person who is visited, E.164 the one; and who pays. Blank: as the client.
    recipient_phone: str = ""
    recipient_language: str = ""
    payer_name: str = ""
    # The health questions are mailed to the client, whom staff book for; there are no answers yet.
    health_later: bool = False
    # Where a new client heard of us, as `HeardFrom.link_name`; and that they may be asked for a review once.
    heard_from: str = ""
    may_be_asked: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, to tell a replay from another body under the same key."""
        names = tuple(self.__dataclass_fields__)
        told = dict(zip(names, attrgetter(*names)(self), strict=True))
        body = json.dumps(told, default=str, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()

    @property
    def address_key(self) -> str:
        """The key of the submitted address."""
        return make_address_key(self.street, self.unit, self.zip_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What the caller has just looked up for this very submission: it is read before the locks in any case."""

    rules: BookingRules
    treatment: Treatment
    area: ServiceArea
    agreed: TermsVersion | None
    screening: intake.Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends a submission. `draft` names the visitor's draft, whose held time is the visitor's own. `actor` is who
    books for a client on the phone. `source` is a digest of the address that the visitor comes from: of requests whose
    mailbox nobody has proved, few may come from one. `proved`: they came by a link mailed to the client's address.
    `door` is as in `Act`."""

    draft: UUID | None = None
    actor: User | None = None
    source: str = ""
    proved: bool = False
    door: str = ""


def look_up(submission: Submission, *, now: datetime) -> LookedUp:
    """What a submission names, read now. Raises as `load_area` and `load_treatment`."""
    return LookedUp(
        rules=BookingRules.load(),
        treatment=load_treatment(
            service_slug=submission.service_slug,
            option_id=submission.option_id,
            add_on_ids=submission.add_on_ids,
            people=submission.people,
        ),
        area=load_area(submission.zip_code),
        agreed=TermsVersion.in_force(now),
        screening=intake.current_screening(now=now),
    )


def look_up_each(submissions: Sequence[Submission], looked_up: LookedUp) -> list[LookedUp]:
    """The same for each of several submissions, with its own area and add-ons: as many queries as there are of these
    that weren't looked up yet. Raises as `load_area` and `load_treatment`."""
    areas = {looked_up.area.zip_code: looked_up.area}
    treatments = {frozenset(add_on.pk for add_on in looked_up.treatment.add_ons): looked_up.treatment}
    found = []
    for submission in submissions:
        if submission.zip_code not in areas:
            areas[submission.zip_code] = load_area(submission.zip_code)
        add_ons = frozenset(submission.add_on_ids)
        if add_ons not in treatments:
            treatments[add_ons] = load_treatment(
                service_slug=submission.service_slug,
                option_id=submission.option_id,
                add_on_ids=add_ons,
                people=submission.people,
            )
        found.append(replace(looked_up, area=areas[submission.zip_code], treatment=treatments[add_ons]))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A submission that has been looked through, and what came of it."""

    submission: Submission
    looked_up: LookedUp
    agreed: TermsVersion
    quote: pricing.Quote
    # None where the questions are answered later.
    result: Result | None
    sender: Sender
    now: datetime


def look_through(submission: Submission, looked_up: LookedUp, sender: Sender, *, now: datetime) -> Press:
    """Everything that can be asked before the lock. Raises what `request_booking` says of price, policy and health."""
    rules, treatment, current = looked_up.rules, looked_up.treatment, looked_up.screening
    scheduling.day_asked_for(submission.starts_at, rules=rules, now=now)
    quote = pricing.quote(
        treatment=treatment, area=looked_up.area, rules=rules, starts_at=submission.starts_at
    )
    if quote.total_cents != submission.total_cents:
        raise PriceChanged(submission.total_cents, quote.total_cents)
    agreed = looked_up.agreed
    if agreed is None or agreed.number != submission.terms_version:
        raise TermsChanged
    if (submission.screening_version, submission.screening_service) != (
        current.version.number,
        treatment.service.slug,
    ):
        raise ScreeningChanged
    result = _screened(submission, treatment, current, actor=sender.actor, now=now)
    return Press(
        submission=submission,
        looked_up=looked_up,
        agreed=agreed,
        quote=quote,
        result=result,
        sender=sender,
        now=now,
    )


def _screened(
    submission: Submission,
    treatment: Treatment,
    current: intake.Screening,
    *,
    actor: User | None,
    now: datetime,
) -> Result | None:
    """What the answers come to; None where staff leave them for later. Raises `ScreeningStops`."""
    if submission.health_later:
        if actor is None or not submission.email:
            raise ScreeningStops
        return None
    result = current.evaluate(
        submission.answers, treatment.service.slug, local(now).date(), people=treatment.people
    )
    if not result.bookable:
        raise ScreeningStops
    return result
