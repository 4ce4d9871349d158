"""The WSGI application."""

import logging
import os

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massagerx.settings.local")

application = get_wsgi_application()

if "options" in connection.settings_dict["OPTIONS"]:
    # Nobody waits longer for a page; migrations and tasks may take their time. PgBouncer has its own file for that.
    connection.settings_dict["OPTIONS"]["options"] += " -c statement_timeout=20000"

from massagerx.accounts.sample_accounts import check_for_sample_accounts  # noqa: E402  (needs the apps)

# No command runs Django's checks when the web server starts.
for found in check_for_sample_accounts(databases=["default"]):
    logging.getLogger("massagerx").warning("%s %s", found.msg, found.hint)
connection.close()  # processes that are forked later must not share it

# Django reads the addresses, and with them views and forms, at the first request. Read now, so that it is quick too.
get_resolver().url_patterns  # noqa: B018
