"""A client's booklet: what it says of their program, how it is asked for, made and fetched.

It is asked for by a press and made by a worker. What is kept is encrypted, and handed out only while it says what the
program says: who asks after a change gets a new one.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.retention import PROGRAM_PAPERS_KEPT
from massagerx.lib.encryption import UnreadableValue, keyed_digest
from massagerx.lib.pictures import as_jpeg
from massagerx.lib.typeset import NotTypeset, Paper, has_letters, typeset
from services.models import Business

from .drawings import parts_of
from .models import MOST_TRIES, ExercisePicture, Program, ProgramBooklet, ProgramExercise, Unit
from .week import is_day_of

log = logging.getLogger("massagerx.program")

# Tried again no sooner: a worker that died with it may have been stopped by its time limit.
TRY_AGAIN_AFTER = timedelta(minutes=3)
# Pixels of a picture's width.
WIDE_ON_PAPER = 400
# Letters of an exercise's name on the page of a week.
LONGEST_IN_A_WEEK = 48
# In one run of the task, which has a time limit.
MOST_AT_ONCE = 200

# The drawings' classes, as on a light page (static/css/components.css).
_STYLE = (
    "<style>svg{fill:none;stroke:#2c6a63;stroke-width:2;stroke-linecap:round}"
    ".drawing__arch{fill:#dcebe6;stroke:none}.drawing__sun{fill:#d27f57;stroke:none}.drawing__ground-fill{fill:#fff}"
    ".drawing__limb{stroke-linejoin:round}.drawing__limb--gap{stroke:#fff}</style>"
)


# What it says -------------------------------------------------------------------------------------------------------


def content_of(program: Program, exercises: Sequence[ProgramExercise], business: Business) -> dict[str, Any]:
    """What `templates/pdf/program.typ` sets: texts, drawings as SVG, and the names of pictures' stored files."""
    phone = str(business.phone.as_national) if business.phone else ""
    name = program.booking.visit_for
    call = _("Stop and call us: %(phone)s.") % {"phone": phone} if phone else _("Stop and tell us.")
    last = _last_week(program)
    span = _("%(first)s to %(last)s") if last == program.weeks else _("From %(first)s")
    return {
        "title": program.name,
        "business": business.name,
        "foot": " · ".join(filter(None, (business.name, phone))),
        # In an alphabet that our typefaces lack, half a name would be worse than none.
        "who": _("Made for %(name)s") % {"name": name} if has_letters(name) else _("Made for you"),
        "span": span % {"first": _long(program.started_on), "last": _long(program.last_day)},
        "first": [
            _("First come your exercises, then a page for each week. Tick a box when you have done one."),
            _("What is done or left out, and how much it hurt, tell us on your page on the phone as well."),
            *_what_is_held(program),
        ],
        "stop": {
            "title": _("When to stop."),
            "words": _("Where an exercise hurts more than a pull, or what stands below it comes true.")
            + f" {call} "
            + _("In an emergency, call 911."),
            "short": _("Does something hurt more than a pull?") + f" {call}",
        },
        "words": {
            "exercises": _("Your exercises"),
            "exercise": _("Exercise"),
            "rest": _("This week asks for nothing."),
            "notes": _("What you noticed"),
        },
        "exercises": [_exercise(row) for row in exercises if row.from_week <= last],
        "weeks": [_week(program, exercises, number) for number in range(1, last + 1)],
    }


def _last_week(program: Program) -> int:
    """The last week whose days are known: none that waits for a visit, nor for the end of a pause."""
    last = program.weeks if program.waits_for is None else program.waits_for - 1
    return last if program.paused_on is None else max(min(last, program.week_of(program.paused_on)), 1)


def _what_is_held(program: Program) -> list[str]:
    """Why not all weeks are there."""
    found = []
    if program.paused_on is not None:
        found.append(_("Your program is paused. Call us when you would like to go on."))
    if program.waits_for is not None:
        found.append(_("The next exercises come with your next visit. Get a new booklet on your page then."))
    return found


def _exercise(row: ProgramExercise) -> dict[str, Any]:
    notes = (
        (_("You need:"), row.equipment),
        (_("Look out:"), row.watch_out),
        (_("Stop and call us:"), row.stop_when),
    )
    weeks = {"first": row.from_week, "last": row.to_week}
    per_week = ngettext("%(days)d day a week", "%(days)d days a week", row.days_a_week)
    return {
        "name": row.name,
        "amount": _amount(row),
        "when": _("Weeks %(first)d to %(last)d") % weeks + " · " + per_week % {"days": row.days_a_week},
        "drawing": _drawing(row.drawing),
        "alt": _("Line drawing: %(name)s") % {"name": row.name},
        "picture": _picture(row.picture),
        "shows": row.picture.title if row.picture else "",
        "steps": [step for line in row.steps.splitlines() if (step := line.strip())],
        "notes": [[label, words] for label, words in notes if words],
    }


def _amount(row: ProgramExercise) -> str:
    if row.unit == Unit.SECONDS:
        words = ngettext("%(amount)d seconds, once", "%(amount)d seconds, %(sets)d times", row.sets)
    else:
        words = ngettext("%(amount)d times", "%(sets)d sets of %(amount)d", row.sets)
    return words % {"amount": row.amount, "sets": row.sets}


def _picture(picture: ExercisePicture | None) -> str:
    """The name of the stored file that is wide enough for paper; "" for none, or while none is made."""
    if picture is None or not picture.cover_widths:
        return ""
    enough = [width for width in picture.cover_widths if width >= WIDE_ON_PAPER]
    return picture.cover_name(min(enough, default=max(picture.cover_widths)))


def _files_of(content: dict[str, Any]) -> dict[str, bytes]:
    """The pictures by the names of their files. Raises `OSError`."""
    found = {}
    for name in {each["picture"] for each in content["exercises"]} - {""}:
        with default_storage.open(name) as file:
            found[name] = as_jpeg(file.read())
    return found


@cache
def _drawing(key: str) -> str:
    """The drawing as a file of its own; "" for none."""
    parts = parts_of(key)
    if not parts:
        return ""
    drawn = render_to_string("components/exercise_drawing.html", {"parts": parts}).strip()
    opened = drawn.index(">") + 1
    return (
        drawn[:opened].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ') + _STYLE + drawn[opened:]
    )


def _week(program: Program, exercises: Sequence[ProgramExercise], number: int) -> dict[str, Any]:
    first = program.started_on + timedelta(days=7 * (number - 1))
    days = [first + timedelta(days=count) for count in range(7)]
    rows = [
        (row, [is_day_of(row, program, day) for day in days])
        for row in exercises
        if row.from_week <= number <= row.to_week
    ]
    return {
        "title": _("Week %(number)d of %(weeks)d") % {"number": number, "weeks": program.weeks},
        "dates": _("%(first)s to %(last)s") % {"first": _long(first), "last": _long(days[-1])},
        "days": [f"{_short(day)}\n{day.day}" for day in days],
        "rows": [
            {
                # All of them fit on one page; in full it stands with its steps.
                "name": Truncator(row.name).chars(LONGEST_IN_A_WEEK),
                "amount": f"{_amount(row)} · {_on(days, asked)}",
                "asked": asked,
            }
            for row, asked in rows
        ],
    }


def _on(days: Sequence[date], asked: Sequence[bool]) -> str:
    """The days with a box, in words, for who doesn't see the boxes."""
    if all(asked):
        return _("each day")
    return ", ".join(_short(day) for day, is_asked in zip(days, asked, strict=True) if is_asked)


def _short(day: date) -> str:
    return str(WEEKDAYS_ABBR[day.weekday()])


def _long(day: date) -> str:
    return date_format(day, "l, F j")


def _content_of(program: Program, business: Business) -> dict[str, Any]:
    exercises = (
        ProgramExercise.objects.filter(program=program, held_at=None).standing().select_related("picture")
    )
    return content_of(program, list(exercises), business)


def _digest(content: dict[str, Any], paper: str) -> str:
    return keyed_digest(json.dumps([content, paper]), "program.programbooklet.digest")


# Asked for ----------------------------------------------------------------------------------------------------------


def fetch_or_ask(*, program: Program, paper: Paper, now: datetime) -> bytes | None:
    """The booklet, if there is one that says what the program says; else None, and one is due. One at a time: asking
    again, on other paper too, changes nothing while it is being made, nor for an hour after making it has failed."""
    content = _content_of(program, Business.load())
    with transaction.atomic():
        Program.objects.select_for_update(no_key=True).filter(pk=program.pk).order_by("pk").only("pk").first()
        found = ProgramBooklet.objects.filter(program=program).defer("data").first()
        if found is not None:
            if found.made_at is not None and found.digest == _digest(content, paper):
                try:
                    return found.content
                except UnreadableValue:
                    pass  # its key is accepted no more: made anew
            if found.is_due or found.has_failed_lately(now):
                return None
        asked = {"paper": paper, "asked_at": now, "tries": 0, "tried_at": None}
        # Without reading the file: what can't be opened is replaced all the same.
        rows = ProgramBooklet.objects.filter(program=program)
        if not rows.update(**asked, made_at=None, data=None, digest=""):
            ProgramBooklet.objects.create(program=program, **asked)
    return None


# Made by a worker ---------------------------------------------------------------------------------------------------


def make_due(*, clock: Callable[[], datetime]) -> int:
    """Makes the booklets that were asked for, the oldest first, some at most. Returns how many were tried."""
    business = Business.load()
    tried = 0
    while tried < MOST_AT_ONCE and _make_next(business, clock):
        tried += 1
    return tried


def _make_next(business: Business, clock: Callable[[], datetime]) -> bool:
    now = clock()
    with transaction.atomic():
        waiting = ProgramBooklet.objects.filter(
            Q(tried_at=None) | Q(tried_at__lte=now - TRY_AGAIN_AFTER), made_at=None, tries__lt=MOST_TRIES
        )
        rows = waiting.select_for_update(skip_locked=True, of=("self",)).order_by("asked_at", "pk")
        row = rows.defer("data").first()
        if row is None:
            return False
        # Written before it is made: one that takes its worker with it is not tried for ever.
        mine = ProgramBooklet.objects.filter(pk=row.pk, asked_at=row.asked_at)
        mine.update(tries=F("tries") + 1, tried_at=now)
    try:
        program = Program.objects.select_related("booking").defer("note").get(pk=row.program_id)
        content = _content_of(program, business)
        filled = {**content, "files": _files_of(content)}
        made = typeset("program", filled, paper=Paper(row.paper), made_at=row.asked_at)
    except Program.DoesNotExist:
        return True  # erased meanwhile, and the row with it
    except NotTypeset:
        # The same words come to the same again.
        mine.update(tries=MOST_TRIES)
        log.exception("a client's booklet can't be made")
    except Exception:
        log.exception("a client's booklet was not made")
    else:
        mine.update(made_at=clock(), digest=_digest(content, row.paper), data=base64.b64encode(made).decode())
    return True


def purge(*, now: datetime) -> None:
    """Deletes booklets that were asked for long ago."""
    ProgramBooklet.objects.filter(asked_at__lt=now - PROGRAM_PAPERS_KEPT).only("pk").delete()
