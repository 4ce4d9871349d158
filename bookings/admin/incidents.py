"""The log of violence at work: written once, read, and downloaded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.incidents import names_in
from bookings.models import Incident
from bookings.staff.labels import local_when
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.csv import csv_response

_WORDS = ("description", "consequences", "steps")
# What happened longer ago is asked about: a year that is mistyped can't be put right later.
_LONG_AGO = timedelta(days=365)
_WHAT = ["happened_at", "place", "kind", "act", "circumstance", *_WORDS, "job_title"]


class IncidentForm(forms.ModelForm):
    names_nobody = forms.BooleanField(
        label=gettext_lazy("The names found in it are nobody’s whom we visit: keep it as it is"),
        required=False,
    )

    was_long_ago = forms.BooleanField(
        label=gettext_lazy("It was more than a year ago: the date is right"), required=False
    )

    class Meta:
        model = Incident
        fields = _WHAT

    def clean_happened_at(self) -> Any:
        """Not in the future."""
        happened_at = self.cleaned_data["happened_at"]
        if happened_at > timezone.now():
            raise forms.ValidationError(_("This is still to come."))
        return happened_at

    def clean(self) -> dict[str, Any]:
        """Asks about a date of long ago, and warns of a client's name in the text: the log may be read by everybody who
        works for us."""
        sent: dict[str, Any] = super().clean() or self.cleaned_data
        happened_at = sent.get("happened_at")
        if (
            happened_at is not None
            and happened_at < timezone.now() - _LONG_AGO
            and not sent.get("was_long_ago")
        ):
            words = _("This is more than a year ago. If the date is right, say so below.")
            self.add_error("happened_at", words)
        for field in _WORDS:
            found = names_in(sent.get(field, "")) if not sent.get("names_nobody") else []
            if found:
                words = _("A client’s name stands here: %(names)s. Say “the client” instead.")
                self.add_error(field, words % {"names": ", ".join(found)})
        return sent


@admin.register(Incident)
class IncidentAdmin(KindFieldsMixin, ListMixin):
    form = IncidentForm
    list_display = ["happened_at", "place", "kind", "act", "recorded_by", "recorded_at"]
    list_filter = ["kind", "place"]
    list_select_related = ["recorded_by"]
    actions = ["as_csv"]

    def get_fields(self, request: HttpRequest, obj: Incident | None = None) -> Any:
        """Who looks at one sees who filled it in."""
        return [*_WHAT, "recorded_by", "recorded_at"] if obj else [*_WHAT, "names_nobody", "was_long_ago"]

    def save_model(self, request: HttpRequest, obj: Incident, form: Any, change: bool) -> None:
        """Says who filled it in, and when."""
        obj.recorded_by, obj.recorded_at = cast("User", request.user), timezone.now()
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        """Written once."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        """It goes by itself when the law no longer asks for it."""
        return False

    @admin.action(description=gettext_lazy("Download the chosen as CSV"), permissions=["view"])
    def as_csv(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponseBase:
        """The log for an inspector or a colleague who asks."""
        names = [*_WHAT, "recorded_by", "recorded_at"]
        rows = [[str(Incident._meta.get_field(name).verbose_name) for name in names]]  # type: ignore[union-attr]
        for incident in queryset.select_related("recorded_by"):
            rows.append([_cell(incident, name) for name in names])
        return csv_response(f"incidents-{timezone.localdate()}", rows)


def _cell(incident: Incident, name: str) -> str:
    if name in ("happened_at", "recorded_at"):
        return local_when(getattr(incident, name))
    shown = getattr(incident, f"get_{name}_display", None)
    return str(shown() if shown is not None else getattr(incident, name))
