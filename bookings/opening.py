"""What places, people and rules lack before clients can book, and what of them can't work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.domain import check_ins
from bookings.domain.reach import Reach
from bookings.domain.sending import LATE_MINUTES, oldest_due_minutes
from bookings.models import (
    ExtraHours,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    WorkingHours,
    Zone,
)
from bookings.screening import RulesError, parse_rules
from massagerx.accounts.sample_accounts import working_logins
from massagerx.lib.localtime import local
from services.models import Service, ServiceOption
from services.readiness import Lack
from services.sample_left import page_of

_THERAPISTS = "admin:bookings_therapist_changelist"


def lacks(*, now: datetime) -> Iterator[Lack]:
    """Of places, therapists, their hours, terms, health questions, messages and sample log-ins. A fixed number of
    queries."""
    yield from _People(now).lacks()
    yield from _of_the_terms(now)
    yield from _of_the_questions(now)
    if oldest_due_minutes(now=now) >= LATE_MINUTES:
        words = _("Messages are not leaving. Look at the mail server, the worker and the broker.")
        yield Lack("messages", words, reverse("admin:bookings_message_changelist"), stops=False)
    if names := [name for _role, name, _password in working_logins()]:
        words = _("Delete the sample’s log-ins, or give each a password of its own: %(names)s.")
        yield Lack("sample", words % {"names": ", ".join(names)}, reverse("admin:auth_user_changelist"))


class _People:
    """Who comes, when, where and for what, read once."""

    def __init__(self, now: datetime) -> None:
        today = self.today = local(now).date()
        hours = WorkingHours.objects.filter(Q(valid_until=None) | Q(valid_until__gte=today))
        bookable = Exists(Therapist.objects.bookable(today).filter(pk=OuterRef("pk")))
        extra = ExtraHours.objects.filter(therapist=OuterRef("pk"), date__gte=today)
        self.therapists = list(
            Therapist.objects.filter(is_active=True)
            .annotate(can_be_booked=bookable, has_extra=Exists(extra))
            .prefetch_related(
                Prefetch("working_hours", hours, to_attr="hours_to_come"),
                "services",
            )
        )
        with_length = Exists(ServiceOption.objects.active().filter(service=OuterRef("pk")))
        self.services = list(Service.objects.filter(with_length, is_active=True))
        self.bookable = [row for row in self.therapists if row.can_be_booked]
        self.with_hours = [row for row in self.bookable if row.hours_to_come or row.has_extra]
        # Those of whom a time can be offered.
        self.working = [row for row in self.with_hours if set(row.services.all()) & set(self.services)]
        self.areas = list(ServiceArea.objects.filter(is_active=True).select_related("zone"))

    def lacks(self) -> Iterator[Lack]:
        yield from self._of_places()
        yield from self._of_therapists()
        yield from self._of_hours()

    def _of_places(self) -> Iterator[Lack]:
        if not self.areas:
            words = _("Enter the ZIP codes that you drive to, in zones with a travel fee each.")
            yield Lack("places", words, reverse("admin:bookings_servicearea_paste"))
        served: dict[int, list[ServiceArea]] = defaultdict(list)
        for area in self.areas:
            served[area.zone_id].append(area)
            if area.point is None:
                words = _("Nobody knows where %(zip)s lies: enter its latitude and longitude.")
                yield Lack("places", words % {"zip": area.zip_code}, page_of(area), stops=False)
        reached = self._reached(served) if self.working else set()
        for zone in Zone.objects.all():
            if self.areas and zone.pk not in served:
                words = _("No ZIP code is served in “%(zone)s”.") % {"zone": zone}
                yield Lack("places", words, reverse("admin:bookings_servicearea_paste"), stops=False)
            elif self.working and zone.pk in served and zone.pk not in reached:
                words = _("Nobody drives to “%(zone)s”: no therapist has hours there, near enough for them.")
                yield Lack("places", words % {"zone": zone}, reverse(_THERAPISTS), stops=not reached)

    def _reached(self, served: dict[int, list[ServiceArea]]) -> set[int]:
        """The keys of the zones that somebody visits: with hours there, and near enough to one of its ZIP codes."""
        working = Therapist.objects.filter(pk__in=[row.pk for row in self.working])
        reach = Reach(today=self.today, therapists=working)
        return {zone for zone, areas in served.items() if any(map(reach.includes, areas))}

    def _of_therapists(self) -> Iterator[Lack]:
        if not self.therapists:
            words = _("Add a therapist, with a certificate and what they are qualified for.")
            yield Lack("therapists", words, reverse("admin:bookings_therapist_add"))
        for row in check_ins.without_anybody():
            words = _("%(name)s reads the desk’s mail: name somebody else who hears of a call for help.")
            yield Lack(
                "therapists", words % {"name": row}, reverse("admin:bookings_safetycontact_add"), stops=False
            )
        for row in self.therapists:
            if row not in self.bookable:
                words = _("%(name)s has no valid certificate, so nobody sees or books them.")
                yield Lack("therapists", words % {"name": row}, page_of(row), stops=not self.bookable)
            elif not row.services.all():
                words = _("%(name)s is qualified for no service.") % {"name": row}
                yield Lack("therapists", words, page_of(row), stops=False)
        done = {service.pk for row in self.bookable for service in row.services.all()}
        is_offered = any(service.pk in done for service in self.services)
        for service in self.services:
            if self.therapists and service.pk not in done:
                words = _("Nobody is qualified for “%(name)s”, so it is not on the site.") % {"name": service}
                yield Lack("therapists", words, reverse(_THERAPISTS), stops=not is_offered)

    def _of_hours(self) -> Iterator[Lack]:
        if not self.bookable:
            yield Lack("hours", _("Give a therapist their weekly hours."), reverse(_THERAPISTS))
        for row in self.bookable:
            if row not in self.with_hours:
                words = _("%(name)s has no hours, so no time is offered.") % {"name": row}
                yield Lack("hours", words, page_of(row), stops=not self.working)


def _of_the_terms(now: datetime) -> Iterator[Lack]:
    terms = TermsVersion.in_force(now)
    if terms is None:
        words = _("Write the terms and their figures, and put them in force.")
        yield Lack("terms", words, reverse("admin:bookings_termsversion_add"))
        return
    try:
        terms.clean()
    except ValidationError:
        words = _("The cancellation policy doesn’t say its figures. Add the next version.")
        yield Lack("terms", words, reverse("admin:bookings_termsversion_add"))


def _of_the_questions(now: datetime) -> Iterator[Lack]:
    add = reverse("admin:bookings_screeningversion_add")
    version = ScreeningVersion.objects.filter(published_at__lte=now).order_by("-number").first()
    if version is None:
        yield Lack("health", _("Go through the health questions, and put them in force."), add)
        return
    if not version.approved_by:
        words = _(
            "The health questions are not approved yet: add a version with the name of who went through them."
        )
        yield Lack("health", words, add)
    try:
        rules = parse_rules(version.rules)
    except RulesError:
        yield Lack("health", _("The health questions can’t be read. Add the next version."), add)
        return
    named = {slug for question in rules.questions for slug in question.services}
    known = set(Service.objects.filter(slug__in=named).order_by().values_list("slug", flat=True))
    if unknown := sorted(named - known):
        words = ngettext(
            "Some questions are for a service that isn’t there: %(names)s.",
            "Some questions are for services that aren’t there: %(names)s.",
            len(unknown),
        )
        yield Lack("health", words % {"names": ", ".join(unknown)}, add, stops=False)
