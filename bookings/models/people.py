"""Clients, and the therapists who visit them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from bookings.enums import ComplaintState, DoorRule, Gender, NoteReader, PairingKind
from massagerx.lib.encryption import EncryptedJSONField
from massagerx.lib.instances import made_quickly
from massagerx.lib.phones import PhoneNumberField
from massagerx.lib.text import plain_name
from services.models import Service

from .places import ServiceArea


class HeardFromQuerySet(models.QuerySet["HeardFrom"]):
    def offered(self, link_name: str = "") -> HeardFromQuerySet:
        """What clients may choose, with the one of the link that they came by."""
        asked = Q(is_offered=True)
        return self.filter(asked | Q(link_name=link_name) if link_name else asked)


class HeardFrom(models.Model):
    """One of the owner's choices of where clients heard of the business, and the name that marks it in a link."""

    #: Who came by a surgeon's office; the row is made when the first one does.
    OFFICE = "office"

    name = models.CharField(
        _("name"), max_length=60, unique=True, help_text=_("As clients read it: A friend, Instagram.")
    )
    link_name = models.SlugField(
        _("name in a link"),
        max_length=30,
        unique=True,
        help_text=_(
            "Short: flyer-may. Who begins at /book/?from=flyer-may finds this choice made, and may change it."
        ),
    )
    is_offered = models.BooleanField(
        _("offered to everybody"), default=True, help_text=_("Else only to who comes by the link.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = HeardFromQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("way to hear of us")
        verbose_name_plural = _("how clients heard of us")

    def __str__(self) -> str:
        return self.name


class ClientQuerySet(models.QuerySet["Client"]):
    def present(self) -> ClientQuerySet:
        """Those who were not erased."""
        return self.filter(erased_at=None)


@made_quickly
class Client(models.Model):
    """The person who books. The same email and phone together are the same client. Who books on the phone may have no
    email: then the phone alone is the client, who is told by a call.

    One who was erased is left as a number for the books: no email, no phone, and `ERASED` for a name.
    """

    # Stored, so the same in every language.
    ERASED = "Erased client"

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(
        _("email"),
        blank=True,
        help_text=_("Kept in lower case. Blank: what we have to say is told by phone."),
    )
    phone = PhoneNumberField(_("phone"))
    is_blocked = models.BooleanField(
        _("blocked"), default=False, help_text=_("Requests from a blocked client always wait for staff.")
    )
    door_rule = models.CharField(
        _("at their door"),
        max_length=10,
        choices=DoorRule.choices,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Not alone: somebody of ours waits near or stays on the phone. Two people only: two of us go in. Seen by "
            "everybody who takes a visit over; online, requests always wait for staff."
        ),
    )
    heard_from = models.ForeignKey(
        HeardFrom,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="clients",
        verbose_name=_("heard of us"),
    )
    may_be_asked = models.BooleanField(
        _("may be asked for a review"),
        default=False,
        db_default=False,
        help_text=_("They said so when they booked. Each client is asked once."),
    )
    created_at = models.DateTimeField(_("first seen"))
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    objects = ClientQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        permissions = [
            ("export_client", _("Can download all that is held about a client")),
            ("erase_client", _("Can erase a client")),
        ]
        indexes = [
            models.Index(fields=["phone"], name="client_by_phone"),
            models.Index(fields=["email"], name="client_by_email"),
            models.Index(fields=["name", "-id"], name="client_by_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["email", "phone"],
                condition=Q(erased_at=None),
                name="client_one_per_email_and_phone",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(name="Erased client", email="", phone="", is_blocked=False),
                name="client_erased_is_nobody",
            ),
            models.CheckConstraint(
                condition=~Q(erased_at=None) | ~Q(email="", phone=""), name="client_can_be_told"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def door_rule_words(self) -> str:
        """The door rule as staff read it, as a visit has it too."""
        return self.get_door_rule_display() if self.door_rule else ""


class ClientNote(models.Model):
    """What staff should know of a client: written once, never changed. What it says is encrypted. A complaint is a note
    with a state, which alone changes."""

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="notes", verbose_name=_("client")
    )
    text = EncryptedJSONField(_("note"))
    reader = models.CharField(
        _("for"),
        max_length=10,
        choices=NoteReader.choices,
        default=NoteReader.DESK,
        db_default=NoteReader.DESK,
    )
    # Blank for a note that is no complaint.
    complaint = models.CharField(
        _("complaint"), max_length=8, choices=ComplaintState.choices, blank=True, default="", db_default=""
    )
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("note on a client")
        verbose_name_plural = _("notes on clients")
        indexes = [
            models.Index(
                fields=["at"], condition=Q(complaint=ComplaintState.OPEN), name="clientnote_open_complaint"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(complaint=ComplaintState.SETTLED, settled_at__isnull=False)
                | Q(complaint__in=["", ComplaintState.OPEN], settled_at=None),
                name="clientnote_settled_at",
            )
        ]

    def __str__(self) -> str:
        return f"{self.by} · {self.at:%Y-%m-%d %H:%M} UTC"


class OwnConsent(models.Model):
    """What somebody for whom a client books said themselves last, by a link: that they agree to visits, or that they
    don't, and then none is kept. Until then the client has told us that they know and agree."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="own_consents")
    # As the visits have it: client and name say who it is.
    name = models.CharField(_("name"), max_length=120)
    # None for who never did.
    agreed_at = models.DateTimeField(_("agreed at"), null=True)
    taken_back_at = models.DateTimeField(_("taken back at"), null=True)
    terms_version = models.ForeignKey(
        "bookings.TermsVersion", on_delete=models.PROTECT, related_name="+", verbose_name=_("terms")
    )

    class Meta:
        verbose_name = _("own consent")
        verbose_name_plural = _("own consents")
        constraints = [
            models.UniqueConstraint(fields=["client", "name"], name="ownconsent_one_per_person"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def is_taken_back(cls, *, client: Client, name: str, by: datetime | None = None) -> bool:
        """Whether who is visited, of that name however it is spelled, no longer agrees, or already didn't `by` an aware
        instant; asks nothing where the client is visited."""
        if not name:
            return False
        names = cls.objects.filter(client=client).exclude(taken_back_at=None).order_by()
        if by is not None:
            names = names.filter(taken_back_at__lte=by)
        return cls.is_among(name, names.values_list("name", flat=True))

    @staticmethod
    def is_among(name: str, names: Iterable[str]) -> bool:
        """Whether somebody of that name is among these, however both are spelled; nobody is without a name."""
        return bool(name) and plain_name(name) in map(plain_name, names)


class Erasure(models.Model):
    """A client was erased: who did it and when, and which number is left. Nothing that names the client. `by` is None
    where their time was over."""

    client = models.OneToOneField(
        Client, on_delete=models.PROTECT, related_name="erasure", verbose_name=_("client")
    )
    visits = models.PositiveIntegerField(_("visits kept for the books"))
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("erased client")
        verbose_name_plural = _("erased clients")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.client_id}"


class TherapistQuerySet(models.QuerySet["Therapist"]):
    def bookable(self, today: date) -> TherapistQuerySet:
        """Those who can be offered on the site on `today` (a local date): active, with a live certificate."""
        return self.filter(
            Q(certificate_expires_on__gte=today) | Q(certificate_expires_on__isnull=True),
            is_active=True,
        ).exclude(certificate_number="")

    def qualified_for(self, service: Service | int | OuterRef) -> TherapistQuerySet:
        """Therapists who give this service."""
        return self.filter(services=service)


class Therapist(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="therapist",
        verbose_name=_("log-in"),
    )
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("slug"), unique=True)
    gender = models.CharField(_("gender"), max_length=10, choices=Gender.choices)
    quote = models.CharField(
        _("one line in their own voice"),
        max_length=160,
        blank=True,
        help_text=_("At most 160 letters, as they would say it. Shown large, and on their card."),
    )
    bio = models.TextField(
        _("a first visit with them"),
        blank=True,
        help_text=_("Two or three short paragraphs, in their own words."),
    )
    training = models.CharField(
        _("trained"),
        max_length=160,
        blank=True,
        help_text=_("Where, how long, when: Vodder, 160 hours, 2014."),
    )
    languages = models.CharField(_("speaks"), max_length=120, blank=True, help_text=_("English, Spanish"))
    here_since = models.PositiveSmallIntegerField(
        _("here since"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1950), MaxValueValidator(2100)],
        help_text=_("A year. Blank lines of this page are left out on the site, with their labels."),
    )
    # The cut files of their portrait, as `Photo.covers`; empty until there is one. Kept here too, so that no page that
    # shows a therapist has to ask for it.
    portrait = models.JSONField(default=list, blank=True, editable=False)
    certificate_number = models.CharField(
        _("CAMTC certificate number"),
        max_length=40,
        help_text=_("Shown beside the name wherever we advertise, as the law asks."),
    )
    certificate_expires_on = models.DateField(
        _("certificate expires on"),
        null=True,
        blank=True,
        help_text=_("After this day the therapist is no longer shown or offered."),
    )
    services = models.ManyToManyField(
        Service, related_name="therapists", verbose_name=_("qualified for"), blank=True
    )
    home_zip = models.ForeignKey(
        ServiceArea,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("home base ZIP code"),
        help_text=_("Where the day's first drive starts and the last one ends. Never shown."),
    )
    # Said to whom we alert about a door, and to the desk; in no history, and on no page of the site.
    phone = PhoneNumberField(
        _("phone"),
        blank=True,
        default="",
        db_default="",
        help_text=_("Their own, which alerts about a door name. Never shown on the site."),
    )
    reach_minutes = models.PositiveSmallIntegerField(
        _("reach in minutes"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(300)],
        help_text=_("The longest drive from home base. Blank: no limit."),
    )
    max_visits_per_day = models.PositiveSmallIntegerField(_("visits a day at most"), null=True, blank=True)
    max_work_minutes_per_day = models.PositiveSmallIntegerField(
        _("treatment minutes a day at most"), null=True, blank=True
    )
    break_minutes = models.PositiveSmallIntegerField(_("break in a long day, minutes"), default=30)
    break_after_minutes = models.PositiveSmallIntegerField(
        _("a day is long after"),
        null=True,
        blank=True,
        help_text=_("Treatment minutes; a longer day needs the break. Blank: never."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = TherapistQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["portrait", "phone"])

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("therapist")
        verbose_name_plural = _("therapists")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The page of the therapist, which is there while they can be booked."""
        return reverse("bookings:therapist", args=[self.slug])

    @transaction.atomic
    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Deletes their photos one by one, since each takes its files along."""
        for photo in self.photos.order_by():
            photo.delete()
        return super().delete(*args, **kwargs)

    @property
    def bookable_until(self) -> date | None:
        """The last local day of a visit that may be given to the therapist: who gives one needs a certificate for that
        day (Business and Professions Code 4611). None is open; without a certificate the day is long past."""
        return self.certificate_expires_on if self.certificate_number else date.min


class Pairing(models.Model):
    """What the desk wrote down of a client and a therapist: never sent to each other's door, or sent first."""

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="pairings", verbose_name=_("client")
    )
    therapist = models.ForeignKey(
        Therapist, on_delete=models.CASCADE, related_name="pairings", verbose_name=_("therapist")
    )
    kind = models.CharField(_("what holds"), max_length=9, choices=PairingKind.choices)
    reason = EncryptedJSONField(_("why"), default=str)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )

    class Meta:
        ordering = ["kind", "therapist__position", "pk"]
        verbose_name = _("word on a client and a therapist")
        verbose_name_plural = _("words on clients and therapists")
        constraints = [
            models.UniqueConstraint(fields=["client", "therapist"], name="pairing_one_per_pair"),
            models.CheckConstraint(condition=Q(kind__in=PairingKind.values), name="pairing_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.therapist}"
