"""ZIP codes by pasting: shows what would be added and what is wrong; one more press adds."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.domain.zip_paste import add_paste, read_paste
from bookings.models import Zone
from massagerx.lib.fields import LineField, LinesField
from massagerx.lib.money import DollarsField

from .frame import StaffRequest, desk_page, log_change, page, say


class PasteForm(forms.Form):
    """The text, and the zone that its codes are for: one that there is, or a new one with its fee."""

    zone = forms.ModelChoiceField(
        Zone.objects.all(), label=gettext_lazy("Zone"), required=False, empty_label=gettext_lazy("a new one:")
    )
    new_zone = LineField(label=gettext_lazy("Name of the new zone"), max_length=80, required=False)
    fee = DollarsField(
        label=gettext_lazy("Travel fee of the new zone"), max_cents=100_000, required=False, initial=0
    )
    text = LinesField(
        label=gettext_lazy("ZIP codes"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=gettext_lazy(
            "As you have them: in lines or with commas, with cities or the four more digits beside them. The name of a "
            "city alone stands for all of its codes."
        ),
        error_messages={"required": gettext_lazy("Paste or type ZIP codes.")},
    )

    def clean(self) -> dict[str, Any]:
        """A zone is named once, and a new one isn't there yet."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "zone" in self.errors or "new_zone" in self.errors:
            return data
        if (data.get("zone") and data.get("new_zone")) or (not data.get("zone") and not data.get("new_zone")):
            self.add_error("new_zone", _("Choose a zone above, or name a new one."))
        elif not data.get("zone"):
            there = Zone.objects.filter(name__iexact=data["new_zone"]).first()
            if there is not None:
                self.zone_is_there()
        return data

    def zone_is_there(self) -> None:
        """Refuses the new zone's name."""
        self.add_error("new_zone", _("There is a zone of that name: choose it above."))

    def save_zone(self) -> Zone:
        """The zone chosen, or the new one, which stands last."""
        zone: Zone | None = self.cleaned_data["zone"]
        if zone is None:
            last = Zone.objects.order_by("-position").values_list("position", flat=True).first()
            zone = Zone.objects.create(
                name=self.cleaned_data["new_zone"],
                travel_fee_cents=self.cleaned_data["fee"] or 0,
                position=(last or 0) + 1,
            )
        return zone


@desk_page("bookings.add_servicearea", "bookings.add_zone")
def paste_page(request: StaffRequest) -> HttpResponse:
    """The form; then what its text comes to; then, by a press there, the codes."""
    form = PasteForm(request.POST or None)
    context: dict[str, Any] = {"title": _("Paste ZIP codes"), "form": form}
    if request.method != "POST":
        return page(request, "zip_codes", context)
    if not form.is_valid():
        return page(request, "zip_codes", context, status=422)
    paste = read_paste(form.cleaned_data["text"], now=timezone.now())
    if request.POST.get("do") != "add" or not paste.count:
        return page(request, "zip_codes", {**context, "paste": paste})
    try:
        with transaction.atomic():
            zone = form.save_zone()
            count = add_paste(paste, zone=zone)
            words = ngettext("%(count)d ZIP code added.", "%(count)d ZIP codes added.", count)
            words %= {"count": count}
            log_change(request, zone, words)
    except IntegrityError:
        # Pressed twice at once: the other press has made the zone.
        form.zone_is_there()
        return page(request, "zip_codes", context, status=422)
    say(request, True, f"{words} {_('Their drives are worked out in the background.')}")
    return redirect(f"{reverse('admin:bookings_servicearea_changelist')}?zone__id__exact={zone.pk}")
