"""The step that asks who and where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.domain.persons import Told
from bookings.models import Booking
from massagerx.lib.fields import LineField, LinesField
from services.models import Service

from .person import MailboxField, NameField, NumberField, PersonForm

# Not just any full stop between letters: people write N.Main St., W.Club Dr. and Mt.Link Ave.
_WEB_ADDRESS = re.compile(
    r"://|\bwww\.|\w@\w+\.\w"
    r"|\w\.(?:com|net|org|info|biz|io|co|me|us|app|shop|store|site|online|xyz|ru|cn)\b"
    r"|(?<![^\s/])(?!(?:n|s|e|w|ne|nw|se|sw|no|so|mt|st|ft|pt|la|el|dr)\.)[\w-]+\.(?:top|club|link|live)\b",
    re.IGNORECASE,
)
_PO_BOX = re.compile(
    r"\b(?:p\.?\s?o\.?\s?b(?:ox)?|p\.?m\.?b|(?:post\s+office|private\s+mail)\s*box)\b\.?\s*#?\s*\w*\d",
    re.IGNORECASE,
)
# What was typed and can't be taken yet is kept as it is, up to here: longer than any field may be, so that it is still
# told to be too long.
_LONGEST_KEPT = 2000


class DetailsForm(PersonForm):
    """Who books, for whom, where exactly, and how to get in."""

    email = MailboxField(help_text=_("We send your visit's details here."))
    phone = NumberField(
        help_text=_("Only for this visit, such as when your therapist can't find the door."),
        error_messages={"required": _("Type a phone number where we can reach you.")},
    )
    for_other = forms.BooleanField(label=_("I'm booking for another person"), required=False)
    # Blank: somebody else, whose name is typed below.
    person = forms.ChoiceField(
        label=_("Whom have you booked for before?"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose one of these, or type a name.")},
    )
    recipient_name = LineField(label=_("Name of the person having the visit"), max_length=120, required=False)
    recipient_phone = NumberField(
        label=_("Number to call at the door"),
        autocomplete="off",
        required=False,
        help_text=_("Theirs, if it isn’t yours."),
    )
    recipient_language = LineField(
        label=_("The language they like to speak"),
        max_length=40,
        required=False,
        help_text=_("If it isn’t English."),
    )
    payer_name = LineField(label=_("Who pays, if it isn’t you?"), max_length=120, required=False)
    # As `person`.
    second_person = forms.ChoiceField(
        label=_("Is the second person one of these?"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose one of these, or type a name.")},
    )
    second_name = NameField(
        label=_("Name of the second person"),
        autocomplete="off",
        help_text=_("The two of you are visited at the same time."),
        error_messages={"required": _("Type the name of the second person.")},
    )

    street = LineField(
        label=_("Street address"),
        max_length=160,
        widget=forms.TextInput(attrs={"autocomplete": "address-line1"}),
        error_messages={"required": _("Type the street and house number.")},
    )
    unit = LineField(
        label=_("Apartment or unit"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )
    access_type = forms.ChoiceField(
        label=_("How do we get to your door?"),
        choices=Booking.AccessType.choices,
        initial=Booking.AccessType.GROUND,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one."), "invalid_choice": _("Choose one of these.")},
    )
    parking = LineField(
        label=_("Parking"), max_length=200, required=False, help_text=_("Street, driveway, garage…")
    )
    gate_code = LineField(
        label=_("Gate or door code"),
        max_length=60,
        required=False,
        help_text=_("Kept encrypted. Never put in an email."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    pets = LineField(label=_("Pets"), max_length=120, required=False)
    room = LineField(
        label=_("Room for the table"),
        max_length=200,
        required=False,
        help_text=_("A massage table needs about 7 by 10 feet. Where could it stand?"),
    )
    notes = LinesField(
        label=_("Anything else about getting in?"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Please don't write about health here; your answers are kept apart."),
    )
    purpose = LinesField(
        label=_("What is this visit for?"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Which side or area, what to leave out, how firm, your goal."),
    )
    second_purpose = LinesField(
        label=_("And the second person’s visit?"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only who comes to the second person reads this."),
    )
    heard_from = forms.ChoiceField(
        label=_("How did you hear of us?"),
        required=False,
        error_messages={"invalid_choice": _("Choose one of these, or leave it blank.")},
    )
    may_be_asked = forms.BooleanField(
        label=_("After my visit, you may email me once and ask for a review"),
        required=False,
        help_text=_("Whatever you’d say. Your visit doesn’t depend on it."),
    )
    #: What is told of the person who is visited beside the name, and who pays.
    WHO = ("recipient_phone", "recipient_language", "payer_name")
    ACCESS_FIELDS = ("parking", "gate_code", "pets", "room", "notes")

    def __init__(
        self,
        *args: Any,
        service: Service | None,
        by_phone: bool = False,
        side_by_side: bool = False,
        persons: Sequence[Told] = (),
        heard_from: Sequence[tuple[str, str]] = (),
        asks_of_review: bool = False,
        **kwargs: Any,
    ) -> None:
        """`by_phone`: staff fill it in, for whom it is enough that the client can be called. `side_by_side`: a second
        person is visited at the same time. `persons` are those whom the client has booked for before. `heard_from` are
        the choices of where a new client heard of us, none where that isn't asked; `asks_of_review`: whether they may
        be asked for a review."""
        super().__init__(*args, **kwargs)
        self._persons = {told.name: told for told in persons}
        self._second: Told | None = None
        for name, typed in (("person", "recipient_name"), ("second_person", "second_name")):
            if not persons:
                self.fields.pop(name, None)
                continue
            names = [(name, name) for name in self._persons]
            self.fields[name].choices = [*names, ("", _("Somebody else"))]  # type: ignore[attr-defined]
            # Whoever chooses one of them need not type the name.
            self.fields[typed].required = False
            if self.initial.get(typed) in self._persons:
                self.initial[name] = self.initial[typed]
        if heard_from:
            self.fields["heard_from"].choices = [("", "—"), *heard_from]  # type: ignore[attr-defined]
        else:
            del self.fields["heard_from"]
        if not asks_of_review:
            del self.fields["may_be_asked"]
        if not side_by_side:
            for name in ("second_person", "second_name", "second_purpose"):
                self.fields.pop(name, None)
        if by_phone:
            self.fields["email"].required = False
            self.fields["email"].help_text = _(
                "Blank when there is none: what we have to say is told by phone."
            )
        if service is not None:
            purpose = self.fields["purpose"]
            purpose.label = service.purpose_question or purpose.label
            purpose.help_text = service.purpose_hint or purpose.help_text

    def typed(self) -> dict[str, Any]:
        """What was sent, field by field: as it was cleaned, and where it can't be taken as it was typed; with what is
        told of a second person who was chosen. Only after the form was checked; without the field for robots."""
        second = self._second
        told = {"second_phone": second.phone, "second_language": second.language} if second else {}
        return told | {
            name: self.cleaned_data[name]
            if name in self.cleaned_data
            else str(self.data.get(name, ""))[:_LONGEST_KEPT]
            for name in self.fields
            if name != "website"
        }

    def clean_street(self) -> str:
        return of_a_door(self.cleaned_data["street"])

    def clean_unit(self) -> str:
        return of_a_door(self.cleaned_data["unit"])

    def clean(self) -> dict[str, Any]:
        """Requires a name for a visit to somebody else, and drops what is told of them otherwise."""
        data = super().clean()
        if "for_other" not in self.fields:
            # A form that is made of this one, and asks otherwise.
            return data
        chosen = self._persons.get(data.get("person", ""))
        if not data.get("for_other"):
            data |= dict.fromkeys(("recipient_name", *self.WHO), "")
        elif chosen is not None:
            self._take(chosen, data)
        elif not data.get("recipient_name") and "recipient_name" not in self.errors:
            self.add_error("recipient_name", _("Type the name of the person we visit."))
        if "second_name" in self.fields and "second_name" not in self.errors:
            self._clean_second(data)
        return data

    def _clean_second(self, data: dict[str, Any]) -> None:
        """The second of two side by side: one who was booked for before, or somebody whose name is typed; not the
        first once more."""
        self._second = self._persons.get(data.get("second_person", ""))
        typed = data.get("second_name", "")
        if self._second is not None:
            if typed and typed not in self._persons:
                self.add_error("second_name", self._chosen_and_typed(self._second.name, typed))
                return
            data["second_name"] = self._second.name
        elif not typed:
            self.add_error("second_name", self.fields["second_name"].error_messages["required"])
        first = data.get("recipient_name") or data.get("name", "")
        second = data.get("second_name", "")
        if second and second.casefold() == first.casefold():
            self.add_error("second_name", _("That is the first person. Who is the second?"))

    @staticmethod
    def _chosen_and_typed(chosen: str, typed: str) -> str:
        words = _("You chose %(chosen)s and typed another name. For %(typed)s choose “Somebody else”.")
        return words % {"chosen": chosen, "typed": typed}

    def _take(self, chosen: Told, data: dict[str, Any]) -> None:
        """Has the visit be for somebody who was booked for before: with what was told of them then, unless it was typed
        for them now. The page was filled with what was told of `initial`'s person; it shows again what was taken."""
        typed = data.get("recipient_name", "")
        if typed and typed not in self._persons:
            self.add_error("recipient_name", self._chosen_and_typed(chosen.name, typed))
            return
        is_theirs = self.initial.get("recipient_name") == chosen.name
        data["recipient_name"] = chosen.name
        for name, told in (("recipient_phone", chosen.phone), ("recipient_language", chosen.language)):
            if name in self.errors or (is_theirs and typed):
                continue
            if not data.get(name) or not (is_theirs or name in self.changed_data):
                data[name] = told
        self.data = self.data.copy()  # type: ignore[attr-defined]
        for name in ("recipient_name", "recipient_phone", "recipient_language"):
            self.data[name] = data.get(name, self.data.get(name))  # type: ignore[index]


def of_a_door(text: str) -> str:
    """We mail the address to an email that nobody has proved to be theirs: it must not carry advertising. Nobody lives
    in a mailbox."""
    if _WEB_ADDRESS.search(text):
        raise ValidationError(_("Type only where the door is, without a web or email address."), code="link")
    if _PO_BOX.search(text):
        raise ValidationError(
            _("We come to a door: type the street and house number of the home, not a PO box."), code="po_box"
        )
    return text
