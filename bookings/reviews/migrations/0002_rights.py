"""What each role may do with the app's models."""

from django.db import migrations

from massagerx.lib.roles import giving

RIGHTS = {
    "Owner": {
        "reviews.review": ("view", "change"),
    },
}


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_tables"), ("bookings", "0002_roles_and_search")]

    operations = [giving(RIGHTS)]
