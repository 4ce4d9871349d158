"""Loads the sample area, people, hours and rules (`sample_data/`) that a new installation starts with."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.domain.booklet import fill
from bookings.enums import Weekday
from bookings.models import (
    Booking,
    BookingRules,
    Booklet,
    Closure,
    HeardFrom,
    NoteTemplate,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    WorkingHours,
    Zone,
)
from bookings.screening import sample_rules_data
from massagerx.accounts.sample_accounts import sample_accounts
from massagerx.lib.content_files import read_toml
from massagerx.lib.localtime import local
from services.models import Business, Service
from services.sample_left import Left, page_of, take_off, untouched

_DATA = Path(__file__).parent / "sample_data"


def load(*, now: datetime) -> None:
    """Adds the sample rows; those that exist (by their natural keys) stay as they are.

    Needs the sample catalogue. Dates are counted from `now`.
    """
    today = local(now).date()
    people = read_toml(_DATA / "people.toml")
    _area(read_toml(_DATA / "area.toml"))
    _therapists(people, today)
    _closures(today)
    if not BookingRules.objects.exists():
        BookingRules(is_open=True, evening_fee_cents=2000).save()
    if not TermsVersion.objects.exists():
        TermsVersion.objects.create(number=1, published_at=now, **starting_terms())
    if not ScreeningVersion.objects.exists():
        ScreeningVersion.objects.create(number=1, rules=sample_rules_data(), published_at=now)
    if not Booklet.objects.exists():
        words = (_DATA / "booklet.txt").read_text(encoding="utf-8")
        booklet = Booklet(file_name="sample-booklet.pdf", uploaded_at=now)
        fill(booklet, words, is_sample=True, now=now)
        booklet.save()
    _staff()


def starting_terms() -> dict[str, str]:
    """The texts of terms to begin with, by field."""
    return {name: text.strip() for name, text in read_toml(_DATA / "terms.toml").items()}


def starting_note_templates() -> list[NoteTemplate]:
    """Unsaved templates to begin with; none once there is one."""
    rows = read_toml(_DATA / "note_templates.toml")["templates"]
    if NoteTemplate.objects.exists():
        return []
    return [
        NoteTemplate(**{**row, "text": row["text"].strip()}, position=position)
        for position, row in enumerate(rows, start=1)
    ]


def starting_ways() -> list[HeardFrom]:
    """Unsaved ways to hear of the business to begin with; none once the owner has one."""
    if HeardFrom.objects.exclude(link_name=HeardFrom.OFFICE).exists():
        return []
    ways = read_toml(_DATA / "heard_from.toml")["ways"]
    return [
        HeardFrom(link_name=link_name, name=name, position=position)
        for position, (link_name, name) in enumerate(ways.items(), start=1)
    ]


def left() -> list[Left]:
    """Sample therapists who can be booked, the sample terms while they are in force, and the sample booklet."""
    words = _("the therapist “%(name)s”")
    found = [Left(words % {"name": therapist.name}, page_of(therapist)) for therapist in _therapists_left()]
    terms = TermsVersion.objects.first()
    if terms is not None and terms.consent.strip() == starting_terms()["consent"]:
        if untouched(TermsVersion.objects.filter(pk=terms.pk)).exists():
            # Terms in force stay as they are: the next version takes their place.
            found.append(
                Left(_("the terms that clients agree to"), reverse("admin:bookings_termsversion_add"))
            )
    if Booklet.objects.filter(is_sample=True).exists():
        found.append(Left(_("the booklet"), reverse("admin:bookings_booklet_changelist")))
    return found


def remove(*, now: datetime) -> None:
    """Takes off the sample therapists who have no visit to come, and the sample booklet. Terms that clients agreed to
    stay, until the next version is in force; log-ins are the list's own."""
    to_come = Booking.objects.occupying().filter(therapist=OuterRef("pk"), ends_at__gt=now)
    take_off(_therapists_left().exclude(Exists(to_come)))
    Booklet.objects.filter(is_sample=True).delete()


def _therapists_left() -> QuerySet[Therapist]:
    certificates = [row["certificate_number"] for row in read_toml(_DATA / "people.toml")["therapists"]]
    return Therapist.objects.filter(is_active=True, certificate_number__in=certificates)


def _area(area: dict[str, Any]) -> None:
    zones = {}
    for position, values in enumerate(area["zones"], start=1):
        zone, _created = Zone.objects.get_or_create(
            name=values["name"],
            defaults={"travel_fee_cents": values["travel_fee_cents"], "position": position},
        )
        zones[zone.name] = zone
        ServiceArea.objects.bulk_create(
            (
                ServiceArea(zip_code=code, city=city, zone=zone, latitude=latitude, longitude=longitude)
                for code, city, latitude, longitude in values["zips"]
            ),
            ignore_conflicts=True,
        )


def _therapists(people: dict[str, Any], today: date) -> None:
    for position, values in enumerate(people["therapists"], start=1):
        therapist, created = Therapist.objects.get_or_create(
            slug=values["slug"],
            defaults={
                "name": values["name"],
                "gender": values["gender"],
                "quote": people["quote"],
                "bio": people["bio"],
                "training": people["training"],
                "languages": people["languages"],
                "certificate_number": values["certificate_number"],
                "certificate_expires_on": date(today.year + 1, 12, 31),
                "home_zip": ServiceArea.objects.get(zip_code=values["home_zip"]),
                "reach_minutes": values.get("reach_minutes"),
                "max_visits_per_day": 5,
                "break_after_minutes": 240,
                "position": position,
            },
        )
        if created:
            therapist.services.set(Service.objects.filter(slug__in=values["services"]))
            starts_at, ends_at = values["hours"]
            WorkingHours.objects.bulk_create(
                WorkingHours(therapist=therapist, weekday=day, starts_at=starts_at, ends_at=ends_at)
                for day in Weekday
                if day != Weekday.SUNDAY
            )


def _closures(today: date) -> None:
    """The holidays of this year and the next that are not over yet."""
    days = []
    for year in (today.year, today.year + 1):
        days += [
            (date(year, 1, 1), "New Year’s Day"),
            (_thanksgiving(year), "Thanksgiving"),
            (date(year, 12, 25), "Christmas Day"),
        ]
    days.append((date(today.year + 2, 1, 1), "New Year’s Day"))
    Closure.objects.bulk_create(
        (Closure(date=day, name=name) for day, name in days if day >= today), ignore_conflicts=True
    )


def _thanksgiving(year: int) -> date:
    """The fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(Weekday.THURSDAY - first.weekday()) % 7 + 21)


def _staff() -> None:
    users = get_user_model()
    for account in sample_accounts():
        username, password, first_name = account["username"], account["password"], account["first_name"]
        if users.objects.filter(username=username).exists():
            continue
        if account["role"] == "owner":
            user = users.objects.create_superuser(
                username, Business.load().email, password, first_name=first_name
            )
        else:
            user = users.objects.create_user(username, "", password, is_staff=True, first_name=first_name)
        user.groups.set(Group.objects.filter(name=account["group"]))
        if account["role"] == "therapist":
            Therapist.objects.filter(name=first_name, user=None).update(user=user)
