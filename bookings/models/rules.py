"""The owner's rules for booking."""

from __future__ import annotations

from copy import copy
from datetime import time

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from massagerx.lib.singleton import SingletonModel

# Ten years: for staff the horizon is no limit.
UNLIMITED_DAYS = 3650


class BookingRules(SingletonModel):
    """The one row of booking rules."""

    # Turned on the page "Before you open", where it is known what is missing.
    is_open = models.BooleanField(_("clients can book online"), default=False, db_default=False)
    minimum_notice_minutes = models.PositiveIntegerField(
        _("minimum notice, minutes"),
        default=240,
        validators=[MaxValueValidator(20_160)],
        help_text=_("A time sooner than this is not offered."),
    )
    horizon_days = models.PositiveSmallIntegerField(
        _("booking horizon, days"), default=60, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    granularity_minutes = models.PositiveSmallIntegerField(
        _("a start every … minutes"),
        default=30,
        choices=[(value, str(value)) for value in (5, 10, 15, 20, 30, 60)],
    )
    # Beside the set-up and pack-down of the service, each.
    stairs_minutes = models.PositiveSmallIntegerField(
        _("stairs add, minutes"),
        default=5,
        validators=[MaxValueValidator(60)],
        help_text=_(
            "Added before and again after a visit to an address with stairs, for carrying the table."
        ),
    )
    elevator_minutes = models.PositiveSmallIntegerField(
        _("an elevator adds, minutes"),
        default=3,
        validators=[MaxValueValidator(60)],
        help_text=_("Added before and again after a visit to an address with an elevator."),
    )
    confirm_known_clients = models.BooleanField(
        _("confirm known clients at once"),
        default=True,
        help_text=_(
            "A client who has had a visit, and whose screening is clear, needs no answer from staff."
        ),
    )
    request_expires_after_minutes = models.PositiveIntegerField(
        _("a request expires after, minutes"),
        default=1440,
        validators=[MinValueValidator(15), MaxValueValidator(20_160)],
    )
    answer_before_minutes = models.PositiveIntegerField(
        _("a request is answered before the visit, minutes"),
        default=240,
        validators=[MaxValueValidator(20_160)],
        help_text=_(
            "Clients are told by when they hear from us: at a full hour at the desk, so long before the visit at the "
            "latest. A request that nobody answers ends then."
        ),
    )
    desk_opens_at = models.TimeField(_("somebody is at the desk from"), default=time(8, 0))
    desk_closes_at = models.TimeField(
        _("somebody is at the desk until"),
        default=time(20, 0),
        help_text=_(
            "Outside these hours, times that come too soon for an answer are offered only to clients who are "
            "confirmed at once."
        ),
    )
    open_requests_per_client = models.PositiveSmallIntegerField(
        _("unanswered requests one client may have"), default=6, validators=[MinValueValidator(1)]
    )
    prove_within_minutes = models.PositiveSmallIntegerField(
        _("a new client confirms the email address within, minutes"),
        default=60,
        db_default=60,
        validators=[MinValueValidator(15), MaxValueValidator(1440)],
        help_text=_(
            "By a press in the email that they get. Until then their time is kept so long, and no longer. "
            "Bookings at the desk don't need it."
        ),
    )
    unproved_per_address = models.PositiveSmallIntegerField(
        _("unconfirmed requests from one internet connection"),
        default=6,
        db_default=6,
        validators=[MinValueValidator(1)],
        help_text=_("So that a program with made-up names can't take your week, and a whole family can ask."),
    )
    unproved_in_all = models.PositiveSmallIntegerField(
        _("unconfirmed requests in all"), default=30, db_default=30, validators=[MinValueValidator(1)]
    )
    late_grace_minutes = models.PositiveSmallIntegerField(
        _("a visit may begin later, minutes"),
        default=15,
        db_default=15,
        validators=[MaxValueValidator(120)],
        help_text=_(
            "When a therapist runs late, clients are told a new time up to this; beyond it they are given a choice."
        ),
    )
    late_free_minutes = models.PositiveSmallIntegerField(
        _("canceling is free when we are later than, minutes"),
        default=30,
        db_default=30,
        validators=[MaxValueValidator(240)],
        help_text=_("Than the time that was booked, as the client was told last. No late fee is named then."),
    )
    check_in_overdue_minutes = models.PositiveSmallIntegerField(
        _("a therapist is asked whether they are all right after, minutes"),
        default=15,
        db_default=15,
        validators=[MinValueValidator(5), MaxValueValidator(240)],
        help_text=_(
            "Past the planned end of a visit at which they arrived, and of which they said nothing since."
        ),
    )
    check_in_turn_minutes = models.PositiveSmallIntegerField(
        _("who is alerted has time to answer, minutes"),
        default=5,
        db_default=5,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_(
            "So long the therapist has before the first person on your list is alerted, and each person before the "
            "next."
        ),
    )
    evening_starts_at = models.TimeField(_("evening starts at"), default=time(18, 0))
    evening_ends_at = models.TimeField(
        _("evening ends at"),
        default=time(5, 0),
        help_text=_(
            "The evening goes on past midnight: a visit that starts before this hour of the morning pays the fee too."
        ),
    )
    evening_fee_cents = models.PositiveIntegerField(
        _("evening fee in cents"), default=0, validators=[MaxValueValidator(100_000)]
    )
    area_requests_kept_days = models.PositiveSmallIntegerField(
        _("requests from outside our area are kept, days"),
        default=180,
        validators=[MinValueValidator(1), MaxValueValidator(1095)],
        help_text=_("After that they are deleted, answered or not."),
    )
    health_kept_months = models.PositiveSmallIntegerField(
        _("health answers are kept, months"),
        default=24,
        db_default=24,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text=_(
            "Counted from a client's last visit. After that the answers and clinicians' notes are deleted."
        ),
    )
    clients_kept_years = models.PositiveSmallIntegerField(
        _("clients are kept, years"),
        default=7,
        db_default=7,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text=_(
            "Counted from their last visit. After that they are erased, as by the button on their page: visits stay as "
            "numbers for the books."
        ),
    )
    health_fresh_days = models.PositiveSmallIntegerField(
        _("health answers stay fresh, days"),
        default=30,
        db_default=30,
        validators=[MaxValueValidator(365)],
        help_text=_(
            "Who books the same again within these days is asked whether their last answers are still true, instead "
            "of every question. 0: every question, every time."
        ),
    )
    alert_email = models.EmailField(
        _("alerts to staff go to"), blank=True, help_text=_("Blank: to the business's email.")
    )

    history = HistoricalRecords()

    class Meta(SingletonModel.Meta):
        verbose_name = _("booking rules")
        verbose_name_plural = _("booking rules")

    def __str__(self) -> str:
        return str(_("Booking rules"))

    def clean(self) -> None:
        super().clean()
        opens, closes = self.desk_opens_at, self.desk_closes_at
        if opens is not None and closes is not None and opens >= closes:
            raise ValidationError({"desk_closes_at": _("The desk closes after it opens, on the same day.")})

    def for_staff(self) -> BookingRules:
        """These rules as they bind staff, never to be saved: notice, horizon and the grid of starts are theirs to
        judge. A time that was booked on another grid stays one."""
        rules = copy(self)
        rules.minimum_notice_minutes, rules.horizon_days, rules.granularity_minutes = 0, UNLIMITED_DAYS, 1
        return rules

    def is_evening(self, wall: time) -> bool:
        """Whether a visit that starts at this wall time pays the evening fee; one that starts when it ends doesn't."""
        starts, ends = self.evening_starts_at, self.evening_ends_at
        return starts <= wall < ends if starts < ends else wall >= starts or wall < ends

    def access_minutes(self, access_type: str) -> int:
        """Minutes that the way to the door (`Booking.AccessType`) adds to the set-up, and again to the pack-down."""
        return {"stairs": self.stairs_minutes, "elevator": self.elevator_minutes}.get(access_type, 0)
