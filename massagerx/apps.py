"""Which admin site the project has."""

from django.contrib.admin.apps import AdminConfig

from massagerx.lib import folding


class DeskConfig(AdminConfig):
    """Django's admin, with our site in place of its own."""

    default_site = "massagerx.desk.Desk"

    def ready(self) -> None:
        super().ready()
        folding.start()
