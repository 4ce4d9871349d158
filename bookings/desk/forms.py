"""Forms of staff's pages."""

from __future__ import annotations

import hashlib
from datetime import time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from phonenumber_field.widgets import RegionalPhoneNumberWidget

from bookings.domain.reports import LONGEST_DAYS
from bookings.enums import NoteReader, NoteScope, PairingKind, WishState
from bookings.forms import AddressForm, MessageField
from bookings.forms.person import NumberField
from bookings.forms.staff import day_input
from bookings.models import Booking, Client, Therapist, TimeOff
from massagerx.lib.admin import clock_field, sane_day
from massagerx.lib.fields import LineField, LinesField
from massagerx.lib.localtime import day_bounds, instant_of
from massagerx.lib.money import DollarsField

# A clinician's word about weeks to come is asked for anew after this long.
LONGEST_CLEARANCE = timedelta(days=366)

# Visits --------------------------------------------------------------------------------------------------------------


class ClinicianNoteForm(forms.Form):
    note = LinesField(
        label=gettext_lazy("What the clinician said"),
        max_length=2000,
        error_messages={"required": gettext_lazy("Write down what was said, and who it was.")},
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("It speaks of"),
        choices=NoteScope.choices,
        initial=NoteScope.VISIT,
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose one of these.")},
    )
    until = forms.DateField(
        label=gettext_lazy("until (the last day)"),
        required=False,
        widget=day_input(),
        validators=[sane_day],
        error_messages={"invalid": gettext_lazy("Type a day.")},
    )
    # The newest answers given again that the page showed.
    shown_recheck = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, booking: Booking, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if booking.together is None:
            self.fields["scope"].choices = [  # type: ignore[attr-defined]
                choice for choice in NoteScope.choices if choice[0] != NoteScope.COURSE
            ]

    def clean_scope(self) -> NoteScope:
        return NoteScope(self.cleaned_data["scope"] or NoteScope.VISIT)

    def clean(self) -> dict[str, Any]:
        """A note for a service needs its last day, a year ahead at most; others have none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("scope") != NoteScope.SERVICE:
            cleaned["until"] = None
        elif "until" in cleaned:
            today = timezone.localdate()
            if cleaned["until"] is None:
                self.add_error("until", _("Say until which day the clinician agrees."))
            elif not today <= cleaned["until"] <= today + LONGEST_CLEARANCE:
                self.add_error("until", _("Choose a day from today on, a year ahead at most."))
        return cleaned


class HealthAccessForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Why you need to see them"),
        max_length=120,
        error_messages={"required": gettext_lazy("Say why you need to see the health answers.")},
    )


class LateCancelForm(forms.Form):
    reason = LineField(max_length=300, required=False)
    # What the page showed, and staff have told the client.
    fee_cents = forms.IntegerField(min_value=1, max_value=10_000_000)


class WaiveForm(forms.Form):
    reason = LineField(
        max_length=300,
        error_messages={"required": gettext_lazy("Say in a few words why the late fee is waived.")},
    )


class AnswerChangeForm(forms.Form):
    """Why a late move is refused, or what holds at the door as far as whoever comes by it knows."""

    reason = LineField(max_length=300, required=False)
    door = forms.CharField(required=False)


class MoveForm(forms.Form):
    day = forms.DateField(label=gettext_lazy("Day"), widget=day_input(), validators=[sane_day])
    start = clock_field(label=gettext_lazy("Start, Los Angeles time"))
    therapist = forms.ChoiceField(
        label=gettext_lazy("Therapist"),
        error_messages={
            "invalid_choice": gettext_lazy(
                "That therapist doesn't give this service, or can't be booked now. Choose one of these."
            )
        },
    )
    both = forms.BooleanField(required=False)
    reason = LineField(label=gettext_lazy("Reason, for staff"), max_length=300, required=False)

    def __init__(
        self, *args: Any, therapists: list[tuple[str, str]], beside: Booking | None, **kwargs: Any
    ) -> None:
        """`beside` is the visit side by side with the one that moves, which may move with it."""
        super().__init__(*args, **kwargs)
        self.fields["therapist"].choices = therapists  # type: ignore[attr-defined]
        if beside is None:
            del self.fields["both"]
        else:
            label = _("Also the visit for %(name)s at the same time, with whom they asked for")
            self.fields["both"].label = label % {"name": beside.visit_for}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        day, start = cleaned.get("day"), cleaned.get("start")
        if day is not None and start is not None:
            starts_at = instant_of(day, start)
            if starts_at is None:
                self.add_error("start", _("The clocks change that night: there is no such time."))
            cleaned["starts_at"] = starts_at
        return cleaned


class CorrectForm(AddressForm):
    """How a visit is to be, with what the page showed: the newest event of its history, and its total."""

    option: Any = forms.ModelChoiceField(label=gettext_lazy("Length"), queryset=None, empty_label=None)
    add_ons: Any = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Add-ons"), queryset=None, required=False, widget=forms.CheckboxSelectMultiple
    )
    people = forms.IntegerField(label=gettext_lazy("People"), min_value=1)
    recipient_name = LineField(  # type: ignore[assignment]
        label=gettext_lazy("Visit is for"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Blank: for the client."),
    )
    recipient_phone = NumberField(  # type: ignore[assignment]
        label=gettext_lazy("Number to call at the door"),
        widget=RegionalPhoneNumberWidget("US"),
        required=False,
        help_text=gettext_lazy("Blank: the client’s."),
    )
    recipient_language = LineField(  # type: ignore[assignment]
        label=gettext_lazy("Language they speak"), max_length=40, required=False
    )
    payer_name = LineField(  # type: ignore[assignment]
        label=gettext_lazy("Who pays"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Blank: the client."),
    )
    phone = NumberField(  # type: ignore[assignment]
        label=gettext_lazy("Client’s phone"),
        widget=RegionalPhoneNumberWidget("US"),
        help_text=gettext_lazy("For all their visits."),
    )
    discount = DollarsField(label=gettext_lazy("Discount, dollars"), required=False, max_cents=1_000_000)
    reason = LineField(
        label=gettext_lazy("Why, for staff"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Asked for with a discount, such as goodwill after a late visit."),
    )
    tells = forms.BooleanField(label=gettext_lazy("Tell the client by email"), required=False)
    event = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    # The phone that the page showed, in the E.164 form.
    phone_shown = forms.CharField(widget=forms.HiddenInput, max_length=32, required=False)
    # A digest of what was typed when the changes were shown.
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    total_cents = forms.IntegerField(
        widget=forms.HiddenInput, min_value=0, max_value=100_000_000, required=False
    )

    WAY_IN = AddressForm.ACCESS_FIELDS
    WHO = AddressForm.WHO
    field_order = (  # type: ignore[assignment]
        "street", "unit", "zip_code", "access_type", *WAY_IN, "option", "add_ons", "people", "recipient_name",
        *WHO, "phone", "discount", "reason", "tells",
    )  # fmt: skip

    def __init__(
        self, *args: Any, booking: Booking, sees_way_in: bool, changes_clients: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        service = booking.service
        fields: Any = self.fields
        fields["option"].queryset = service.options.filter(Q(is_active=True) | Q(pk=booking.option_id))
        booked = booking.add_ons.values("pk")
        fields["add_ons"].queryset = service.add_ons.filter(Q(is_active=True) | Q(pk__in=booked)).order_by(
            "name"
        )
        fields["people"].widget.attrs["max"] = most = max(service.max_people, booking.people)
        fields["people"].validators.append(MaxValueValidator(most))
        fields["access_type"].label = _("To the door")
        self._discount_cents = booking.discount_cents
        if not sees_way_in:
            for name in self.WAY_IN:
                del self.fields[name]
        if not changes_clients:
            del self.fields["phone"], self.fields["phone_shown"]

    def new_phone(self) -> str | None:
        """The phone that was typed in place of the one that was shown (E.164); only of a form that is valid."""
        typed: str | None = self.cleaned_data.get("phone")
        return None if typed is None or typed == self.cleaned_data["phone_shown"] else typed

    def digest(self) -> str:
        """Differs when anything that the correction is made of does; only of a form that is valid."""
        beside = {"tells", "seen", "total_cents"}
        typed = [(name, self[name].data) for name in sorted(self.fields) if name not in beside]
        return hashlib.sha256(repr(typed).encode()).hexdigest()

    def clean(self) -> dict[str, Any]:
        """A discount is given for a reason; where the client is visited, nothing is told of somebody else."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("recipient_name"):
            cleaned |= {"recipient_phone": "", "recipient_language": ""}
        given = cleaned.get("discount") or 0
        if "discount" in cleaned and given and given != self._discount_cents and not cleaned.get("reason"):
            self.add_error("reason", _("Say in a few words why the price is lower."))
        return cleaned


class OutForm(forms.Form):
    """Who is out, on which local day, and between which hours; without a therapist everybody, without hours all day."""

    therapist = forms.ModelChoiceField(
        label=gettext_lazy("Therapist"),
        queryset=Therapist.objects.order_by("position", "name"),
        required=False,
        empty_label=gettext_lazy("Everybody: close the day"),
    )
    day = forms.DateField(label=gettext_lazy("Day"), widget=day_input(), validators=[sane_day])
    from_time = clock_field(label=gettext_lazy("From, Los Angeles time"), required=False)
    until_time = clock_field(label=gettext_lazy("Until, Los Angeles time"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        day = cleaned.get("day")
        if day is None or self.errors:
            return cleaned
        cleaned["starts_at"], cleaned["ends_at"] = day_bounds(day)
        for name, bound in (("from_time", "starts_at"), ("until_time", "ends_at")):
            typed = cleaned.get(name)
            if typed is None or (name == "until_time" and typed == time.min):
                continue
            instant = instant_of(day, typed)
            if instant is None:
                self.add_error(name, _("The clocks change that night: there is no such time."))
            cleaned[bound] = instant
        if not self.errors and cleaned["ends_at"] <= cleaned["starts_at"]:
            self.add_error("until_time", _("The end must be later than the start."))
        return cleaned


class BlockForm(forms.Form):
    """The reason of the time off that is written down with a rescue."""

    reason = LineField(
        label=gettext_lazy("Reason of the time off, for staff"),
        max_length=TimeOff._meta.get_field("reason").max_length,
        required=False,
    )


class WishForm(forms.Form):
    """The answer to a wish for time off; who is told no is told why."""

    answer = forms.ChoiceField(
        choices=[(state, state.label) for state in (WishState.APPROVED, WishState.DECLINED)]
    )
    why = LineField(
        label=gettext_lazy("Why not"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("The therapist reads it."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("answer") == WishState.DECLINED and "why" in cleaned and not cleaned["why"]:
            self.add_error("why", _("Say why not: the therapist reads it."))
        if cleaned.get("answer") == WishState.APPROVED:
            cleaned["why"] = ""
        return cleaned


# Clients -------------------------------------------------------------------------------------------------------------


class ClientForm(forms.ModelForm):
    name = LineField(label=gettext_lazy("Name"), max_length=120)

    class Meta:
        model = Client
        fields = ["name", "email", "phone", "is_blocked", "door_rule", "heard_from", "may_be_asked"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        """Refuses the email and phone of another client. Django asks no constraint about a column that is not in the
        form, and that on email and phone leaves out who was erased."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        same = {"email": cleaned.get("email"), "phone": cleaned.get("phone")}
        others = Client.objects.present().exclude(pk=self.instance.pk)
        if None not in same.values() and others.filter(**same).exists():
            raise forms.ValidationError(
                _("Another client has this email and phone already. Merge the two records instead.")
            )
        return cleaned


class NoteForm(forms.Form):
    text = LinesField(
        label=gettext_lazy("New note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Notes can't be changed later. What clients tell about their health belongs in the visit."
        ),
        error_messages={"required": gettext_lazy("Write the note first.")},
    )
    reader = forms.ChoiceField(
        label=gettext_lazy("For"), choices=NoteReader.choices, initial=NoteReader.DESK, required=False
    )
    is_complaint = forms.BooleanField(
        label=gettext_lazy("It is a complaint that waits for an answer"), required=False
    )

    def clean_reader(self) -> str:
        return str(self.cleaned_data["reader"] or NoteReader.DESK)


class PairingForm(forms.Form):
    therapist = forms.ModelChoiceField(
        label=gettext_lazy("Therapist"), queryset=Therapist.objects.order_by("-is_active", "position", "name")
    )
    kind = forms.ChoiceField(label=gettext_lazy("What holds"), choices=PairingKind.choices)
    reason = LineField(
        label=gettext_lazy("Why, for staff"),
        max_length=300,
        required=False,
        help_text=gettext_lazy(
            "Clients are never told, but it is in the file of all that we hold about them."
        ),
    )


class ExportForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Why you need it"),
        # Stands before the rest of what is written down with a look at health answers.
        max_length=100,
        help_text=gettext_lazy(
            "Such as “asked for by email on June 3”. The file holds health answers: this is kept with your name "
            "and the time, before they are opened."
        ),
        error_messages={"required": gettext_lazy("Say why you need the file.")},
    )


class EraseForm(forms.Form):
    """The client's name, typed as it stands there, so that nobody erases by a slip."""

    name = LineField(
        label=gettext_lazy("Type the client’s name to erase them"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Type the client’s name.")},
    )

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client = client

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"])
        if _plain(typed) != _plain(self.client.name):
            raise forms.ValidationError(_("That isn’t the name of this client. Nothing was erased."))
        return typed


def _plain(name: str) -> str:
    """A name without what phones make of quotes and spaces."""
    return " ".join(name.replace("’", "'").casefold().split())


# Messages and reports ------------------------------------------------------------------------------------------------


class AnswerForm(forms.Form):
    answer = MessageField(
        label=gettext_lazy("Your answer"),
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": gettext_lazy("Write an answer first.")},
    )


class PeriodForm(forms.Form):
    """From which local day to which, both included."""

    first = forms.DateField(label=gettext_lazy("From"), widget=day_input(), validators=[sane_day])
    last = forms.DateField(label=gettext_lazy("Until"), widget=day_input(), validators=[sane_day])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day can't be before the first day."))
        elif first and last and (last - first).days >= LONGEST_DAYS:
            self.add_error("last", _("Choose two years at most."))
        return cleaned
