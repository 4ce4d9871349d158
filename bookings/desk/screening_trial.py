"""A version of the health questions, tried out: answered as a client would, with what the answers come to. Nothing is
kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import intake
from bookings.forms import HealthForms
from bookings.models import ScreeningVersion
from bookings.screening import RulesError, parse_rules
from bookings.staff.labels import tier_mark
from services.models import Service

from .frame import StaffRequest, change_page, desk_page


class TrialForm(forms.Form):
    """For what, and for how many."""

    service = forms.ChoiceField(label=gettext_lazy("Service"), required=False)
    people = forms.TypedChoiceField(
        label=gettext_lazy("People"),
        choices=[("1", "1"), ("2", "2")],
        coerce=int,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].choices = [  # type: ignore[attr-defined]
            *Service.objects.values_list("slug", "name"),
            ("", _("any other service")),
        ]


@desk_page("bookings.view_screeningversion")
def trial_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The questions as clients see them, whether or not they are in force; a press says what the answers come to."""
    version = ScreeningVersion.objects.filter(pk=pk).first()
    if version is None:
        raise Http404
    try:
        asked = intake.Screening(version, parse_rules(version.rules))
    except RulesError:
        messages.error(request, _("These questions can’t be read, so they can’t be tried."))
        return redirect(change_page("screeningversion"), pk)
    first = Service.objects.order_by("position", "name").values_list("slug", flat=True).first()
    form = TrialForm({"service": first or "", **request.GET.dict()})
    slug, people = (
        (form.cleaned_data["service"], form.cleaned_data["people"] or 1) if form.is_valid() else ("", 1)
    )
    today = timezone.localdate()
    forms_of = HealthForms(
        request.POST if request.method == "POST" else None,
        people=people,
        screening_now=asked,
        service_slug=slug,
        today=today,
    )
    context: dict[str, Any] = {"version": version, "asked": asked, "forms": forms_of, "chosen": form}
    status = 200
    if request.method == "POST":
        is_whole = forms_of.is_valid()
        status = 200 if is_whole else 422
        result = asked.evaluate_so_far(forms_of.answers(), slug, today, people=people)
        if is_whole or result.stops:
            context["result"] = {
                "tier": tier_mark(intake.tier_of(result)),
                "bookable": result.bookable,
                "messages": [intake.translated(text) for text in result.messages],
                "notes": [intake.translated(text) for text in result.caution_notes],
            }
    response = render(request, "desk/screening_trial.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
