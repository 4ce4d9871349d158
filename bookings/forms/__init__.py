"""Forms of the booking steps and of writing to us. They explain; the domain and the database decide."""

from .area_request import AreaRequestForm
from .booking import BOTH_AT_ONCE, PressForm, ReviewForm, SoonestForm, TimeForm, TreatmentForm
from .details import DetailsForm
from .enquiries import BookletForm, CallForm, ContactForm, MessageField
from .health import HealthForms
from .persons import ToldForm
from .visits import (
    AddressForm,
    CancelForm,
    CancelRestForm,
    CodeForm,
    FindForm,
    MoveBothForm,
    MoveForm,
    NoteFileForm,
    shown_value,
)
from .zip_code import ZipForm

__all__ = [
    "BOTH_AT_ONCE",
    "AddressForm",
    "AreaRequestForm",
    "BookletForm",
    "CallForm",
    "CancelForm",
    "CancelRestForm",
    "CodeForm",
    "ContactForm",
    "DetailsForm",
    "FindForm",
    "HealthForms",
    "MessageField",
    "MoveBothForm",
    "MoveForm",
    "NoteFileForm",
    "PressForm",
    "ReviewForm",
    "SoonestForm",
    "TimeForm",
    "ToldForm",
    "TreatmentForm",
    "ZipForm",
    "shown_value",
]
