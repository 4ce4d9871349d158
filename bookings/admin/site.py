"""What all admin pages share."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

admin.site.site_header = "Massage Rx"
admin.site.site_title = "Massage Rx"
admin.site.index_title = _("Today at the desk")
