"""Which admin site the project has."""

from django.contrib.admin.apps import AdminConfig

from massagerx.lib import database_waits, reference_data, text_search


class StaffAdminConfig(AdminConfig):
    """Django's admin, with our site in place of its own."""

    default_site = "massagerx.admin_site.StaffAdminSite"

    def ready(self) -> None:
        """Registers the search functions of SQLite, how to wait for PostgreSQL, and when to forget what it told."""
        super().ready()
        text_search.start()
        database_waits.start()
        reference_data.start()
