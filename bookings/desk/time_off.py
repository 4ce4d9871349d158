"""A therapist's wish for time off over booked visits: the desk answers it, and rescues the visits."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import operations
from bookings.enums import WishState
from bookings.exceptions import BookingError
from bookings.models import Booking, TimeOffWish
from bookings.notifications.wording import span_of_days
from bookings.refusals import explain
from bookings.staff.labels import local_when, rescue_url
from bookings.staff.visibility import sees_every_visit

from .forms import WishForm
from .frame import StaffRequest, desk_page, page, say

ADD_TIME_OFF = "bookings.add_timeoff"


@desk_page(sees_every_visit, ADD_TIME_OFF)
def wish_page(request: StaffRequest, pk: int) -> HttpResponse:
    """GET shows what is asked for and the visits of that time; POST answers. Approved, it leads to the rescue of the
    first day with a visit."""
    wish = TimeOffWish.objects.select_related("therapist__user", "answered_by").filter(pk=pk).first()
    if wish is None:
        raise Http404
    form = WishForm(request.POST if request.method == "POST" else None)
    visits = _visits(wish)
    is_told = wish.therapist.user is not None and bool(wish.therapist.user.email)
    if request.method == "POST" and form.is_valid():
        is_approved = form.cleaned_data["answer"] == WishState.APPROVED
        try:
            operations.answer_wish(
                wish=wish,
                is_approved=is_approved,
                actor=request.user,
                now=timezone.now(),
                why=form.cleaned_data["why"],
            )
        except BookingError as error:
            say(request, False, f"{wish.therapist}: {explain(error)}")
            return redirect("admin:bookings_timeoff_wish", wish.pk)
        name = {"name": wish.therapist.name}
        if not is_approved:
            words = (
                _("Declined. %(name)s is told.")
                if is_told
                else _("Declined. %(name)s’s log-in has no email: please call.")
            )
            say(request, True, words % name)
            return redirect("admin:index")
        words = (
            _("%(name)s is off then, and is told. Now to the visits.")
            if is_told
            else _("%(name)s is off then. Their log-in has no email: please call. Now to the visits.")
        )
        say(request, True, words % name)
        return redirect(rescue_url(wish, visits[0]) if visits else reverse("admin:index"))
    context = {
        "title": _("Time off that is asked for"),
        "wish": wish,
        "span": span_of_days(wish.starts_at, wish.ends_at),
        "asked": local_when(wish.asked_at),
        "answered": local_when(wish.answered_at),
        "is_open": wish.state == WishState.OPEN,
        "form": form,
        "is_told": is_told,
        "visits": [{"booking": row, "when": local_when(row.starts_at)} for row in visits],
    }
    return page(request, "wish", context, status=422 if form.errors else 200)


def _visits(wish: TimeOffWish) -> list[Booking]:
    """The therapist's visits to come whose time at the door touches what is asked for, in order."""
    rows = Booking.objects.between(wish.starts_at, wish.ends_at).for_therapist(wish.therapist)
    coming = rows.filter(status__in=operations.MOVABLE, starts_at__gt=timezone.now())
    return list(coming.select_related("client", "service").order_by("starts_at", "pk"))
