"""A visit's page: its facts, its history, its messages, and the buttons of what may be done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from bookings.domain import intake, operations, queries
from bookings.domain.stranding import why_not_kept
from bookings.enums import BookingStatus, DoorRule, LateFeeState, NoteKind
from bookings.exceptions import BookingError, ChangedMeanwhile
from bookings.forms.door_rule import DoorRuleForm
from bookings.models import Booking, LateFee
from bookings.refusals import explain, stranding_words
from bookings.staff.client_notes import notes_on, pairings_on
from bookings.staff.labels import (
    access_lines,
    local_span,
    local_when,
    map_url,
    note_words,
    status_mark,
    tier_mark,
    unreadable,
    way_url,
)
from bookings.staff.late_changes import waiting_words
from bookings.staff.messages import message_mark
from bookings.staff.status_actions import STATUS_ACTIONS, ReasonForm, actions_open, perform
from bookings.staff.visibility import (
    is_own,
    messages_seen_by,
    sees_every_visit,
    sees_own_visits,
    sees_visits,
    sees_way_in,
)
from massagerx.lib.encryption import UnreadableValue

from .calls import waiting_calls
from .forms import ClinicianNoteForm, HealthAccessForm
from .frame import (
    CHANGE,
    StaffRequest,
    change_page,
    desk_page,
    get_visit,
    log_change,
    page,
    read_key,
    say,
    say_faults,
    to_visit,
)
from .my_day import therapist_visit
from .note_templates import PRESS, templates_for, with_template
from .second_thoughts import undoable
from .steps import step_words


@desk_page(sees_visits)
@require_safe
def visit_page(request: StaffRequest, key: str) -> HttpResponse:
    """Nothing on it is a field: every change is a button that posts to its own address."""
    pk = read_key(key)
    try:
        if pk is not None:
            return _page(request, get_visit(request.user, pk))
    except Http404:
        pass
    messages.warning(request, _("There is no such booking."))
    return redirect("admin:bookings_booking_changelist")


@desk_page(sees_visits)
@require_safe
def own_visit(request: StaffRequest, pk: int) -> HttpResponse:
    """A therapist's page of a visit, with the buttons of the way and the door, for who sees all and makes it."""
    booking = get_visit(request.user, pk)
    if not is_own(request.user, booking):
        raise Http404
    return _page(request, booking, at_door=True)


@desk_page(sees_visits)
def visit_history(request: StaffRequest, key: str) -> HttpResponse:
    """A visit's history is a part of its page."""
    return redirect(reverse(change_page("booking"), args=[key]) + "#history")


@desk_page(sees_visits, pressed_on="booking")
def change_status(request: StaffRequest, pk: int, action: str) -> HttpResponse:
    """Confirm, decline, complete, no-show or cancel."""
    booking = get_visit(request.user, pk)
    known = STATUS_ACTIONS.get(action)
    if known is None:
        raise Http404
    if not known.is_open_to(request.user):
        raise PermissionDenied
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return say_faults(request, booking, form)
    done, sentence = perform(known, booking, actor=request.user, now=timezone.now(), told=form.cleaned_data)
    say(request, done, sentence)
    # Pressed on the front page, it leads back there, unless the visit has more to say.
    return redirect("admin:index") if done and "desk" in request.POST else to_visit(booking)


@desk_page(sees_visits, CHANGE, "bookings.add_cliniciannote", pressed_on="booking")
def record_note(request: StaffRequest, pk: int) -> HttpResponse:
    """Record a clinician's go-ahead. What was typed is on the page again when it wasn't recorded, or when the press was
    that of a template, which puts its text behind it."""
    booking, now = get_visit(request.user, pk), timezone.now()
    if not operations.may_record_note(booking, now=now):
        sentence = _("%(reference)s waits for nobody's answer any more, so no note was recorded.")
        say(request, False, sentence % {"reference": booking.reference})
        return to_visit(booking)
    if PRESS in request.POST:
        typed = with_template(request.POST, "note", NoteKind.CLINICIAN)
        return _page(request, booking, note_form=ClinicianNoteForm(initial=typed, booking=booking))
    form = ClinicianNoteForm(request.POST, booking=booking)
    if not form.is_valid():
        return _page(request, booking, note_form=form, status=422)
    try:
        operations.record_clinician_note(booking=booking, actor=request.user, now=now, **form.cleaned_data)
    except ChangedMeanwhile:
        sentence = _("%(reference)s: the client has answered the health questions again meanwhile.")
        say(request, False, sentence % {"reference": booking.reference})
        return _page(request, booking, note_form=form, status=409)
    except BookingError as error:
        say(request, False, f"{booking.reference}: {explain(error)}")
    else:
        say(request, True, _recorded(booking))
    return to_visit(booking)


@desk_page(sees_visits, CHANGE, pressed_on="booking")
def set_door_rule(request: StaffRequest, pk: int) -> HttpResponse:
    """Writes down what holds at the visit's address, for every visit there."""
    booking = get_visit(request.user, pk)
    if booking.client.erased_at is not None:
        raise PermissionDenied
    form = DoorRuleForm(request.POST)
    if not form.is_valid():
        return say_faults(request, booking, form)
    try:
        count = operations.set_address_rule(
            booking=booking, rule=form.cleaned_data["rule"], actor=request.user, now=timezone.now()
        )
    except BookingError as error:
        say(request, False, f"{booking.reference}: {explain(error)}")
        return to_visit(booking)
    log_change(request, booking, [{"changed": {"fields": [str(form["rule"].label)]}}])
    sentence = ngettext(
        "It is written down, on %(count)d visit at this address.",
        "It is written down, on %(count)d visits at this address.",
        count,
    )
    say(request, True, sentence % {"count": count})
    return to_visit(booking)


def _recorded(booking: Any) -> str:
    sentence = (
        _("%(reference)s: the clinician's note is on record. It can be confirmed now.")
        if booking.status == BookingStatus.REQUESTED
        else _("%(reference)s: what was said is on record, and the health answers are settled.")
    )
    return sentence % {"reference": booking.reference}


# The page ------------------------------------------------------------------------------------------------------------


def _page(
    request: StaffRequest,
    booking: Any,
    *,
    note_form: ClinicianNoteForm | None = None,
    at_door: bool = False,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    context = {
        "booking": booking,
        "title": _("%(reference)s · %(name)s") % {"reference": booking.reference, "name": booking.visit_for},
        **_facts(booking, now),
        "undoable": undoable(request.user, now, booking),
        "stranded": _why_stranded(booking, now),
        **_way_in(request, booking),
        **_purpose(request, booking, now),
        "client_notes": notes_on(request.user, [booking.client_id])[booking.client_id],
        "pairings": pairings_on(request.user, [booking.client_id])[booking.client_id],
        **_choices(request, booking, now),
        **_health(request, booking, now),
        "note_form": note_form or ClinicianNoteForm(booking=booking),
        "events": _events(booking),
        "steps": step_words(booking),
        "calls": waiting_calls(now, most=10, of=booking) if request.user.has_perm(CHANGE) else [],
        "sendings": _sendings(request, booking),
        "is_own": is_own(request.user, booking),
        "may_see_messages": request.user.has_perm("bookings.view_message"),
    }
    waits = [one for one in (booking, context["beside"]) if one and one.status == BookingStatus.REQUESTED]
    context["knows"] = DoorRule.at_doors(waits)
    context["main"] = _main(booking, context, now)
    if at_door or sees_own_visits(request.user):
        context |= {**therapist_visit(request.user, booking, now), "is_at_desk": at_door}
        return page(request, "my/visit", context, status=status)
    return page(request, "visit", context, status=status)


def _facts(booking: Any, now: datetime) -> dict[str, Any]:
    return {
        "status": status_mark(booking, now),
        "place": queries.place_together(booking),
        "beside": Booking.objects.side_by_side(booking).select_related("therapist", "client").first(),
        "tier": tier_mark(booking.tier),
        "when": local_when(booking.starts_at),
        "treatment": local_span(booking.starts_at, booking.ends_at),
        "at_door": local_span(booking.blocked_from, booking.blocked_until),
        "map_url": map_url(booking),
        "way_url": way_url(booking),
    }


def _why_stranded(booking: Any, now: datetime) -> str:
    """Why a visit can't be kept, in words; empty when it can, or is over."""
    if booking.status not in operations.MOVABLE or booking.ends_at <= now:
        return ""
    reason = why_not_kept(booking, now=now)
    return stranding_words(reason) if reason else ""


def _way_in(request: StaffRequest, booking: Any) -> dict[str, Any]:
    may_enter = sees_way_in(request.user)
    access, access_lost = access_lines(booking) if may_enter else ([], False)
    may_set = request.user.has_perm(CHANGE) and booking.client.erased_at is None
    return {
        "access": access,
        "access_lost": unreadable() if access_lost else "",
        "door_form": DoorRuleForm(initial={"rule": booking.address_rule}, auto_id="id_door_%s")
        if may_set
        else None,
    }


def _purpose(request: StaffRequest, booking: Any, now: datetime) -> dict[str, Any]:
    """What the client said it is for. Shown before the door to who may read it, who is written down."""
    if not request.user.has_perm("bookings.view_visitpurpose"):
        return {}
    try:
        return {"purpose": intake.open_purpose(booking=booking, user=request.user, now=now)}
    except UnreadableValue:
        return {"purpose_lost": unreadable()}


def _choices(request: StaffRequest, booking: Any, now: datetime) -> dict[str, Any]:
    """What this member of staff may press."""
    may_change, is_ahead = request.user.has_perm(CHANGE), booking.starts_at > now
    may_note = (
        may_change
        and request.user.has_perm("bookings.add_cliniciannote")
        and operations.may_record_note(booking, now=now)
    )
    return {
        "actions": actions_open(booking, request.user, now),
        "may_move": may_change and booking.status in operations.MOVABLE and is_ahead,
        "late_fee_now": operations.late_fee(booking, now=now) if may_change and is_ahead else None,
        **_fee(booking),
        "may_change": may_change,
        "may_book": may_change,
        "late_change": waiting_words(queries.waiting_change(booking), now),
        "may_answer": request.user.has_perm("bookings.change_changerequest"),
        "may_note": may_note,
        "note_templates": templates_for(NoteKind.CLINICIAN) if may_note else [],
        "may_see_health": booking.tier and request.user.has_perm("bookings.view_screeningrecord"),
    }


def _fee(booking: Any) -> dict[str, Any]:
    """The late fee, and what may be decided about it."""
    fee = LateFee.objects.filter(booking=booking).first()
    may = {state.value: operations.fee_may_become(fee, state) for state in LateFeeState} if fee else {}
    return {"named_fee": fee, "fee_may": may}


def _main(booking: Any, shown: dict[str, Any], now: datetime) -> str:
    """The one thing that the visit asks for as it stands, by its button; a question that waits in a card of its own
    ("answer") has its buttons there."""
    open_fee = shown["named_fee"] is not None and shown["named_fee"].state == LateFeeState.OPEN
    if (shown["late_change"] and shown["may_answer"]) or (open_fee and shown["may_change"]):
        return "answer"
    if shown["stranded"] and shown["may_move"]:
        return "move"
    if shown["needs_note"] and shown["may_note"]:
        return "note"
    for action in shown["actions"]:
        if not action.asks_first:
            return action.slug
    return "call" if booking.status == BookingStatus.CONFIRMED and booking.starts_at > now else "again"


def _health(request: StaffRequest, booking: Any, now: datetime) -> dict[str, Any]:
    """What is said of the health answers while they stay shut."""
    return {
        "recheck": _recheck(booking),
        "note_files": [
            {"file": row, "when": local_when(row.handed_in_at), "is_new": row.seen_at is None}
            for row in booking.note_files.defer("data")
        ],
        "newest_recheck": booking.rechecks.order_by("-pk").values_list("pk", flat=True).first(),
        "health_access_form": HealthAccessForm(auto_id="id_look_%s"),
        "needs_note": booking.status == BookingStatus.REQUESTED and operations.needs_clinician_note(booking),
        "health_access_log": [
            {
                "when": local_when(health_access.at),
                "who": health_access.user.get_username(),
                "why": health_access.reason or health_access.get_what_display(),
            }
            for health_access in booking.health_accesses.select_related("user")
        ],
        "notes": [
            {
                "when": local_when(note.recorded_at),
                "who": note.who,
                "speaks_of": note_words(note),
                "of": note.booking if note.booking != booking and sees_every_visit(request.user) else None,
            }
            for note in intake.notes_about(booking)
        ],
    }


def _recheck(booking: Any) -> dict[str, Any] | None:
    """What the health answers given again came to, the gravest that no clinician's note came after, or else the
    newest; the answers stay shut."""
    rows = booking.rechecks.values_list("evaluated_at", "tier")
    waits = rows.since_last_note().with_news().gravest_first().first()
    found = waits or rows.first()
    if found is None:
        return None
    at, tier = found
    return {
        "when": local_when(at),
        "tier": tier_mark(tier),
        "is_graver": waits is not None,
    }


def _events(booking: Any) -> list[dict[str, Any]]:
    return [
        {
            "what": event.get_kind_display(),
            "when": local_when(event.at),
            "who": event.actor.get_username()
            if event.actor
            else (_("the client") if event.by_client else _("the site")),
            "why": event.reason,
        }
        for event in booking.events.select_related("actor")
    ]


def _sendings(request: StaffRequest, booking: Any) -> list[dict[str, Any]]:
    return [
        {
            "pk": message.pk,
            "what": message.get_kind_display(),
            "state": message_mark(message),
            "when": local_when(message.sent_at or message.due_at),
            "error": message.last_error,
        }
        for message in messages_seen_by(request.user, booking.messages.order_by("created_at", "pk"))
    ]
