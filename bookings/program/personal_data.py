"""What is held of a client's program, for a client's own data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from bookings.domain.export import Section, line, opened
from bookings.models import Booking, Client

from .models import Assessment, ExerciseDay, Program, ProgramBooklet, ProgramExercise, WeekCheck


def section_of(client: Client, visits: Sequence[Booking]) -> Section:
    """The programs made at these visits, each with its exercises and what was done; only once the look at health
    answers is written down."""
    references = {visit.pk: visit.reference for visit in visits}
    rows = Program.objects.filter(booking__in=references).select_related("made_by").defer("note")
    return Section(
        "program",
        _("Training programs"),
        [_lines(row, references[row.booking_id]) for row in rows.order_by("made_at", "pk")],
    )


def assessments_of(client: Client, visits: Sequence[Booking]) -> Section:
    """What was found and heard at these visits; only once the look at health answers is written down."""
    references = {visit.pk: visit.reference for visit in visits}
    rows = Assessment.objects.filter(booking__in=references).select_related("by").defer("findings")
    return Section(
        "assessments",
        _("Assessments"),
        [
            [
                line("visit", _("visit"), references[row.booking_id]),
                line("at", _("written at"), row.at),
                line("by", _("written by"), row.by),
                line("findings", _("what was found and heard"), opened(partial(getattr, row, "findings"))),
            ]
            for row in rows.order_by("at", "pk")
        ],
    )


def _lines(program: Program, reference: str) -> list[Any]:
    exercises = ProgramExercise.objects.filter(program=program).order_by("from_week", "pk")
    days = ExerciseDay.objects.filter(exercise__program=program).select_related("exercise").defer("pain")
    checks = WeekCheck.objects.filter(program=program).defer("answers")
    return [
        line("visit", _("visit"), reference),
        line("name", _("name"), program.name),
        line("sport", _("sport"), program.get_sport_display()),
        line("weeks", _("weeks"), program.weeks),
        line("started_on", _("first day"), program.started_on),
        line("made_at", _("made at"), program.made_at),
        line("made_by", _("made by"), program.made_by),
        line("paused_on", _("paused on"), program.paused_on),
        line("resumed_at", _("went on at"), program.resumed_at),
        line("ended_at", _("ended at"), program.ended_at),
        line("waits_for", _("week that waits for a visit"), program.waits_for),
        # The encrypted columns are read one by one, so that a lost key costs a line and not the page.
        line("note", _("a word of the therapist’s"), opened(partial(getattr, program, "note"))),
        line("hurts_since", _("to be looked at since"), program.hurts_since),
        line("last_press_at", _("last press"), program.last_press_at),
        line("reminds", _("wants reminders"), program.reminds),
        line("reminders", _("reminders sent"), program.reminders),
        line("reminded_at", _("last reminder"), program.reminded_at),
        line("checks", _("what you said of each week"), [_check(row) for row in checks.order_by("week")]),
        line("booklet", _("booklet asked for at"), _booklet_of(program)),
        line("exercises", _("exercises"), [_exercise(row) for row in exercises]),
        line("days", _("what was done"), [_day(row) for row in days.order_by("day", "pk")]),
    ]


def _booklet_of(program: Program) -> datetime | None:
    rows = ProgramBooklet.objects.filter(program=program)
    return rows.values_list("asked_at", flat=True).first()


def _exercise(row: ProgramExercise) -> dict[str, Any]:
    return {
        "name": row.name,
        "sets": row.sets,
        "amount": row.amount,
        "unit": row.unit,
        "days_a_week": row.days_a_week,
        "from_week": row.from_week,
        "to_week": row.to_week,
        "added_at": row.added_at,
        "ended_at": row.ended_at,
        "held_at": row.held_at,
    }


def _day(row: ExerciseDay) -> dict[str, Any]:
    return {
        "day": row.day,
        "exercise": row.exercise.name,
        "outcome": row.outcome,
        "pain": opened(partial(getattr, row, "pain")),
    }


def _check(row: WeekCheck) -> dict[str, Any]:
    return {"week": row.week, "at": row.at, "answers": opened(partial(getattr, row, "answers"))}
