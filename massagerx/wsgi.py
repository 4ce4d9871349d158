"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massagerx.settings.local")

application = get_wsgi_application()

# Django reads the addresses, and with them views and forms, at the first request. Read now, so that it is quick too.
get_resolver().url_patterns  # noqa: B018
