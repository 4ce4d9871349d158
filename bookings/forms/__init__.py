"""Forms of the booking steps and of writing to us. They explain; the domain and the database decide."""

from .area_request import AreaRequestForm
from .booking import DetailsForm, PreferenceForm, ReviewForm, SessionForm, TimeForm, ZipForm
from .enquiries import BookletForm, ContactForm, MessageField
from .health import HealthForm

__all__ = [
    "AreaRequestForm",
    "BookletForm",
    "ContactForm",
    "DetailsForm",
    "HealthForm",
    "MessageField",
    "PreferenceForm",
    "ReviewForm",
    "SessionForm",
    "TimeForm",
    "ZipForm",
]
