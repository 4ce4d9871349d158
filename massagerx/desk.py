"""The admin site of staff and owner."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Desk(AdminSite):
    """Django's, without the list of all models on every page: the links that staff use all day stand under the
    header (templates/admin/base_site.html), and asking what each model allows would cost queries on each page."""

    site_header = "Massage Rx"
    site_title = "Massage Rx"
    index_title = _("Today at the desk")
    enable_nav_sidebar = False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": request.META["SCRIPT_NAME"] or self.site_url,
            "has_permission": self.has_permission(request),
            "available_apps": [],
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
            "log_entries": self.get_log_entries(request),
        }
