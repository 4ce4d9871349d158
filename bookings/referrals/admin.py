"""The list of offices with a page of their own, and of the patients whom they referred."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin.base import RowsOnly
from bookings.staff.labels import mark, private_address, two_lines
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.admin_history import HistoryMixin
from massagerx.lib.urls import absolute_url

from . import operations
from .models import Referral, ReferralOffice


@admin.register(ReferralOffice)
class ReferralOfficeAdmin(HistoryMixin, KindFieldsMixin, ListMixin):
    list_display = ["name", "has_address", "approve_each"]
    list_select_related = ["link"]
    search_fields = ["name"]
    fields = ["name", "approve_each", "address"]
    readonly_fields = ["address"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: an office whose address is taken back stays for the patients whom it referred."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The address only for who may change it: it opens the office's page."""
        shown = obj is not None and self.has_change_permission(request, obj)
        return self.fields if shown else [name for name in self.fields or () if name != "address"]

    @admin.display(description=gettext_lazy("private address"))
    def has_address(self, office: ReferralOffice) -> SafeString:
        return mark("good", "✓", _("Yes")) if operations.token_of(office) else mark("off", "–", _("No"))

    @admin.display(description=gettext_lazy("private address"))
    def address(self, office: ReferralOffice) -> SafeString:
        page = reverse("admin:referrals_referraloffice_address", args=[office.pk])
        token = operations.token_of(office)
        address = absolute_url(reverse("bookings:refer", args=[token])) if token else ""
        return private_address(address, page, _("Make a new one, or take it back"))


@admin.register(Referral)
class ReferralAdmin(RowsOnly):
    """Patients whom offices referred; each opens on its page in `referrals.desk`."""

    list_title = gettext_lazy("Patients of offices")
    list_display = ["name", "office", "state", "entered"]
    list_filter = ["office"]
    list_select_related = ["office", "course"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Referral]:
        return super().get_queryset(request).defer("health", "course__dates")

    @admin.display(description=gettext_lazy("entered"), ordering="entered_at")
    def entered(self, referral: Referral) -> str:
        return two_lines(referral.entered_at)

    @admin.display(description=gettext_lazy("how it stands"))
    def state(self, referral: Referral) -> SafeString:
        return state_mark(referral)


def state_mark(referral: Referral) -> SafeString:
    """How a referral stands, as a word with a sign."""
    if referral.course_id is not None:
        return mark("good", "✓", _("Booked"))
    if referral.ended_at is not None:
        return mark("off", "–", _("Taken back"))
    if referral.approved_at is None:
        return mark("waiting", "!", _("Waits for a look"))
    return mark("waiting", "☎", _("To call")) if not referral.email else mark("note", "…", _("Link sent"))
