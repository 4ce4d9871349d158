"""What each role may do with the app's models, and with how clients heard of us."""

from django.db import migrations

from massagerx.lib import roles
from massagerx.lib.roles import ALL

RIGHTS = {
    "Owner": {
        "bookings.heardfrom": ALL,
        "reviews.review": ("view", "change"),
    },
}


def give_rights(apps, schema_editor):
    roles.give_rights(apps, RIGHTS)


def take_rights(apps, schema_editor):
    roles.take_rights(apps, RIGHTS)


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_tables"), ("bookings", "0003_reviews_and_heard_from")]

    operations = [migrations.RunPython(give_rights, take_rights)]
