"""Whether a service has a booklet, and its address."""

from __future__ import annotations

from django import template
from django.urls import reverse

from bookings.models import Booklet
from services.models import Service

register = template.Library()


@register.simple_tag
def booklet_address(service: Service) -> str:
    """Where the booklet about a service can be asked for: `{% booklet_address service as booklet_url %}`. Empty when
    there is none; asks the database only for the service whose page the form belongs to."""
    address = reverse("bookings:booklet")
    if not address.startswith(service.get_absolute_url()) or not Booklet.objects.exists():
        return ""
    return address
