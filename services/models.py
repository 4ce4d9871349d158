"""The catalogue: what can be booked, how long it takes and what it costs; and the facts about the business."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorField
from simple_history.models import HistoricalRecords

from massagerx.lib import palette
from massagerx.lib.html import PROSE_EXTENSIONS, clean_html, when_typed
from massagerx.lib.logo import EncodedLogo
from massagerx.lib.phones import PhoneNumberField
from massagerx.lib.singleton import SingletonModel
from massagerx.lib.stored_picture import new_token, picture_name, remove, store

MAX_PRICE_CENTS = 1_000_000


class Business(SingletonModel):
    """The one row of facts about the business that pages, emails and feeds show."""

    name = models.CharField(_("name"), max_length=80, default="Massage Rx")
    tagline = models.CharField(_("tagline"), max_length=160, blank=True)
    phone = PhoneNumberField(_("phone"))
    email = models.EmailField(_("email"))
    city = models.CharField(_("city"), max_length=80, default="Los Angeles")
    payment_words = models.TextField(
        _("paying, tips and receipts"),
        blank=True,
        help_text=_(
            "How and when clients pay, what about tips, how they get a receipt. Shown with each service, among the "
            "questions, before the last press and in confirmations."
        ),
    )
    is_sample = models.BooleanField(
        _("still sample data"),
        default=False,
        help_text=_(
            "While ticked, staff see a reminder. The tick comes off once therapists, prices, phone, email and texts "
            "are your own: replaced, or opened and saved."
        ),
    )
    footer_headings = models.TextField(
        _("headings at the foot"),
        blank=True,
        default="",
        db_default="",
        max_length=120,
        help_text=_(
            "Three lines, over the three lists of links. Blank: Visits, Good to know, The small print."
        ),
    )
    footer_words = models.TextField(
        _("last words at the foot"),
        blank=True,
        default="",
        db_default="",
        max_length=400,
        help_text=_("Such as a license or what you stand for, above the line with the year. Plain text."),
    )
    # `#rrggbb`; empty: the site's own (massagerx.lib.palette).
    main_color = models.CharField(
        _("color of links and marks"), max_length=7, blank=True, default="", db_default="", editable=False
    )
    press_color = models.CharField(
        _("color of buttons"), max_length=7, blank=True, default="", db_default="", editable=False
    )
    # The name of its files, and its size in pixels; empty: the drawn mark and the name.
    logo = models.CharField(_("logo"), max_length=32, blank=True, default="", db_default="", editable=False)
    logo_width = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    logo_height = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

    history = HistoricalRecords()

    class Meta(SingletonModel.Meta):
        verbose_name = _("business")
        verbose_name_plural = _("business")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises `ValidationError` for more or fewer headings than the foot has lists."""
        if len(self._typed_headings) not in (0, 3):
            raise ValidationError({"footer_headings": _("Write exactly three lines, or leave all empty.")})

    @property
    def said_headings(self) -> list[str]:
        """The three headings at the foot, as readers see them."""
        return self._typed_headings or [str(_("Visits")), str(_("Good to know")), str(_("The small print"))]

    @property
    def _typed_headings(self) -> list[str]:
        return [line.strip() for line in self.footer_headings.splitlines() if line.strip()]

    @property
    def colors_url(self) -> str:
        """The style sheet of the owner's colors; "" where there are none."""
        if not (self.main_color or self.press_color):
            return ""
        return reverse("colors", args=[palette.sheet_name(self.main_color, self.press_color)])

    @property
    def logo_name(self) -> str:
        """The stored file of the logo; "" without one."""
        return picture_name(self.logo) if self.logo else ""

    @property
    def logo_files(self) -> list[str]:
        """The stored files of the logo, itself first; none without one."""
        return _logo_files(self.logo) if self.logo else []

    @property
    def logo_url(self) -> str:
        """Where the logo is served; "" without one."""
        return default_storage.url(self.logo_name) if self.logo else ""

    @property
    def share_url(self) -> str:
        """Where the picture is served with which links to the site are shown; "" without a logo."""
        return default_storage.url(self.logo_files[1]) if self.logo else ""

    @property
    def logo_says_name(self) -> bool:
        """Whether the logo stands alone: one twice as long as high has the name in it."""
        return bool(self.logo) and self.logo_width >= 2 * self.logo_height

    def put_logo(self, encoded: EncodedLogo | None) -> None:
        """Stores a new logo, or takes the old one away for None, and saves that. Raises OSError when it can't be
        stored; then nothing is changed."""
        token, size = "", (0, 0)
        if encoded:
            token, size = new_token(), (encoded.picture.width, encoded.picture.height)
            for name, data in zip(_logo_files(token), (encoded.picture.data, encoded.share), strict=True):
                store(name, data)
        with transaction.atomic():
            old = self._read_anew().logo_files
            self.keep(logo=token, logo_width=size[0], logo_height=size[1])
            if old:
                # A file that stays behind because the store is away hurts nobody.
                transaction.on_commit(lambda: remove(old), robust=True)

    def keep(self, **values: Any) -> None:
        """Saves these fields, and what others have changed of the rest since the row was read."""
        with transaction.atomic():
            self._read_anew()
            for name, value in values.items():
                setattr(self, name, value)
            self.save()

    def _read_anew(self) -> Business:
        """The row as it is, locked; unsaved it stays as it was made."""
        if not self._state.adding:
            self.refresh_from_db(from_queryset=Business.objects.select_for_update())
        return self


def _logo_files(token: str) -> list[str]:
    """The logo itself, and the picture with which links to the site are shown."""
    return [picture_name(token), f"pictures/{token}-share.png"]


def name_of_business() -> str:
    """The name that the owner has given, which no password may be made of."""
    return Business.load().name


class Category(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(_("slug"), unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.name


# Which services somebody can do on a local day. Bookings, which knows the people, plugs it in when the site starts.
_somebody_does: Callable[[date], Exists] | None = None


def set_somebody_does(condition: Callable[[date], Exists]) -> None:
    """Plugs in the condition on a service (its key as `OuterRef("pk")`) that somebody can be booked for it."""
    global _somebody_does
    _somebody_does = condition


class ServiceQuerySet(models.QuerySet["Service"]):
    def offered(self, today: date) -> ServiceQuerySet:
        """Those that a client can see and book on `today` (a local date): active, with an active length and somebody
        who does them."""
        with_length = Exists(ServiceOption.objects.active().filter(service=OuterRef("pk")))
        return self.done_by_somebody(today).filter(with_length, is_active=True)

    def done_by_somebody(self, today: date) -> ServiceQuerySet:
        return self if _somebody_does is None else self.filter(_somebody_does(today))

    def with_prices(self) -> ServiceQuerySet:
        """Adds `from_cents`, the lowest treatment price in cents (before travel), and fetches the active lengths."""
        # A query of its own: an aggregate would group the services, and those lose their order then.
        lowest = ServiceOption.objects.active().filter(service=OuterRef("pk")).order_by("price_cents")
        return self.annotate(from_cents=Subquery(lowest.values("price_cents")[:1])).prefetch_related(
            Prefetch("options", queryset=ServiceOption.objects.active(), to_attr="active_options")
        )


class Service(models.Model):
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="services", verbose_name=_("category")
    )
    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    summary = models.CharField(_("summary"), max_length=240, help_text=_("One sentence, for lists."))
    description = ProseEditorField(
        _("description"), extensions=PROSE_EXTENSIONS, sanitize=when_typed(clean_html)
    )
    purpose_question = models.CharField(
        _("question about the visit"),
        max_length=120,
        blank=True,
        help_text=_(
            "Asked of who books; the therapist reads the answer before the door. "
            "Blank: “What is this visit for?”"
        ),
    )
    purpose_hint = models.CharField(
        _("hint below it"),
        max_length=240,
        blank=True,
        help_text=_("Such as which side, what to leave out, how firm, which sport, which goal."),
    )
    what_to_expect = ProseEditorField(
        _("what to expect"), extensions=PROSE_EXTENSIONS, sanitize=when_typed(clean_html), blank=True
    )
    before_visit = ProseEditorField(
        _("before your visit"), extensions=PROSE_EXTENSIONS, sanitize=when_typed(clean_html), blank=True
    )
    after_visit = ProseEditorField(
        _("after your visit"), extensions=PROSE_EXTENSIONS, sanitize=when_typed(clean_html), blank=True
    )
    setup_minutes = models.PositiveSmallIntegerField(
        _("set-up minutes"), default=10, validators=[MaxValueValidator(120)]
    )
    packdown_minutes = models.PositiveSmallIntegerField(
        _("pack-down minutes"), default=10, validators=[MaxValueValidator(120)]
    )
    max_people = models.PositiveSmallIntegerField(
        _("people at one address"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(2)],
        help_text=_("How many people one visit can be booked for, one after the other."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = ServiceQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["updated_at"])

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Cleans the HTML here too: not every way in is a form."""
        for name in ("description", "what_to_expect", "before_visit", "after_visit"):
            setattr(self, name, clean_html(getattr(self, name)))
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """The service's public page."""
        return reverse("services:detail", args=[self.slug])

    def why_not_offered(self, today: date) -> str:
        """What keeps the saved service off the site on `today` (a local date), or ""."""
        if not self.is_active:
            return str(_("It is not active."))
        if not self.options.active().exists():
            return str(_("It has no active length."))
        if not Service.objects.done_by_somebody(today).filter(pk=self.pk).exists():
            return str(_("No active therapist with a valid certificate is qualified for it."))
        return ""


class ServiceOptionQuerySet(models.QuerySet["ServiceOption"]):
    def active(self) -> ServiceOptionQuerySet:
        """Lengths on offer."""
        return self.filter(is_active=True)

    def take_up_next_prices(self, *, today: date) -> int:
        """Makes the prices that the owner planned for the local day `today`, or before, the prices; returns how many.

        Another process may be doing the same: each is taken up once. Whoever books is shown the new total, and asked
        again when the old one was on the page.
        """
        taken = 0
        for key in self.filter(next_price_from__lte=today).values_list("pk", flat=True):
            with transaction.atomic():
                option = self.select_for_update().filter(pk=key, next_price_from__lte=today).first()
                if option is None or option.next_price_cents is None:
                    continue
                option.price_cents, option.next_price_cents = option.next_price_cents, None
                option.next_price_from = None
                option.save()
                taken += 1
        return taken


class ServiceOption(models.Model):
    """One length of a service, with its price for one person."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="options")
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), validators=[MinValueValidator(15), MaxValueValidator(480)]
    )
    price_cents = models.PositiveIntegerField(
        _("price in cents"),
        validators=[MaxValueValidator(MAX_PRICE_CENTS)],
        help_text=_("For one person, travel not included. 12500 is $125."),
    )
    next_price_cents = models.PositiveIntegerField(
        _("next price in cents"), null=True, blank=True, validators=[MaxValueValidator(MAX_PRICE_CENTS)]
    )
    next_price_from = models.DateField(
        _("from"), null=True, blank=True, help_text=_("From the first minute of that day, Los Angeles time.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects = ServiceOptionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["minutes"]
        verbose_name = _("length and price")
        verbose_name_plural = _("lengths and prices")
        constraints = [
            models.UniqueConstraint(fields=["service", "minutes"], name="serviceoption_one_per_length"),
            models.CheckConstraint(
                condition=Q(minutes__gte=15, minutes__lte=480), name="serviceoption_minutes_in_range"
            ),
            models.CheckConstraint(
                condition=Q(next_price_cents=None, next_price_from=None)
                # What is compared with NULL is NULL, which a database lets pass: so it is asked for by itself.
                | Q(next_price_cents__isnull=False, next_price_cents__gt=0, next_price_from__isnull=False),
                name="serviceoption_next_price_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} · {self.minutes} min"


class ServiceFaq(models.Model):
    """Something that people ask about one service, with its answer in plain words."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="faqs")
    question = models.CharField(_("question"), max_length=200)
    answer = models.TextField(
        _("answer"), max_length=2000, help_text=_("Plain text; an empty line starts a new paragraph.")
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Lower numbers come first.")
    )

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("question about it")
        verbose_name_plural = _("questions about it")
        constraints = [
            models.UniqueConstraint(fields=["service", "question"], name="servicefaq_asked_once"),
        ]

    def __str__(self) -> str:
        return self.question


class AddOnQuerySet(models.QuerySet["AddOn"]):
    def active(self) -> AddOnQuerySet:
        """Add-ons on offer."""
        return self.filter(is_active=True)


class AddOn(models.Model):
    """Something added to a treatment, for its own price and perhaps more minutes."""

    services = models.ManyToManyField(Service, related_name="add_ons", verbose_name=_("services"))
    name = models.CharField(_("name"), max_length=120, unique=True)
    summary = models.CharField(_("summary"), max_length=240, blank=True)
    minutes = models.PositiveSmallIntegerField(
        _("more minutes"), default=0, validators=[MaxValueValidator(120)]
    )
    price_cents = models.PositiveIntegerField(
        _("price in cents"), validators=[MaxValueValidator(MAX_PRICE_CENTS)]
    )
    is_active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = AddOnQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("add-on")
        verbose_name_plural = _("add-ons")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises `ValidationError` unless the minutes are a multiple of five."""
        if self.minutes % 5:
            raise ValidationError({"minutes": _("Use a multiple of five minutes.")})
