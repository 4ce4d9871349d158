"""Moving a visit: asked of the engine before anything is changed, and of the person before the client is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import operations, scheduling
from bookings.domain.visit_request import ANYONE, qualified_therapists
from bookings.exceptions import BookingError
from bookings.models import Booking, BookingRules
from bookings.refusals import explain
from massagerx.lib.admin import clock_field, sane_day
from massagerx.lib.fields import LineField
from massagerx.lib.localtime import local, zone

from .labels import clock, local_when
from .one_visit import OneVisitMixin

# As many other times are offered beside a refusal.
_OTHERS = 12


class MoveForm(forms.Form):
    day = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[sane_day],
    )
    start = clock_field(label=gettext_lazy("Start, Los Angeles time"))
    therapist = forms.ChoiceField(
        label=gettext_lazy("Therapist"),
        error_messages={
            "invalid_choice": gettext_lazy(
                "That therapist doesn't give this service, or can't be booked now. Choose one of these."
            )
        },
    )
    reason = LineField(label=gettext_lazy("Reason, for staff"), max_length=300, required=False)

    def __init__(self, *args: Any, therapists: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["therapist"].choices = therapists  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        day, start = cleaned.get("day"), cleaned.get("start")
        if day is not None and start is not None:
            starts_at = instant_of(day, start)
            if starts_at is None:
                self.add_error("start", _("The clocks change that night: there is no such time."))
            cleaned["starts_at"] = starts_at
        return cleaned


def instant_of(day: date, start: time) -> datetime | None:
    """The instant of a local day and wall time; the first of two in the hour that comes twice, None in the hour
    that doesn't come."""
    here = datetime.combine(day, start, tzinfo=zone())
    there = here.astimezone(ZoneInfo("UTC"))
    return there if local(there).replace(tzinfo=None) == here.replace(tzinfo=None) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine says of a move: to whom, at what total in cents; or why not."""

    therapist: str = ""
    total_cents: int = 0
    refusal: str = ""


class MovingMixin(OneVisitMixin):
    """Adds the page that moves a visit to the admin of bookings."""

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/move/", self.admin_site.admin_view(self.move_view), name="bookings_booking_move")
        return [own, *super().get_urls()]

    def move_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks (`?day=…&start=…&therapist=…`) and changes nothing; POST moves, and tells the client."""
        booking = self._booking(request, pk)
        if not self.has_change_permission(request, booking):
            raise PermissionDenied
        now = timezone.now()
        choices = self._choices(booking, now)
        sent = request.POST if request.method == "POST" else request.GET
        form = MoveForm(sent if "day" in sent else None, therapists=choices, initial=self._initial(booking))
        answer = None
        if form.is_bound and form.is_valid():
            answer = self._ask(booking, form.cleaned_data, now)
            if request.method == "POST" and not answer.refusal:
                done = self._move(request, booking, form.cleaned_data, now)
                if done is not None:
                    return done
                answer = self._ask(booking, form.cleaned_data, now)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "booking": booking,
            "title": _("Move %(reference)s") % {"reference": booking.reference},
            "when": local_when(booking.starts_at),
            "form": form,
            "answer": answer,
            "to": local_when(form.cleaned_data["starts_at"]) if answer else "",
            "free": self._free(booking, form, now),
        }
        status = 422 if request.method == "POST" else 200
        return TemplateResponse(request, "admin/bookings/booking/move.html", context, status=status)

    # Parts -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _initial(booking: Booking) -> dict[str, Any]:
        here = local(booking.starts_at)
        return {
            "day": here.date(),
            "start": here.time(),
            "therapist": f"therapist:{booking.therapist.slug}",
        }

    @staticmethod
    def _choices(booking: Booking, now: datetime) -> list[tuple[str, str]]:
        rows = qualified_therapists(booking.service, local(now).date())
        named = [(f"therapist:{row.slug}", row.name) for row in rows]
        return [*named, (ANYONE, str(_("Whoever fits best")))]

    @staticmethod
    def _ask(booking: Booking, cleaned: dict[str, Any], now: datetime) -> Answer:
        rules = BookingRules.load()
        try:
            operations.require_movable(booking, now)
            visit_request = operations.visit_request_of(booking, now=now, preference=cleaned["therapist"])
            slot = scheduling.choose_slot(
                visit_request=visit_request,
                therapists=visit_request.therapists,
                starts_at=cleaned["starts_at"],
                rules=rules.for_staff(),
                now=now,
            )
        except BookingError as error:
            return Answer(refusal=explain(error))
        quote = operations.quote_for_move(booking=booking, starts_at=cleaned["starts_at"], rules=rules)
        names = {row.pk: row.name for row in visit_request.therapists}
        return Answer(names[slot.therapist_id], quote.total_cents)

    def _move(
        self, request: HttpRequest, booking: Booking, cleaned: dict[str, Any], now: datetime
    ) -> HttpResponse | None:
        """Moves; None when something has come between, and the page has to ask again."""
        # Without the total that the page showed nobody has been asked.
        shown = request.POST.get("total_cents", "")
        total_cents = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 9 else -1
        try:
            moved = operations.move_booking(
                booking=booking,
                starts_at=cleaned["starts_at"],
                now=now,
                actor=self._staff(request),
                preference=cleaned["therapist"],
                total_cents=total_cents,
                reason=cleaned["reason"],
                for_staff=True,
            )
        except BookingError as error:
            self.message_user(request, f"{booking.reference}: {explain(error)}", messages.ERROR)
            return None
        sentence = _("%(reference)s: moved to %(when)s. The client gets an email.")
        facts = {"reference": moved.reference, "when": local_when(moved.starts_at)}
        self.message_user(request, sentence % facts, messages.SUCCESS)
        return redirect("admin:bookings_booking_change", booking.pk)

    @staticmethod
    def _free(booking: Booking, form: MoveForm, now: datetime) -> list[dict[str, str]]:
        """Other starts of the day that is asked about, as the site would offer them."""
        cleaned = getattr(form, "cleaned_data", {}) if form.is_bound else {}
        day = cleaned.get("day") or local(booking.starts_at).date()
        preference = cleaned.get("therapist") or f"therapist:{booking.therapist.slug}"
        try:
            visit_request = operations.visit_request_of(booking, now=now, preference=preference)
        except BookingError:
            return []
        offer = scheduling.find_times_between(
            visit_request=visit_request,
            first_day=day,
            last_day=day,
            rules=BookingRules.load(),
            now=now,
        )
        starts = [start.starts_at for start in offer.by_day.get(day, ())]
        wanted = cleaned.get("starts_at") or booking.starts_at
        near = sorted(starts, key=lambda start: abs(start - wanted))[:_OTHERS]
        return [
            {"value": f"{local(start):%H:%M}", "words": clock(start), "day": str(day), "whom": preference}
            for start in sorted(near)
        ]
