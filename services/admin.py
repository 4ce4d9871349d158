"""The owner's desk for the catalogue: services with their lengths and prices, add-ons, and the business's facts."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from massagerx.lib.admin import KindFieldsMixin, ListMixin, ProseAdminMixin, SingletonMixin, TableInline
from massagerx.lib.admin_history import HistoryMixin
from massagerx.lib.admin_preview import PreviewMixin
from massagerx.lib.admin_versions import VersionsMixin

from .models import AddOn, Business, Category, Service, ServiceFaq, ServiceOption
from .sample_left import sample_left
from .templatetags.money import dollars


class ServiceOptionForm(forms.ModelForm):
    class Meta:
        model = ServiceOption
        fields = ["minutes", "price_cents", "next_price_cents", "next_price_from", "is_active"]

    def clean_minutes(self) -> int:
        """Minutes in steps of five."""
        minutes: int = self.cleaned_data["minutes"]
        if minutes % 5:
            raise forms.ValidationError(_("Use a multiple of five minutes."))
        return minutes

    def clean_price_cents(self) -> int:
        """Cents above zero."""
        cents: int = self.cleaned_data["price_cents"]
        if cents == 0:
            raise forms.ValidationError(
                _("A session can't cost nothing. To take this length off the site, untick Active.")
            )
        return cents

    def clean(self) -> dict[str, Any]:
        """A price to come needs its day, and a day its price."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors.keys() & {"next_price_cents", "next_price_from"}:
            return cleaned
        cents, day = cleaned.get("next_price_cents"), cleaned.get("next_price_from")
        if cents == 0:
            self.add_error("next_price_cents", _("A session can't cost nothing."))
        elif cents is None and day is not None:
            self.add_error("next_price_cents", _("Type the price from that day on, or take the day away."))
        elif cents is not None and day is None:
            self.add_error("next_price_from", _("Choose the first day of the next price."))
        elif day is not None and "next_price_from" in self.changed_data and day <= timezone.localdate():
            self.add_error(
                "next_price_from", _("Choose a day after today; to change it now, type the price itself.")
            )
        return cleaned


class ServiceOptionInline(TableInline):
    model = ServiceOption
    form = ServiceOptionForm
    extra = 1
    # As for the two below: a form may send 500 fields in all, and what is typed beyond them would be lost.
    max_num = 20
    money_labels = {
        "price_cents": _("Price for one person, travel not included"),
        "next_price_cents": _("Next price"),
    }


class ServiceFaqInline(KindFieldsMixin, admin.StackedInline):
    model = ServiceFaq
    extra = 0
    max_num = 20


class AddOnInline(TableInline):
    model = AddOn.services.through
    extra = 1
    max_num = 30
    verbose_name = _("add-on")
    verbose_name_plural = _("add-ons offered with this service")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Labels the choice "Add-on"."""
        return super().formfield_for_foreignkey(db_field, request, label=_("Add-on"), **kwargs)


@admin.register(Service)
class ServiceAdmin(PreviewMixin, VersionsMixin, HistoryMixin, KindFieldsMixin, ListMixin, ProseAdminMixin):
    class Media:
        css = {"all": ["css/writing.css"]}
        js = ["js/writing.js"]

    # What clients read; minutes, prices and people don't come back with an earlier version.
    version_fields = ("name", "summary", "description", "what_to_expect", "before_visit", "after_visit")
    history_parts = [(ServiceOption, "service", "minutes")]
    list_display = ["name", "category", "lengths", "prices", "is_active", "position"]
    list_filter = ["is_active", "category"]
    list_select_related = ["category"]
    search_fields = ["name", "summary"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["on_the_site"]
    inlines = [ServiceOptionInline, AddOnInline, ServiceFaqInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "category", "summary", "is_active", "on_the_site", "position"]}),
        (
            _("What clients read"),
            {
                "fields": [
                    "description",
                    "what_to_expect",
                    "before_visit",
                    "after_visit",
                    "purpose_question",
                    "purpose_hint",
                ]
            },
        ),
        (
            _("Time at the door"),
            {
                "description": _(
                    "Set-up and pack-down are added to each visit; the client doesn't pay for them."
                ),
                "fields": ["setup_minutes", "packdown_minutes", "max_people"],
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        """Services with number, lowest and highest price (cents) of their active lengths."""
        active = Q(options__is_active=True)
        return (
            super()
            .get_queryset(request)
            .annotate(
                length_count=Count("options", filter=active),
                lowest_cents=Min("options__price_cents", filter=active),
                highest_cents=Max("options__price_cents", filter=active),
            )
        )

    @admin.display(description=_("on the site"))
    def on_the_site(self, service: Service) -> str:
        if not service.pk:
            return "–"
        why_not = service.why_not_offered(timezone.localdate())
        return str(_("No. %(why)s") % {"why": why_not} if why_not else _("Yes"))

    @admin.display(description=_("lengths"), ordering="length_count")
    def lengths(self, service: Any) -> int:
        """How many active lengths the service has."""
        return int(service.length_count)

    @admin.display(description=_("prices"), ordering="lowest_cents")
    def prices(self, service: Any) -> str:
        """The price range in dollars."""
        if service.lowest_cents is None:
            return str(_("no active length: not on the site"))
        if service.lowest_cents == service.highest_cents:
            return dollars(service.lowest_cents)
        return f"{dollars(service.lowest_cents)} – {dollars(service.highest_cents)}"

    def get_prepopulated_fields(self, request: HttpRequest, obj: Service | None = None) -> dict[str, Any]:
        """Fills in the slug of a new service only."""
        # The address of a service that is on the site stays when its name changes.
        return {} if obj else super().get_prepopulated_fields(request, obj)


@admin.register(Category)
class CategoryAdmin(KindFieldsMixin, ListMixin):
    list_display = ["name", "slug", "position"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(AddOn)
class AddOnAdmin(HistoryMixin, KindFieldsMixin, ListMixin):
    list_display = ["name", "more_minutes", "price", "is_active", "position"]
    list_filter = ["is_active", "services"]
    search_fields = ["name"]
    filter_horizontal = ["services"]
    fields = ["name", "summary", "minutes", "price_cents", "services", "is_active", "position"]

    @admin.display(description=_("more minutes"), ordering="minutes")
    def more_minutes(self, add_on: AddOn) -> int:
        """Minutes that the add-on adds."""
        return add_on.minutes

    @admin.display(description=_("price"), ordering="price_cents")
    def price(self, add_on: AddOn) -> str:
        """The price in dollars."""
        return dollars(add_on.price_cents)


class BusinessForm(forms.ModelForm):
    class Meta:
        model = Business
        fields = [
            "name",
            "tagline",
            "phone",
            "email",
            "city",
            "payment_words",
            "footer_headings",
            "footer_words",
            "is_sample",
        ]
        help_texts = {
            "tagline": _(
                "One sentence, at the foot of every page, for search engines and in the blog’s feed."
            )
        }

    def clean(self) -> dict[str, Any]:
        """Refuses sample phone numbers and addresses once the sample mark is taken off."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("is_sample"):
            if left := sample_left():
                self.add_error(
                    "is_sample",
                    _("Still as they came with the sample: %(left)s. Open each, make it yours and save it.")
                    % {"left": "; ".join(row.words for row in left)},
                )
            # Numbers from 555-0100 to 555-0199 and addresses at example.com are nobody's.
            if (phone := cleaned.get("phone")) and re.search(r"55501\d\d$", phone.as_e164):
                self.add_error(
                    "phone", _("This is still a sample number. Put in yours, then take the tick off.")
                )
            if (
                str(cleaned.get("email") or "")
                .lower()
                .endswith(("@example.com", "@example.org", "@example.net"))
            ):
                self.add_error(
                    "email", _("This is still a sample address. Put in yours, then take the tick off.")
                )
        return cleaned


@admin.register(Business)
class BusinessAdmin(VersionsMixin, HistoryMixin, KindFieldsMixin, SingletonMixin):
    # What readers see; name, phone and email don't come back with an earlier version.
    version_fields = ("tagline", "payment_words", "footer_headings", "footer_words")
    form = BusinessForm
    fields = [*BusinessForm.Meta.fields]
