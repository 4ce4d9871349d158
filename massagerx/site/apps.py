"""The app of what belongs to the whole site."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class SiteConfig(AppConfig):
    name = "massagerx.site"
    label = "site"

    def ready(self) -> None:
        """Registers the checks of `check --deploy`."""
        from .checks import check_connections

        register(check_connections, Tags.security, deploy=True)
