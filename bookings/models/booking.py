"""A booking: who visits whom, where, when, for what price, and in what state."""

from __future__ import annotations

import re
import secrets
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.db.models import Aggregate, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import PhoneNumber

from bookings.enums import OCCUPYING, BookingStatus, DoorRule, PairingKind
from massagerx.lib.encryption import EncryptedJSONField
from massagerx.lib.instances import made_quickly
from massagerx.lib.localtime import day_bounds
from massagerx.lib.overlap import NoOverlap
from massagerx.lib.phones import PhoneNumberField
from services.models import AddOn, Service, ServiceOption

from .people import Client, OwnConsent, Pairing, Therapist
from .places import ServiceArea
from .terms import TermsVersion

# Without the letters and digits that are taken for one another when read out on the phone.
_REFERENCE_ALPHABET = "23456789CDFGHJKMNPQRTVWXYZ"
_WORDS = re.compile(r"\w+")
_LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")
# Words of an address as they are written short; what says no more than that a unit follows is left out.
_SHORT = {
    **dict.fromkeys(("apartment", "apt", "no", "num", "number", "room", "rm", "ste", "suite", "unit"), ""),
    "north": "n",
    "northeast": "ne",
    "northwest": "nw",
    "south": "s",
    "southeast": "se",
    "southwest": "sw",
    "east": "e",
    "west": "w",
    "saint": "st",
    "str": "st",
    "street": "st",
    "av": "ave",
    "avenue": "ave",
    "boulevard": "blvd",
    "circle": "cir",
    "court": "ct",
    "drive": "dr",
    "highway": "hwy",
    "lane": "ln",
    "parkway": "pkwy",
    "place": "pl",
    "road": "rd",
    "square": "sq",
    "terrace": "ter",
    "trail": "trl",
    "first": "1 st",
    "second": "2 nd",
    "third": "3 rd",
    "fourth": "4 th",
    "fifth": "5 th",
    "sixth": "6 th",
    "seventh": "7 th",
    "eighth": "8 th",
    "ninth": "9 th",
    "tenth": "10 th",
}
# No visit lasts longer, set-up and pack-down included; look-ups by time use it to stay within an index range.
LONGEST_BLOCK = timedelta(hours=24)


def new_reference() -> str:
    """A reference such as `MX-7K3FQ9`: 26^6 values. It names a booking to people; it opens nothing."""
    number, letters = secrets.randbelow(26**6), _REFERENCE_ALPHABET
    return "MX-" + "".join([letters[number // 26**place % 26] for place in range(6)])


def make_address_key(street: str, unit: str, zip_code: str) -> str:
    """An address as its words and numbers in lower case, so that a comma or a capital makes no second address."""
    return " ".join(_WORDS.findall(f"{street} {unit} {zip_code}".lower()))


def make_rule_key(address_key: str) -> str:
    """The same for two spellings of an address, so that what is written down of it holds for both: `Street` and `St`,
    `North` and `N`, `First` and `1st`, `#5B`, `Apt 5b` and `Unit 5 B`."""
    words = (_SHORT.get(word, word) for word in _LETTERS_OR_DIGITS.findall(address_key))
    return " ".join(filter(None, words))


class _Lines(Aggregate):
    """The texts of all rows, one a line, in no order; None without rows."""

    function = "STRING_AGG"
    output_field = models.TextField()

    def __init__(self, expression: str, **extra: Any) -> None:
        super().__init__(expression, Value("\n"), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **extra)


class BookingQuerySet(models.QuerySet["Booking"]):
    def for_therapist(self, therapist: Therapist | int) -> BookingQuerySet:
        """Those of one therapist."""
        return self.filter(therapist=therapist)

    def occupying(self) -> BookingQuerySet:
        """Those that take the therapist's time."""
        return self.filter(status__in=OCCUPYING)

    def between(self, start: datetime, end: datetime) -> BookingQuerySet:
        """Those whose block touches the half-open span of two aware instants."""
        return self.filter(
            blocked_from__lt=end, blocked_from__gt=start - LONGEST_BLOCK, blocked_until__gt=start
        )

    def on(self, day: date) -> BookingQuerySet:
        """Those that start on a local day."""
        start, end = day_bounds(day)
        return self.filter(starts_at__gte=start, starts_at__lt=end)

    def waiting(self) -> BookingQuerySet:
        """Requests that nobody has answered, oldest first."""
        return self.filter(status=BookingStatus.REQUESTED).order_by("created_at", "pk")

    def together_with(self, booking: Booking) -> BookingQuerySet:
        """The visits that one press asked for together with this one, itself among them, in order of time."""
        same = Q(pk=booking.pk) if booking.together is None else Q(together=booking.together)
        return self.filter(same).order_by("starts_at", "pk")

    def side_by_side(self, booking: Booking) -> BookingQuerySet:
        """The visit that one press asked for at the same start and address, by another therapist; none for one that
        came alone, or that no longer stands beside this one."""
        if booking.together is None:
            return self.none()
        same = self.filter(
            together=booking.together,
            starts_at=booking.starts_at,
            street=booking.street,
            unit=booking.unit,
            area=booking.area_id,
        )
        return same.exclude(pk=booking.pk).occupying()

    def not_closed(self, now: datetime) -> BookingQuerySet:
        """Those that are over, and nobody has said how they ended; the oldest first."""
        return self.filter(status=BookingStatus.CONFIRMED, ends_at__lte=now).order_by("starts_at", "pk")

    def unproved(self) -> BookingQuerySet:
        """Requests of new clients whose mailbox nobody has proved."""
        return self.filter(status=BookingStatus.REQUESTED, prove_by__isnull=False)

    def with_qualified(self) -> BookingQuerySet:
        """Tells on each by `is_qualified` whether its therapist still gives the service, by `is_kept_apart` whether
        they are never sent to its client, or to whoever has the same email or phone, and by `refusing` the names, one a
        line, of those of its client's who don't agree any more; None where all do."""
        gives = Therapist.objects.qualified_for(OuterRef("service")).filter(pk=OuterRef("therapist"))
        same_client = (Q(client__email=OuterRef("client__email")) & ~Q(client__email="")) | (
            Q(client__phone=OuterRef("client__phone")) & ~Q(client__phone="")
        )
        apart = Pairing.objects.filter(same_client, kind=PairingKind.NEVER, therapist=OuterRef("therapist"))
        said = OwnConsent.objects.filter(client=OuterRef("client")).exclude(taken_back_at=None).order_by()
        return self.annotate(
            is_qualified=Exists(gives),
            is_kept_apart=Exists(apart),
            refusing=Subquery(said.values("client").annotate(names=_Lines("name")).values("names")),
        )

    def with_details(self) -> BookingQuerySet:
        """With all that a page or an email about a visit shows, in one query and one for the add-ons."""
        return self.select_related(
            "client", "therapist", "service", "option", "area", "area__zone", "screening", "terms_version"
        ).prefetch_related("add_ons")


@made_quickly
class Booking(models.Model):
    class AccessType(models.TextChoices):
        """How one gets to the address's entrance."""

        GROUND = "ground", _("Ground floor")
        STAIRS = "stairs", _("Stairs")
        ELEVATOR = "elevator", _("Elevator")

    reference = models.CharField(_("reference"), max_length=12, unique=True, default=new_reference)
    status = models.CharField(_("status"), max_length=12, choices=BookingStatus.choices)

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("client")
    )
    contact_name = models.CharField(_("booked by"), max_length=120)
    recipient_name = models.CharField(
        _("visit is for"), max_length=120, blank=True, help_text=_("Blank: for the client.")
    )
    # Of the person who is visited, where that is not who booked, and of who pays; each blank where it wasn't told.
    recipient_phone = PhoneNumberField(_("phone at the door"), blank=True, default="", db_default="")
    recipient_language = models.CharField(
        _("language they speak"), max_length=40, blank=True, default="", db_default=""
    )
    payer_name = models.CharField(_("who pays"), max_length=120, blank=True, default="", db_default="")
    therapist = models.ForeignKey(
        Therapist, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("therapist")
    )
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, related_name="+", verbose_name=_("service")
    )
    option = models.ForeignKey(
        ServiceOption, on_delete=models.PROTECT, related_name="+", verbose_name=_("length")
    )
    add_ons = models.ManyToManyField(AddOn, related_name="+", blank=True, verbose_name=_("add-ons"))
    people = models.PositiveSmallIntegerField(
        _("people"), default=1, validators=[MinValueValidator(1), MaxValueValidator(2)]
    )

    # The treatment as the client knows it, and the block that it takes with set-up and pack-down at the door.
    # Drives are not in the block: they depend on the visits before and after.
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    blocked_from = models.DateTimeField(_("therapist arrives at"))
    blocked_until = models.DateTimeField(_("therapist leaves at"))

    street = models.CharField(_("street address"), max_length=160)
    unit = models.CharField(_("apartment or unit"), max_length=40, blank=True)
    city = models.CharField(_("city"), max_length=80)
    area = models.ForeignKey(
        ServiceArea, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("ZIP code")
    )
    access_type = models.CharField(
        _("way to the door"), max_length=10, choices=AccessType.choices, default=AccessType.GROUND
    )
    # As `AddressRule` has it, here too so that no page that shows the visit has to ask for it.
    address_rule = models.CharField(
        _("at this address"), max_length=10, choices=DoorRule.choices, blank=True, default="", db_default=""
    )

    treatment_cents = models.PositiveIntegerField(_("treatment, cents"))
    add_ons_cents = models.PositiveIntegerField(_("add-ons, cents"), default=0)
    travel_cents = models.PositiveIntegerField(_("travel, cents"), default=0)
    evening_cents = models.PositiveIntegerField(_("evening fee, cents"), default=0)
    # Given by staff; why stands in the history.
    discount_cents = models.PositiveIntegerField(_("discount, cents"), default=0, db_default=0)
    total_cents = models.PositiveIntegerField(_("total, cents"))
    # What the rules ask of a client who canceled late; beside the total, which is the price of the visit.
    late_fee_cents = models.PositiveIntegerField(_("late fee, cents"), default=0)
    # Whom the client asked for, as `domain.selection` writes it: a visit that is moved keeps to it.
    preference = models.CharField(_("therapist asked for"), max_length=80, default="any")

    terms_version = models.ForeignKey(
        TermsVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("terms agreed to")
    )
    agreed_at = models.DateTimeField(_("agreed at"))
    created_at = models.DateTimeField(_("requested at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    # Of a request, as its client was told; None: somebody calls within the hour.
    answer_by = models.DateTimeField(_("answer promised by"), null=True, blank=True)
    # Grows by one with each change that the client is told of: SEQUENCE of the calendar part, revision of messages.
    revision = models.PositiveIntegerField(_("revision"), default=0)

    # One press, one booking: the form's key, and a digest of what it carried.
    submission_key = models.UUIDField(unique=True, editable=False)
    submission_digest = models.CharField(max_length=64, editable=False)
    # Visits that one press asked for share it.
    together = models.UUIDField(null=True, blank=True, editable=False)
    # Of a new client's request: until when a press in the email has to prove the mailbox, None once it has, or where
    # none is asked for; and, until then, a keyed digest of the network address that it came from.
    prove_by = models.DateTimeField(null=True, blank=True, editable=False)
    source = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    # What whoever asked for it answered that a client is asked once, while it may be somebody else: see
    # `operations.told_once`.
    told_once = models.JSONField(null=True, blank=True, editable=False)

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at"]
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        permissions = [
            ("view_own_visits", _("Can view the visits that are their own to make")),
            ("finish_own_visits", _("Can say how visits that they may see ended")),
            ("view_reports", _("Can see reports and download bookings")),
        ]
        indexes = [
            models.Index(
                fields=["prove_by"],
                condition=Q(status=BookingStatus.REQUESTED, prove_by__isnull=False),
                name="booking_unproved",
            ),
            models.Index(
                fields=["together"], condition=Q(together__isnull=False), name="booking_by_together"
            ),
            models.Index(fields=["therapist", "blocked_from"], name="booking_by_therapist_time"),
            models.Index(fields=["status", "created_at"], name="booking_by_status_age"),
            models.Index(fields=["starts_at"], name="booking_by_start"),
        ]
        constraints = [
            NoOverlap(
                name="booking_no_overlap",
                resource="therapist",
                start="blocked_from",
                end="blocked_until",
                active_field="status",
                active_values=OCCUPYING,
                violation_error_message=_("The therapist already has a visit at that time."),
            ),
            models.CheckConstraint(
                condition=Q(
                    blocked_from__lte=F("starts_at"),
                    starts_at__lt=F("ends_at"),
                    ends_at__lte=F("blocked_until"),
                ),
                name="booking_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(
                    total_cents=F("treatment_cents")
                    + F("add_ons_cents")
                    + F("travel_cents")
                    + F("evening_cents")
                    - F("discount_cents")
                ),
                name="booking_total_is_sum",
            ),
            models.CheckConstraint(condition=Q(people__gte=1, people__lte=2), name="booking_people_in_range"),
            models.CheckConstraint(condition=Q(status__in=BookingStatus.values), name="booking_status_known"),
        ]

    def is_not_closed(self, now: datetime) -> bool:
        """Whether it is over, and nobody has said how it ended."""
        return self.status == BookingStatus.CONFIRMED and self.ends_at <= now

    @property
    def is_unproved(self) -> bool:
        """Whether its time is kept only until `prove_by`."""
        return self.status == BookingStatus.REQUESTED and self.prove_by is not None

    def __str__(self) -> str:
        return self.reference

    @property
    def treatment_minutes(self) -> int:
        """Minutes from start to end, without set-up and pack-down."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def arrives_at(self) -> datetime | None:
        """About when the therapist is at the door to set up, to five minutes and rather too early than too late; None
        when nothing is set up first."""
        if self.blocked_from >= self.starts_at:
            return None
        return self.blocked_from - timedelta(
            minutes=self.blocked_from.minute % 5, seconds=self.blocked_from.second
        )

    @property
    def visit_for(self) -> str:
        """The name of the person who is visited."""
        return self.recipient_name or self.contact_name

    @property
    def door_phone(self) -> PhoneNumber:
        """Whom to call at the door: the person who is visited, as far as their phone was told, or else who booked."""
        return self.recipient_phone or self.client.phone

    @property
    def door_rule(self) -> str:
        """What holds for whoever goes there: the stricter of the client's rule and the address's, blank without one."""
        return DoorRule.stricter(self.client.door_rule, self.address_rule)

    @property
    def door_rule_words(self) -> str:
        """The door rule as staff read it."""
        return str(DoorRule(self.door_rule).label) if self.door_rule else ""

    @property
    def address(self) -> str:
        """One line: street, unit, city and ZIP code."""
        street = f"{self.street}, {self.unit}" if self.unit else self.street
        return f"{street}, {self.city}, CA {self.area.zip_code}"

    @property
    def address_key(self) -> str:
        """Equal for two visits to one door, so that no drive lies between them."""
        return make_address_key(self.street, self.unit, self.area.zip_code)


# What a visit was booked with says its emails, its pages and its price: it is taken off the site, and stays.
_with_add_on = Booking.add_ons.through._meta
_with_add_on.get_field("addon").remote_field.on_delete = models.PROTECT
_with_add_on.verbose_name, _with_add_on.verbose_name_plural = _("booked add-on"), _("booked add-ons")


class DriveOverride(models.Model):
    """Staff's own figure for one drive: from one visit to the therapist's next, or from or to home.

    Counts when booked visits are checked again, never for what is offered: it belongs to two visits, not to a road.
    """

    from_booking = models.ForeignKey(
        Booking,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="drives_onward",
        verbose_name=_("from the visit"),
        help_text=_("Blank: from the therapist's home."),
    )
    to_booking = models.ForeignKey(
        Booking,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="drives_here",
        verbose_name=_("to the visit"),
        help_text=_("Blank: to the therapist's home."),
    )
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), validators=[MinValueValidator(1), MaxValueValidator(300)]
    )
    reason = models.CharField(_("why"), max_length=200, help_text=_("Staff will read this later."))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-at"]
        verbose_name = _("corrected drive")
        verbose_name_plural = _("corrected drives")
        constraints = [
            # Nulls are never equal, so the drives from and to home have constraints of their own.
            models.UniqueConstraint(
                fields=["from_booking", "to_booking"],
                name="driveoverride_one_per_pair",
                violation_error_message=_(
                    "This drive has been corrected already: delete that correction first."
                ),
            ),
            models.UniqueConstraint(
                fields=["to_booking"],
                condition=Q(from_booking=None),
                name="driveoverride_one_from_home",
                violation_error_message=_(
                    "This drive has been corrected already: delete that correction first."
                ),
            ),
            models.UniqueConstraint(
                fields=["from_booking"],
                condition=Q(to_booking=None),
                name="driveoverride_one_to_home",
                violation_error_message=_(
                    "This drive has been corrected already: delete that correction first."
                ),
            ),
            models.CheckConstraint(
                condition=Q(from_booking__isnull=False) | Q(to_booking__isnull=False),
                name="driveoverride_has_a_visit",
                violation_error_message=_("Choose at least one visit."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="driveoverride_has_a_reason"),
        ]

    def __str__(self) -> str:
        home = str(_("home"))
        return f"{self.from_booking or home} → {self.to_booking or home}: {self.minutes} min"


@made_quickly
class AccessNotes(models.Model):
    """Notes on how to get in. Encrypted: it holds gate codes and tells of empty homes."""

    booking = models.OneToOneField(Booking, on_delete=models.CASCADE, related_name="access", primary_key=True)
    # Keys: parking, gate_code, pets, room, notes; each a string, absent when blank.
    notes = EncryptedJSONField(default=dict)

    class Meta:
        verbose_name = _("access notes")
        verbose_name_plural = _("access notes")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} · {self.pk}"

    @classmethod
    def sealed(cls) -> Subquery:
        """Those of each visit of a query, unopened: what its rows bring as `sealed_access`."""
        notes = cls.objects.filter(booking=OuterRef("pk"))
        return Subquery(notes.values(text=Cast("notes", models.TextField())))

    @classmethod
    def of_visit(cls, booking: Booking) -> dict[str, str]:
        """What the notes of a visit say; empty where there are none. One query, and none for a visit that brought them
        `sealed`. Raises `UnreadableValue`."""
        if not hasattr(booking, "sealed_access"):
            found = cls.objects.filter(booking=booking).first()
            return found.notes if found is not None else {}
        field: Any = cls._meta.get_field("notes")
        return field.from_db_value(booking.sealed_access, None, connection) or {}
