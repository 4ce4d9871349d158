"""Forms of the booking steps and of writing to us. They explain; the domain and the database decide."""

from .area_request import AreaRequestForm
from .booking import ReviewForm, SoonestForm, TimeForm, TreatmentForm, ZipForm
from .details import DetailsForm
from .enquiries import BookletForm, ContactForm, MessageField
from .health import HealthForm, HealthForms
from .visits import AddressForm, CancelForm, CodeForm, FindForm, MoveForm, NoteFileForm

__all__ = [
    "AddressForm",
    "AreaRequestForm",
    "BookletForm",
    "CancelForm",
    "CodeForm",
    "ContactForm",
    "DetailsForm",
    "FindForm",
    "HealthForm",
    "HealthForms",
    "MessageField",
    "MoveForm",
    "NoteFileForm",
    "ReviewForm",
    "SoonestForm",
    "TimeForm",
    "TreatmentForm",
    "ZipForm",
]
