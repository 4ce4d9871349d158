"""What we offer: the catalogue, its prices, and the business itself."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServicesConfig(AppConfig):
    name = "services"
    verbose_name = _("Catalogue")
