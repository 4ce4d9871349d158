"""What each role may do with the app's models."""

from django.db import migrations

from massagerx.lib.roles import KEEP, SEE, giving

RIGHTS = {
    "Front desk": {
        "referrals.referral": ("view", "change"),
        "referrals.referraloffice": SEE,
    },
    "Owner": {
        "referrals.referral": ("view", "change"),
        "referrals.referraloffice": KEEP,
    },
}


class Migration(migrations.Migration):
    dependencies = [("referrals", "0001_tables"), ("bookings", "0002_roles_and_search")]

    operations = [giving(RIGHTS)]
