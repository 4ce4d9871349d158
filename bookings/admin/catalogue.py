"""The catalogue's own page for a service, which shows beforehand the booked visits that a change would strand.

`services` knows nothing of bookings, and bookings takes only models from it: so the page that is registered already is
extended here. (`services` stands before `bookings` in INSTALLED_APPS.)
"""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import admin
from django.utils import timezone

from bookings.models import Booking, Therapist
from services.models import Service

from .stranding import StrandingMixin

_Registered = type(admin.site.get_model_admin(Service))
admin.site.unregister(Service)


@admin.register(Service)
class ServiceAdmin(StrandingMixin, _Registered):  # type: ignore[valid-type, misc]
    """Minutes at the door, the number of people, a service or a length taken off the site."""

    def stranding_therapists(self, obj: Service) -> Collection[int]:
        if not obj.pk:
            return set()
        booked = Booking.objects.occupying().filter(service=obj, starts_at__gt=timezone.now())
        return {
            *booked.values_list("therapist_id", flat=True),
            *Therapist.objects.qualified_for(obj).values_list("pk", flat=True),
        }
