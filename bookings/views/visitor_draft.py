"""The visitor's draft: what was answered, looked up afresh, and what an answer that changes takes with it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import DateTimeField, UUIDField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import answers, intake, operations, pricing, queries
from bookings.domain.operations import Sender, Submission, Wish
from bookings.domain.pairings import Contact
from bookings.domain.visit_request import ANYONE, Treatment, VisitRequest, load_treatment
from bookings.enums import BookingStatus
from bookings.exceptions import BookingError, NoLongerOffered, OutsideArea
from bookings.forms import DetailsForm
from bookings.models import (
    Booking,
    BookingDraft,
    BookingRules,
    Hold,
    ServiceArea,
    Therapist,
)
from bookings.screening import answers_of, answers_of_people
from massagerx.lib import reference_data
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.limits import visitor_digest
from massagerx.lib.localtime import local
from massagerx.lib.text import plain_name

from .visits.visitor import load_visitor

SESSION_KEY = "booking_draft"
# In a draft: the key of the member of staff who books for a client.
STAFF_BOOKING = "staff_booking"
# In a draft: whose visit its details were taken from, by email.
FILLED_FOR = "filled_for"
# In a draft: the slug of the therapist of the visit that it was begun from.
CAME_LAST = "came_last"
# In a draft: the key of the visit that it was begun from, by staff or by its client, who had proved the mailbox.
AGAIN_OF = "again_of"
# In a draft: when the visit began that this one is to be like.
LIKE = "like"
# In a draft: the visits of a course, in place of one time (`bookings.courses.draft`).
COURSE = "course"
# In a draft: what a course is planned by, as its form has it.
COURSE_ASKED = "course_asked"
# In a draft: the course that an office prepared, as its app keeps it: its `key`, and `cleared_from`, a local date.
REFERRAL = "referral"
# In a draft: the mailbox that a link went to by which the visitor came.
CAME_BY_MAIL = "came_by_mail"
# In a draft: the name in the owner's link that the visitor came by, as `HeardFrom.link_name`.
CAME_FROM = "came_from"
# In a draft: that two people at the address are visited at the same time, by two therapists. `people` is 1 then, as it
# is of each visit.
SIDE_BY_SIDE = "side_by_side"
# In a draft: whom the second of them asks for, and the slug of who was shown to come to them.
SECOND_PREFERENCE, SECOND_THERAPIST = "second_preference", "second_therapist"
# In a draft: what goes with a chosen time.
OF_A_TIME = ("starts_at", "therapist", SECOND_THERAPIST, COURSE)
# In a draft: what was told of the details while they are not finished.
SO_FAR = "details_so_far"
# In their order, with the words of the progress; a step without any belongs to the one before. What keeps a visit from
# being booked online is asked before names and addresses.
STEPS = (
    ("start", gettext_lazy("What and where")),
    ("where", ""),
    ("when", gettext_lazy("When")),
    ("health", gettext_lazy("Health")),
    ("details", gettext_lazy("You")),
    ("review", gettext_lazy("Check")),
)


@dataclass(frozen=True, slots=True)
class Complete:
    """A draft in which every step is answered. `details` and `health` are as their steps keep them; `quote` is of one
    visit, and `beside` what the second person asks for, where two are visited side by side."""

    visit_request: VisitRequest
    starts_at: datetime
    quote: pricing.Quote
    details: dict[str, Any]
    health: dict[str, Any]
    beside: VisitRequest | None = None

    @property
    def total_cents(self) -> int:
        """The whole price, of one visit or of both."""
        return self.quote.total_cents * (1 if self.beside is None else 2)

    def submissions(self, *, key: UUID, terms_version: int, total_cents: int) -> list[Submission]:
        """What the press of the last page sends for each visit; `total_cents` is of all of them."""
        if self.beside is None:
            return [self.submission(key=key, terms_version=terms_version, total_cents=total_cents)]
        first = self.submission(key=key, terms_version=terms_version, total_cents=total_cents // 2)
        second = replace(
            first,
            key=uuid5(key, "side by side"),
            preference=self.beside.preference,
            therapist=self.beside.therapist,
            recipient_name=self.details["second_name"],
            recipient_phone=self.details.get("second_phone", ""),
            recipient_language=self.details.get("second_language", ""),
            purpose=self.details.get("second_purpose", ""),
            answers={name: str(value) for name, value in answers_of(self.health["answers"], 2).items()},
        )
        return [first, second]

    def submission(self, *, key: UUID, terms_version: int, total_cents: int) -> Submission:
        """What the press of the last page sends, with what that page showed."""
        treatment, details, health = self.visit_request.treatment, self.details, self.health
        return Submission(
            key=key,
            service_slug=treatment.service.slug,
            option_id=treatment.option.pk,
            add_on_ids=tuple(sorted(add_on.pk for add_on in treatment.add_ons)),
            people=treatment.people,
            zip_code=self.visit_request.area.zip_code,
            preference=self.visit_request.preference,
            therapist=self.visit_request.therapist,
            starts_at=self.starts_at,
            name=details["name"],
            email=details["email"],
            phone=details["phone"],
            **{name: details.get(name, "") for name in ("recipient_name", *DetailsForm.WHO)},
            street=details["street"],
            unit=details.get("unit", ""),
            access_type=details["access_type"],
            access={name: details[name] for name in DetailsForm.ACCESS_FIELDS if details.get(name)},
            screening_version=health["version"],
            screening_service=health["service"],
            answers=answers_of_people(health["answers"], treatment.people),
            purpose=details.get("purpose", ""),
            health_later=bool(health.get("later")),
            heard_from=details.get("heard_from", ""),
            may_be_asked=bool(details.get("may_be_asked")),
            terms_version=terms_version,
            total_cents=total_cents,
        )


_WAYS = frozenset(Booking.AccessType.values)


@dataclass(slots=True)
class Progress:
    """The draft with what its answers name, looked up afresh: what is no longer offered is as if not answered."""

    draft: BookingDraft
    now: datetime
    rules: BookingRules
    treatment: Treatment | None = None
    area: ServiceArea | None = None
    visit_request: VisitRequest | None = None
    # Who books for a client on the phone, while they are logged in and may.
    staff_user: User | None = None
    # Why something that had been answered is as if it weren't.
    gone: BookingError | None = None

    @property
    def answers(self) -> dict[str, Any]:
        return self.draft.answers

    @property
    def starts_at(self) -> datetime | None:
        value = self.answers.get("starts_at")
        return parse_datetime(value) if value else None

    @property
    def missed(self) -> datetime | None:
        """The time chosen last that turned out to be gone, until another is chosen."""
        value = self.answers.get("missed")
        return parse_datetime(value) if value else None

    @property
    def told(self) -> dict[str, Any]:
        """What the visitor has told of themselves so far, or what staff know of who is on the phone."""
        return self.answers.get("details") or self.answers.get(SO_FAR) or self.answers.get("known") or {}

    @property
    def contact(self) -> Contact | None:
        """Whose email and phone they are, once told."""
        return Contact.of(str(self.told.get("email", "")), str(self.told.get("phone", "")))

    @property
    def access_type(self) -> str:
        """The way to the door; the ground floor until the visitor has told."""
        access_type = str(self.told.get("access_type", ""))
        return access_type if access_type in _WAYS else str(Booking.AccessType.GROUND)

    def as_told(self, visit_request: VisitRequest) -> VisitRequest:
        """What is asked for, with what the draft tells by now: the way to the door, who the client is, and whose held
        time is its own."""
        if self.contact != visit_request.contact:
            visit_request = visit_request.of_client(self.contact)
        return replace(visit_request, access_type=self.access_type, draft=self.draft.key)

    def load_request(self, treatment: Treatment, area: ServiceArea, preference: str) -> VisitRequest:
        """The same for what is looked up afresh. Raises `NoLongerOffered`."""
        asked = VisitRequest(
            treatment=treatment,
            area=area,
            preference=preference,
            access_type=self.access_type,
            draft=self.draft.key,
            contact=self.contact,
        )
        return asked.read(local(self.now).date())

    @property
    def side_by_side(self) -> bool:
        """Whether two people are visited at the same time, by two therapists."""
        return bool(self.answers.get(SIDE_BY_SIDE))

    @property
    def people(self) -> int:
        """How many people are visited, one after the other or side by side."""
        if self.side_by_side:
            return operations.AT_ONE_START
        return self.treatment.people if self.treatment is not None else 1

    @property
    def second_request(self) -> VisitRequest | None:
        """What the second of two people side by side asks for: like the first, but for who comes. Anyone, where who was
        asked for is no longer offered."""
        if self.visit_request is None or not self.side_by_side:
            return None
        try:
            return self.visit_request.asking_for(self.answers.get(SECOND_PREFERENCE, ANYONE))
        except NoLongerOffered:
            return self.visit_request.asking_for(ANYONE)

    @property
    def therapist(self) -> Therapist | None:
        """Who was shown to come at the chosen time, while they meet what is asked for."""
        return _shown_of(self.visit_request, self.answers.get("therapist"))

    @property
    def comes(self) -> list[Therapist]:
        """All who were shown to come, two where people are visited side by side."""
        second = _shown_of(self.second_request, self.answers.get(SECOND_THERAPIST))
        return [therapist for therapist in (self.therapist, second) if therapist is not None]

    @property
    def wishes(self) -> list[Wish]:
        """For each visit what is asked for, with who was shown to come, and the time chosen for it; empty until all of
        it is known."""
        requests = [request for request in (self.visit_request, self.second_request) if request is not None]
        comes = self.comes
        if self.starts_at is None or not requests or len(comes) < len(requests):
            return []
        return [
            Wish(request.with_therapist(therapist.slug), self.starts_at)
            for request, therapist in zip(requests, comes, strict=True)
        ]

    @property
    def holds(self) -> list[Hold]:
        """The held times, while they are held, in order: of the chosen start, or of a course."""
        starts_at = self.starts_at
        if starts_at is None and COURSE_ASKED not in self.answers:
            return []
        held = _HELD.objects(draft=self.draft.key, now=self.now)
        return held if starts_at is None else [hold for hold in held if hold.starts_at == starts_at]

    @property
    def hold(self) -> Hold | None:
        """The held time, while it is held; of several the first."""
        return next(iter(self.holds), None)

    @property
    def quote(self) -> pricing.Quote | None:
        """The whole price: of both visits, where there are two."""
        if self.treatment is None or self.area is None:
            return None
        quote = pricing.quote(
            treatment=self.treatment, area=self.area, rules=self.rules, starts_at=self.starts_at
        )
        return quote.twice() if self.side_by_side else quote

    @property
    def complete(self) -> Complete | None:
        """All the answers, once no step is open."""
        wishes = self.wishes
        if not wishes or self._missing_step("review", wishes) is not None:
            return None
        visit_request, starts_at = wishes[0]
        quote = pricing.quote(
            treatment=visit_request.treatment, area=visit_request.area, rules=self.rules, starts_at=starts_at
        )
        beside = wishes[1].visit_request if self.side_by_side else None
        answers = self.answers
        return Complete(visit_request, starts_at, quote, answers["details"], answers["health"], beside)

    def missing_step(self, before: str) -> str | None:
        """The first step before `before` that still needs an answer."""
        return self._missing_step(before, self.wishes)

    def _missing_step(self, before: str, wishes: list[Wish]) -> str | None:
        answered = {
            "start": self.treatment is not None,
            "where": self.area is not None,
            "when": bool(wishes) or COURSE in self.answers,
            "health": self._health_is_answered(),
            "details": "details" in self.answers
            and (not self.side_by_side or bool(self.answers["details"].get("second_name"))),
        }
        for name, _label in STEPS:
            if name == before:
                return None
            if not answered[name]:
                return name
        return None

    @property
    def asks_health_now(self) -> bool:
        """Whether the health questions can't be left for later: several visits are booked with their answers."""
        return self.side_by_side or COURSE in self.answers

    def _health_is_answered(self) -> bool:
        """Answers belong to the service that asked: another one may ask more. Several visits are booked with their
        answers."""
        health = self.answers.get("health", {})
        asked_by = self.treatment.service.slug if self.treatment is not None else None
        too_late = "later" in health and self.asks_health_now
        return bool(health.get("bookable")) and health.get("service") == asked_by and not too_late


_HELD = CompiledQuery(
    lambda parameter: (
        Hold.objects.filter(draft_id=parameter("draft", UUIDField()))
        .live(parameter("now", DateTimeField()))
        .order_by("number")
    )
)


def _shown_of(visit_request: VisitRequest | None, slug: str | None) -> Therapist | None:
    """The therapist of that slug among those who are asked for."""
    therapists = visit_request.therapists if visit_request is not None else ()
    return next((therapist for therapist in therapists if therapist.slug == slug), None)


def load_progress(request: HttpRequest) -> Progress:
    """The visitor's progress; reads the clock."""
    now = timezone.now()
    # A page for which no session was read is the same for everybody.
    key = None if request.session.is_empty() else request.session.get(SESSION_KEY)
    draft = intake.load_draft(key, now=now)
    reference_data.keep_for_this_request()
    progress = Progress(draft=draft, now=now, rules=BookingRules.load())
    answers = draft.answers
    if STAFF_BOOKING in answers:
        progress.staff_user = _booking_staff(request, answers[STAFF_BOOKING])
    _look_up_answers(progress)
    progress.rules = _rules_for(request, progress)
    return progress


def with_answers(progress: Progress, **changes: Any) -> Progress:
    """What the draft would come to with other answers; a None takes one away. Writes nothing: what is refused then
    leaves all as it was."""
    draft = copy(progress.draft)
    draft.answers = {name: value for name, value in {**draft.answers, **changes}.items() if value is not None}
    changed = Progress(draft, progress.now, progress.rules, staff_user=progress.staff_user)
    _look_up_answers(changed)
    return changed


def _look_up_answers(progress: Progress) -> None:
    """Treatment, area and who may come, as far as they are answered; `gone` for what is no longer offered."""
    answers = progress.answers
    if "option" in answers:
        try:
            progress.treatment = load_treatment(
                service_slug=answers["service"],
                option_id=answers["option"],
                add_on_ids=answers.get("add_ons", ()),
                people=answers.get("people", 1),
            )
        except NoLongerOffered as error:
            progress.gone = error
    if "zip_code" in answers:
        try:
            progress.area = queries.area(
                answers["zip_code"],
                today=local(progress.now).date(),
                by_staff=progress.staff_user is not None,
            )
        except OutsideArea as error:
            progress.gone = progress.gone or error
    if progress.treatment is not None and progress.area is not None:
        try:
            progress.visit_request = progress.load_request(
                progress.treatment, progress.area, answers.get("preference", ANYONE)
            )
            if "therapist" in answers and progress.therapist is None:
                raise NoLongerOffered("therapist")
        except NoLongerOffered as error:
            progress.gone = error


def _rules_for(request: HttpRequest, progress: Progress) -> BookingRules:
    """The rules by which times are offered to this visitor. While nobody is at the desk, those that come too soon for
    an answer are for clients who are confirmed at once, which a sign-in tells, and for who holds one already."""
    rules, now = progress.rules, progress.now
    stricter = answers.rules_for_requests(rules, now=now)
    if stricter is rules or progress.staff_user is not None:
        return rules
    if progress.starts_at is not None and progress.hold is not None:
        return rules
    email = load_visitor(request, now=now).email if rules.confirm_known_clients else ""
    if email and Booking.objects.filter(client__email=email, status=BookingStatus.COMPLETED).exists():
        return rules
    return stricter


def _booking_staff(request: HttpRequest, key: object) -> User | None:
    user = request.user
    allowed = (
        isinstance(user, User)
        and user.pk == key
        and user.is_staff
        and user.has_perm("bookings.change_booking")
    )
    return user if allowed and isinstance(user, User) else None


def drop(request: HttpRequest, progress: Progress) -> None:
    """Forgets the draft, and lets its time go."""
    intake.discard_draft(progress.draft)
    request.session.pop(SESSION_KEY, None)


def drop_what_belongs_to_others(request: HttpRequest, email: str) -> None:
    """Forgets a draft that was filled in from a visit of another email than the one that has just been proved: two
    people may use one browser."""
    progress = load_progress(request)
    if progress.answers.get(FILLED_FOR, email) != email:
        drop(request, progress)


def save(request: HttpRequest, progress: Progress, **changes: Any) -> None:
    """Writes answers into the draft; a None takes one away.

    A changed answer ends the submission key: a review page in another tab, which shows what was chosen before, must not
    book what was chosen since.
    """
    if any(progress.answers.get(name) != value for name, value in changes.items()):
        changes = {"submission_key": None, **changes}
    intake.save_draft(progress.draft, changes, now=progress.now)
    if progress.visit_request is not None:
        progress.visit_request = progress.as_told(progress.visit_request)
    key = str(progress.draft.key)
    if request.session.get(SESSION_KEY) != key:  # else the session would be written with every step
        request.session[SESSION_KEY] = key


def save_anew(request: HttpRequest, progress: Progress, **answers: Any) -> None:
    """Begins the draft anew with these answers: nothing else that it said stays, and its time is let go."""
    save(request, progress, **{**dict.fromkeys(progress.answers), **forget_time(progress), **answers})


def forget_time(progress: Progress) -> dict[str, None]:
    """The change that takes the chosen time away, and lets it go: it was chosen for other minutes, another place or
    another therapist. The times of a course go the same way, also while one only looks at them."""
    if not {"starts_at", COURSE, COURSE_ASKED} & set(progress.answers):
        return {}
    operations.release_hold(progress.draft)
    return dict.fromkeys(OF_A_TIME)


def forget_health(request: HttpRequest, progress: Progress) -> dict[str, None]:
    """The change that takes the health answers away, and says so: they were about somebody else."""
    if "health" not in progress.answers:
        return {}
    messages.info(request, _("Your health answers were for other people. Please answer the questions again."))
    return {"health": None}


def person_of(details: dict[str, Any]) -> str:
    """Whom the visit is for, to tell whether it is still the same person: blank for whoever books, else the name as
    `plain_name` has it; with a second person, visited side by side, on a line below."""
    first = plain_name(str(details.get("recipient_name", ""))) if details.get("for_other") else ""
    second = plain_name(str(details.get("second_name", "")))
    return f"{first}\n{second}" if second else first


def are_others(before: str, now: str) -> bool:
    """Whether these are other people, as `person_of` has them. While the second of two isn't told, only the first
    counts."""
    (first, _line, second), (first_now, _line, second_now) = before.partition("\n"), now.partition("\n")
    return first != first_now or ("" not in (second, second_now) and second != second_now)


def who_books(details: dict[str, Any]) -> list[str]:
    """Name, email and phone of whoever books, to tell whether it is still the same person."""
    return [plain_name(details["name"]), details["email"].casefold(), details["phone"]]


def miss_time(progress: Progress) -> dict[str, str | None]:
    """The change that takes away a time that can't be had any more, and remembers it, so that the nearest to it can be
    shown."""
    return {**forget_time(progress), "missed": progress.answers.get("starts_at")}


def sender_of(request: HttpRequest, progress: Progress) -> Sender:
    """Who presses the button that books."""
    return Sender(
        draft=progress.draft.key,
        actor=progress.staff_user,
        source=visitor_digest(request),
        proved=CAME_BY_MAIL in progress.answers
        and progress.answers[CAME_BY_MAIL] == progress.told.get("email"),
        door=request.POST.get("door", "") if progress.staff_user is not None else "",
    )
