"""Where the visit is, and how to get in: corrected by the client, checked by the engine."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import operations
from bookings.domain.operations import Act, Correction, VisitAddress
from bookings.forms import AddressForm
from bookings.models import Booking
from bookings.refusals import refusal_words
from bookings.views.again import address_of
from massagerx.lib.limits import limited

from .pages import not_any_more, visit_context, visit_form
from .unsent import forget_unsent, unsent
from .visitor import Visitor, get_visit, visits_page


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-change")
@visits_page
@visit_form("address")
def address(request: HttpRequest, booking: Booking, visitor: Visitor) -> HttpResponse:
    """The address and the notes for the therapist; a higher total is shown before it is agreed to."""
    if request.method != "POST":
        kept = unsent(request, booking, "address", now=visitor.now)
        if kept:
            messages.info(request, _("This is what you typed. None of it is saved yet."))
        form = AddressForm(initial={**address_of(booking), "zip_code": booking.area.zip_code, **kept})
        return _page(request, booking, visitor, form)
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _page(request, booking, visitor, form)
    return _correct(request, booking, visitor, form)


def _correct(request: HttpRequest, booking: Booking, visitor: Visitor, form: AddressForm) -> HttpResponse:
    data, now = form.cleaned_data, visitor.now
    try:
        address = VisitAddress.told(data, AddressForm.ACCESS_FIELDS)
        saved = operations.correct_together(
            visits=_visits(booking, visitor),
            correction=Correction(address=address, total_cents=data["total_cents"]),
            act=Act(now, by_client=True),
        )
    except exceptions.OutsideArea as error:
        form.add_error("zip_code", refusal_words(error))
        return _page(request, booking, visitor, form)
    except exceptions.AddressByPhone as error:
        form.add_error("street", refusal_words(error))
        return _page(request, booking, visitor, form)
    except (exceptions.PriceChanged, exceptions.SlotNotOffered) as error:
        return _page(request, booking, visitor, form, error)
    except exceptions.InvalidTransition:
        booking, visitor = get_visit(request, booking.reference, now=now)
        return not_any_more(request, booking, visitor)
    forget_unsent(request, now=now)
    words = ngettext(
        "Saved. Your therapist sees it before the visit.",
        "Saved for both visits. Your therapists see it before they come.",
        len(saved),
    )
    messages.success(request, words)
    return redirect("visits:visit", booking.reference)


def _visits(booking: Booking, visitor: Visitor) -> list[Booking]:
    """The visit, and the one side by side with it: they are at one door."""
    beside = visitor.side_by_side(booking)
    return [booking, beside] if beside is not None else [booking]


def _page(
    request: HttpRequest,
    booking: Booking,
    visitor: Visitor,
    form: AddressForm,
    refused: exceptions.BookingError | None = None,
) -> HttpResponse:
    """The form; with what is wrong in it, or why what was sent could not be done."""
    new_cents = refused.total_cents if isinstance(refused, exceptions.PriceChanged) else None
    before_cents = sum(visit.total_cents for visit in _visits(booking, visitor))
    context = {
        **visit_context(booking, visitor),
        "form": form,
        "before_cents": before_cents,
        "shown_cents": before_cents if new_cents is None else new_cents,
        "new_total_cents": new_cents,
        "has_no_room": isinstance(refused, exceptions.SlotNotOffered),
    }
    status = 409 if refused is not None else 422 if form.errors else 200
    return render(request, "visits/address.html", context, status=status)
