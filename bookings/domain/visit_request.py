"""A visitor's choices, looked up and checked: service, length, add-ons, people, area, preference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from django.db.models import BigIntegerField, CharField, DateField

from bookings.domain.pairings import (
    NOTHING_KNOWN,
    Contact,
    LatePairings,
    Pairings,
    pairings_among,
    with_pairings,
)
from bookings.enums import Gender
from bookings.exceptions import NoLongerOffered, OutsideArea
from bookings.models import Booking, ServiceArea, Therapist
from bookings.models.people import TherapistQuerySet
from massagerx.lib import reference_data
from massagerx.lib.compiled_query import CompiledQuery, Parameters
from massagerx.lib.phones import PhoneNumberField
from services.models import AddOn, Service, ServiceOption

ANYONE = "any"
# One treatment is never longer: it must fit a day with its set-up and pack-down.
MAX_TREATMENT_MINUTES = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """Service, length, add-ons and people, with minutes and prices. `people` follow each other in one visit."""

    service: Service
    option: ServiceOption
    add_ons: tuple[AddOn, ...]
    people: int

    @property
    def minutes(self) -> int:
        """Length of the treatment in minutes, for everybody at the address."""
        return self.people * (self.option.minutes + sum(add_on.minutes for add_on in self.add_ons))


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRequest:
    """All that a time is looked for with: a treatment at a place, and whom the client wants.

    `access_type` is the way to the door, the ground floor until it is known; `address_key` is the door's once the
    street is known. The time held for the visitor with `draft` is theirs to take. `excluding_booking` is a visit that
    this one takes the place of: its time counts as free, and its length stays; `excluding_others` are keys of visits
    that move at the same time.

    `therapist` is the slug of the one of them who was shown to come: that one, or nobody.

    `contact` is the client's, once it is known, and `pairings` what holds between them and therapists, as it was when
    last read: a claim reads it again under its lock.

    `therapists` meet the preference (unordered by merit), `qualified` could come whether they were asked for or not: as
    they were when last read. Whoever only claims a time needs neither, since a claim reads them under its lock.
    """

    treatment: Treatment
    area: ServiceArea
    preference: str
    therapist: str = ""
    access_type: str = Booking.AccessType.GROUND
    address_key: str | None = None
    draft: UUID | None = None
    excluding_booking: Booking | None = None
    excluding_others: tuple[int, ...] = ()
    contact: Contact | None = None
    pairings: Pairings | LatePairings = NOTHING_KNOWN
    therapists: tuple[Therapist, ...] = ()
    qualified: tuple[Therapist, ...] = ()

    @property
    def minutes(self) -> int:
        """Length of the treatment in minutes; as it was agreed for a visit that stands."""
        return (
            self.treatment.minutes
            if self.excluding_booking is None
            else self.excluding_booking.treatment_minutes
        )

    @property
    def excluding(self) -> list[int]:
        """The keys of all visits whose times count as free."""
        own = [self.excluding_booking.pk] if self.excluding_booking is not None else []
        return [*own, *self.excluding_others]

    def read(self, today: date) -> VisitRequest:
        """The same with those who can be booked on `today` (a local date); at most one query. Raises
        `NoLongerOffered("therapist")` when nobody meets the preference."""
        service, contact = self.treatment.service.pk, self.contact
        if contact is None or reference_data.known_revision() is not None:
            pairings = _pairings_with(contact)
            qualified = tuple(_QUALIFIED.objects(today=today, service=service))
        else:
            email, phone = contact.email or None, contact.phone or None
            rows = _QUALIFIED_FOR.objects(today=today, service=service, email=email, phone=phone)
            qualified = tuple(rows)
            pairings = pairings_among(qualified)
        found = replace(self, pairings=pairings, qualified=qualified)
        return found.asking_for(self.preference, self.therapist)

    def of_client(self, contact: Contact | None) -> VisitRequest:
        """The same for the client of these, with what holds for them when it is first asked for; one query then, or
        none where nobody is known."""
        return replace(self, contact=contact, pairings=_pairings_with(contact))

    def asking_for(self, preference: str, therapist: str = "") -> VisitRequest:
        """The same with another preference, of the `qualified`; with the one `therapist` of that slug, when it is
        given. Raises `NoLongerOffered("therapist")` when nobody like that is among them."""
        slug, gender = therapist_or_gender(preference)
        therapists = tuple(
            row
            for row in self.qualified
            if slug in (None, row.slug) and gender in (None, row.gender) and therapist in ("", row.slug)
        )
        if not therapists:
            raise NoLongerOffered("therapist")
        return replace(self, preference=preference, therapist=therapist, therapists=therapists)

    def with_therapist(self, slug: str) -> VisitRequest:
        """The same with the one therapist of that slug. Raises `NoLongerOffered("therapist")`, as `asking_for`."""
        return self.asking_for(self.preference, slug)


def _pairings_with(contact: Contact | None) -> Pairings | LatePairings:
    return LatePairings(contact) if contact is not None else NOTHING_KNOWN


_OPTION = CompiledQuery(
    lambda parameter: (
        ServiceOption.objects.active()
        .select_related("service")
        .filter(
            pk=parameter("option", BigIntegerField()),
            service__slug=parameter("service", CharField()),
            service__is_active=True,
        )
    ),
    of_reference_data=True,
)
_AREA = CompiledQuery(
    lambda parameter: ServiceArea.objects.select_related("zone").filter(
        zip_code=parameter("zip_code", CharField()), is_active=True
    ),
    of_reference_data=True,
)


def load_treatment(
    *, service_slug: str, option_id: int, add_on_ids: Iterable[int] = (), people: int = 1
) -> Treatment:
    """The treatment that these choices name. Raises `NoLongerOffered` with the choice that is not on offer."""
    option = _OPTION.first(option=option_id, service=service_slug)
    if option is None:
        raise NoLongerOffered("service")
    wanted = set(add_on_ids)
    add_ons = tuple(AddOn.objects.active().filter(services=option.service, pk__in=wanted)) if wanted else ()
    if len(add_ons) != len(wanted):
        raise NoLongerOffered("add-on")
    if not 1 <= people <= option.service.max_people:
        raise NoLongerOffered("people")
    treatment = Treatment(service=option.service, option=option, add_ons=add_ons, people=people)
    if treatment.minutes > MAX_TREATMENT_MINUTES:
        raise NoLongerOffered("people")
    return treatment


def load_area(zip_code: str) -> ServiceArea:
    """The served area of a five-digit ZIP code. Raises `OutsideArea`."""
    area = _AREA.first(zip_code=zip_code)
    if area is None:
        raise OutsideArea(zip_code)
    return area


def preference_choices(qualified: Iterable[Therapist]) -> list[tuple[str, Therapist | str | None]]:
    """(value, what it means) of each preference that at least one of these therapists meets, `ANYONE` first."""
    genders = {therapist.gender for therapist in qualified}
    choices: list[tuple[str, Therapist | str | None]] = [(ANYONE, None)]
    if len(genders) > 1:
        choices += [(f"gender:{gender}", gender) for gender in Gender.values if gender in genders]
    choices += [(f"therapist:{therapist.slug}", therapist) for therapist in qualified]
    return choices


def qualified_therapists(service: Service, today: date) -> tuple[Therapist, ...]:
    """Those who can be booked on `today` (a local date) and do this service; one query."""
    return tuple(_QUALIFIED.objects(today=today, service=service.pk))


def _qualified(parameter: Parameters) -> TherapistQuerySet:
    bookable = Therapist.objects.bookable(parameter("today", DateField()))
    rows = bookable.qualified_for(parameter("service", BigIntegerField()))
    return rows.select_related("home_zip__zone").order_by("pk")


def _qualified_for(parameter: Parameters) -> TherapistQuerySet:
    contact = Contact(parameter("email", CharField()), parameter("phone", PhoneNumberField()))
    return with_pairings(_qualified(parameter), contact)


_QUALIFIED = CompiledQuery(_qualified, of_reference_data=True)
_QUALIFIED_FOR = CompiledQuery(_qualified_for)


def therapist_or_gender(preference: str) -> tuple[str | None, str | None]:
    """The slug or the gender that a preference asks for; both None for anyone.

    Raises `NoLongerOffered("therapist")` for one that makes no sense.
    """
    kind, _, value = preference.partition(":")
    if kind == "therapist":
        return value, None
    if kind == "gender":
        return None, value
    if preference != ANYONE:
        raise NoLongerOffered("therapist")
    return None, None


def load_visit_request(
    *,
    treatment: Treatment,
    area: ServiceArea,
    preference: str,
    today: date,
    contact: Contact | None = None,
) -> VisitRequest:
    """The treatment with the therapists who meet `preference` (`any`, `gender:…` or `therapist:<slug>`), for the client
    of that `contact` when they are known.

    Raises `NoLongerOffered("therapist")` when nobody does.
    """
    asked = VisitRequest(treatment=treatment, area=area, preference=preference, contact=contact)
    return asked.read(today)
