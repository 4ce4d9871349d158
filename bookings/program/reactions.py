"""What becomes of a program when the core tells that a visit, health answers or a client changed."""

from __future__ import annotations

from functools import partial

from django.db.models import Q

from bookings.domain import intake, listeners
from bookings.enums import BookingStatus, EventKind
from bookings.models import Link
from bookings.models.intake import one_person
from massagerx.lib.localtime import local

from .client_link import keep_link, mail_link
from .models import Assessment, ExerciseDay, Program, ProgramBooklet, ProgramExercise, WeekCheck
from .stages import course_behind, go_on

# With these a visit has health answers that it had not, or that were nobody's.
_ANSWERED = (EventKind.REQUESTED, EventKind.RECHECKED, EventKind.PROVED)


def follow_visit(fact: listeners.VisitChanged) -> None:
    """Has the programs that change at the visits of a course go on when one took place, or won't any more. Visits that
    fall away in a pause are to come."""
    if fact.booking.together is None or fact.kind == EventKind.PAUSED:
        return
    rows = Program.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "booking__client", "link"
    )
    found = list(rows.filter(course_key=fact.booking.together, ended_at=None).defer("note").order_by("pk"))
    course = course_behind(fact.booking.together) if found else None
    # One that took place may be closed days later.
    took_place = fact.booking.status == BookingStatus.COMPLETED
    day = local(fact.booking.starts_at if took_place else fact.at).date()
    for program in found:
        if course is None or not go_on(program, course, day):
            continue
        program.save(update_fields=["started_on", "waits_for", "spans"])
        if not keep_link(program, fact.at) and not program.is_over_on(local(fact.at).date()):
            mail_link(program, program.booking, fact.at)


def heed_answers(fact: listeners.VisitChanged) -> None:
    """Holds back the exercises that the health answers just given to a visit speak against, in the programs of its
    person that aren't over, and has staff look. Those of a request whose mailbox nobody has proved are nobody's yet."""
    if fact.kind not in _ANSWERED or fact.booking.is_unproved:
        return
    person = one_person(partial(getattr, fact.booking), "booking__")
    rows = Program.objects.select_for_update(no_key=True, of=("self",)).filter(ended_at=None, **person)
    today = local(fact.at).date()
    running = [row for row in rows.defer("note").order_by("pk") if not row.is_over_on(today)]
    if not running:
        return
    graver = intake.graver_now(fact.booking)
    standing = ProgramExercise.objects.filter(program__in=running, held_at=None).standing()
    refused = [
        row
        for row in standing.select_related("exercise")
        if not graver.isdisjoint([*row.not_for, *(row.exercise.not_for if row.exercise else ())])
    ]
    ProgramExercise.objects.filter(pk__in=[row.pk for row in refused]).update(held_at=fact.at)
    told = {row.program_id for row in refused}
    Program.objects.filter(pk__in=told, hurts_since=None).update(hurts_since=fact.at)


def follow_client(fact: listeners.LinksRevoked) -> None:
    """Mails a new link of each program that isn't over to a client who has another mailbox by now."""
    today = local(fact.at).date()
    rows = Program.objects.select_for_update(no_key=True, of=("self",)).select_related("booking__client")
    rows = rows.filter(
        Q(link=None) | Q(link__revoked_at__isnull=False), booking__client=fact.client, ended_at=None
    )
    for program in rows.defer("note").order_by("pk"):
        if not program.is_over_on(today):
            mail_link(program, program.booking, fact.at)


def forget_erased(fact: listeners.ClientErased) -> None:
    """Deletes the programs of a client who is being erased."""
    _forget(Q(booking__in=fact.bookings))


def forget_purged(fact: listeners.HealthPurged) -> None:
    """Deletes the programs of clients whose health answers were kept as long as the owner says, if they gave any."""
    _forget(Q(booking__in=fact.bookings) | Q(booking__client__in=intake.clients_long_gone(now=fact.at)))


def _forget(which: Q) -> None:
    # The keys alone: what can't be opened any more must go all the same.
    Assessment.objects.filter(which).only("pk").delete()
    rows = Program.objects.select_for_update(of=("self",)).filter(which).order_by("pk")
    found = list(rows.values_list("pk", "link"))
    keys = [pk for pk, _link in found]
    ExerciseDay.objects.filter(exercise__program__in=keys).only("pk").delete()
    WeekCheck.objects.filter(program__in=keys).only("pk").delete()
    ProgramBooklet.objects.filter(program__in=keys).only("pk").delete()
    Program.objects.filter(pk__in=keys).only("pk").delete()
    Link.objects.filter(pk__in=[link for _pk, link in found if link]).delete()
