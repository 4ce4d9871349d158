"""Services and add-ons to begin with: the owner chooses from prepared ones, which nobody sees until they are active."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from services.sample import Prepared, add_drafts, prepared_add_ons, prepared_services
from services.templatetags.money import dollars

from .frame import StaffRequest, desk_page, page, say


class PreparedForm(forms.Form):
    """What is taken over, as drafts."""

    services = forms.MultipleChoiceField(
        label=gettext_lazy("Services"), required=False, widget=forms.CheckboxSelectMultiple
    )
    add_ons = forms.MultipleChoiceField(
        label=gettext_lazy("Add-ons"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, rows in (("services", prepared_services()), ("add_ons", prepared_add_ons())):
            if rows:
                self.fields[name].choices = [(row.key, _words(row)) for row in rows]  # type: ignore[attr-defined]
            else:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Something is chosen."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not any(data.values()):
            raise forms.ValidationError(_("Choose at least one."))
        return data


def _words(row: Prepared) -> str:
    """Its name, the sentence about it, and what it costs."""
    lengths = ", ".join(
        _("%(minutes)d min %(price)s") % {"minutes": minutes, "price": dollars(cents)}
        for minutes, cents in row.lengths
    )
    return f"{row.name} ({lengths}). {row.summary}"


@desk_page("services.add_service", "services.add_addon")
def prepared_page(request: StaffRequest) -> HttpResponse:
    """The list; a press adds what is ticked as drafts, which no client sees."""
    form = PreparedForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        add_drafts(form.cleaned_data.get("services", ()), form.cleaned_data.get("add_ons", ()))
        say(request, True, _("Added as drafts. Nobody sees them until you make them active."))
        return redirect("admin:services_service_changelist")
    context = {"title": _("Prepared services"), "form": form}
    return page(request, "prepared", context, status=422 if form.errors else 200)
