"""Who may see which visit. Access is a look-up: a visit that isn't the visitor's is as one that doesn't exist.

A session holds the links that were opened in it, the email address that signed in, and which addresses were proved to
be the visitor's, each with its time. A link opens its visit only as far as its email went anyway; the address, the way
in and the health questions ask for a code, or for a sign-in not long ago.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from bookings.domain import links, queries
from bookings.models import Booking, BookingQuerySet, Link

SESSION_KEY = "visits"
# Whatever is done with it, and without anything being done.
ENDS_AFTER = timedelta(hours=12)
IDLE_ENDS_AFTER = timedelta(hours=2)
PROOF_LASTS = timedelta(hours=1)
# A form that was opened in time may be sent a while later: what was typed must not be lost.
FORM_LASTS = timedelta(hours=2)
# How exactly the last use is known: looking at a page seldom writes.
_NOTED_EVERY = timedelta(minutes=5)
# Of the newest links only: a session doesn't grow.
_MOST_LINKS = 20

P = ParamSpec("P")


class VisitClosed(Exception):
    """There is nothing here for this visitor; why, nobody is told. `kept` when what this browser sent was kept."""

    def __init__(self, *, kept: bool = False) -> None:
        super().__init__()
        self.kept = kept


def visits_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answers with one and the same kind page whenever something is not the visitor's to see."""

    @wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except VisitClosed as error:
            return render(request, "visits/closed.html", {"kept": error.kept}, status=404)

    return inner


@dataclass(slots=True)
class Visitor:
    """What a session may see at `now`. `email` signed in, or is blank."""

    now: datetime
    email: str = ""
    links: tuple[int, ...] = ()
    proved: dict[str, datetime] = field(default_factory=dict)

    def visits(self) -> BookingQuerySet:
        """The visits that this session may see, with what `queries.with_asks_change` tells."""
        mine = Q(pk__in=[])
        if self.email:
            mine |= Q(client__email=self.email)
        if self.links:
            # Looked up each time: a link that was taken back closes what it opened.
            opened = Link.objects.live(self.now).filter(pk__in=self.links)
            # The email about a course tells of all its visits.
            same = Q(booking=OuterRef("pk")) | Q(booking__together=OuterRef("together"))
            mine |= Q(Exists(opened.filter(same)))
        # The answers stay shut.
        return queries.with_asks_change(
            Booking.objects.with_details().defer("screening__answers").filter(mine)
        )

    def together_with(self, booking: Booking) -> list[Booking]:
        """The visits of its course that stand or took place, in order of time; none for one that came alone."""
        if booking.together is None:
            return []
        mine = self.visits().filter(together=booking.together).occupying()
        return list(mine.order_by("starts_at", "pk"))

    def side_by_side(self, booking: Booking) -> Booking | None:
        """The visit at the same time and address, by another therapist, where two people are visited side by side."""
        return self.visits().side_by_side(booking).first() if booking.together is not None else None

    def is_proved(self, email: str, *, for_form: bool = False) -> bool:
        """Whether this mailbox was proved to be the visitor's not long ago."""
        at = self.proved.get(email)
        return at is not None and self.now - at < (FORM_LASTS if for_form else PROOF_LASTS)


def load_visitor(request: HttpRequest, *, now: datetime) -> Visitor:
    """What the visitor's session opens; nothing once it has been idle or open for too long. Notes the use."""
    # A page for which no session was read is the same for everybody.
    held = None if request.session.is_empty() else request.session.get(SESSION_KEY)
    if not held or now - _instant(held["seen"]) >= IDLE_ENDS_AFTER:
        return Visitor(now)
    alive = {pk: at for pk, at in held["links"].items() if now - _instant(at) < ENDS_AFTER}
    email = held["email"] if now - _instant(held["email_at"]) < ENDS_AFTER else ""
    if not alive and not email:
        return Visitor(now)
    if now - _instant(held["seen"]) >= _NOTED_EVERY:
        held["seen"] = now.timestamp()
        request.session.modified = True
    proved = {address: _instant(at) for address, at in held["proved"].items()}
    return Visitor(now, email, tuple(int(pk) for pk in alive), proved)


def get_visit(request: HttpRequest, reference: str, *, now: datetime) -> tuple[Booking, Visitor]:
    """The visitor's visit of that reference, with what a page shows of it. Raises `ClosedError`."""
    visitor = load_visitor(request, now=now)
    booking = visitor.visits().filter(reference=reference).first() if len(reference) <= 12 else None
    if booking is None:
        raise VisitClosed
    return booking, visitor


def came_last(request: HttpRequest, *, now: datetime) -> str:
    """The slug of the therapist of the last visit that this visitor may see; blank when there is none. Asks for
    nothing when the visitor has opened none."""
    visitor = load_visitor(request, now=now)
    return queries.last_therapist(visitor.visits()) if visitor.email or visitor.links else ""


def proof_missing(
    request: HttpRequest, booking: Booking, visitor: Visitor, *, then: str
) -> HttpResponse | None:
    """A redirect to where a code is asked for, which leads back to the page named `then`; None when it isn't needed."""
    if visitor.is_proved(booking.client.email, for_form=request.method == "POST"):
        return None
    return redirect(f"{reverse('visits:code', args=[booking.reference])}?next={then}")


def was_proved(request: HttpRequest, email: str) -> bool:
    """Whether this mailbox was proved in this browser's session, however long ago: so that it was shown the forms."""
    return email in request.session.get(SESSION_KEY, {}).get("proved", {})


def open_visit(request: HttpRequest, link: Link, *, now: datetime) -> None:
    """Lets the session see the one visit of a link."""
    _keep(request, _with_link(request, link, now))


def open_own(request: HttpRequest, booking: Booking, *, now: datetime) -> None:
    """Lets the session see a visit that was booked or moved in it, as the link in the next email does.

    The session keeps its name: of one press sent twice the second answer would else find its session gone.
    """
    link = links.visit_link(booking, now=now)
    if link.expires_at is None or link.expires_at > now:
        request.session[SESSION_KEY] = _with_link(request, link, now)


def _with_link(request: HttpRequest, link: Link, now: datetime) -> dict[str, Any]:
    held = _held(request, now)
    opened = {**held["links"], str(link.pk): now.timestamp()}
    held["links"] = dict(list(opened.items())[-_MOST_LINKS:])
    return held


def sign_in(request: HttpRequest, email: str, *, now: datetime) -> None:
    """Lets the session see all visits of a proved email address."""
    held = _held(request, now)
    held["email"], held["email_at"] = email, now.timestamp()
    held["proved"] = {email: now.timestamp()}
    _keep(request, held)


def prove(request: HttpRequest, email: str, *, now: datetime) -> None:
    """Notes that the mailbox is the visitor's."""
    held = _held(request, now)
    held["proved"] = {**held["proved"], email: now.timestamp()}
    held.pop("code", None)
    _keep(request, held)


def code_key(request: HttpRequest) -> int | None:
    """The key of the code that was mailed for this session last."""
    return request.session.get(SESSION_KEY, {}).get("code")


def keep_code(request: HttpRequest, link: Link, *, now: datetime) -> None:
    held = _held(request, now)
    held["code"] = link.pk
    request.session[SESSION_KEY] = held


def _held(request: HttpRequest, now: datetime) -> dict[str, Any]:
    held = request.session.get(SESSION_KEY)
    if not held or now - _instant(held["seen"]) >= IDLE_ENDS_AFTER:
        held = {"email": "", "email_at": 0, "links": {}, "proved": {}}
    return {**held, "seen": now.timestamp()}


def _keep(request: HttpRequest, held: dict[str, Any]) -> None:
    request.session[SESSION_KEY] = held
    # Whoever knew the session's name before must not get in with it now.
    request.session.cycle_key()


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
