"""The admin site of staff and owner."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from massagerx.lib.limits import limited

# Of the bar's menu: id, heading, and the models in the order of use. What is named nowhere goes to the last.
_SECTIONS: list[tuple[str, Any, list[str]]] = [
    (
        "day",
        _("The day"),
        [
            "bookings.booking",
            "bookings.changerequest",
            "courses.course",
            "referrals.referral",
            "program.program",
            "bookings.timeoff",
            "bookings.extrahours",
            "bookings.driveoverride",
        ],
    ),
    (
        "people",
        _("People"),
        ["bookings.client", "bookings.therapist", "bookings.photo", "bookings.healthaccess"],
    ),
    (
        "messages",
        _("Messages"),
        [
            "bookings.message",
            "bookings.contactmessage",
            "bookings.arearequest",
            "bookings.bookletrequest",
            "reviews.review",
            "bookings.messagesettings",
        ],
    ),
    (
        "catalogue",
        _("Services and prices"),
        [
            "services.service",
            "services.addon",
            "services.category",
            "courses.courseplan",
            "program.programtemplate",
            "program.exercise",
            "program.exercisepicture",
            "bookings.booklet",
        ],
    ),
    (
        "places",
        _("Places and drives"),
        [
            "bookings.zone",
            "bookings.servicearea",
            "drives.drivecorrection",
            "drives.fixeddrive",
            "drives.driverules",
            "drives.observeddrive",
            "drives.roadtime",
        ],
    ),
    (
        "writing",
        _("Writing"),
        [
            "blog.post",
            "blog.homeblock",
            "blog.page",
            "blog.faqentry",
            "blog.testimonial",
            "blog.announcement",
            "blog.picture",
            "blog.video",
            "blog.tag",
        ],
    ),
    (
        "settings",
        _("Rules and settings"),
        [
            "services.business",
            "bookings.bookingrules",
            "bookings.safetycontact",
            "bookings.addressrule",
            "bookings.incident",
            "bookings.closure",
            "bookings.termsversion",
            "bookings.heardfrom",
            "bookings.notetemplate",
            "referrals.referraloffice",
            "bookings.screeningversion",
            "auth.user",
            "accounts.login",
            "auth.group",
        ],
    ),
]


class StaffAdminSite(AdminSite):
    """Django's, with one bar (templates/admin/desk_nav.html): the places that staff go to all day stand in it, and all
    lists in its menu.

    Logging in asks for the second factor too, which has a page of its own.
    """

    site_header = "Massage Rx"
    site_title = "Massage Rx"
    enable_nav_sidebar = False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Django's context; the list of all models is asked for once the bar shows it."""
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": request.META["SCRIPT_NAME"] or self.site_url,
            "has_permission": self.has_permission(request),
            "available_apps": SimpleLazyObject(lambda: self.get_app_list(request)),
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
            "log_entries": self.get_log_entries(request),
        }

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The menu's links by what they are for, in the owner's words; of one app, as Django has them."""
        apps: list[Any] = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {model["model"]._meta.label_lower: model for app in apps for model in app["models"]}
        sections = [
            {"name": name, "slug": slug, "models": [models.pop(label) for label in labels if label in models]}
            for slug, name, labels in _SECTIONS
        ]
        sections[-1]["models"] += models.values()
        return [section for section in sections if section["models"]]

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Adds the pages of one's own log-in, limited per address."""
        factor = limited("20/m", "second-factor")(self.admin_view(self.second_factor))
        own = limited("20/h", "own-log-ins")(self.admin_view(self.own_log_ins))
        return [
            path("second-factor/", factor, name="second_factor"),
            path("log-ins/", own, name="own_log_ins"),
            *super().get_urls(),
        ]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's log-in with the form that asks for a code too."""
        # Here and below: models can be imported only once the apps are loaded.
        from massagerx.accounts.forms import StaffLoginForm

        self.login_form = StaffLoginForm
        return super().login(request, extra_context)

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        """Where a member of staff sets up, shows or changes their second factor."""
        from massagerx.accounts.views import second_factor_page

        return second_factor_page(request, self.each_context(request))

    def own_log_ins(self, request: HttpRequest) -> HttpResponse:
        """Where a member of staff sees where they are logged in, and ends it elsewhere."""
        from massagerx.accounts.views import own_log_ins_page

        return own_log_ins_page(request, self.each_context(request))
