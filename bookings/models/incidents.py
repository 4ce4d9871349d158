"""The log of violence at work that California asks of employers (Labor Code 6401.9), without the names of anybody."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from massagerx.lib.encryption import EncryptedTextField


class Incident(models.Model):
    """One incident, written down once and never changed, in the law's own classes. Kept for five years."""

    class Place(models.TextChoices):
        HOME = "home", _("A client’s home")
        OUTSIDE = "outside", _("Outside a client’s home, or on the way to the door")
        ROAD = "road", _("In a car or on the road")
        OFFICE = "office", _("Our office")
        PHONE = "phone", _("On the phone or in writing")
        OTHER = "other", _("Elsewhere")

    class Kind(models.TextChoices):
        """The law's four types of workplace violence."""

        OUTSIDER = "1", _("Type 1: by somebody with no business there")
        CLIENT = "2", _("Type 2: by a client or somebody with them")
        COLLEAGUE = "3", _("Type 3: by somebody who works or worked with us")
        PERSONAL = "4", _("Type 4: by somebody who knows one of us personally")

    class Act(models.TextChoices):
        ATTACK = "attack", _("Physical attack without a weapon")
        WEAPON = "weapon", _("Attack with a weapon or an object")
        THREAT = "threat", _("Threat of force, of a weapon or an object")
        SEXUAL = "sexual", _("Sexual assault, threat or unwanted contact")
        ANIMAL = "animal", _("Animal attack")
        OTHER = "other", _("Something else")

    class Circumstance(models.TextChoices):
        USUAL = "usual", _("At the usual work")
        ALONE = "alone", _("Working alone")
        DARK = "dark", _("In the dark, or where help was far")
        UNFAMILIAR = "unfamiliar", _("At a new or unfamiliar place")
        RUSHED = "rushed", _("In a hurry, or with too few people")
        OTHER = "other", _("Something else")

    happened_at = models.DateTimeField(_("happened at"))
    place = models.CharField(_("where"), max_length=10, choices=Place.choices)
    kind = models.CharField(_("type of violence"), max_length=1, choices=Kind.choices)
    act = models.CharField(_("what it was"), max_length=10, choices=Act.choices)
    circumstance = models.CharField(_("circumstances"), max_length=10, choices=Circumstance.choices)
    description = EncryptedTextField(
        _("what happened"),
        max_length=4000,
        help_text=_("Without the name, address or phone of anybody."),
    )
    consequences = EncryptedTextField(
        _("consequences"),
        max_length=2000,
        help_text=_("Injuries, and whether the police or somebody else was called and what they did."),
    )
    steps = EncryptedTextField(
        _("steps taken"),
        max_length=2000,
        help_text=_("To protect whoever works for us from it happening again."),
    )
    job_title = models.CharField(_("job of who fills this in"), max_length=80)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("filled in by")
    )
    recorded_at = models.DateTimeField(_("filled in at"))

    class Meta:
        ordering = ["-happened_at", "-pk"]
        verbose_name = _("incident at work")
        verbose_name_plural = _("incidents at work")

    def __str__(self) -> str:
        return f"{self.happened_at:%Y-%m-%d %H:%M} UTC"
