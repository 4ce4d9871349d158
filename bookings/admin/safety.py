"""Safe at the door: who is alerted when a therapist doesn't answer, and at which addresses something holds."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.operations import write_address_rule
from bookings.exceptions import SlotTaken
from bookings.forms.door_rule import DoorRuleForm
from bookings.forms.zip_code import ZipForm
from bookings.models import AddressRule, Booking, SafetyContact
from bookings.models.booking import make_address_key, make_rule_key
from bookings.staff.labels import two_lines
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.fields import LineField


@admin.register(SafetyContact)
class SafetyContactAdmin(KindFieldsMixin, ListMixin):
    list_display = ["user", "position"]
    list_select_related = ["user"]
    fields = ["user", "position"]


class _RuleForm(forms.ModelForm):
    """What holds at an address. `is_busy` where others held it for too long when it was pressed."""

    is_busy = False

    def clean(self) -> dict[str, Any]:
        """Asks for one more press where the one before couldn't be kept."""
        if self.is_busy:
            self.add_error(None, _("Somebody is changing this at this moment. Please press once more."))
        return super().clean() or self.cleaned_data


class RuleForm(_RuleForm):
    """Of one that is written down: another rule, or none any more."""

    rule = DoorRuleForm.base_fields["rule"]


class NewRuleForm(ZipForm, _RuleForm):
    """The address, typed as for a visit, also before anybody was ever booked there."""

    street = LineField(
        label=gettext_lazy("Street address"), max_length=Booking._meta.get_field("street").max_length
    )
    unit = LineField(
        label=gettext_lazy("Apartment or unit"),
        max_length=Booking._meta.get_field("unit").max_length,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zip_code"].label = _("ZIP code")

    def clean(self) -> dict[str, Any]:
        """One rule for an address."""
        sent = super().clean()
        if not self.errors:
            address_key = make_address_key(sent["street"], sent["unit"], sent["zip_code"])
            self.instance.address_key = make_rule_key(address_key)
            known = AddressRule.objects.filter(address_key=self.instance.address_key).first()
            if known is not None:
                words = _("Something holds there already: %(rule)s. Change it in the list.")
                self.add_error("street", words % {"rule": known})
        return sent


@admin.register(AddressRule)
class AddressRuleAdmin(KindFieldsMixin, ListMixin):
    """Where nothing holds any more, the row goes."""

    list_display = ["address", "rule", "when", "by"]
    list_filter = ["rule"]
    list_select_related = ["by"]
    search_fields = ["address_key"]
    ordering = ["address_key"]
    readonly_fields = ["address", "when", "by"]

    @admin.display(description=gettext_lazy("address"), ordering="address_key")
    def address(self, rule: AddressRule) -> str:
        return rule.address_key

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def when(self, rule: AddressRule) -> str:
        return two_lines(rule.at)

    def get_fields(self, request: HttpRequest, obj: AddressRule | None = None) -> Any:
        return ["address", "rule", "when", "by"] if obj else ["street", "unit", "zip_code", "rule"]

    def get_form(
        self, request: HttpRequest, obj: AddressRule | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, form=RuleForm if obj else NewRuleForm, **kwargs)
        form.is_busy = getattr(request, "is_busy", False)  # type: ignore[attr-defined]
        return form

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Who looks is written down, once a day."""
        response = super().changelist_view(request, extra_context)
        look = {
            "user": request.user,
            "content_type": ContentType.objects.get_for_model(AddressRule),
            "object_id": None,
        }
        if not LogEntry.objects.filter(**look, action_time__date=timezone.localdate()).exists():
            words = {"object_repr": str(AddressRule._meta.verbose_name_plural), "action_flag": CHANGE}
            LogEntry.objects.create(**look, **words, change_message=str(_("Looked at the list")))
        return response

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Nothing that was typed is lost where others hold the rows for too long."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except SlotTaken:
            request.is_busy = True  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: AddressRule, form: Any, change: bool) -> None:
        """Here, and on each visit to come there."""
        actor, key = cast("User", request.user), obj.address_key
        write_address_rule(address_key=key, rule=obj.rule, actor=actor, now=timezone.now())
        if not change:
            obj.pk = AddressRule.objects.get(address_key=key).pk

    def has_delete_permission(self, request: HttpRequest, obj: AddressRule | None = None) -> bool:
        """It is taken back by saying that nothing holds."""
        return False
