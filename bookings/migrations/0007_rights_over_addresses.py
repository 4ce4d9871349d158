"""The list of addresses at which something holds, for owner and front desk."""

from django.db import migrations

from massagerx.lib.roles import KEEP, giving

RIGHTS = {"Owner": {"bookings.addressrule": KEEP}, "Front desk": {"bookings.addressrule": KEEP}}


class Migration(migrations.Migration):
    dependencies = [("bookings", "0006_consent_taken_back")]

    operations = [giving(RIGHTS)]
