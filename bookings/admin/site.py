"""What all admin pages share."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

admin.site.site_header = "Massage Rx"
admin.site.site_title = "Massage Rx"
# The links that staff use all day stand under the header on every page, see templates/admin/base_site.html.
admin.site.enable_nav_sidebar = False
admin.site.index_title = _("Today at the desk")
