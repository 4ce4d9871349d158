"""The site's addresses. Those of the public pages are fixed: links and outside checks rely on them."""

from django.conf import settings
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from blog import urls as blog
from bookings.courses import desk_urls as desk_courses
from bookings.desk import urls as desk
from bookings.program import desk_urls as desk_program
from bookings.referrals import desk_urls as desk_referrals
from bookings.reviews import desk_urls as desk_reviews
from massagerx.accounts import log_ins

from .site import views
from .site.sitemaps import SITEMAPS
from .site.styleguide import sample_email, styleguide

# The owner's words and the bookings' form: neither app knows the other.
_blog = [path("contact/", views.contact, name="contact"), *blog.urlpatterns]


urlpatterns = [
    path("", views.home, name="home"),
    path("services/", include("services.urls")),
    path("", include("bookings.urls")),
    path("visits/v/", include("bookings.courses.client_urls")),
    path("visits/", include("bookings.views.visits.urls")),
    path("", include((_blog, blog.app_name))),
    path("colors/<slug:name>.css", views.colors, name="colors"),
    path("robots.txt", views.robots, name="robots"),
    # Asked for each time: a post scheduled for now must not be hidden behind an older copy.
    path(
        "sitemap.xml",
        require_safe(cache_control(no_cache=True)(sitemap)),
        {"sitemaps": SITEMAPS},
        name="sitemap",
    ),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("admin/login/", log_ins.limit_tries(admin.site.login)),
    path("admin/styleguide/", admin.site.admin_view(styleguide), name="styleguide"),
    *(
        path(
            f"admin/styleguide/emails/<slug:name>.{part}",
            admin.site.admin_view(sample_email),
            {"part": part},
            name=f"sample_email_{part}",
        )
        for part in ("html", "txt")
    ),
    path(
        "admin/",
        (
            [
                *desk.urlpatterns,
                *desk_courses.urlpatterns,
                *desk_referrals.urlpatterns,
                *desk_program.urlpatterns,
                *desk_reviews.urlpatterns,
                *admin.site.get_urls(),
            ],
            "admin",
            admin.site.name,
        ),
    ),
]

if settings.LOCAL:
    urlpatterns += [path("mailbox/", include("bookings.views.mailbox_urls"))]

handler400 = "massagerx.site.views.bad_request"
handler403 = "massagerx.site.views.forbidden"
handler404 = "massagerx.site.views.not_found"
handler500 = "massagerx.site.views.server_error"
