"""What staff read of why something can't be done with a program."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.domain import intake
from bookings.exceptions import BookingError, ChangedMeanwhile, NoLongerOffered, SubmissionReused, TooLate
from bookings.models import ScreeningVersion
from bookings.refusals import explain

from .forms import WeekForm
from .models import LONGEST_WEEKS, MOST_EXERCISES, WeekCheck
from .operations import LATEST_START, NotForHealth, NothingToDo, NoVisit


def questions(now: datetime) -> dict[str, str]:
    """The health questions in force in words, by identifier; none before the owner has any."""
    try:
        rules = intake.current_screening(now=now).rules
    except ScreeningVersion.DoesNotExist:
        return {}
    return {question.id: intake.translated(question.text) for question in rules.questions}


def why_not(error: BookingError, *, now: datetime) -> str:
    """Why nothing was changed, as a sentence."""
    if isinstance(error, NotForHealth):
        said = {"name": error.exercise, "question": questions(now).get(error.question, error.question)}
        if error.is_unknown:
            return _("%(name)s: at this visit no answer is on record to “%(question)s”.") % said
        return _("%(name)s: not with what was answered to “%(question)s”.") % said
    if isinstance(error, NothingToDo):
        words = _("A program has 1 to %(most)d exercises, each in weeks that it has (%(weeks)d at most).")
        return words % {"most": MOST_EXERCISES, "weeks": LONGEST_WEEKS}
    if isinstance(error, TooLate):
        return _("The first day lies between today and %(days)d days ahead.") % {"days": LATEST_START.days}
    sentences = {
        NoVisit: _("A program is made at a visit that is confirmed or took place."),
        NoLongerOffered: _("That exercise isn’t offered any more. Please look at the list again."),
        SubmissionReused: _("You have made a program with this press already, with another first day."),
        ChangedMeanwhile: _("Somebody was quicker, or it has ended: nothing was changed. Please look again."),
    }
    return str(sentences.get(type(error)) or explain(error))


def check_words(check: WeekCheck) -> list[tuple[str, str]]:
    """What a client said of a week, as pairs of question and answer. Raises `UnreadableValue`."""
    found = [(_("Week"), str(check.week))]
    for name, value in check.answers.items():
        field = WeekForm.base_fields[name]
        words = dict(getattr(field, "choices", ())).get(str(value), value)
        found.append((str(field.label), str(words) or "–"))
    return found
