"""Single drives between booked visits that staff have corrected."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Booking, DriveOverride
from bookings.staff.labels import local_when
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.localtime import local

from .stranding import StrandingMixin


class ReferenceField(forms.CharField):
    """A booking named by its reference, in any case; blank is None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=12, required=False, **kwargs)

    def clean(self, value: Any) -> Any:
        reference = super().clean(value).upper()
        if not reference:
            return None
        booking = Booking.objects.occupying().filter(reference=reference).first()
        if booking is None:
            raise forms.ValidationError(_("There is no visit with this reference, or it is canceled."))
        return booking


class DriveOverrideForm(forms.ModelForm):
    from_booking = ReferenceField(
        label=gettext_lazy("From the visit"),
        help_text=gettext_lazy("Its reference, such as MX-7K3FQ9. Blank: from the therapist's home."),
    )
    to_booking = ReferenceField(
        label=gettext_lazy("To the visit"),
        help_text=gettext_lazy("Its reference. Blank: to the therapist's home."),
    )

    class Meta:
        model = DriveOverride
        fields = ["from_booking", "to_booking", "minutes", "reason"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, then = cleaned.get("from_booking"), cleaned.get("to_booking")
        if first and then:
            if first.therapist_id != then.therapist_id:
                self.add_error("to_booking", _("Both visits must be of one therapist."))
            elif local(first.starts_at).date() != local(then.starts_at).date():
                self.add_error("to_booking", _("Both visits must be on one day."))
            elif first.starts_at >= then.starts_at:
                self.add_error("to_booking", _("This visit must come after the other one."))
        return cleaned


@admin.register(DriveOverride)
class DriveOverrideAdmin(StrandingMixin, KindFieldsMixin, ListMixin):
    """Added and deleted, never changed: so who, when and why stay true."""

    form = DriveOverrideForm
    fields = ["from_booking", "to_booking", "minutes", "reason"]
    list_display = ["__str__", "reason", "by", "when"]
    list_select_related = ["from_booking", "to_booking", "by"]
    search_fields = ["from_booking__reference", "to_booking__reference"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.fields, "by", "at"] if obj else self.fields

    def stranding_therapists(self, obj: DriveOverride) -> Collection[int]:
        visits = (obj.from_booking, obj.to_booking)
        return {visit.therapist_id for visit in visits if visit is not None}

    def save_model(self, request: HttpRequest, obj: DriveOverride, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)  # the admin lets nobody else in
        obj.by = request.user
        obj.at = timezone.now()
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def when(self, row: DriveOverride) -> str:
        return local_when(row.at)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
