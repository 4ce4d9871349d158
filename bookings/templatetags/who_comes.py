"""Therapists on other apps' pages: the catalogue knows nobody, so its template asks here."""

from __future__ import annotations

from datetime import datetime

from django import template

from bookings.models import Therapist
from bookings.models.people import TherapistQuerySet
from massagerx.lib.localtime import local
from services.models import Service

register = template.Library()


@register.simple_tag
def therapists_for(service: Service, now: datetime) -> TherapistQuerySet:
    """Who can be booked for a service on the local day of the aware instant `now`, each with a live certificate:
    `{% therapists_for service now as therapists %}`."""
    return Therapist.objects.bookable(local(now).date()).qualified_for(service)
