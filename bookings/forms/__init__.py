"""Forms of the booking steps and of writing to us. They explain; the domain and the database decide."""

from .area_request import AreaRequestForm
from .booking import PreferenceForm, ReviewForm, SessionForm, TimeForm, ZipForm
from .details import DetailsForm
from .enquiries import BookletForm, ContactForm, MessageField
from .health import HealthForm
from .visits import CancelForm, CodeForm, DoorForm, FindForm, MoveForm

__all__ = [
    "AreaRequestForm",
    "BookletForm",
    "CancelForm",
    "CodeForm",
    "ContactForm",
    "DetailsForm",
    "DoorForm",
    "FindForm",
    "HealthForm",
    "MessageField",
    "MoveForm",
    "PreferenceForm",
    "ReviewForm",
    "SessionForm",
    "TimeForm",
    "ZipForm",
]
