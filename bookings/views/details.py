"""The step that asks who and where, all of it on one page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods
from phonenumber_field.phonenumber import PhoneNumber, to_python

from bookings.domain.persons import Told, persons_among
from bookings.forms import DetailsForm
from bookings.models import Booking, Client, HeardFrom, MessageSettings
from massagerx.lib.limits import limited

from .holding import keep_time
from .steps import back_to, guard, onward, show
from .visitor_draft import (
    CAME_FROM,
    CAME_LAST,
    FILLED_FOR,
    REFERRAL,
    SO_FAR,
    Progress,
    are_others,
    forget_health,
    load_progress,
    person_of,
    save,
    who_books,
)
from .visits.visitor import load_visitor


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def details(request: HttpRequest) -> HttpResponse:
    """The page. Whatever was typed is kept, also when it can't be taken yet, when the visitor goes back, and when
    another tab has opened an earlier step again."""
    progress = load_progress(request)
    open_step = guard(request, progress, "details")
    if open_step and not (request.method == "POST" and progress.answers):
        return open_step
    service = progress.treatment.service if progress.treatment is not None else None
    # The health questions that are left for later go by email.
    by_phone = progress.staff_user is not None and not progress.answers.get("health", {}).get("later")
    asked: Any = {
        "service": service,
        "by_phone": by_phone,
        "side_by_side": progress.side_by_side,
        "persons": _persons(request, progress),
        **_asked_once(request, progress),
    }
    if request.method != "POST":
        form = DetailsForm(initial=_shown(progress), **asked)
        return show(request, progress, "details", {"form": form})
    form = DetailsForm(request.POST, initial=_shown(progress), **asked)
    is_right = form.is_valid()
    _keep(request, progress, form, is_right=is_right)
    if open_step:
        return open_step
    if "back" in request.POST:
        return keep_time(request, progress) or back_to("health")
    if not is_right:
        return show(request, progress, "details", {"form": form}, status=422)
    return keep_time(request, progress) or onward(progress)


def _persons(request: HttpRequest, progress: Progress) -> list[Told]:
    """Those whom the client has booked for before: for staff of who is on the phone, else of who proved the mailbox; of
    nobody else anything is asked of the database."""
    of: dict[str, Any]
    if progress.staff_user is not None:
        client = progress.contact
        of = {"client__email": client.email, "client__phone": client.phone} if client is not None else {}
    else:
        emails = _proved(request, progress)
        of = {"client__email__in": emails} if emails else {}
    return [person.told for person in persons_among(Booking.objects.filter(**of))] if of else []


def _proved(request: HttpRequest, progress: Progress) -> list[str]:
    """The mailboxes that the visitor proved to be theirs not long ago, who signed in with one first."""
    visitor = load_visitor(request, now=progress.now)
    for_form = request.method == "POST"
    proved = [email for email in visitor.proved if visitor.is_proved(email, for_form=for_form)]
    return sorted(proved, key=lambda email: (email != visitor.email, email))


def _asked_once(request: HttpRequest, progress: Progress) -> dict[str, Any]:
    """What is asked beside the visit, as far as we can tell that it wasn't before: where they heard of us, of who comes
    neither back nor from a surgeon's office; and whether they may be asked for a review, while the owner asks."""
    answers = progress.answers
    email = answers.get(FILLED_FOR) or load_visitor(request, now=progress.now).email
    asked: dict[str, Any] = {}
    if not email and not {CAME_LAST, REFERRAL} & set(answers):
        offered = HeardFrom.objects.offered(answers.get(CAME_FROM, ""))
        asked["heard_from"] = list(offered.values_list("link_name", "name"))
    if MessageSettings.load().review_days:
        said = bool(email) and Client.objects.present().filter(email=email, may_be_asked=True).exists()
        asked["asks_of_review"] = not said
    return asked


def _shown(progress: Progress) -> dict[str, Any]:
    """What we know of this visitor, finished or not, as people write it: a phone number of here without its country's
    code."""
    answers = progress.answers
    typed = answers.get("details") or answers.get(SO_FAR) or answers.get("known") or {}
    typed = {"heard_from": answers.get(CAME_FROM, ""), **typed}
    phone = to_python(typed.get("phone"), region="US")
    if isinstance(phone, PhoneNumber) and phone.is_valid() and phone.country_code == 1:
        return {**typed, "phone": phone.as_national}
    return typed


def _keep(request: HttpRequest, progress: Progress, form: DetailsForm, *, is_right: bool) -> None:
    """As the step's answer when nothing is missing, else as far as it goes. Health answers about somebody else go."""
    typed = form.typed()
    changes: dict[str, Any] = {}
    health = progress.answers.get("health")
    if health is not None:
        before, now = health.get("of"), person_of(typed)
        taken_from = health.get("taken_from")
        if (before is not None and are_others(before, now)) or (
            is_right and taken_from is not None and taken_from != who_books(typed)
        ):
            changes = forget_health(request, progress)
        elif is_right:
            changes = {"health": {**health, "of": now}}
    kept: dict[str, Any] = {"details": typed, SO_FAR: None} if is_right else {"details": None, SO_FAR: typed}
    is_picked = bool(typed.get("person") or typed.get("second_person"))
    if is_picked and progress.staff_user is None and FILLED_FOR not in progress.answers:
        kept[FILLED_FOR] = _proved(request, progress)[0]
    save(request, progress, **kept, **changes)
