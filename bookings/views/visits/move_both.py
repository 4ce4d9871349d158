"""Moving two visits side by side: one calendar of times at which two can be there, one page, one press, both or none.
A late move of both is asked of staff, with the fee of both shown before the press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings import exceptions
from bookings.domain import operations, scheduling
from bookings.domain.operations import Move
from bookings.domain.scheduling import Start
from bookings.domain.visit_request import ANYONE, VisitRequest
from bookings.forms import MoveBothForm, TimeForm
from bookings.models import Booking, Therapist
from bookings.refusals import refusal_words
from bookings.views.calendar import BESIDE, Asked, CalendarPage
from massagerx.lib.localtime import local

from .pages import asked_already, nobody_moves, not_agreed, not_any_more, visit_context
from .visitor import Visitor, get_visit, open_own


def move_both(request: HttpRequest, booking: Booking, beside: Booking, visitor: Visitor) -> HttpResponse:
    """The page of one of the two visits, or the press that moves both."""
    page = _Page(request, booking, beside, visitor)
    if page.is_pressed_again:
        return redirect("visits:visit", booking.reference)
    if not all(operations.may_change(visit, now=visitor.now) for visit in page.visits):
        return not_any_more(request, booking, visitor)
    if any(visit.asks_change for visit in page.visits):  # type: ignore[attr-defined]
        return asked_already(request, booking)
    if response := not_agreed(request, booking, visitor, beside):
        return response
    if request.method == "POST":
        return page.press()
    if "starts_at" not in request.GET:
        return page.times()
    form = TimeForm(request.GET)
    if not form.is_valid():
        return page.times(why=_("That time is no longer open. Here are the times that are."), status=409)
    return page.check(form)


class _Page:
    """Two visits side by side, as their client moves them: `visits` in the order in which they were asked for."""

    def __init__(self, request: HttpRequest, booking: Booking, beside: Booking, visitor: Visitor) -> None:
        self.request, self.booking, self.visitor, self.now = request, booking, visitor, visitor.now
        self.visits = sorted((booking, beside), key=lambda visit: visit.pk)
        self.rules = operations.rules_for_move(booking, now=self.now)

    @property
    def is_pressed_again(self) -> bool:
        """Whether this very press has moved them already."""
        if self.request.method != "POST":
            return False
        form = MoveBothForm(self.request.POST)
        return form.is_valid() and form.has_moved(self.visits[0])

    @property
    def fee_cents(self) -> int | None:
        """The late fee of both; None while they can still be moved for nothing."""
        fees = [operations.late_fee(visit, now=self.now) for visit in self.visits]
        return None if fees == [None, None] else sum(fee or 0 for fee in fees)

    def _context(self) -> dict[str, Any]:
        return {
            **visit_context(self.booking, self.visitor),
            "fee_cents": self.fee_cents,
            "notice_hours": self.booking.terms_version.cancel_notice_hours,
        }

    def _requests(self, preferences: tuple[str, str]) -> list[VisitRequest]:
        """What both ask for. Raises `NoLongerOffered("therapist")`."""
        return operations.requests_to_move(self.visits, now=self.now, preferences=preferences, by_client=True)

    def _total_cents(self, starts_at: datetime) -> list[int]:
        """The total of each at another start."""
        return [
            operations.quote_for_move(booking=visit, starts_at=starts_at, rules=self.rules).total_cents
            for visit in self.visits
        ]

    def _preferences(self, form: TimeForm) -> tuple[str, str]:
        return form.cleaned_data["who"], form.cleaned_data["second"] or self.visits[1].preference

    def _find(self, form: TimeForm) -> list[Therapist]:
        """Who would come to each: those who were shown, else two others who are asked for. Raises `SlotNotOffered` or
        `NoLongerOffered`."""
        starts_at, shown = form.cleaned_data["starts_at"]
        first, second = self._requests(self._preferences(form))
        day = local(starts_at).date()
        slugs = shown.split(BESIDE)

        def offered(one: VisitRequest, other: VisitRequest) -> Start | None:
            offer = scheduling.find_times_between(
                visit_request=one, second=other, first_day=day, last_day=day, rules=self.rules, now=self.now
            )
            starts = offer.by_day.get(day, ())
            return next((start for start in starts if start.starts_at == starts_at), None)

        found = None
        if len(slugs) == operations.AT_ONE_START:
            try:
                found = offered(first.with_therapist(slugs[0]), second.with_therapist(slugs[1]))
            except exceptions.NoLongerOffered:
                found = None
        found = found or offered(first, second)
        if found is None:
            raise exceptions.SlotNotOffered("taken")
        rows = {row.pk: row for row in (*first.qualified, *second.qualified)}
        return [rows[found.therapist_id], rows[found.second_id or 0]]

    def press(self) -> HttpResponse:
        """Moves both, or says why not."""
        form = MoveBothForm(self.request.POST)
        if not form.is_valid():
            return self.times(why=_("Please choose one of the times shown."), status=422)
        data = form.cleaned_data
        (starts_at, shown), totals = data["starts_at"], self._total_cents(data["starts_at"][0])
        therapists = shown.split(BESIDE)
        if data["total_cents"] != sum(totals) or len(therapists) != operations.AT_ONE_START:
            return self.check(form, refused=exceptions.PriceChanged(data["total_cents"], sum(totals)))
        rows = zip(
            self.visits,
            (data["revision"], data["second_revision"]),
            therapists,
            totals,
            self._preferences(form),
            strict=True,
        )
        moves = [
            Move(visit, revision, starts_at, slug, total_cents, preference)
            for visit, revision, slug, total_cents, preference in rows
        ]
        try:
            if data["fee_cents"] is not None:
                return self._ask(form, moves)
            moved = operations.move_together_by_client(moves=moves, rules=self.rules, now=self.now)
        except exceptions.ChangeWaiting:
            return asked_already(self.request, self.booking)
        except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
            return self.check(form, refused=error)
        except exceptions.BookingError as error:
            booking, visitor = get_visit(self.request, self.booking.reference, now=self.now)
            messages.warning(self.request, refusal_words(error))
            beside = visitor.side_by_side(booking)
            if beside is None:
                return redirect("visits:visit", booking.reference)
            return _Page(self.request, booking, beside, visitor).check(form, status=409)
        # The move ended the link that this session may have come by: it goes on with the next email's.
        for visit in moved:
            open_own(self.request, visit, now=self.now)
        messages.success(self.request, _("Both visits are moved. A new email is on its way."))
        return redirect("visits:visit", self.booking.reference)

    def _ask(self, form: MoveBothForm, moves: Sequence[Move]) -> HttpResponse:
        """Asks staff to move both, who may come then. Raises as `operations.ask_move`, `SlotNotOffered` and
        `NoLongerOffered`."""
        self._find(form)
        data = form.cleaned_data
        operations.ask_move_of_both(
            moves=moves, shown_fee_cents=data["fee_cents"], now=self.now, reason=data["reason"]
        )
        messages.success(
            self.request, _("We have your request to move both. We’ll answer as soon as we can.")
        )
        return redirect("visits:visit", self.booking.reference)

    def check(
        self, form: TimeForm, *, status: int = 200, refused: exceptions.BookingError | None = None
    ) -> HttpResponse:
        """Old and new time, and who comes then, with why the press before was `refused`; or the times at which two can,
        when they can't."""
        starts_at, shown = form.cleaned_data["starts_at"]
        if starts_at == self.booking.starts_at:
            messages.info(self.request, _("That is the time you have. Choose another, or keep it."))
            return self.times()
        try:
            therapists = self._find(form)
        except (exceptions.SlotNotOffered, exceptions.NoLongerOffered) as error:
            return self.times(why=refusal_words(error), missed=starts_at, status=409)
        slugs = BESIDE.join(therapist.slug for therapist in therapists)
        if slugs != shown:
            messages.warning(self.request, _("Please check who is coming."))
            status = 409
        elif refused is not None:
            messages.warning(self.request, refusal_words(refused))
            status = 409
        who, second = self._preferences(form)
        query = urlencode({"who": who, "second": second, "day": local(starts_at).date()})
        context = {
            **self._context(),
            "form": form if isinstance(form, MoveBothForm) else MoveBothForm(),
            "starts_at": starts_at,
            "who": who,
            "second": second,
            "slugs": slugs,
            "rows": [
                (visit, therapist, wish.partition(":")[0] != "therapist")
                for visit, therapist, wish in zip(self.visits, therapists, (who, second), strict=True)
            ],
            "before_cents": sum(visit.total_cents for visit in self.visits),
            "total_cents": sum(self._total_cents(starts_at)),
            "times_url": f"{reverse('visits:move', args=[self.booking.reference])}?{query}",
        }
        return render(self.request, "visits/move_both.html", context, status=status)

    def times(self, *, why: str = "", missed: datetime | None = None, status: int = 200) -> HttpResponse:
        """The calendar page with the times at which two can be there, and `why` it is shown again; those of both visits
        count as free."""
        first, second = self.visits
        try:
            one, other = self._requests((ANYONE, ANYONE))
            # Whoever may come to either: at one door it doesn't matter to whom, for a time to be free.
            both = {row.pk: row for row in (*one.qualified, *other.qualified)}
            visit_request = replace(one, qualified=tuple(both.values())).asking_for(ANYONE)
        except exceptions.NoLongerOffered:
            return nobody_moves(self.request, self.booking, self.visitor)
        if why:
            messages.warning(self.request, why)
        asked = Asked(
            visit_request=visit_request,
            preference=first.preference,
            second=second.preference,
            rules=self.rules,
            now=self.now,
            cents=lambda starts_at: sum(self._total_cents(starts_at)),
            plain_cents=first.total_cents + second.total_cents,
            near=self.booking.starts_at,
            days=operations.days_beside(self.booking),
        )
        context = {
            **self._context(),
            "calendar": CalendarPage(self.request, asked, missed=missed),
            "booking_is_open": self.rules.is_open,
        }
        return render(self.request, "visits/times.html", context, status=status)
