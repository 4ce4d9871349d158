"""The steps of a booking, one form each. What they clean fits into the encrypted draft as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings.domain.operations import NewTime
from bookings.domain.visit_request import ANYONE, MAX_TREATMENT_MINUTES
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.fields import LineField
from services.models import AddOn, Service, ServiceOption
from services.templatetags.money import dollars

from .zip_code import ZipForm

_OPTIONS = CompiledQuery(
    lambda parameter: ServiceOption.objects.active().filter(service=parameter("service", BigIntegerField())),
    of_reference_data=True,
)
_ADD_ONS = CompiledQuery(
    lambda parameter: AddOn.objects.active().filter(services=parameter("service", BigIntegerField())),
    of_reference_data=True,
)
# Of how many people: two at the same time.
BOTH_AT_ONCE = "both"


class TreatmentForm(forms.Form):
    """How long, with what, for how many, of one service. Cleaned, two people at the same time are `side_by_side`, and
    `people` is 1: so many are in each of their visits."""

    option = forms.TypedChoiceField(
        label=_("How long?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a length."),
            "invalid_choice": _("Choose one of these lengths."),
        },
    )
    add_ons = forms.TypedMultipleChoiceField(
        label=_("Anything to add?"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("One of these is no longer offered. Choose again.")},
    )
    people = forms.TypedChoiceField(
        label=_("How many people at this address?"),
        coerce=lambda value: value if value == BOTH_AT_ONCE else int(value),
        widget=forms.RadioSelect,
        initial=1,
        error_messages={
            "required": _("Choose how many people."),
            "invalid_choice": _("Choose one of these numbers of people."),
        },
    )

    def __init__(
        self,
        *args: Any,
        service: Service,
        travel_from_cents: int = 0,
        side_by_side: bool = False,
        **kwargs: Any,
    ) -> None:
        """`side_by_side`: enough therapists give the service for two of them to come at the same time."""
        super().__init__(*args, **kwargs)
        options = _OPTIONS.objects(service=service.pk)
        self.fields["option"].choices = [  # type: ignore[attr-defined]
            (
                option.pk,
                _("%(minutes)s minutes · from %(price)s")
                % {
                    "minutes": option.minutes,
                    "price": dollars(option.price_cents + travel_from_cents),
                },
            )
            for option in options
        ]
        add_ons = _ADD_ONS.objects(service=service.pk)
        if add_ons:
            self.fields["add_ons"].choices = [(add_on.pk, _add_on_label(add_on)) for add_on in add_ons]  # type: ignore[attr-defined]
        else:
            del self.fields["add_ons"]
        if service.max_people > 1:
            both = _("Two people at the same time, with two therapists (twice the price and travel)")
            self.fields["people"].choices = [  # type: ignore[attr-defined]
                (1, _("One person")),
                (2, _("Two people, one after the other (twice the time and price)")),
                *([(BOTH_AT_ONCE, both)] if side_by_side else []),
            ]
        else:
            del self.fields["people"]
        self._minutes = {option.pk: option.minutes for option in options}
        self._add_on_minutes = {add_on.pk: add_on.minutes for add_on in add_ons}

    def clean(self) -> dict[str, Any]:
        """Refuses a treatment longer than `MAX_TREATMENT_MINUTES`."""
        data = super().clean() or {}
        if "people" in data:
            data["side_by_side"] = data["people"] == BOTH_AT_ONCE
            data["people"] = 1 if data["side_by_side"] else data["people"]
        if "option" in data:
            minutes = self._minutes.get(data["option"], 0) + sum(
                self._add_on_minutes.get(pk, 0) for pk in data.get("add_ons", [])
            )
            if minutes * data.get("people", 1) > MAX_TREATMENT_MINUTES:
                raise ValidationError(_("That is too long for one visit. Choose a shorter length."))
        return data


def _add_on_label(add_on: AddOn) -> str:
    price = _("no charge") if not add_on.price_cents else f"+{dollars(add_on.price_cents)}"
    if not add_on.minutes:
        return f"{add_on.name} · {price}"
    minutes = ngettext("+%d minute", "+%d minutes", add_on.minutes) % add_on.minutes
    return f"{add_on.name} · {minutes} · {price}"


class TimeForm(forms.Form):
    """One press: whom the visitor asks for, as of `domain.visit_request`, and a start with who was shown to come then.

    The start is an ISO 8601 instant with its offset, a space, and the therapist's slug; cleaned, a pair. Any offset of
    the same instant is the same start. Where two are visited side by side, `second` is whom the other asks for, and
    there are two slugs with a plus between.
    """

    who = LineField(max_length=80)
    second = LineField(max_length=80, required=False)
    starts_at = LineField(max_length=160)

    def clean_starts_at(self) -> tuple[datetime, str]:
        """The instant in UTC and the slug. Raises `ValidationError` for one without a zone or in an unlikely year."""
        text, _space, therapist = self.cleaned_data["starts_at"].rpartition(" ")
        if not text:
            raise ValidationError(_("Choose one of the times shown."), code="not_a_time")
        try:
            instant = parse_datetime(text)
            if instant is None or instant.tzinfo is None:
                raise ValueError
            instant = instant.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError(_("Choose one of the times shown."), code="not_a_time") from None
        if not 2000 <= instant.year <= 2200:
            raise ValidationError(_("Choose one of the times shown."), code="not_a_time")
        return instant, therapist

    def new_time(self) -> NewTime:
        """Where a visit is to move to, once the form is valid."""
        sent = self.cleaned_data
        return NewTime(sent["starts_at"][0], sent["who"], sent["starts_at"][1], sent.get("total_cents"))


class SoonestForm(TimeForm, ZipForm):
    """The press on the next free time, which the answer to a ZIP code names: all that it was about goes along."""

    service = LineField(max_length=200)
    option = forms.IntegerField(min_value=1, max_value=2**63 - 1)

    def answers(self) -> dict[str, Any]:
        """What a draft keeps of what the time was named for: one person, nothing added, and anyone who comes."""
        asked = {name: self.cleaned_data[name] for name in ("service", "option", "zip_code")}
        return {**asked, "add_ons": [], "people": 1, "preference": ANYONE}


class ReviewForm(forms.Form):
    """The last press: the client has seen the whole and agrees to it."""

    agree = forms.BooleanField(
        label=_("I have read this and agree"),
        error_messages={"required": _("Please read the terms and tick the box to go on.")},
    )
    submission_key = forms.UUIDField(widget=forms.HiddenInput)
    total_cents = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=100_000_000)
    terms_version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=1_000_000)


class _Shared(dict[str, forms.Field]):
    """Fields that no form changes, so that each has these very ones: to copy them takes longer than to read them."""

    def __deepcopy__(self, memo: object) -> _Shared:
        return self


class PressForm(ReviewForm):
    """The same, to read what was sent. It is shown by a `ReviewForm`, which may be given other words."""


PressForm.base_fields = _Shared(ReviewForm.base_fields)
