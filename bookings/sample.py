"""The sample area, people, hours and rules that a new installation starts with. None of it is real."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from simple_history.utils import bulk_create_with_history

from bookings import sample_booklet
from bookings.enums import Gender, Weekday
from bookings.models import (
    BookingRules,
    Booklet,
    Closure,
    DriveTime,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    WorkingHours,
    Zone,
)
from bookings.screening import sample_rules_data
from massagerx.lib.localtime import local
from services.models import Business, Service

# Zone and travel fee in cents.
_ZONES = (("Central", 0), ("Eastside", 1000), ("Westside", 1500), ("Valley", 2000), ("South Bay edge", 2500))

# ZIP code, city, latitude and longitude as in the `zipcodes` table, which takes a second to read.
_ZIPS: dict[str, tuple[tuple[str, str, float, float], ...]] = {
    "Central": (
        ("90004", "Los Angeles", 34.0762, -118.3029),
        ("90005", "Los Angeles", 34.0585, -118.3012),
        ("90006", "Los Angeles", 34.0493, -118.2917),
        ("90010", "Los Angeles", 34.0606, -118.3027),
        ("90012", "Los Angeles", 34.0614, -118.2385),
        ("90013", "Los Angeles", 34.0448, -118.2434),
        ("90014", "Los Angeles", 34.0443, -118.2509),
        ("90015", "Los Angeles", 34.0434, -118.2716),
        ("90017", "Los Angeles", 34.0559, -118.2666),
        ("90019", "Los Angeles", 34.0482, -118.3343),
        ("90020", "Los Angeles", 34.0665, -118.3022),
        ("90026", "Los Angeles", 34.0766, -118.2646),
        ("90027", "Los Angeles", 34.104, -118.2925),
        ("90028", "Los Angeles", 34.1005, -118.3254),
        ("90029", "Los Angeles", 34.09, -118.2944),
        ("90036", "Los Angeles", 34.0699, -118.3492),
        ("90038", "Los Angeles", 34.0898, -118.3215),
        ("90046", "Los Angeles", 34.1074, -118.3652),
        ("90048", "Los Angeles", 34.0737, -118.372),
        ("90057", "Los Angeles", 34.0622, -118.2763),
        ("90068", "Los Angeles", 34.1156, -118.3305),
        ("90069", "West Hollywood", 34.0906, -118.3788),
    ),
    "Eastside": (
        ("90031", "Los Angeles", 34.0783, -118.2113),
        ("90032", "Los Angeles", 34.0818, -118.1753),
        ("90033", "Los Angeles", 34.0487, -118.2084),
        ("90039", "Los Angeles", 34.1121, -118.2594),
        ("90041", "Los Angeles", 34.1339, -118.2082),
        ("90042", "Los Angeles", 34.1145, -118.1929),
        ("90063", "Los Angeles", 34.0451, -118.1859),
        ("90065", "Los Angeles", 34.1073, -118.2266),
        ("91030", "South Pasadena", 34.1109, -118.1547),
    ),
    "Westside": (
        ("90024", "Los Angeles", 34.0637, -118.4408),
        ("90025", "Los Angeles", 34.0447, -118.4487),
        ("90034", "Los Angeles", 34.029, -118.4005),
        ("90035", "Los Angeles", 34.0531, -118.3806),
        ("90049", "Los Angeles", 34.066, -118.474),
        ("90064", "Los Angeles", 34.0353, -118.4259),
        ("90066", "Los Angeles", 34.003, -118.4298),
        ("90067", "Los Angeles", 34.0551, -118.4095),
        ("90210", "Beverly Hills", 34.0901, -118.4065),
        ("90211", "Beverly Hills", 34.0652, -118.383),
        ("90212", "Beverly Hills", 34.0619, -118.3995),
        ("90230", "Culver City", 33.9949, -118.3991),
        ("90232", "Culver City", 34.0168, -118.3973),
        ("90291", "Venice", 33.9938, -118.4635),
        ("90292", "Marina Del Rey", 33.9779, -118.4525),
        ("90401", "Santa Monica", 34.0176, -118.4907),
        ("90402", "Santa Monica", 34.0349, -118.503),
        ("90403", "Santa Monica", 34.0287, -118.4924),
        ("90404", "Santa Monica", 34.0268, -118.4733),
        ("90405", "Santa Monica", 34.01, -118.4717),
    ),
    "Valley": (
        ("91601", "North Hollywood", 34.1687, -118.3713),
        ("91602", "North Hollywood", 34.151, -118.3663),
        ("91604", "Studio City", 34.143, -118.3913),
        ("91607", "Valley Village", 34.1672, -118.3989),
        ("91403", "Sherman Oaks", 34.1514, -118.4603),
        ("91423", "Sherman Oaks", 34.1526, -118.4322),
        ("91401", "Van Nuys", 34.1802, -118.4324),
        ("91436", "Encino", 34.151, -118.4882),
        ("91505", "Burbank", 34.169, -118.3442),
        ("91506", "Burbank", 34.1717, -118.3231),
    ),
    "South Bay edge": (
        ("90045", "Los Angeles", 33.9631, -118.3941),
        ("90245", "El Segundo", 33.9243, -118.4119),
        ("90266", "Manhattan Beach", 33.8896, -118.3996),
        ("90293", "Playa Del Rey", 33.9577, -118.4373),
        ("90301", "Inglewood", 33.955, -118.3556),
        ("90302", "Inglewood", 33.9745, -118.3548),
    ),
}

# Bands of the day, Los Angeles time, half-open, and minutes in each of them for a drive either way. Bands and
# pairs that are not here are estimated from the straight line between ZIP codes.
_BANDS = ((time(7), time(10)), (time(10), time(15)), (time(15), time(19)), (time(19), time(22)))
_DRIVES = {
    ("Central", "Eastside"): (40, 25, 45, 20),
    ("Central", "Westside"): (50, 35, 60, 30),
    ("Central", "Valley"): (45, 30, 55, 25),
    ("Central", "South Bay edge"): (50, 35, 60, 30),
    ("Eastside", "Westside"): (65, 45, 75, 35),
    ("Eastside", "Valley"): (50, 35, 60, 30),
    ("Westside", "Valley"): (55, 35, 65, 30),
    ("Westside", "South Bay edge"): (40, 25, 45, 20),
}

_ALL = (
    "manual-lymphatic-drainage",
    "postural-correction-training",
    "in-home-relaxation-massage",
    "deep-pressure-massage",
)
_THERAPISTS = (
    # slug, name, gender, certificate, home ZIP, reach in minutes, services, first hour, last hour
    (
        "sample-therapist-one",
        "Sample Therapist One",
        Gender.FEMALE,
        "SAMPLE-00001",
        "90027",
        90,
        (_ALL[0], _ALL[2]),
        time(9),
        time(18),
    ),
    (
        "sample-therapist-two",
        "Sample Therapist Two",
        Gender.MALE,
        "SAMPLE-00002",
        "90034",
        75,
        (_ALL[1], _ALL[2], _ALL[3]),
        time(11),
        time(20),
    ),
    (
        "sample-therapist-three",
        "Sample Therapist Three",
        Gender.OTHER,
        "SAMPLE-00003",
        "91604",
        None,
        _ALL,
        time(8),
        time(17),
    ),
)
_QUOTE = "This is a sample: one line, as this therapist would say it."
_BIO = (
    "This is a sample. Here the therapist says, in a few lines, what happens from the bell to the goodbye.\n\n"
    "How they work, what they bring, and what they like about visiting people at home."
)
_TRAINING = "Sample school, 160 hours"

_CANCELLATION = (
    "Plans change. You can move or cancel a visit free of charge until {notice} before it starts. After that the time"
    " can no longer be given to somebody else, so we may ask for {fee}. You can still cancel, at any hour. If you are ill,"
    " please tell us: there is no fee for being unwell.\n\n"
    "If nobody is home when your therapist arrives, they wait {wait} and call you. After that the visit counts as"
    " used. If we are late, you still get your whole session, or pay less if you can't wait."
)
_CONSENT = (
    "I understand that massage is not medical care and does not take its place. My therapist does not diagnose. I have"
    " answered the health questions as well as I can, and I will tell my therapist before the visit if something"
    " changes. I can stop the session at any time, for any reason.\n\n"
    "A person under 18 has a parent or guardian in the home for the whole visit. Someone who makes a therapist feel"
    " unsafe is asked to stop, and the visit ends there."
)

_CONSENT_FOR_OTHER = (
    "The person I book for knows about this visit and wants it. I have told them that massage is not medical care and"
    " does not take its place, and that the therapist does not diagnose. I have answered the health questions with them, or"
    " as well as I know, and one of us tells the therapist before the visit if something changes. They can stop the session"
    " at any time, for any reason.\n\n"
    "A person under 18 has a parent or guardian in the home for the whole visit. Someone who makes a therapist feel"
    " unsafe is asked to stop, and the visit ends there."
)

# Role as run.py prints it, log-in, password, group (made by a migration), first name.
_STAFF = (
    ("owner", "owner", "lantern-harbor-sample", "Owner", "Sample Owner"),
    ("front-desk", "frontdesk", "meadow-window-sample", "Front desk", "Sample Front Desk"),
    ("therapist", "therapist", "pebble-garden-sample", "Therapist", "Sample Therapist One"),
    ("writer", "writer", "paper-lighthouse-sample", "Writer", "Sample Writer"),
)


def load(*, now: datetime) -> None:
    """Adds the sample rows; those that exist (by their natural keys) stay as they are.

    Needs the sample catalogue. Dates are counted from `now`.
    """
    today = local(now).date()
    _places()
    _people(today)
    _closures(today)
    if not BookingRules.objects.exists():
        BookingRules(evening_fee_cents=2000).save()
    if not TermsVersion.objects.exists():
        TermsVersion.objects.create(
            number=1,
            cancellation=_CANCELLATION,
            consent=_CONSENT,
            consent_for_other=_CONSENT_FOR_OTHER,
            published_at=now,
        )
    if not ScreeningVersion.objects.exists():
        ScreeningVersion.objects.create(number=1, rules=sample_rules_data(), published_at=now)
    if not Booklet.objects.exists():
        Booklet(
            file_name=sample_booklet.FILE_NAME,
            content=sample_booklet.sample_booklet(),
            uploaded_at=now,
            is_sample=True,
        ).save()
    _staff()


def working_logins() -> list[tuple[str, str, str]]:
    """(role, username, password) of the sample staff whose password is still the sample one."""
    users = get_user_model().objects.in_bulk([row[1] for row in _STAFF], field_name="username")
    return [
        (role, username, password)
        for role, username, password, *_others in _STAFF
        if (user := users.get(username)) and user.is_active and user.check_password(password)
    ]


def _places() -> None:
    zones = {}
    for position, (name, fee) in enumerate(_ZONES, start=1):
        zones[name], _created = Zone.objects.get_or_create(
            name=name, defaults={"travel_fee_cents": fee, "position": position}
        )
    ServiceArea.objects.bulk_create(
        (
            ServiceArea(zip_code=code, city=city, zone=zones[name], latitude=latitude, longitude=longitude)
            for name, rows in _ZIPS.items()
            for code, city, latitude, longitude in rows
        ),
        ignore_conflicts=True,
    )
    if not DriveTime.objects.exists():
        bulk_create_with_history(
            [
                DriveTime(
                    origin=zones[a], destination=zones[b], starts_at=start, ends_at=end, minutes=minutes
                )
                for pair, band_minutes in _DRIVES.items()
                for a, b in (pair, pair[::-1])
                for (start, end), minutes in zip(_BANDS, band_minutes, strict=True)
            ],
            DriveTime,
        )


def _people(today: date) -> None:
    services = {service.slug: service for service in Service.objects.filter(slug__in=_ALL)}
    homes = ServiceArea.objects.in_bulk([row[4] for row in _THERAPISTS], field_name="zip_code")
    for position, row in enumerate(_THERAPISTS, start=1):
        slug, name, gender, certificate, home, reach, slugs, first, last = row
        therapist, created = Therapist.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "gender": gender,
                "quote": _QUOTE,
                "bio": _BIO,
                "training": _TRAINING,
                "languages": "English",
                "certificate_number": certificate,
                "certificate_expires_on": date(today.year + 1, 12, 31),
                "home_zip": homes[home],
                "reach_minutes": reach,
                "max_visits_per_day": 5,
                "break_after_minutes": 240,
                "position": position,
            },
        )
        if created:
            therapist.services.set(services[slug] for slug in slugs)
            therapist.zones.set(Zone.objects.filter(name__in=dict(_ZONES)))
            WorkingHours.objects.bulk_create(
                WorkingHours(therapist=therapist, weekday=day, starts_at=first, ends_at=last)
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
    for role, username, password, group, first_name in _STAFF:
        if users.objects.filter(username=username).exists():
            continue
        if role == "owner":
            user = users.objects.create_superuser(
                username, Business.load().email, password, first_name=first_name
            )
        else:
            user = users.objects.create_user(username, "", password, is_staff=True, first_name=first_name)
        user.groups.set(Group.objects.filter(name=group))
        if role == "therapist":
            Therapist.objects.filter(slug=_THERAPISTS[0][0], user=None).update(user=user)
