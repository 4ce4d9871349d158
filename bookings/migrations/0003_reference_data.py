"""Which tables are reference data: what the owner sets up, as `massagerx.lib.reference_data` keeps it."""

from django.db import migrations

from massagerx.lib.postgresql.revisions import track

TABLES = (
    "services_addon", "services_addon_services", "services_business", "services_service", "services_serviceoption",
    "bookings_booklet", "bookings_bookingrules", "bookings_closure", "bookings_extrahours", "bookings_extrahours_zones",
    "bookings_messagesettings", "bookings_screeningversion", "bookings_servicearea", "bookings_termsversion",
    "bookings_therapist", "bookings_therapist_services", "bookings_workinghours", "bookings_workinghours_zones",
    "bookings_zone",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_roles_and_search")]

    operations = [track(*TABLES)]
