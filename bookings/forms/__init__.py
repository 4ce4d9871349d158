"""Forms of the booking steps. They explain; the domain and the database decide."""

from .booking import DetailsForm, PreferenceForm, ReviewForm, SessionForm, TimeForm, ZipForm
from .health import HealthForm

__all__ = [
    "DetailsForm",
    "HealthForm",
    "PreferenceForm",
    "ReviewForm",
    "SessionForm",
    "TimeForm",
    "ZipForm",
]
