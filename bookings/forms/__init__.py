"""Forms of the booking steps. They explain; the domain and the database decide."""

from .area_request import AreaRequestForm
from .booking import DetailsForm, PreferenceForm, ReviewForm, SessionForm, TimeForm, ZipForm
from .health import HealthForm

__all__ = [
    "AreaRequestForm",
    "DetailsForm",
    "HealthForm",
    "PreferenceForm",
    "ReviewForm",
    "SessionForm",
    "TimeForm",
    "ZipForm",
]
